//! The order of locks, written down once.
//!
//! Every lock has a rank; while one is held, only locks of a strictly higher rank may be taken.
//! Because all threads climb the same ladder, no two of them can wait for each other. The hosted
//! backend and debug builds check each acquisition ([`hal::sync`]); the table below is the ladder
//! itself, outermost first.
//!
//! Two locks of *one* rank (two directories of a rename, two processes) may only be taken through
//! a documented ordered-pair helper of the owning crate, which orders them by identity.

use hal::sync::Rank;

/// The shape of the tree of a file system that lies on others (less for each more below it).
pub const STACKED_SHAPE: Rank = Rank(40);
/// An open file's position, held over a whole read or write of it (and so over everything below).
pub const POSITION: Rank = Rank(50);
/// A file that is being brought up into the writable layer below its file system.
pub const COPY_UP: Rank = Rank(52);
/// The names in the writable layer below a file system.
pub const LAYER_NAMES: Rank = Rank(56);
/// The bytes of one inode, held by a writer while it copies from user memory.
pub const INODE_BYTES: Rank = Rank(60);
/// The shape of a file system's tree, held by a rename from one directory to another.
pub const TREE_SHAPE: Rank = Rank(70);
/// The trees of mounts, held while one is changed.
pub const MOUNT_TREES: Rank = Rank(80);
/// The tree of processes, groups and sessions.
pub const PROCESS_TREE: Rank = Rank(100);
/// One process.
pub const PROCESS: Rank = Rank(110);
/// One session.
pub const SESSION: Rank = Rank(120);
/// One task (thread of a process).
pub const TASK: Rank = Rank(130);
/// A table of handles.
pub const HANDLES: Rank = Rank(140);
/// A view: its root and mount list.
pub const VIEW: Rank = Rank(200);
/// One mount.
pub const MOUNT: Rank = Rank(205);
/// The name cache.
pub const DENTRY: Rank = Rank(210);
/// One inode.
pub const INODE: Rank = Rank(220);
/// An open file's own state (its offset, its flags).
pub const FILE: Rank = Rank(230);
/// A pipe or another byte channel.
pub const PIPE: Rank = Rank(300);
/// A terminal.
pub const TTY: Rank = Rank(310);
/// A bucket of the futex table.
pub const FUTEX: Rank = Rank(320);
/// One file at a time of a disk, while its pages are stored for its age or for `sync`.
pub const WRITE_BACK: Rank = Rank(395);
/// An address space.
pub const ADDRESS_SPACE: Rank = Rank(400);
/// How one file's bytes lie on its device. A page fault may ask under an address space's lock, so
/// whoever holds this touches no user memory.
pub const FILE_MAP: Rank = Rank(402);
/// What is free on a device.
pub const ALLOCATION: Rank = Rank(405);
/// A process's place in the file tree, with its credentials: taken for a moment, also by file systems that ask who asks.
/// Two of them: the process's own, then the one that processes share.
pub const PLACE: Rank = Rank(408);
/// A page cache.
pub const PAGE_CACHE: Rank = Rank(410);
/// A device's driver.
pub const DEVICE: Rank = Rank(500);
/// Requests to a device that somebody waits for.
pub const DEVICE_BATCH: Rank = Rank(510);
/// The list of a wait queue.
pub const WAIT_QUEUE: Rank = Rank(600);
/// A CPU's timer queue.
pub const TIMER: Rank = Rank(610);
/// A CPU's run queue.
pub const RUN_QUEUE: Rank = Rank(620);
/// A thread's small scheduling state; a leaf below the run queue.
pub const THREAD: Rank = Rank(630);
/// Leaf data of this crate: the log's ring, the random generator, the deferred work list.
pub const LEAF: Rank = Rank(700);
/// The log's ring: anything may log while holding any kernel lock.
pub const LOG: Rank = Rank(790);
/// The frame allocator.
pub const FRAME: Rank = Rank(800);
/// The kernel heap.
pub const HEAP: Rank = Rank(810);
/// The early console.
pub const CONSOLE: Rank = Rank(900);

/// What a rank is called; the nearest named one below it for those that a crate keeps to itself.
pub fn name(rank: Rank) -> &'static str {
    NAMES
        .iter()
        .rev()
        .find(|(named, _)| named.0 <= rank.0)
        .map_or("?", |(_, name)| name)
}

/// All ranks of this page, outermost first.
const NAMES: &[(Rank, &str)] = &[
    (STACKED_SHAPE, "stacked shape"),
    (POSITION, "position"),
    (COPY_UP, "copy-up"),
    (LAYER_NAMES, "layer names"),
    (INODE_BYTES, "inode bytes"),
    (TREE_SHAPE, "tree shape"),
    (MOUNT_TREES, "mount trees"),
    (PROCESS_TREE, "process tree"),
    (PROCESS, "process"),
    (SESSION, "session"),
    (TASK, "task"),
    (HANDLES, "handles"),
    (VIEW, "view"),
    (MOUNT, "mount"),
    (DENTRY, "dentry"),
    (INODE, "inode"),
    (FILE, "file"),
    (PIPE, "pipe"),
    (TTY, "tty"),
    (FUTEX, "futex"),
    (WRITE_BACK, "write-back"),
    (ADDRESS_SPACE, "address space"),
    (FILE_MAP, "file map"),
    (ALLOCATION, "allocation"),
    (PLACE, "place in the file tree"),
    (PAGE_CACHE, "page cache"),
    (DEVICE, "device"),
    (DEVICE_BATCH, "device batch"),
    (WAIT_QUEUE, "wait queue"),
    (TIMER, "timer"),
    (RUN_QUEUE, "run queue"),
    (THREAD, "thread"),
    (LEAF, "leaf"),
    (LOG, "log"),
    (FRAME, "frame"),
    (HEAP, "heap"),
    (CONSOLE, "console"),
];
