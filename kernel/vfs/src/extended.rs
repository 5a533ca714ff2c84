//! Extended attributes: small named values that hang on an inode, as xattr(7) has them.
//!
//! A name begins with its name space, and the name space decides who may do what:
//!
//! | name space | reads | writes |
//! |---|---|---|
//! | `user.` | who may read the file | who may write it; only on files and directories, in a sticky directory's case only its owner |
//! | `trusted.` | the super-user; for others it is not there | the super-user |
//! | `security.` | anyone | the super-user |
//! | `system.posix_acl_*` | anyone | the owner |
//!
//! The rules are here, so a file system only keeps what it is told
//! ([`Inode::set_extended_attribute`] and its kin): whole names, values without a meaning. It says
//! [`Error::Unsupported`] for name spaces that it does not keep.

use alloc::vec::Vec;

use base::room::Room;
use base::{Error, Result};
use object::FileKind;

use crate::access_rules::is_list;
use crate::attributes::settle;
use crate::context::FsContext;
use crate::credentials::{Permission, STICKY};
use crate::inode::Inode;
use crate::path::Path;
use crate::watch::{self, Events};

/// The longest name, in bytes (`XATTR_NAME_MAX`).
pub const EXTENDED_NAME_MAX: usize = 255;

/// The longest value, in bytes (`XATTR_SIZE_MAX`).
pub const EXTENDED_VALUE_MAX: usize = 65_536;

/// The longest list of names, each with its NUL, in bytes (`XATTR_LIST_MAX`).
pub const EXTENDED_LIST_MAX: usize = 65_536;

bitflags::bitflags! {
    /// How setting treats an attribute that is there already, or is not.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SetExtended: u32 {
        /// Fail with [`Error::Exists`] if it is there (`XATTR_CREATE`).
        const CREATE = 1;
        /// Fail with [`Error::NoData`] if it is not (`XATTR_REPLACE`).
        const REPLACE = 2;
    }
}

impl SetExtended {
    /// Fails unless an attribute that `exists` (or does not) may be set in this way.
    pub fn check(self, exists: bool) -> Result<()> {
        if exists && self.contains(SetExtended::CREATE) {
            Err(Error::Exists)
        } else if !exists && self.contains(SetExtended::REPLACE) {
            Err(Error::NoData)
        } else {
            Ok(())
        }
    }
}

/// What the first part of a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameSpace {
    /// `user.`: as free as the file's bytes.
    User,
    /// `trusted.`: the super-user's.
    Trusted,
    /// `security.`: what security modules and file capabilities keep.
    Security,
    /// `system.`: what the kernel gives a meaning to.
    System,
}

impl NameSpace {
    /// Finds the name space; [`Error::Unsupported`] for a name in none, [`Error::InvalidArgument`]
    /// for a name that is nothing but its name space, [`Error::OutOfRange`] for one that is empty
    /// or longer than [`EXTENDED_NAME_MAX`].
    pub fn of(name: &[u8]) -> Result<Self> {
        if name.is_empty() || name.len() > EXTENDED_NAME_MAX {
            return Err(Error::OutOfRange);
        }
        let spaces = [
            (&b"user."[..], NameSpace::User),
            (b"trusted.", NameSpace::Trusted),
            (b"security.", NameSpace::Security),
            (b"system.", NameSpace::System),
        ];
        for (prefix, space) in spaces {
            match name.strip_prefix(prefix) {
                Some([]) => return Err(Error::InvalidArgument),
                Some(_) => return Ok(space),
                None => {}
            }
        }
        Err(Error::Unsupported)
    }
}

impl FsContext {
    /// getxattr(2) of a place: the attribute's value; [`Error::NoData`] if there is none.
    pub fn extended_attribute(&self, place: &Path, name: &[u8]) -> Result<Vec<u8>> {
        self.check_extended(place, name, Permission::READ)?;
        if is_list(name) && place.inode().is_symbolic_link() {
            return Err(Error::Unsupported);
        }
        place.inode().extended_attribute(name)
    }

    /// setxattr(2) of a place.
    pub fn set_extended_attribute(
        &self,
        place: &Path,
        name: &[u8],
        value: &[u8],
        how: SetExtended,
    ) -> Result<()> {
        if value.len() > EXTENDED_VALUE_MAX {
            return Err(Error::ArgumentListTooLong);
        }
        self.check_writable(place)?;
        self.check_extended(place, name, Permission::WRITE)?;
        if is_list(name) {
            self.set_access_list(place, name, Some(value))?;
        } else {
            place.inode().set_extended_attribute(name, value, how)?;
        }
        watch::note(&place.dentry, Events::ATTRIBUTES);
        settle(place)
    }

    /// removexattr(2) of a place; [`Error::NoData`] if there is none.
    pub fn remove_extended_attribute(&self, place: &Path, name: &[u8]) -> Result<()> {
        self.check_writable(place)?;
        self.check_extended(place, name, Permission::WRITE)?;
        if is_list(name) {
            self.set_access_list(place, name, None)?;
        } else {
            place.inode().remove_extended_attribute(name)?;
        }
        watch::note(&place.dentry, Events::ATTRIBUTES);
        settle(place)
    }

    /// listxattr(2) of a place: the names, each with a NUL behind it. Those that the caller may not
    /// know of are left out. [`Error::ArgumentListTooLong`] above [`EXTENDED_LIST_MAX`] bytes.
    pub fn list_extended_attributes(&self, place: &Path) -> Result<Vec<u8>> {
        let mut list = Vec::new();
        let mut refusal = Ok(());
        let visit = &mut |name: &[u8]| {
            let hidden =
                NameSpace::of(name) == Ok(NameSpace::Trusted) && !self.credentials.is_superuser();
            if hidden || refusal.is_err() {
                return;
            }
            if list.len() + name.len() + 1 > EXTENDED_LIST_MAX {
                refusal = Err(Error::ArgumentListTooLong);
                return;
            }
            refusal = list.make_room(name.len() + 1);
            if refusal.is_ok() {
                list.extend_from_slice(name);
                list.push(0);
            }
        };
        match place.inode().list_extended_attributes(visit) {
            Err(Error::Unsupported) => {}
            other => other?,
        }
        refusal.map(|()| list)
    }

    /// Fails unless the caller may read or write the attribute `name` of `place`.
    fn check_extended(&self, place: &Path, name: &[u8], wanted: Permission) -> Result<()> {
        let writes = wanted.contains(Permission::WRITE);
        // What may not be seen is not there.
        let refused = Err(if writes {
            Error::NotPermitted
        } else {
            Error::NoData
        });
        match NameSpace::of(name) {
            Ok(NameSpace::System) if is_list(name) => Ok(()),
            // Nothing else has a meaning here, on whatever file system.
            Ok(NameSpace::System) => Err(Error::Unsupported),
            Ok(NameSpace::Security) if writes && !self.credentials.is_superuser() => refused,
            Ok(NameSpace::Security) => Ok(()),
            Ok(NameSpace::Trusted) if !self.credentials.is_superuser() => refused,
            Ok(NameSpace::Trusted) => Ok(()),
            Ok(NameSpace::User) => {
                match place.inode().kind() {
                    FileKind::Regular => {}
                    FileKind::Directory => {
                        let ownership = place.inode().ownership()?;
                        if writes
                            && ownership.mode & STICKY != 0
                            && !self.credentials.owns(ownership)
                        {
                            return Err(Error::NotPermitted);
                        }
                    }
                    _ => return refused,
                }
                self.check(place, wanted)
            }
            // A name in no name space: the file's permission is asked all the same.
            Err(Error::Unsupported) => {
                self.check(place, wanted)?;
                Err(Error::Unsupported)
            }
            Err(error) => Err(error),
        }
    }
}

impl dyn Inode {
    /// Whether the attribute `name` of this inode is `value`; `false` where there are no attributes.
    pub fn has_extended_attribute(&self, name: &[u8], value: &[u8]) -> Result<bool> {
        match self.extended_attribute(name) {
            Ok(found) => Ok(found == value),
            Err(Error::NoData | Error::Unsupported) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_their_space() {
        assert_eq!(NameSpace::of(b"user.a"), Ok(NameSpace::User));
        assert_eq!(
            NameSpace::of(b"trusted.overlay.opaque"),
            Ok(NameSpace::Trusted)
        );
        assert_eq!(NameSpace::of(b"user."), Err(Error::InvalidArgument));
        assert_eq!(NameSpace::of(b"user"), Err(Error::Unsupported));
        assert_eq!(NameSpace::of(b"other.a"), Err(Error::Unsupported));
        assert_eq!(NameSpace::of(b""), Err(Error::OutOfRange));
        assert_eq!(NameSpace::of(&[b'u'; 256]), Err(Error::OutOfRange));
    }

    #[test]
    fn creating_and_replacing() {
        assert_eq!(SetExtended::CREATE.check(true), Err(Error::Exists));
        assert_eq!(SetExtended::REPLACE.check(false), Err(Error::NoData));
        assert_eq!(SetExtended::all().check(false), Err(Error::NoData));
        let any = SetExtended::empty();
        assert!(any.check(true).is_ok() && any.check(false).is_ok());
    }
}
