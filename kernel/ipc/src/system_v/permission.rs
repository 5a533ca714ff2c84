//! Who made an object, who owns it, and what that allows (sysvipc(7), "Permissions").

use alloc::sync::Arc;

use base::{Error, Result};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The number of its process.
    pub process: u32,
    /// Its effective user.
    pub user: u32,
    /// Its effective group.
    pub group: u32,
    /// Its other groups.
    pub groups: Arc<[u32]>,
    /// Passes every check.
    pub superuser: bool,
}

impl Caller {
    fn in_group(&self, group: u32) -> bool {
        self.group == group || self.groups.contains(&group)
    }
}

/// What is asked of an object, in the bits of one class of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access(u32);

impl Access {
    /// To read.
    pub const READ: Access = Access(4);
    /// To change.
    pub const WRITE: Access = Access(2);
    /// Both.
    pub const READ_WRITE: Access = Access(6);

    /// And to execute, too.
    pub fn and_execute(self) -> Access {
        Access(self.0 | 1)
    }

    /// What a mode asks for in any of its classes.
    pub fn of_mode(mode: u32) -> Access {
        Access((mode >> 6 | mode >> 3 | mode) & 7)
    }
}

/// Whose an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The key it is found by; 0 for none.
    pub key: i32,
    /// The owner.
    pub user: u32,
    /// The owner's group.
    pub group: u32,
    /// Who made it.
    pub creator: u32,
    /// The maker's group.
    pub creator_group: u32,
    /// Nine bits, as of a file.
    pub mode: u32,
}

impl Permission {
    /// Of an object that `caller` makes.
    pub fn new(caller: &Caller, key: i32, mode: u32) -> Permission {
        Permission {
            key,
            user: caller.user,
            group: caller.group,
            creator: caller.user,
            creator_group: caller.group,
            mode: mode & 0o777,
        }
    }

    /// `Error::AccessDenied` unless the mode allows it.
    pub fn check(&self, caller: &Caller, access: Access) -> Result<()> {
        let shift = if caller.user == self.creator || caller.user == self.user {
            6
        } else if caller.in_group(self.creator_group) || caller.in_group(self.group) {
            3
        } else {
            0
        };
        if caller.superuser || access.0 & !(self.mode >> shift) == 0 {
            Ok(())
        } else {
            Err(Error::AccessDenied)
        }
    }

    /// `Error::NotPermitted` unless the caller is owner or maker: only they change or remove an object.
    pub fn check_owner(&self, caller: &Caller) -> Result<()> {
        if caller.superuser || caller.user == self.user || caller.user == self.creator {
            Ok(())
        } else {
            Err(Error::NotPermitted)
        }
    }

    /// Gives it to another owner with another mode.
    pub fn change(&mut self, caller: &Caller, user: u32, group: u32, mode: u32) -> Result<()> {
        self.check_owner(caller)?;
        (self.user, self.group, self.mode) = (user, group, mode & 0o777);
        Ok(())
    }
}
