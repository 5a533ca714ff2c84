//! Access control lists: rights of named users and groups beside the mode's three classes.
//!
//! acl(5), that is the withdrawn POSIX.1e draft 17 as Linux has it. A file's *access* list decides
//! for everybody but its owner and the super-user; a directory's *default* list is what is made in
//! it gets. The mode's group digit is the list's mask, an upper bound for every entry between owner
//! and others, so a program that knows nothing of lists and takes rights away with chmod(2) takes
//! them away.
//!
//! Lists travel as the extended attributes [`ACCESS_LIST`] and [`DEFAULT_LIST`], in the form of
//! Linux's `posix_acl_xattr.h`: a version, then 8 bytes an entry. A file system keeps these
//! attributes and needs to know nothing else of them.

use alloc::vec::Vec;

use base::room::Room;
use base::{Error, Result};

use crate::credentials::{Credentials, Ownership, Permission};

/// The attribute that holds a file's access list.
pub const ACCESS_LIST: &[u8] = b"system.posix_acl_access";

/// The attribute that holds a directory's default list.
pub const DEFAULT_LIST: &[u8] = b"system.posix_acl_default";

/// The version in front of the entries.
const VERSION: u32 = 2;

/// What stands for the number of an entry that names nobody.
const NOBODY: u32 = u32::MAX;

/// Whom an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The file's owner.
    Owner,
    /// This user.
    User(u32),
    /// The file's group.
    OwningGroup,
    /// This group.
    Group(u32),
    /// Nobody: the most that any entry but the owner's and the others' gives.
    Mask,
    /// Everybody else.
    Others,
}

impl Subject {
    /// Linux's tag and number.
    fn tag(self) -> (u16, u32) {
        match self {
            Subject::Owner => (0x01, NOBODY),
            Subject::User(uid) => (0x02, uid),
            Subject::OwningGroup => (0x04, NOBODY),
            Subject::Group(gid) => (0x08, gid),
            Subject::Mask => (0x10, NOBODY),
            Subject::Others => (0x20, NOBODY),
        }
    }

    fn from_tag(tag: u16, number: u32) -> Option<Self> {
        match tag {
            0x01 => Some(Subject::Owner),
            0x02 if number != NOBODY => Some(Subject::User(number)),
            0x04 => Some(Subject::OwningGroup),
            0x08 if number != NOBODY => Some(Subject::Group(number)),
            0x10 => Some(Subject::Mask),
            0x20 => Some(Subject::Others),
            _ => None,
        }
    }
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    /// Whom it is for.
    pub subject: Subject,
    /// What it allows.
    pub rights: Permission,
}

/// A list that follows the rules: one entry each for owner, group and others, in the order of
/// [`Subject`], and a mask if anybody is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessList(Vec<AccessEntry>);

impl AccessList {
    /// A list of these entries; [`Error::InvalidArgument`] if they do not follow the rules.
    pub fn new(entries: Vec<AccessEntry>) -> Result<Self> {
        // The tags grow by classes; only users and groups may come more than once.
        let mut before = 0;
        let (mut named, mut seen) = (false, 0);
        for entry in &entries {
            let (tag, _) = entry.subject.tag();
            let repeats = matches!(entry.subject, Subject::User(_) | Subject::Group(_));
            if tag < before || (tag == before && !repeats) {
                return Err(Error::InvalidArgument);
            }
            named |= repeats;
            seen |= tag;
            before = tag;
        }
        let complete = seen & 0x25 == 0x25 && (!named || seen & 0x10 != 0);
        if complete {
            Ok(Self(entries))
        } else {
            Err(Error::InvalidArgument)
        }
    }

    /// Understands an attribute's value. `None` is a list without entries, which takes a list away.
    /// [`Error::Unsupported`] for another version, [`Error::InvalidArgument`] for what is no list.
    pub fn parse(value: &[u8]) -> Result<Option<Self>> {
        let (version, rest) = value.split_first_chunk().ok_or(Error::InvalidArgument)?;
        if u32::from_le_bytes(*version) != VERSION {
            return Err(Error::Unsupported);
        }
        let (records, odd) = rest.as_chunks::<8>();
        if !odd.is_empty() {
            return Err(Error::InvalidArgument);
        }
        if records.is_empty() {
            return Ok(None);
        }
        let mut entries = Vec::new();
        entries.make_room(records.len())?;
        for [a, b, c, d, number @ ..] in records {
            let tag = u16::from_le_bytes([*a, *b]);
            let rights = u16::from_le_bytes([*c, *d]).into();
            entries.push(AccessEntry {
                subject: Subject::from_tag(tag, u32::from_le_bytes(*number))
                    .ok_or(Error::InvalidArgument)?,
                rights: Permission::from_bits(rights).ok_or(Error::InvalidArgument)?,
            });
        }
        Self::new(entries).map(Some)
    }

    /// The attribute's value for this list.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.make_room(4 + 8 * self.0.len())?;
        bytes.extend(VERSION.to_le_bytes());
        for entry in &self.0 {
            let (tag, number) = entry.subject.tag();
            bytes.extend(tag.to_le_bytes());
            bytes.extend((entry.rights.bits() as u16).to_le_bytes());
            bytes.extend(number.to_le_bytes());
        }
        Ok(bytes)
    }

    /// The entries, in order.
    pub fn entries(&self) -> &[AccessEntry] {
        &self.0
    }

    /// The nine permission bits that go with this list, and whether they say all that it says.
    pub fn mode(&self) -> (u32, bool) {
        let (mut mode, mut complete) = (0, true);
        for AccessEntry { subject, rights } in &self.0 {
            match subject {
                Subject::Owner => mode |= rights.bits() << 6,
                Subject::OwningGroup => mode |= rights.bits() << 3,
                Subject::Others => mode |= rights.bits(),
                Subject::Mask => {
                    mode = mode & !0o070 | rights.bits() << 3;
                    complete = false;
                }
                Subject::User(_) | Subject::Group(_) => complete = false,
            }
        }
        (mode, complete)
    }

    /// What the mode's classes stand for: the owner's entry, the mask or else the group's, the others'.
    fn classes(&mut self) -> impl Iterator<Item = (&mut Permission, u32)> {
        let masked = self.0.iter().any(|one| one.subject == Subject::Mask);
        self.0.iter_mut().filter_map(move |one| {
            let shift = match one.subject {
                Subject::Owner => 6,
                Subject::OwningGroup if !masked => 3,
                Subject::Mask => 3,
                Subject::Others => 0,
                _ => return None,
            };
            Some((&mut one.rights, shift))
        })
    }

    /// The list after a chmod(2) to `mode`.
    pub fn set_mode(&mut self, mode: u32) {
        for (rights, shift) in self.classes() {
            *rights = Permission::from_bits_truncate(mode >> shift & 7);
        }
    }

    /// Makes a directory's default list the access list of something new, asked for with `mode`: the
    /// list is bounded by the mode, and the mode by the list. Returns the new one's nine bits.
    pub fn inherit(&mut self, mode: u32) -> u32 {
        let mut result = 0;
        for (rights, shift) in self.classes() {
            *rights &= Permission::from_bits_truncate(mode >> shift & 7);
            result |= rights.bits() << shift;
        }
        result
    }

    /// Checks `wanted` for somebody who is neither the super-user nor judged by the mode alone;
    /// [`Error::AccessDenied`] if refused.
    pub fn check(&self, who: &Credentials, file: Ownership, wanted: Permission) -> Result<()> {
        let mask = self.0.iter().find(|one| one.subject == Subject::Mask);
        let mask = mask.map_or(Permission::all(), |one| one.rights);
        let judge = |granted: Permission| {
            if granted.contains(wanted) {
                Ok(())
            } else {
                Err(Error::AccessDenied)
            }
        };
        let mut member = false;
        for AccessEntry { subject, rights } in &self.0 {
            let in_group = match subject {
                Subject::Owner if who.fsuid == file.uid => return judge(*rights),
                Subject::User(uid) if who.fsuid == *uid => return judge(*rights & mask),
                Subject::OwningGroup => who.in_group(file.gid),
                Subject::Group(gid) => who.in_group(*gid),
                Subject::Others if !member => return judge(*rights),
                _ => false,
            };
            // One of a member's groups has to give all that is wanted.
            if in_group {
                member = true;
                if rights.contains(wanted) {
                    return judge(*rights & mask);
                }
            }
        }
        Err(Error::AccessDenied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::sync::Arc;

    fn list(text: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        for (tag, rights, number) in text {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(rights.to_le_bytes());
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    /// user::rw- user:7:rw- group::r-- group:9:rwx mask::rw- other::---
    fn example() -> AccessList {
        let bytes = list(&[
            (1, 6, NOBODY),
            (2, 6, 7),
            (4, 4, NOBODY),
            (8, 7, 9),
            (16, 6, NOBODY),
            (32, 0, NOBODY),
        ]);
        let parsed = AccessList::parse(&bytes).unwrap().unwrap();
        assert_eq!(parsed.to_bytes().unwrap(), bytes);
        parsed
    }

    const FILE: Ownership = Ownership {
        mode: 0o660,
        uid: 1,
        gid: 2,
    };

    #[test]
    fn the_first_entry_that_fits_decides() {
        let list = example();
        let may = |uid, gid, groups: &[u32], wanted| {
            let who = Credentials {
                groups: Arc::from(groups),
                ..Credentials::user(uid, gid)
            };
            list.check(&who, FILE, Permission::from_bits_truncate(wanted))
                .is_ok()
        };
        assert!(may(1, 1, &[], 6) && !may(1, 1, &[], 1));
        assert!(may(7, 7, &[], 6) && !may(7, 7, &[], 1));
        assert!(may(8, 2, &[], 4) && !may(8, 2, &[], 2));
        // The mask takes execution away from group 9; with both groups it writes.
        assert!(may(8, 2, &[9], 6) && !may(8, 9, &[], 1));
        assert!(!may(8, 8, &[], 4));
    }

    #[test]
    fn modes_and_lists_bound_each_other() {
        let mut list = example();
        assert_eq!(list.mode(), (0o660, false));
        list.set_mode(0o751);
        assert_eq!(list.mode().0, 0o751);
        assert_eq!(list.entries()[2].rights, Permission::READ);
        let mut inherited = example();
        assert_eq!(inherited.inherit(0o644), 0o640);
        assert_eq!(inherited.mode().0, 0o640);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let parse = |entries: &[(u16, u16, u32)]| AccessList::parse(&list(entries));
        assert_eq!(parse(&[]), Ok(None));
        let least = [(1, 7, NOBODY), (4, 5, NOBODY), (32, 5, NOBODY)];
        let (mode, complete) = parse(&least).unwrap().unwrap().mode();
        assert_eq!((mode, complete), (0o755, true));
        for wrong in [
            &least[..2],
            &[(1, 8, NOBODY), (4, 5, NOBODY), (32, 5, NOBODY)],
            &[(4, 7, NOBODY), (1, 5, NOBODY), (32, 5, NOBODY)],
            &[(1, 7, NOBODY), (2, 7, 5), (4, 5, NOBODY), (32, 5, NOBODY)],
            &[
                (1, 7, NOBODY),
                (1, 7, NOBODY),
                (4, 5, NOBODY),
                (32, 5, NOBODY),
            ],
            &[(3, 7, NOBODY), (4, 5, NOBODY), (32, 5, NOBODY)],
        ] {
            assert_eq!(parse(wrong), Err(Error::InvalidArgument), "{wrong:?}");
        }
        assert_eq!(AccessList::parse(&[2, 0]), Err(Error::InvalidArgument));
        assert_eq!(AccessList::parse(&[1, 0, 0, 0]), Err(Error::Unsupported));
        assert_eq!(
            AccessList::parse(&[2, 0, 0, 0, 1]),
            Err(Error::InvalidArgument)
        );
    }
}
