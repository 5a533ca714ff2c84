//! Who asks: user and group numbers, and what they may do to an inode.
//!
//! Every operation that goes by a name carries [`Credentials`]; the checks are pure functions over
//! them and an inode's [`Ownership`], so that they can be tested as a table. User 0 may do all
//! that capabilities would allow on Linux: read, write and search anything, execute a file that
//! has at least one execute bit, change any owner.

use alloc::sync::Arc;
use base::{Error, Result};

bitflags::bitflags! {
    /// What is asked of an inode, in the bits of one mode digit.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Permission: u32 {
        /// Read the file, or list the directory.
        const READ = 4;
        /// Write the file, or change the directory's entries.
        const WRITE = 2;
        /// Execute the file, or search the directory.
        const EXECUTE = 1;
    }
}

/// The set-user-id mode bit.
pub const SET_USER_ID: u32 = 0o4000;
/// The set-group-id mode bit.
pub const SET_GROUP_ID: u32 = 0o2000;
/// The sticky mode bit: in such a directory only an owner removes.
pub const STICKY: u32 = 0o1000;
/// The mode bits that `chmod` may change.
pub const MODE_BITS: u32 = 0o7777;

bitflags::bitflags! {
    /// What the super-user can give up one by one. Everything else comes and goes with the user's number.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Capabilities: u8 {
        /// Finding files without the directories that lead to them (`CAP_DAC_READ_SEARCH`). Reading and searching
        /// themselves stay the super-user's.
        const FIND_ANYWHERE = 1;
        /// Going beyond limits: of resources, of pipes, of a file system's reserve (`CAP_SYS_RESOURCE`).
        const RESOURCES = 2;
    }
}

impl Capabilities {
    /// Each with the number that Linux has given it.
    const NUMBERS: [(u32, Capabilities); 2] = [
        (2, Capabilities::FIND_ANYWHERE),
        (24, Capabilities::RESOURCES),
    ];

    /// The bits of a set as Linux has them.
    pub fn linux_bits(self) -> u64 {
        let chosen = Self::NUMBERS.iter().filter(|(_, one)| self.contains(*one));
        chosen.fold(0, |bits, (number, _)| bits | 1 << number)
    }

    /// Those of whose bits, as Linux has them, none is set.
    pub fn missing_in(bits: u64) -> Capabilities {
        let chosen = Self::NUMBERS
            .iter()
            .filter(|(number, _)| bits & 1 << number == 0);
        chosen.map(|(_, one)| *one).collect()
    }
}

/// User and group numbers of a process: real, effective, saved, and those used for files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Real user.
    pub uid: u32,
    /// Effective user.
    pub euid: u32,
    /// Saved user.
    pub suid: u32,
    /// The user that file checks use (follows `euid`).
    pub fsuid: u32,
    /// Real group.
    pub gid: u32,
    /// Effective group.
    pub egid: u32,
    /// Saved group.
    pub sgid: u32,
    /// The group that file checks use (follows `egid`).
    pub fsgid: u32,
    /// Supplementary groups.
    pub groups: Arc<[u32]>,
    /// What it has given up, and can take back.
    pub given_up: Capabilities,
    /// What of that it cannot take back before it runs another program.
    pub lost: Capabilities,
}

/// What a permission check needs to know of an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// Permission bits with set-id and sticky bits (no file type).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Credentials {
    /// Those of the super-user.
    pub fn root() -> Self {
        Self::user(0, 0)
    }

    /// One user and group in all roles, no supplementary groups.
    pub fn user(uid: u32, gid: u32) -> Self {
        Self {
            uid,
            euid: uid,
            suid: uid,
            fsuid: uid,
            gid,
            egid: gid,
            sgid: gid,
            fsgid: gid,
            groups: Arc::from([]),
            given_up: Capabilities::empty(),
            lost: Capabilities::empty(),
        }
    }

    /// Whether it is the super-user and has not given this up.
    #[inline]
    pub fn has(&self, capability: Capabilities) -> bool {
        self.is_superuser() && !self.given_up.intersects(capability)
    }

    /// True for the user that passes every check.
    #[inline]
    pub fn is_superuser(&self) -> bool {
        self.fsuid == 0
    }

    /// The same process judged by its real numbers, as access(2) does.
    pub fn as_real(&self) -> Self {
        Self {
            fsuid: self.uid,
            fsgid: self.gid,
            ..self.clone()
        }
    }

    /// Whether a process with these credentials is `uid`'s and `gid`'s and nobody else's: real, effective
    /// and saved numbers alike. Who is that one may look into it (ptrace(2), "Ptrace access mode
    /// checking").
    pub fn belong_to(&self, uid: u32, gid: u32) -> bool {
        [self.uid, self.euid, self.suid] == [uid; 3] && [self.gid, self.egid, self.sgid] == [gid; 3]
    }

    /// True if `gid` is the file group or a supplementary one.
    pub fn in_group(&self, gid: u32) -> bool {
        self.fsgid == gid || self.groups.contains(&gid)
    }

    /// Checks `wanted` against an inode's ownership; [`Error::AccessDenied`] if refused.
    pub fn check(&self, inode: Ownership, is_directory: bool, wanted: Permission) -> Result<()> {
        if self.is_superuser() {
            let may_execute = is_directory || inode.mode & 0o111 != 0;
            return if wanted.contains(Permission::EXECUTE) && !may_execute {
                Err(Error::AccessDenied)
            } else {
                Ok(())
            };
        }
        // Only one class applies: an owner is refused what only "others" would get.
        let shift = if self.fsuid == inode.uid {
            6
        } else if self.in_group(inode.gid) {
            3
        } else {
            0
        };
        let granted = Permission::from_bits_truncate(inode.mode >> shift & 7);
        if granted.contains(wanted) {
            Ok(())
        } else {
            Err(Error::AccessDenied)
        }
    }

    /// True for the owner and the super-user: who may chmod, set times, open without atime.
    pub fn owns(&self, inode: Ownership) -> bool {
        self.is_superuser() || self.fsuid == inode.uid
    }

    /// Checks the sticky bit: may the caller take `victim` out of `directory`?
    pub fn check_sticky(&self, directory: Ownership, victim: Ownership) -> Result<()> {
        let free = directory.mode & STICKY == 0
            || self.is_superuser()
            || self.fsuid == victim.uid
            || self.fsuid == directory.uid;
        if free {
            Ok(())
        } else {
            Err(Error::NotPermitted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Ownership = Ownership {
        mode: 0o640,
        uid: 10,
        gid: 20,
    };

    #[test]
    fn one_class_decides() {
        let owner = Credentials::user(10, 99);
        let member = Credentials {
            groups: Arc::from([20]),
            ..Credentials::user(11, 99)
        };
        let other = Credentials::user(12, 99);
        assert!(
            owner
                .check(FILE, false, Permission::READ | Permission::WRITE)
                .is_ok()
        );
        assert!(member.check(FILE, false, Permission::READ).is_ok());
        assert_eq!(
            member.check(FILE, false, Permission::WRITE),
            Err(Error::AccessDenied)
        );
        assert_eq!(
            other.check(FILE, false, Permission::READ),
            Err(Error::AccessDenied)
        );
        // The owner does not fall through to a more generous class.
        let odd = Ownership {
            mode: 0o077,
            ..FILE
        };
        assert_eq!(
            owner.check(odd, false, Permission::READ),
            Err(Error::AccessDenied)
        );
        assert!(other.check(odd, false, Permission::READ).is_ok());
    }

    #[test]
    fn root_executes_only_what_somebody_may() {
        let root = Credentials::root();
        assert!(root.check(FILE, false, Permission::WRITE).is_ok());
        assert_eq!(
            root.check(FILE, false, Permission::EXECUTE),
            Err(Error::AccessDenied)
        );
        assert!(root.check(FILE, true, Permission::EXECUTE).is_ok());
    }

    #[test]
    fn sticky_directories_protect_others_files() {
        let directory = Ownership {
            mode: 0o1777,
            uid: 0,
            gid: 0,
        };
        assert!(
            Credentials::user(10, 1)
                .check_sticky(directory, FILE)
                .is_ok()
        );
        assert!(
            Credentials::user(11, 1)
                .check_sticky(directory, FILE)
                .is_err()
        );
        assert!(Credentials::root().check_sticky(directory, FILE).is_ok());
    }
}
