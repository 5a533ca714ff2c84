//! openat and openat2: from `O_*` to the kernel's open options.

use base::{Error, Result};
use mem::user::{UserPtr, UserText};
use object::{FileAccess, StatusFlags};
use vfs::{OpenOptions, ResolveFlags};

use super::descriptors::O_CLOEXEC;
use super::paths::Named;
use crate::arguments::{DirectoryFd, UserPath};
use crate::call::Call;
use crate::layout::OpenHow;
use crate::machine::current::open::{O_DIRECT, O_DIRECTORY, O_LARGEFILE, O_NOFOLLOW};

const O_ACCMODE: u32 = 0o3;
const O_WRONLY: u32 = 0o1;
const O_RDWR: u32 = 0o2;
const O_CREAT: u32 = 0o100;
const O_EXCL: u32 = 0o200;
const O_NOCTTY: u32 = 0o400;
const O_TRUNC: u32 = 0o1000;
const O_APPEND: u32 = 0o2000;
const O_NONBLOCK: u32 = 0o4000;
const O_DSYNC: u32 = 0o10000;
const FASYNC: u32 = 0o20000;
const O_NOATIME: u32 = 0o1000000;
/// `__O_SYNC`: with `O_DSYNC` it is `O_SYNC`.
const SYNC_BIT: u32 = 0o4000000;
const O_PATH: u32 = 0o10000000;
/// `__O_TMPFILE`: with `O_DIRECTORY` it is `O_TMPFILE`.
const TMPFILE_BIT: u32 = 0o20000000;

/// Every flag that means something.
const KNOWN: u32 = O_ACCMODE
    | O_CREAT
    | O_EXCL
    | O_NOCTTY
    | O_TRUNC
    | O_APPEND
    | O_NONBLOCK
    | O_DSYNC
    | FASYNC
    | O_DIRECT
    | O_LARGEFILE
    | O_DIRECTORY
    | O_NOFOLLOW
    | O_NOATIME
    | O_CLOEXEC
    | SYNC_BIT
    | O_PATH
    | TMPFILE_BIT;

/// The flags that go with `O_PATH`; `open` drops the others, `openat2` refuses them.
const WITH_PATH: u32 = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;

/// The kernel's options for a set of flags that was checked.
fn options(flags: u32, mode: u32) -> Result<OpenOptions> {
    let has = |flag| flags & flag != 0;
    if has(TMPFILE_BIT) {
        let writable = matches!(flags & O_ACCMODE, O_WRONLY | O_RDWR);
        if !has(O_DIRECTORY) || !writable || has(O_CREAT) {
            return Err(Error::InvalidArgument);
        }
    }
    if has(O_PATH) {
        return Ok(OpenOptions {
            path_only: true,
            directory: has(O_DIRECTORY),
            no_follow: has(O_NOFOLLOW),
            ..OpenOptions::default()
        });
    }
    // Access mode 3 asks for both directions to be allowed and gives neither; it is so rare that
    // it gives both here.
    Ok(OpenOptions {
        read: flags & O_ACCMODE != O_WRONLY,
        write: flags & O_ACCMODE != 0,
        append: has(O_APPEND),
        create: has(O_CREAT),
        exclusive: has(O_EXCL) && (has(O_CREAT) || has(TMPFILE_BIT)),
        truncate: has(O_TRUNC),
        directory: has(O_DIRECTORY) && !has(TMPFILE_BIT),
        no_follow: has(O_NOFOLLOW) || (has(O_EXCL) && has(O_CREAT)),
        path_only: false,
        unnamed: has(TMPFILE_BIT),
        nonblocking: has(O_NONBLOCK),
        no_controlling_terminal: has(O_NOCTTY),
        no_access_time: has(O_NOATIME),
        sync: has(SYNC_BIT),
        data_sync: has(O_DSYNC),
        direct: has(O_DIRECT),
        asynchronous: has(FASYNC),
        mode: mode & 0o7777,
        ..OpenOptions::default()
    })
}

fn open(
    call: &Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: u32,
    mode: u32,
    resolve: ResolveFlags,
) -> Result<usize> {
    let options = OpenOptions {
        resolve,
        ..options(flags, mode)?
    };
    let mut room = UserText::new();
    let named = if resolve.contains(ResolveFlags::IN_ROOT) {
        Named::read_in_root(call, directory, path, &mut room)?
    } else {
        Named::read(call, directory, path, &mut room)?
    };
    let file = named
        .context
        .open_at(named.at.as_ref(), named.path, &options)?;
    call.install(file, flags & O_CLOEXEC != 0)
}

/// What the flags of an opening without a name (open_by_handle_at) ask for, and whether exec closes the descriptor.
/// Nothing can be made there.
pub(super) fn without_name(flags: u32) -> Result<(OpenOptions, bool)> {
    let mut flags = flags & KNOWN;
    if flags & O_PATH != 0 {
        flags &= WITH_PATH;
    }
    if flags & TMPFILE_BIT != 0 {
        return Err(Error::InvalidArgument);
    }
    if flags & O_CREAT != 0 {
        return Err(Error::IsDirectory);
    }
    Ok((options(flags, 0)?, flags & O_CLOEXEC != 0))
}

/// openat(2). Unknown flags have always been ignored here; openat2 exists because of that.
pub(crate) fn openat(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: u32,
    mode: u32,
) -> Result<usize> {
    let mut flags = flags & KNOWN;
    if flags & O_PATH != 0 {
        flags &= WITH_PATH;
    }
    let makes = flags & (O_CREAT | TMPFILE_BIT) != 0;
    let mode = if makes { mode } else { 0 };
    open(call, directory, path, flags, mode, ResolveFlags::empty())
}

/// `RESOLVE_*` of openat2, in the order of their bits; `RESOLVE_CACHED` is answered below.
const RESOLVE: [(u64, ResolveFlags); 5] = [
    (0x01, ResolveFlags::NO_CROSS_MOUNT),
    (0x02, ResolveFlags::NO_MAGIC_LINKS),
    (0x04, ResolveFlags::NO_LINKS),
    (0x08, ResolveFlags::BENEATH),
    (0x10, ResolveFlags::IN_ROOT),
];
const RESOLVE_CACHED: u64 = 0x20;

/// openat2(2).
pub(crate) fn openat2(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    how: UserPtr<OpenHow>,
    size: usize,
) -> Result<usize> {
    // There is no older version with fewer fields.
    if size < size_of::<OpenHow>() {
        return Err(Error::InvalidArgument);
    }
    let how = crate::arguments::read_extensible(how, size)?;
    let known = RESOLVE
        .iter()
        .fold(RESOLVE_CACHED, |known, (bit, _)| known | bit);
    let flags = u32::try_from(how.flags).map_err(|_| Error::InvalidArgument)?;
    let makes = flags & (O_CREAT | TMPFILE_BIT) != 0;
    let beneath_and_root = how.resolve & 0x18 == 0x18;
    if flags & !KNOWN != 0
        || how.resolve & !known != 0
        || beneath_and_root
        || how.mode & !0o7777 != 0
        || (how.mode != 0 && !makes)
        || (flags & O_PATH != 0 && flags & !WITH_PATH != 0)
    {
        return Err(Error::InvalidArgument);
    }
    if how.resolve & RESOLVE_CACHED != 0 {
        // Whether a walk would wait cannot be told beforehand: always "perhaps".
        return Err(Error::WouldBlock);
    }
    let set = RESOLVE.iter().filter(|(bit, _)| how.resolve & bit != 0);
    let resolve = set.fold(ResolveFlags::empty(), |all, (_, flag)| all | *flag);
    open(call, directory, path, flags, how.mode as u32, resolve)
}

/// Which status flag has which `O_*` bit, for `F_GETFL` and `F_SETFL`.
const STATUS: [(u32, StatusFlags); 6] = [
    (O_APPEND, StatusFlags::APPEND),
    (O_NONBLOCK, StatusFlags::NONBLOCK),
    (O_DSYNC, StatusFlags::DATA_SYNC),
    (O_DIRECT, StatusFlags::DIRECT),
    (O_NOATIME, StatusFlags::NO_ACCESS_TIME),
    (FASYNC, StatusFlags::ASYNC),
];

/// What `F_SETFL` changes.
const CHANGEABLE: u32 = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC;

/// The `O_*` bits of an open file.
pub(super) fn flags_of(access: FileAccess, flags: StatusFlags, path_only: bool) -> u32 {
    let mode = match (
        access.contains(FileAccess::READ),
        access.contains(FileAccess::WRITE),
    ) {
        _ if path_only => O_PATH,
        (true, true) => O_RDWR,
        (false, true) => O_WRONLY,
        _ => 0,
    };
    let set = STATUS.iter().filter(|(_, flag)| flags.contains(*flag));
    let bits = set.fold(mode, |bits, (bit, _)| bits | bit);
    bits | if flags.contains(StatusFlags::SYNC) {
        SYNC_BIT | O_DSYNC
    } else {
        0
    }
}

/// The status flags that `F_SETFL` asks for, given those in force.
pub(super) fn changed_flags(bits: u32, present: StatusFlags) -> StatusFlags {
    STATUS.iter().filter(|(bit, _)| CHANGEABLE & bit != 0).fold(
        present,
        |mut flags, (bit, flag)| {
            flags.set(*flag, bits & bit != 0);
            flags
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_modes() {
        let read_write = options(O_RDWR | O_CREAT | O_EXCL, 0o644).expect("valid");
        assert!(read_write.read && read_write.write && read_write.create && read_write.exclusive);
        assert_eq!(read_write.mode, 0o644);
        let read = options(0, 0).expect("valid");
        assert!(read.read && !read.write);
        let append = options(O_WRONLY | O_APPEND, 0).expect("valid");
        assert!(!append.read && append.append);
    }

    #[test]
    fn a_nameless_file_has_to_be_written() {
        assert_eq!(
            options(TMPFILE_BIT | O_DIRECTORY, 0),
            Err(Error::InvalidArgument)
        );
        assert!(
            options(TMPFILE_BIT | O_DIRECTORY | O_RDWR, 0o600).is_ok_and(|options| options.unnamed)
        );
    }

    #[test]
    fn status_flags_there_and_back() {
        let present = StatusFlags::SYNC;
        let changed = changed_flags(O_APPEND | O_NONBLOCK | SYNC_BIT, present);
        assert_eq!(
            changed,
            StatusFlags::APPEND | StatusFlags::NONBLOCK | StatusFlags::SYNC
        );
        let bits = flags_of(FileAccess::READ | FileAccess::WRITE, changed, false);
        assert_eq!(bits & O_ACCMODE, O_RDWR);
        assert_eq!(bits & O_NONBLOCK, O_NONBLOCK);
    }
}
