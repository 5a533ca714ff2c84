//! Where access control lists meet inodes: checking rights, setting lists, chmod(2), what new files get.
//!
//! A list and the mode that goes with it are two things to a file system. Whoever changes one because
//! of the other holds one of a few locks, chosen by the inode, so that two of them leave a pair that
//! belongs together.

use alloc::sync::Arc;

use base::sync::{Mutex, MutexGuard};
use base::{Error, Result};
use hal::Global;
use hal::sync::Rank;
use object::FileKind;

use crate::access_list::{ACCESS_LIST, AccessList, DEFAULT_LIST};
use crate::context::FsContext;
use crate::credentials::{Credentials, Ownership, Permission, SET_GROUP_ID};
use crate::inode::{AttributeChange, Inode, NewInode};
use crate::name::Name;
use crate::path::Path;
use crate::times;

/// The pair of a mode and a list; outside of everything that a file system locks.
const PAIR: Rank = Rank(45);

static PAIRS: Global<[Mutex<()>; 16]> =
    Global::new(|| core::array::from_fn(|_| Mutex::new(PAIR, ())));

fn lock_pair(inode: &Arc<dyn Inode>) -> MutexGuard<'static, ()> {
    // The low bits of addresses are alike.
    let address = Arc::as_ptr(inode).cast::<()>().addr();
    PAIRS[(address >> 7) % PAIRS.len()].lock()
}

impl Credentials {
    /// Checks `wanted` against an inode, its access control list included; [`Error::AccessDenied`] if
    /// refused.
    #[inline]
    pub fn check_inode(&self, inode: &dyn Inode, wanted: Permission) -> Result<()> {
        // Whoever it belongs to and whatever its mode.
        if self.is_superuser() && !wanted.contains(Permission::EXECUTE) {
            return Ok(());
        }
        let ownership = inode.ownership()?;
        // The group's digit is the mask: where it gives nothing, a list has nothing to give.
        let may_have_list = ownership.mode & 0o070 != 0;
        if may_have_list
            && !self.is_superuser()
            && self.fsuid != ownership.uid
            && let Some(list) = inode.access_list()?
        {
            return list.check(self, ownership, wanted);
        }
        self.check(ownership, inode.is_directory(), wanted)
    }
}

impl dyn Inode {
    fn store_list(&self, name: &[u8], list: Option<&AccessList>) -> Result<()> {
        let outcome = match list {
            Some(list) => self.set_extended_attribute(name, &list.to_bytes()?, Default::default()),
            None => self.remove_extended_attribute(name),
        };
        match outcome {
            Err(Error::NoData) => Ok(()),
            other => other,
        }
    }
}

/// Whether an attribute of this name is an access control list.
pub(crate) fn is_list(name: &[u8]) -> bool {
    name == ACCESS_LIST || name == DEFAULT_LIST
}

impl FsContext {
    /// Sets an access control list, or takes it away (`None`, or an empty list).
    pub(crate) fn set_access_list(
        &self,
        place: &Path,
        name: &[u8],
        value: Option<&[u8]>,
    ) -> Result<()> {
        let inode = place.inode();
        let list = match value {
            Some([]) | None => None,
            Some(value) => AccessList::parse(value)?,
        };
        if inode.is_symbolic_link() {
            return Err(Error::Unsupported);
        }
        let _pair = lock_pair(inode);
        // A file system without lists says so before anything else is looked at.
        match inode.extended_attribute(name) {
            Ok(_) | Err(Error::NoData) => {}
            Err(error) => return Err(error),
        }
        if name == DEFAULT_LIST && !inode.is_directory() {
            return match list {
                Some(_) => Err(Error::AccessDenied),
                None => Ok(()),
            };
        }
        let ownership = inode.ownership()?;
        if !self.credentials.owns(ownership) {
            return Err(Error::NotPermitted);
        }
        let Some(list) = list else {
            return inode.store_list(name, None);
        };
        if name == DEFAULT_LIST {
            return inode.store_list(name, Some(&list));
        }
        let (bits, complete) = list.mode();
        // Where the mode says it all, there is no list.
        inode.store_list(name, (!complete).then_some(&list))?;
        let mode = self.without_foreign_group_bit(ownership.mode & !0o777 | bits, ownership);
        inode.set_attributes(&AttributeChange {
            mode: Some(mode),
            change_time: Some(times::now()),
            ..AttributeChange::default()
        })
    }

    /// A set-group-id bit is for members of the group to set.
    pub(crate) fn without_foreign_group_bit(&self, mode: u32, file: Ownership) -> u32 {
        if self.credentials.is_superuser() || self.credentials.in_group(file.gid) {
            mode
        } else {
            mode & !SET_GROUP_ID
        }
    }

    /// Changes the mode and what of it stands in a list.
    pub(crate) fn change_mode(&self, place: &Path, change: &AttributeChange) -> Result<()> {
        let inode = place.inode();
        let _pair = lock_pair(inode);
        inode.set_attributes(change)?;
        let (Some(mode), Some(mut list)) = (change.mode, inode.access_list()?) else {
            return Ok(());
        };
        list.set_mode(mode);
        inode.store_list(ACCESS_LIST, Some(&list))
    }
}

/// The lists that something new in a directory starts with.
pub(crate) struct Inherited {
    access: AccessList,
    default: Option<AccessList>,
}

impl Inherited {
    /// What `directory` passes on to a new inode of this kind, and the permission bits it then has in
    /// place of `mode`. Where that is something, the umask has no say.
    pub(crate) fn from(
        directory: &dyn Inode,
        kind: FileKind,
        mode: u32,
    ) -> Result<Option<(Self, u32)>> {
        if kind == FileKind::SymbolicLink {
            return Ok(None);
        }
        let Some(default) = directory.default_list()? else {
            return Ok(None);
        };
        let mut access = default.clone();
        let bits = access.inherit(mode);
        let default = (kind == FileKind::Directory).then_some(default);
        Ok(Some((Self { access, default }, mode & !0o777 | bits)))
    }

    /// Gives the lists to the new inode.
    pub(crate) fn apply(&self, inode: &dyn Inode) -> Result<()> {
        if let Some(default) = &self.default {
            inode.store_list(DEFAULT_LIST, Some(default))?;
        }
        if self.access.mode().1 {
            return Ok(());
        }
        inode.store_list(ACCESS_LIST, Some(&self.access))
    }

    /// Gives the lists to an inode that was just made as `name`, or takes the name away again.
    pub(crate) fn apply_or_undo(
        &self,
        directory: &dyn Inode,
        name: Name<'_>,
        new: &NewInode<'_>,
        inode: &dyn Inode,
    ) -> Result<()> {
        let outcome = self.apply(inode);
        if outcome.is_err() {
            let _ = match new {
                NewInode::Directory => directory.remove_directory(name),
                _ => directory.unlink(name),
            };
        }
        outcome
    }
}
