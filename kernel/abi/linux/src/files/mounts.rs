//! mount, umount2, and bringing files to their devices.

use base::{Error, Result};
use object::{FileKind, Rights};
use vfs::{MountFlags, MountSource, Path, ResolveFlags};

use super::paths::Named;
use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath, flags_argument};
use crate::call::Call;

flags_argument! {
    /// Flags of umount2.
    pub struct UnmountFlags: u32 {
        /// Even if it is busy: open files are cut off. Only lazily, here.
        const FORCE = 1;
        /// Out of sight at once, gone when nobody uses it any more.
        const DETACH = 2;
        /// Only if it was not used since it was last marked.
        const EXPIRE = 4;
        /// Not through a symbolic link.
        const NOFOLLOW = 8;
    }
}

flags_argument! {
    /// `MS_*`.
    pub struct MountArgument: u64 {
        /// Nothing is written.
        const READ_ONLY = 1;
        /// Set-id bits are ignored.
        const NO_SET_ID = 2;
        /// Device nodes are not opened.
        const NO_DEVICES = 4;
        /// Nothing is executed.
        const NO_EXECUTE = 8;
        /// Every write goes to the device at once.
        const SYNCHRONOUS = 16;
        /// Change the flags of what is mounted.
        const REMOUNT = 32;
        /// Mandatory locks (gone from Linux, ignored).
        const MANDATORY_LOCK = 64;
        /// Directory changes go to the device at once.
        const DIRECTORY_SYNC = 128;
        /// Symbolic links are not followed.
        const NO_SYMLINK_FOLLOW = 256;
        /// Access times are not kept.
        const NO_ACCESS_TIME = 1024;
        /// Nor those of directories.
        const NO_DIRECTORY_ACCESS_TIME = 2048;
        /// Show a directory at another place.
        const BIND = 4096;
        /// Move a mount.
        const MOVE = 8192;
        /// With what is mounted below.
        const RECURSIVE = 16384;
        /// Fewer messages.
        const SILENT = 32768;
        /// Propagation: cannot be bound.
        const UNBINDABLE = 1 << 17;
        /// Propagation: none.
        const PRIVATE = 1 << 18;
        /// Propagation: only inwards.
        const SLAVE = 1 << 19;
        /// Propagation: both ways.
        const SHARED = 1 << 20;
        /// Access times now and then.
        const RELATIVE_ACCESS_TIME = 1 << 21;
        /// Access times always.
        const STRICT_ACCESS_TIME = 1 << 24;
        /// Times are written late.
        const LAZY_TIME = 1 << 25;
        /// The magic number that very old programs put into the upper half.
        const OLD_MAGIC = 0xc0ed_0000;
    }
}

/// What the mount restricts, in the kernel's flags.
fn restrictions(flags: MountArgument) -> MountFlags {
    const SAME: [(MountArgument, MountFlags); 7] = [
        (MountArgument::READ_ONLY, MountFlags::READ_ONLY),
        (MountArgument::NO_SET_ID, MountFlags::NO_SET_ID),
        (MountArgument::NO_DEVICES, MountFlags::NO_DEVICES),
        (MountArgument::NO_EXECUTE, MountFlags::NO_EXECUTE),
        (MountArgument::NO_ACCESS_TIME, MountFlags::NO_ACCESS_TIME),
        (
            MountArgument::NO_DIRECTORY_ACCESS_TIME,
            MountFlags::NO_DIRECTORY_ACCESS_TIME,
        ),
        (
            MountArgument::STRICT_ACCESS_TIME,
            MountFlags::STRICT_ACCESS_TIME,
        ),
    ];
    let set = SAME.iter().filter(|(linux, _)| flags.contains(*linux));
    set.fold(MountFlags::empty(), |all, (_, flag)| all | *flag)
}

fn place(call: &Call<'_>, path: UserPath) -> Result<Path> {
    Named::read(call, DirectoryFd::WORKING_DIRECTORY, path)?.resolve_at(AtFlags::empty())
}

/// mount(2).
pub(crate) fn mount(
    call: &mut Call<'_>,
    source: UserPath,
    target: UserPath,
    kind: UserPath,
    flags: MountArgument,
    data: UserPath,
) -> Result<usize> {
    let context = call.process().fs();
    let target = place(call, target)?;
    context.check_may_mount()?;
    if flags.contains(MountArgument::NO_SYMLINK_FOLLOW) {
        return Err(Error::InvalidArgument);
    }
    let propagation = MountArgument::UNBINDABLE
        | MountArgument::PRIVATE
        | MountArgument::SLAVE
        | MountArgument::SHARED;
    if flags.contains(MountArgument::REMOUNT) {
        context.view.remount(&target, restrictions(flags))?;
    } else if flags.contains(MountArgument::BIND) {
        let source = place(call, source)?;
        context
            .view
            .bind(&source, &target, flags.contains(MountArgument::RECURSIVE))?;
    } else if flags.intersects(propagation) {
        // Mounts never propagate here, so private is what every mount is already.
        if !(flags & propagation).is_empty() && flags & propagation != MountArgument::PRIVATE {
            return Err(Error::InvalidArgument);
        }
    } else if flags.contains(MountArgument::MOVE) {
        let source = place(call, source)?;
        context.view.move_mount(&source, &target)?;
    } else {
        let kind = kind.read_optional()?.ok_or(Error::InvalidArgument)?;
        let source = source.read_optional()?.unwrap_or_else(|| b"none".to_vec());
        let options = data.read_optional()?.unwrap_or_default();
        let request = MountSource {
            source: &source,
            options: &options,
            context: &context,
        };
        let filesystem = vfs::make_filesystem(&kind, &request)?;
        let restrictions = restrictions(flags);
        context
            .view
            .mount_from(&filesystem, &source, &target, restrictions)?;
    }
    Ok(0)
}

/// umount2(2).
pub(crate) fn umount2(call: &mut Call<'_>, path: UserPath, flags: UnmountFlags) -> Result<usize> {
    let context = call.process().fs();
    context.check_may_mount()?;
    if flags.contains(UnmountFlags::EXPIRE) {
        // Nothing marks mounts as unused: the first call says so, and no second one can succeed.
        let exclusive = flags.intersects(UnmountFlags::FORCE | UnmountFlags::DETACH);
        return Err(if exclusive {
            Error::InvalidArgument
        } else {
            Error::WouldBlock
        });
    }
    let named = Named::read(call, DirectoryFd::WORKING_DIRECTORY, path)?;
    let mut resolve = ResolveFlags::empty();
    resolve.set(
        ResolveFlags::NO_FOLLOW,
        flags.contains(UnmountFlags::NOFOLLOW),
    );
    let target = named.resolve(resolve)?;
    // What holds the place must not count as a user of it.
    drop(named);
    context
        .view
        .unmount(target, flags.contains(UnmountFlags::DETACH))?;
    Ok(0)
}

/// sync(2).
pub(crate) fn sync(_call: &mut Call<'_>) -> Result<usize> {
    proc::store_everything();
    Ok(0)
}

/// syncfs(2).
pub(crate) fn syncfs(call: &mut Call<'_>, file: Fd) -> Result<usize> {
    let file = call.file(file, Rights::empty())?;
    if let Some(opened) = super::paths::open_file(&file) {
        opened.path().mount().volume().filesystem().sync()?;
    }
    Ok(0)
}

/// fsync(2).
pub(crate) fn fsync(call: &mut Call<'_>, file: Fd) -> Result<usize> {
    call.file(file, Rights::empty())?.sync(true)?;
    Ok(0)
}

/// fdatasync(2).
pub(crate) fn fdatasync(call: &mut Call<'_>, file: Fd) -> Result<usize> {
    call.file(file, Rights::empty())?.sync(false)?;
    Ok(0)
}

/// sync_file_range(2): the pages alone, not what it takes to find them after a loss of power. A length of
/// 0 means up to the end.
pub(crate) fn sync_file_range(
    call: &mut Call<'_>,
    file: Fd,
    offset: i64,
    length: i64,
    flags: u32,
) -> Result<usize> {
    if flags & !7 != 0 || offset < 0 || length < 0 || offset.checked_add(length).is_none() {
        return Err(Error::InvalidArgument);
    }
    /// Wait for what is being written already; write; wait until it is written.
    const WAIT: u32 = 1 | 4;
    let file = call.file(file, Rights::empty())?;
    match file.status()?.kind {
        FileKind::Regular | FileKind::BlockDevice | FileKind::Directory => {}
        _ => return Err(Error::IllegalSeek),
    }
    if flags != 0 {
        let length = if length == 0 { i64::MAX } else { length };
        file.sync_range(offset as u64, length as u64, flags & WAIT != 0)?;
    }
    Ok(0)
}
