//! mount, umount2, and bringing files to their devices.

use base::{Error, Result};
use mem::user::UserText;
use object::{FileKind, Rights};
use vfs::{Cover, MountFlags, MountSource, Path, Prompt, Propagation, ResolveFlags};

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
        /// Bits that only [`OLD_MAGIC`] has.
        const ONLY_OLD_MAGIC = OLD_MAGIC & !0x1c_0000 & !0x2_0000 & !0x20_0000 & !0x300_0000;
    }
}

/// The magic number that very old programs put into the upper half.
const OLD_MAGIC: u64 = 0xc0ed_0000;

impl MountArgument {
    /// The flags without the old magic number, whose bits mean nothing where it is there as a whole.
    fn without_magic(self) -> Result<Self> {
        let flags = match self.bits() {
            bits if bits & 0xffff_0000 == OLD_MAGIC => Self::from_bits_truncate(bits & 0xffff),
            _ => self,
        };
        if flags.intersects(Self::ONLY_OLD_MAGIC) {
            return Err(Error::InvalidArgument);
        }
        Ok(flags)
    }
}

const PROPAGATION: [(MountArgument, Propagation); 4] = [
    (MountArgument::SHARED, Propagation::Shared),
    (MountArgument::SLAVE, Propagation::Slave),
    (MountArgument::PRIVATE, Propagation::Private),
    (MountArgument::UNBINDABLE, Propagation::Unbindable),
];

/// What concerns times of access: a remount that names none of these keeps what there is.
const TIMES: MountArgument = MountArgument::NO_ACCESS_TIME
    .union(MountArgument::NO_DIRECTORY_ACCESS_TIME)
    .union(MountArgument::RELATIVE_ACCESS_TIME)
    .union(MountArgument::STRICT_ACCESS_TIME);

/// The same in the kernel's flags.
const KERNEL_TIMES: MountFlags = MountFlags::NO_ACCESS_TIME
    .union(MountFlags::NO_DIRECTORY_ACCESS_TIME)
    .union(MountFlags::STRICT_ACCESS_TIME);

/// What the mount restricts, in the kernel's flags.
fn restrictions(flags: MountArgument) -> MountFlags {
    const SAME: [(MountArgument, MountFlags); 8] = [
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
        (
            MountArgument::NO_SYMLINK_FOLLOW,
            MountFlags::NO_SYMLINK_FOLLOW,
        ),
    ];
    let set = SAME.iter().filter(|(linux, _)| flags.contains(*linux));
    let mut all = set.fold(MountFlags::empty(), |all, (_, flag)| all | *flag);
    if all.contains(MountFlags::STRICT_ACCESS_TIME) {
        all.remove(MountFlags::NO_ACCESS_TIME);
    }
    all
}

/// What of a file system is to be prompt.
fn prompt(flags: MountArgument) -> Prompt {
    let mut prompt = Prompt::empty();
    prompt.set(Prompt::ALL, flags.contains(MountArgument::SYNCHRONOUS));
    prompt.set(Prompt::NAMES, flags.contains(MountArgument::DIRECTORY_SYNC));
    prompt
}

/// The same for a remount of what is at `target`.
fn new_restrictions(flags: MountArgument, target: &Path) -> MountFlags {
    let mut new = restrictions(flags);
    if !flags.intersects(TIMES) {
        new |= target.mount().flags() & KERNEL_TIMES;
    }
    new
}

fn place(call: &Call<'_>, path: UserPath) -> Result<Path> {
    Named::read(
        call,
        DirectoryFd::WORKING_DIRECTORY,
        path,
        &mut UserText::new(),
    )?
    .resolve_at(AtFlags::empty())
}

/// The place of something that is mounted already; no name, or an empty one, is `EINVAL`.
fn source_place(call: &Call<'_>, path: UserPath) -> Result<Path> {
    let mut room = UserText::new();
    let path = path.read_optional(&mut room)?.unwrap_or_default();
    if path.is_empty() {
        return Err(Error::InvalidArgument);
    }
    Named::from_bytes(call, DirectoryFd::WORKING_DIRECTORY, path)?.resolve_at(AtFlags::empty())
}

/// What of the flags says how a mount takes part in the changes of others; nothing else may be said beside it.
fn propagation(flags: MountArgument) -> Result<Propagation> {
    let beside = MountArgument::RECURSIVE | MountArgument::SILENT;
    PROPAGATION
        .iter()
        .find(|(linux, _)| flags - beside == *linux)
        .map(|(_, propagation)| *propagation)
        .ok_or(Error::InvalidArgument)
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
    let flags = flags.without_magic()?;
    let recursive = flags.contains(MountArgument::RECURSIVE);
    let participations = PROPAGATION.iter().map(|(linux, _)| *linux);
    if flags.contains(MountArgument::REMOUNT | MountArgument::BIND) {
        let new = new_restrictions(flags, &target);
        context.view.remount(&target, new)?;
    } else if flags.contains(MountArgument::REMOUNT) {
        let mut room = UserText::new();
        let options = data.read_optional(&mut room)?.unwrap_or_default();
        let new = new_restrictions(flags, &target);
        // Linux leaves `dirsync` as it is here.
        let names = target.mount().volume().prompt() & Prompt::NAMES;
        let prompt = (prompt(flags) & Prompt::ALL) | names;
        context.view.reconfigure(&target, new, prompt, options)?;
    } else if flags.contains(MountArgument::BIND) {
        let source = source_place(call, source)?;
        if !context.view.holds(&source) {
            return Err(Error::InvalidArgument);
        }
        context.view.bind(&source, &target, recursive)?;
    } else if flags.intersects(participations.collect()) {
        let to = propagation(flags)?;
        context.view.propagate(&target, to, recursive)?;
    } else if flags.contains(MountArgument::MOVE) {
        let source = source_place(call, source)?;
        context.view.move_mount(&source, &target, Cover::All)?;
    } else {
        let mut rooms = [const { UserText::new() }; 3];
        let [kind_room, source_room, options_room] = &mut rooms;
        let kind = kind.read_optional(kind_room)?;
        let kind = kind.ok_or(Error::InvalidArgument)?;
        let source = match source.read_optional(source_room)? {
            Some(source) => source,
            None if vfs::needs_device(kind)? => return Err(Error::InvalidArgument),
            None => b"none",
        };
        let options = data.read_optional(options_room)?.unwrap_or_default();
        let restrictions = restrictions(flags);
        let request = MountSource {
            source,
            options,
            read_only: restrictions.contains(MountFlags::READ_ONLY),
            context: &context,
        };
        let filesystem = vfs::make_filesystem(kind, &request)?;
        context
            .view
            .mount_from(&filesystem, source, &target, restrictions, prompt(flags))?;
    }
    Ok(0)
}

/// umount2(2).
pub(crate) fn umount2(call: &mut Call<'_>, path: UserPath, flags: UnmountFlags) -> Result<usize> {
    let mut room = UserText::new();
    let named = Named::read(call, DirectoryFd::WORKING_DIRECTORY, path, &mut room)?;
    let mut resolve = ResolveFlags::empty();
    resolve.set(
        ResolveFlags::NO_FOLLOW,
        flags.contains(UnmountFlags::NOFOLLOW),
    );
    let target = named.resolve(resolve)?;
    // What holds the place must not count as a user of it.
    drop(named);
    let context = call.process().fs();
    context.check_may_mount()?;
    let lazy = flags.contains(UnmountFlags::DETACH);
    if flags.contains(UnmountFlags::EXPIRE) {
        if lazy || flags.contains(UnmountFlags::FORCE) {
            return Err(Error::InvalidArgument);
        }
        context.view.expire(target)?;
    } else if context.view.is_own_root(&target, &context.root) && !lazy {
        // As Linux does with a caller's root, which cannot go: it is made read-only.
        let volume = target.mount().volume();
        volume.reconfigure(true, volume.prompt(), &[])?;
    } else {
        context.view.unmount(target, lazy)?;
    }
    Ok(0)
}

/// pivot_root(2).
pub(crate) fn pivot_root(
    call: &mut Call<'_>,
    new_root: UserPath,
    put_old: UserPath,
) -> Result<usize> {
    let context = call.process().fs();
    context.check_may_mount()?;
    let directory = |path: UserPath| {
        Named::read(
            call,
            DirectoryFd::WORKING_DIRECTORY,
            path,
            &mut UserText::new(),
        )?
        .resolve(ResolveFlags::DIRECTORY)
    };
    let (new, put_old) = (directory(new_root)?, directory(put_old)?);
    let old = &context.root;
    context.view.pivot(old, &new, &put_old)?;
    // Whoever stood at the old root stands at the new one now, in whatever namespace of processes.
    let mut namespace = call.process().namespace().clone();
    while let Some(outer) = namespace.parent() {
        namespace = outer.clone();
    }
    for process in namespace.processes() {
        let stands_there = {
            let fs = process.fs();
            fs.root.is_same(old) || fs.working_directory.is_same(old)
        };
        if stands_there {
            process.update_fs(|fs| fs.follow_root(old, &new));
        }
    }
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
