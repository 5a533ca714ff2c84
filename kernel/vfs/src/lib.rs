//! Paths, dentries, inodes, mounts, views.
//!
//! The virtual file system is everything about files that is not one file system's business: names
//! and the walk along them, who may do what, what is mounted where, and the open file with its
//! position. A file system implements [`FileSystem`] and [`Inode`] and is plugged in with
//! [`View::mount`].
//!
//! The types to know:
//! * [`Path`]: a place one can stand at, a name as seen through a mount. Whoever holds one keeps it.
//! * [`View`]: a root and a tree of mounts, all that a process can reach by name.
//! * [`FsContext`]: a process's view, root, working directory, umask and [`Credentials`]; every
//!   operation on a path is one of its methods.
//! * [`OpenFile`]: what `open` gives; an [`object::File`].
//!
//! ```text
//! let context = FsContext::new(View::new(&filesystem));
//! context.mkdir(None, b"/home", 0o755)?;
//! let file = context.open(b"/home/note", &OpenOptions::creating(0o644))?;
//! ```
//!
//! Reading order: [`name`], [`components`] (a path's text), [`walk`] (text to place), `lookup` and
//! [`dentry_cache`] (one step), `names` and `rename` (changing directories, and their locks), `open`.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod access_list;
mod access_rules;
pub mod anonymous;
mod asker;
mod attachments;
mod attributes;
pub mod components;
mod context;
mod credentials;
mod dentry;
pub mod dentry_cache;
mod detached;
mod directory;
mod extended;
mod fifo;
mod handle;
mod hold;
mod inode;
mod kinds;
pub mod layer;
mod lease;
mod locate;
mod lock_list;
mod locks;
mod lookup;
mod mapped_file;
mod marks;
mod mount;
mod mount_changes;
mod mount_list;
mod mount_tree;
pub mod name;
mod names;
mod namespace_file;
mod open;
mod open_file;
mod options;
mod path;
pub mod path_text;
mod peers;
mod pivot;
mod propagate;
mod protections;
pub mod ranges;
mod rename;
mod times;
mod view;
mod volume;
mod walk;
mod watch;

pub use access_list::{ACCESS_LIST, AccessEntry, AccessList, DEFAULT_LIST, Subject};
pub use asker::{Asker, set_asker, who_asks};
pub use attachments::Attachments;
pub use attributes::SetTime;
pub use context::FsContext;
pub use credentials::{
    Capabilities, Credentials, MODE_BITS, Ownership, Permission, SET_GROUP_ID, SET_USER_ID, STICKY,
};
pub use dentry::Dentry;
pub use extended::{
    EXTENDED_LIST_MAX, EXTENDED_NAME_MAX, EXTENDED_VALUE_MAX, NameSpace, SetExtended,
};
pub use fifo::{DeviceOpener, Fifo, FifoMaker, set_device_opener, set_fifo_maker};
pub use handle::FileHandle;
pub use inode::{
    AttributeChange, Extent, FileSystem, FileSystemStatistics, Inode, NewInode, OpenRequest,
    RenameFlags, Spelled,
};
pub use kinds::{
    Maker, MountSource, OptionCheck, check_option, kinds, make_filesystem, needs_device,
    parse_options, register_kind, register_option_check,
};
pub use lease::{LEASE_BREAK_TIME, LeaseHolder, LeaseKind};
pub use lock_list::{HeldLock, LockClass, held_locks};
pub use locks::{FileLocks, FlockOwner, LockKind};
pub use marks::FileMarks;
pub use mount::{Mount, MountFlags};
pub use mount_changes::MountChanges;
pub use mount_list::{MountInfo, PeerInfo};
pub use mount_tree::Cover;
pub use name::{NAME_MAX, Name, PATH_MAX, SYMLINK_MAX};
pub use namespace_file::ViewFile;
pub use open_file::OpenFile;
pub use options::OpenOptions;
pub use path::Path;
pub use peers::Propagation;
pub use protections::{PROTECTIONS, Protections};
pub use times::{access_is_news, now};
pub use view::View;
pub use volume::{Prompt, Volume, allocate_device};
pub use walk::ResolveFlags;
pub use watch::{Events, Notice, WATCH_LIMITS, Watch, WatchLimits, Watcher};
