//! Who a process is: its ids, its user and groups (credentials(7)).
//!
//! The user and group numbers are the vfs's [`Credentials`], because files are what they are checked
//! against; the rules of who may change which are Linux's and are here.

use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, Result};
use mem::user::UserPtr;
use vfs::Credentials;

use crate::call::Call;

/// getpid(2).
pub(crate) fn getpid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.process().id() as usize)
}

/// getppid(2).
pub(crate) fn getppid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.process().parent_id() as usize)
}

/// gettid(2).
pub(crate) fn gettid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.task.id() as usize)
}

/// getuid(2).
pub(crate) fn getuid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.process().fs().credentials.uid as usize)
}

/// geteuid(2).
pub(crate) fn geteuid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.process().fs().credentials.euid as usize)
}

/// getgid(2).
pub(crate) fn getgid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.process().fs().credentials.gid as usize)
}

/// getegid(2).
pub(crate) fn getegid(call: &mut Call<'_>) -> Result<usize> {
    Ok(call.process().fs().credentials.egid as usize)
}

/// getresuid(2).
pub(crate) fn getresuid(
    call: &mut Call<'_>,
    real: UserPtr<u32>,
    effective: UserPtr<u32>,
    saved: UserPtr<u32>,
) -> Result<usize> {
    let context = call.process().fs();
    real.write(&context.credentials.uid)?;
    effective.write(&context.credentials.euid)?;
    saved.write(&context.credentials.suid)?;
    Ok(0)
}

/// getresgid(2).
pub(crate) fn getresgid(
    call: &mut Call<'_>,
    real: UserPtr<u32>,
    effective: UserPtr<u32>,
    saved: UserPtr<u32>,
) -> Result<usize> {
    let context = call.process().fs();
    real.write(&context.credentials.gid)?;
    effective.write(&context.credentials.egid)?;
    saved.write(&context.credentials.sgid)?;
    Ok(0)
}

/// Real, effective, saved and file number of users, or of groups: the rules are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers {
    real: u32,
    effective: u32,
    saved: u32,
    file: u32,
}

/// An argument that leaves a number alone.
const KEEP: u32 = u32::MAX;

impl Numbers {
    /// setuid, setgid.
    fn set(self, privileged: bool, id: u32) -> Result<Numbers> {
        if privileged {
            Ok(Numbers {
                real: id,
                effective: id,
                saved: id,
                file: id,
            })
        } else if id == self.real || id == self.saved {
            Ok(Numbers {
                effective: id,
                file: id,
                ..self
            })
        } else {
            Err(Error::NotPermitted)
        }
    }

    /// setreuid, setregid.
    fn set_two(self, privileged: bool, real: u32, effective: u32) -> Result<Numbers> {
        let may_real = privileged || [KEEP, self.real, self.effective].contains(&real);
        let may_effective =
            privileged || [KEEP, self.real, self.effective, self.saved].contains(&effective);
        if !may_real || !may_effective {
            return Err(Error::NotPermitted);
        }
        let new_real = if real == KEEP { self.real } else { real };
        let new_effective = if effective == KEEP {
            self.effective
        } else {
            effective
        };
        let follows = real != KEEP || (effective != KEEP && effective != self.real);
        let saved = if follows { new_effective } else { self.saved };
        Ok(Numbers {
            real: new_real,
            effective: new_effective,
            saved,
            file: new_effective,
        })
    }

    /// setresuid, setresgid.
    fn set_three(self, privileged: bool, real: u32, effective: u32, saved: u32) -> Result<Numbers> {
        let mine = [KEEP, self.real, self.effective, self.saved];
        if !privileged && ![real, effective, saved].iter().all(|id| mine.contains(id)) {
            return Err(Error::NotPermitted);
        }
        let pick = |new, old| if new == KEEP { old } else { new };
        let effective = pick(effective, self.effective);
        Ok(Numbers {
            real: pick(real, self.real),
            effective,
            saved: pick(saved, self.saved),
            file: effective,
        })
    }

    /// setfsuid, setfsgid: silently nothing where it is not allowed.
    fn set_file(self, privileged: bool, id: u32) -> Numbers {
        let mine = [self.real, self.effective, self.saved, self.file];
        if privileged || mine.contains(&id) {
            Numbers { file: id, ..self }
        } else {
            self
        }
    }
}

fn users(credentials: &Credentials) -> Numbers {
    Numbers {
        real: credentials.uid,
        effective: credentials.euid,
        saved: credentials.suid,
        file: credentials.fsuid,
    }
}

fn groups(credentials: &Credentials) -> Numbers {
    Numbers {
        real: credentials.gid,
        effective: credentials.egid,
        saved: credentials.sgid,
        file: credentials.fsgid,
    }
}

fn change_users(
    call: &Call<'_>,
    change: impl FnOnce(Numbers, bool) -> Result<Numbers>,
) -> Result<usize> {
    let before = call.process().credentials();
    call.process().update_fs(|context| {
        let credentials = &mut context.credentials;
        let numbers = change(users(credentials), credentials.is_superuser())?;
        credentials.uid = numbers.real;
        credentials.euid = numbers.effective;
        credentials.suid = numbers.saved;
        credentials.fsuid = numbers.file;
        Result::Ok(())
    })?;
    call.process().forget_parent_death_unless_as(&before);
    Ok(0)
}

fn change_groups(
    call: &Call<'_>,
    change: impl FnOnce(Numbers, bool) -> Result<Numbers>,
) -> Result<usize> {
    let before = call.process().credentials();
    call.process().update_fs(|context| {
        let credentials = &mut context.credentials;
        let numbers = change(groups(credentials), credentials.is_superuser())?;
        credentials.gid = numbers.real;
        credentials.egid = numbers.effective;
        credentials.sgid = numbers.saved;
        credentials.fsgid = numbers.file;
        Result::Ok(())
    })?;
    call.process().forget_parent_death_unless_as(&before);
    Ok(0)
}

fn valid(id: u32) -> Result<u32> {
    if id == KEEP {
        Err(Error::InvalidArgument)
    } else {
        Ok(id)
    }
}

/// setuid(2).
pub(crate) fn setuid(call: &mut Call<'_>, uid: u32) -> Result<usize> {
    let uid = valid(uid)?;
    change_users(call, |numbers, privileged| numbers.set(privileged, uid))
}

/// setgid(2).
pub(crate) fn setgid(call: &mut Call<'_>, gid: u32) -> Result<usize> {
    let gid = valid(gid)?;
    change_groups(call, |numbers, privileged| numbers.set(privileged, gid))
}

/// setreuid(2).
pub(crate) fn setreuid(call: &mut Call<'_>, real: u32, effective: u32) -> Result<usize> {
    change_users(call, |numbers, privileged| {
        numbers.set_two(privileged, real, effective)
    })
}

/// setregid(2).
pub(crate) fn setregid(call: &mut Call<'_>, real: u32, effective: u32) -> Result<usize> {
    change_groups(call, |numbers, privileged| {
        numbers.set_two(privileged, real, effective)
    })
}

/// setresuid(2).
pub(crate) fn setresuid(
    call: &mut Call<'_>,
    real: u32,
    effective: u32,
    saved: u32,
) -> Result<usize> {
    change_users(call, |numbers, privileged| {
        numbers.set_three(privileged, real, effective, saved)
    })
}

/// setresgid(2).
pub(crate) fn setresgid(
    call: &mut Call<'_>,
    real: u32,
    effective: u32,
    saved: u32,
) -> Result<usize> {
    change_groups(call, |numbers, privileged| {
        numbers.set_three(privileged, real, effective, saved)
    })
}

/// setfsuid(2): returns the old one whatever happens.
pub(crate) fn setfsuid(call: &mut Call<'_>, uid: u32) -> Result<usize> {
    let old = call.process().fs().credentials.fsuid;
    change_users(call, |numbers, privileged| {
        Ok(numbers.set_file(privileged && uid != KEEP, uid))
    })?;
    Ok(old as usize)
}

/// setfsgid(2): returns the old one whatever happens.
pub(crate) fn setfsgid(call: &mut Call<'_>, gid: u32) -> Result<usize> {
    let old = call.process().fs().credentials.fsgid;
    change_groups(call, |numbers, privileged| {
        Ok(numbers.set_file(privileged && gid != KEEP, gid))
    })?;
    Ok(old as usize)
}

/// The most supplementary groups (`NGROUPS_MAX`).
const MOST_GROUPS: usize = 65536;

/// getgroups(2).
pub(crate) fn getgroups(call: &mut Call<'_>, count: i32, list: UserPtr<u32>) -> Result<usize> {
    let groups = call.process().fs().credentials.groups.clone();
    let room = usize::try_from(count).map_err(|_| Error::InvalidArgument)?;
    if room > 0 {
        if room < groups.len() {
            return Err(Error::InvalidArgument);
        }
        list.write_many(&groups)?;
    }
    Ok(groups.len())
}

/// setgroups(2).
pub(crate) fn setgroups(call: &mut Call<'_>, count: i32, list: UserPtr<u32>) -> Result<usize> {
    if !call.process().credentials().is_superuser() {
        return Err(Error::NotPermitted);
    }
    let count = usize::try_from(count)
        .ok()
        .filter(|count| *count <= MOST_GROUPS);
    let mut groups: Vec<u32> = list.read_many(count.ok_or(Error::InvalidArgument)?)?;
    groups.sort_unstable();
    let groups: Arc<[u32]> = groups.into();
    call.process()
        .update_fs(|context| context.credentials.groups = groups);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Numbers = Numbers {
        real: 10,
        effective: 20,
        saved: 30,
        file: 20,
    };

    #[test]
    fn the_unprivileged_move_among_their_own() {
        assert_eq!(
            USER.set(false, 10),
            Ok(Numbers {
                effective: 10,
                file: 10,
                ..USER
            })
        );
        assert_eq!(
            USER.set(false, 30),
            Ok(Numbers {
                effective: 30,
                file: 30,
                ..USER
            })
        );
        assert_eq!(USER.set(false, 99), Err(Error::NotPermitted));
        assert_eq!(
            USER.set_three(false, 30, KEEP, 10),
            Ok(Numbers {
                real: 30,
                saved: 10,
                ..USER
            })
        );
        assert_eq!(USER.set_three(false, 30, 99, 10), Err(Error::NotPermitted));
        assert_eq!(USER.set_file(false, 99), USER);
    }

    #[test]
    fn dropping_privileges_drops_all() {
        let root = Numbers {
            real: 0,
            effective: 0,
            saved: 0,
            file: 0,
        };
        assert_eq!(
            root.set(true, 5),
            Ok(Numbers {
                real: 5,
                effective: 5,
                saved: 5,
                file: 5
            })
        );
        assert_eq!(
            root.set_two(true, KEEP, 5),
            Ok(Numbers {
                real: 0,
                effective: 5,
                saved: 5,
                file: 5
            })
        );
    }
}
