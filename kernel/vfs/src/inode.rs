//! What a file system implements: [`FileSystem`] and [`Inode`].
//!
//! An inode is a file without its name: attributes, and, by kind, bytes, entries, a link's body or
//! a device's number. The vfs does everything that is about *names and rights* (the walk, the
//! permission checks, the sticky bit, mounts, umask, caching of names, locking of directories), so
//! a file system only keeps what it is told. Every method has an honest default, the error that
//! Linux gives for an inode that cannot do it.
//!
//! What the vfs promises to a file system:
//! * [`Inode::create`], [`link`](Inode::link), [`unlink`](Inode::unlink),
//!   [`remove_directory`](Inode::remove_directory) and [`rename`](Inode::rename) of one directory
//!   never run at the same time as each other or as an uncached [`lookup`](Inode::lookup) in it;
//! * a directory that is removed, or replaced by a rename, is locked too, so nothing appears in it
//!   after the file system has seen it empty;
//! * a rename never makes a loop: the ancestor check is done, under a lock that keeps the tree.
//!
//! Reads and writes of file bytes are *not* serialised by the vfs.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::{Error, Result};
use mem::PageCache;
use mem::transfer::{Sink, Source};
use object::{DirectoryEntry, File, FileKind, FileStatus, SpaceChange, StatusFlags, Timestamp};

use crate::access_list::{ACCESS_LIST, AccessList, DEFAULT_LIST};
use crate::attachments::Attachments;
use crate::credentials::Ownership;
use crate::extended::SetExtended;
use crate::handle::FileHandle;
use crate::marks::FileMarks;
use crate::name::Name;
use crate::path::Path;
use crate::volume::Volume;

/// A file system instance: a tree of inodes, and what `df` asks.
pub trait FileSystem: Send + Sync + Any {
    /// The type's name, as in `mount -t`.
    fn name(&self) -> &'static str;

    /// What the device column of `mount` shows.
    fn source(&self) -> Vec<u8> {
        self.name().as_bytes().to_vec()
    }

    /// The instance's device number, from [`crate::allocate_device`] or its block device. It is in
    /// every status of its inodes, and names the instance in the vfs.
    fn device(&self) -> u64;

    /// The root directory; always the same inode.
    fn root(&self) -> Arc<dyn Inode>;

    /// Sizes, for `statfs`.
    fn statistics(&self) -> FileSystemStatistics;

    /// Brings everything to the device.
    fn sync(&self) -> Result<()> {
        Ok(())
    }

    /// The machine is about to be switched off: brings everything to the device and leaves that in order. Whoever
    /// still writes afterwards is refused.
    fn finish(&self) -> Result<()> {
        self.sync()
    }

    /// Takes new options while it is mounted (mount(2), `MS_REMOUNT`). What `read_only` says is kept by the vfs, which
    /// lets nobody write then; the file system may leave its device in order. Options that it does not know, or that
    /// cannot change any more, are [`Error::InvalidArgument`]; those that it has already (programs repeat what `mount`
    /// shows) change nothing.
    fn reconfigure(&self, read_only: bool, options: &[u8]) -> Result<()> {
        let present = self.options();
        let mut words = options.split(|byte| *byte == b',');
        let known = |word: &[u8]| {
            word.is_empty() || present.split(|byte| *byte == b',').any(|own| own == word)
        };
        if !words.all(known) {
            return Err(Error::InvalidArgument);
        }
        if read_only { self.sync() } else { Ok(()) }
    }

    /// True where nothing can be written, through whatever mount.
    fn is_read_only(&self) -> bool {
        false
    }

    /// True where nothing is to be written from the start, whoever of several mounts it first: one instance is had by all
    /// who mount a device, and they said so.
    fn begins_read_only(&self) -> bool {
        false
    }

    /// A remount was taken: from now on nothing is to be written, or it may be again.
    fn note_read_only(&self, _read_only: bool) {}

    /// True where nobody may begin to write, because it is forbidden to write to the device.
    fn is_protected(&self) -> bool {
        false
    }

    /// The one that it writes to, if it lies on others ([`FileSystem::stack_depth`]).
    fn written_below(&self) -> Option<&Arc<Volume>> {
        None
    }

    /// How many file systems lie below this one, in the longest chain: 0 on a device or in memory.
    fn stack_depth(&self) -> u16 {
        0
    }

    /// What finds one of its inodes again, as long as that lives; [`Error::Unsupported`] where nothing does.
    fn handle(&self, _inode: &Arc<dyn Inode>) -> Result<FileHandle> {
        Err(Error::Unsupported)
    }

    /// The inode with a handle that it gave, and that still has a name; [`Error::Stale`] if there is none.
    fn find_handle(&self, _handle: FileHandle) -> Result<Arc<dyn Inode>> {
        Err(Error::Stale)
    }

    /// The directory that a directory found by its handle lies in. Never asked for the root.
    fn directory_above(&self, _directory: &Arc<dyn Inode>) -> Result<Arc<dyn Inode>> {
        Err(Error::Stale)
    }

    /// Options as `mount` shows them behind `rw`, for example `,size=1024k`.
    fn options(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// What `statfs` tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileSystemStatistics {
    /// Linux's magic number of the type.
    pub magic: u64,
    /// Size of a block in bytes.
    pub block_size: u64,
    /// Blocks in all.
    pub blocks: u64,
    /// Free blocks.
    pub blocks_free: u64,
    /// Free blocks that an ordinary user may take.
    pub blocks_available: u64,
    /// Inodes in all.
    pub inodes: u64,
    /// Free inodes.
    pub inodes_free: u64,
    /// The longest name.
    pub name_length: u64,
}

/// What to make in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewInode<'a> {
    /// An empty file.
    File,
    /// An empty directory.
    Directory,
    /// A symbolic link with this body.
    Symlink(&'a [u8]),
    /// A character or block device node.
    Device {
        /// [`FileKind::CharacterDevice`] or [`FileKind::BlockDevice`].
        kind: FileKind,
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
    /// The name of a local socket.
    Socket,
}

impl NewInode<'_> {
    /// The kind that comes out.
    pub fn kind(&self) -> FileKind {
        match self {
            NewInode::File => FileKind::Regular,
            NewInode::Directory => FileKind::Directory,
            NewInode::Symlink(_) => FileKind::SymbolicLink,
            NewInode::Device { kind, .. } => *kind,
            NewInode::Fifo => FileKind::Fifo,
            NewInode::Socket => FileKind::Socket,
        }
    }
}

/// Attributes to change; what is `None` stays. The vfs has checked that the caller may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttributeChange {
    /// New permission bits (with set-id and sticky bits).
    pub mode: Option<u32>,
    /// New owner.
    pub uid: Option<u32>,
    /// New group.
    pub gid: Option<u32>,
    /// New access time.
    pub access_time: Option<Timestamp>,
    /// New modification time.
    pub modification_time: Option<Timestamp>,
    /// The time of this change; [`None`] leaves the change time alone (access time updates).
    pub change_time: Option<Timestamp>,
}

bitflags::bitflags! {
    /// How a rename treats an existing target.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RenameFlags: u32 {
        /// Fail with [`Error::Exists`] if the target exists.
        const NO_REPLACE = 1;
        /// Exchange the two names.
        const EXCHANGE = 2;
        /// Leave a character device of the number 0 behind, which hides names of lower layers. The vfs makes it: no
        /// file system is asked for this.
        const WHITEOUT = 4;
    }
}

/// How an inode is opened: what reaches [`Inode::open`].
#[derive(Clone, Debug)]
pub struct OpenRequest<'a> {
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
    /// Its bytes will be thrown away at once.
    pub truncate: bool,
    /// The open file's first status flags; `NONBLOCK` means that opening does not wait either.
    pub flags: StatusFlags,
    /// Do not become the controlling terminal.
    pub no_controlling_terminal: bool,
    /// Where the opened name lies (a pseudo-terminal's multiplexer looks for its slaves beside it).
    pub path: &'a Path,
}

/// What a name in a directory with several spellings leads to, and the entry's own name if it is another one.
pub type Spelled = (Arc<dyn Inode>, Option<Arc<[u8]>>);

/// A file without its name.
pub trait Inode: Send + Sync + Any {
    /// The inode as [`Any`], for the file system that made it.
    fn as_any(&self) -> &dyn Any;

    /// What it is; never changes.
    fn kind(&self) -> FileKind;

    /// All attributes.
    fn status(&self) -> Result<FileStatus>;

    /// Just what a permission check needs; asked at every step of a walk.
    fn ownership(&self) -> Result<Ownership> {
        let status = self.status()?;
        Ok(Ownership {
            mode: status.mode,
            uid: status.uid,
            gid: status.gid,
        })
    }

    /// Just the times of access, modification and change; asked at every read.
    fn times(&self) -> Result<(Timestamp, Timestamp, Timestamp)> {
        let status = self.status()?;
        Ok((
            status.access_time,
            status.modification_time,
            status.change_time,
        ))
    }

    /// What marks it beside its mode; [`Error::NotTerminal`] where the file system keeps no marks.
    fn marks(&self) -> Result<FileMarks> {
        Err(Error::NotTerminal)
    }

    /// Replaces its marks. The vfs's caller has checked that it may.
    fn set_marks(&self, _marks: FileMarks) -> Result<()> {
        Err(Error::NotTerminal)
    }

    /// Changes attributes.
    fn set_attributes(&self, _change: &AttributeChange) -> Result<()> {
        Err(Error::NotPermitted)
    }

    /// May a dentry for this inode be kept in the name cache? Not where names come and go by
    /// themselves (`/proc/PID`).
    fn cacheable(&self) -> bool {
        true
    }

    /// May the name cache remember that this directory does *not* have a name?
    fn caches_absence(&self) -> bool {
        self.cacheable()
    }

    /// Is a name that this directory does not have one that nobody can make? Then making it is
    /// [`Error::NotFound`], whatever the rights (procfs, as on Linux).
    fn absence_is_final(&self) -> bool {
        false
    }

    // Extended attributes. Names are whole (`user.note`), at most [`crate::EXTENDED_NAME_MAX`] bytes; the
    // vfs has checked that the caller may. Each call is atomic, and those that change something note
    // the change time. What a file system keeps none of, it does not support.

    /// The value of an attribute; [`Error::NoData`] if there is none of that name.
    fn extended_attribute(&self, _name: &[u8]) -> Result<Vec<u8>> {
        Err(Error::Unsupported)
    }

    /// Makes or replaces an attribute, whose value has at most [`crate::EXTENDED_VALUE_MAX`] bytes.
    /// [`Error::NoSpace`] where it does not fit; `how` may forbid one of the two ([`SetExtended::check`]).
    fn set_extended_attribute(&self, _name: &[u8], _value: &[u8], _how: SetExtended) -> Result<()> {
        Err(Error::Unsupported)
    }

    /// Takes an attribute away; [`Error::NoData`] if there is none of that name.
    fn remove_extended_attribute(&self, _name: &[u8]) -> Result<()> {
        Err(Error::Unsupported)
    }

    /// Shows the name of each attribute, in an order that stays while they do. `visit` neither sleeps
    /// nor comes back to this inode, so it may be called under a lock.
    fn list_extended_attributes(&self, _visit: &mut dyn FnMut(&[u8])) -> Result<()> {
        Err(Error::Unsupported)
    }

    /// Does this directory take several spellings for one name, as FAT does? Then the name cache keeps its
    /// names by [`Inode::name_key`], and finds those it does not know with [`Inode::lookup_spelled`]. Such a
    /// directory says no to [`Inode::caches_absence`] if a file can have
    /// two names that have nothing in common. Never changes.
    fn folds_names(&self) -> bool {
        false
    }

    /// What all spellings of a name have in common.
    fn name_key(&self, name: &[u8]) -> Arc<[u8]> {
        name.into()
    }

    /// The access control list, for permission checks; asked often, so a file system that reads
    /// attributes from a device keeps it.
    fn access_list(&self) -> Result<Option<AccessList>> {
        self.list_of(ACCESS_LIST)
    }

    /// A directory's list for what is made in it.
    fn default_list(&self) -> Result<Option<AccessList>> {
        self.list_of(DEFAULT_LIST)
    }

    /// The list kept as the attribute `name`.
    fn list_of(&self, name: &[u8]) -> Result<Option<AccessList>> {
        match self.extended_attribute(name) {
            Ok(value) => AccessList::parse(&value),
            Err(Error::NoData | Error::Unsupported) => Ok(None),
            Err(error) => Err(error),
        }
    }

    // Directories.

    /// As [`Inode::lookup`] in a directory that folds names; with the entry's own name, if `name` has another
    /// key than that (FAT's short names).
    fn lookup_spelled(&self, name: Name<'_>) -> Result<Spelled> {
        Ok((self.lookup(name)?, None))
    }

    /// Finds an entry; [`Error::NotFound`] if there is none.
    fn lookup(&self, _name: Name<'_>) -> Result<Arc<dyn Inode>> {
        Err(Error::NotDirectory)
    }

    /// Makes a new inode and enters it. The name is free.
    fn create(
        &self,
        _name: Name<'_>,
        _new: &NewInode<'_>,
        _owner: Ownership,
    ) -> Result<Arc<dyn Inode>> {
        Err(Error::NotPermitted)
    }

    /// Makes a regular file that has no name yet (`O_TMPFILE`).
    fn create_unnamed(&self, _owner: Ownership) -> Result<Arc<dyn Inode>> {
        Err(Error::Unsupported)
    }

    /// Enters `target`, an inode of the same file system and no directory, under another name.
    fn link(&self, _name: Name<'_>, _target: &Arc<dyn Inode>) -> Result<()> {
        Err(Error::NotPermitted)
    }

    /// Takes out an entry that is no directory. The inode lives on while it is open.
    fn unlink(&self, _name: Name<'_>) -> Result<()> {
        Err(Error::NotPermitted)
    }

    /// Takes out an empty directory; [`Error::NotEmpty`] if it is not.
    fn remove_directory(&self, _name: Name<'_>) -> Result<()> {
        Err(Error::NotPermitted)
    }

    /// Moves an entry, replacing the target's if there is one (or exchanging them). The kinds have
    /// been checked; a replaced directory must be found empty, else [`Error::NotEmpty`].
    fn rename(
        &self,
        _name: Name<'_>,
        _new_directory: &Arc<dyn Inode>,
        _new_name: Name<'_>,
        _flags: RenameFlags,
    ) -> Result<()> {
        Err(Error::NotPermitted)
    }

    /// Shows the entries from `cookie` on (0 at first; then the last entry's `next_position`)
    /// until `visit` says `false`. `.` and `..` are the vfs's. Entries that stay during the whole
    /// reading are shown exactly once, whatever comes and goes beside them.
    fn read_directory(
        &self,
        _cookie: u64,
        _visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        Err(Error::NotDirectory)
    }

    // Symbolic links.

    /// The link's body.
    fn read_link(&self) -> Result<Vec<u8>> {
        Err(Error::InvalidArgument)
    }

    /// A link that leads to an object rather than to a name (`/proc/PID/cwd`, `…/fd/N`).
    fn magic_link(&self) -> Result<Option<Path>> {
        Ok(None)
    }

    /// Whether it is a link of that kind, wherever it leads at this moment.
    fn is_magic_link(&self) -> bool {
        false
    }

    // Files.

    /// Reads bytes at `offset`.
    fn read_at(&self, _offset: u64, _into: &mut Sink<'_>) -> Result<usize> {
        Err(Error::InvalidArgument)
    }

    /// Writes bytes at `offset`, extending the file.
    fn write_at(&self, _offset: u64, _from: &mut Source<'_>) -> Result<usize> {
        Err(Error::InvalidArgument)
    }

    /// Writes at the end, wherever it is at that moment; returns the end after it and the count.
    fn append(&self, _from: &mut Source<'_>) -> Result<(u64, usize)> {
        Err(Error::InvalidArgument)
    }

    /// Cuts or extends to `length` bytes.
    fn truncate(&self, _length: u64) -> Result<()> {
        Err(Error::InvalidArgument)
    }

    /// Whether there is such a change of room at all: asked before limits are, as on Linux.
    fn check_space(&self, _change: SpaceChange) -> Result<()> {
        Err(Error::Unsupported)
    }

    /// Changes the room that `length` bytes from `offset` on take; the sum of both fits a signed 64-bit number.
    fn change_space(&self, _offset: u64, _length: u64, _change: SpaceChange) -> Result<()> {
        Err(Error::Unsupported)
    }

    /// The bytes as pages, for mapping and exec.
    fn page_cache(&self) -> Option<Arc<PageCache>> {
        None
    }

    /// What offsets, lengths and addresses of transfers that go past the cache (`O_DIRECT`) are multiples of, in
    /// bytes; `None` where any will do.
    fn direct_alignment(&self) -> Option<u32> {
        None
    }

    /// The largest offset that an open file's position may have, in bytes: where bytes may end at most.
    fn largest_offset(&self) -> u64 {
        i64::MAX as u64
    }

    /// Where the next data (`true`) or hole (`false`) at or after `offset` begins, for SEEK_DATA
    /// and SEEK_HOLE. The default knows no holes.
    fn next_extent(&self, offset: u64, data: bool) -> Result<u64> {
        let size = self.status()?.size;
        if offset >= size {
            return Err(Error::NoSuchDevice);
        }
        Ok(if data { offset } else { size })
    }

    /// Where its bytes from `offset` on lie on the device; a hole is passed over. It ends at the latest where the block ends
    /// in which `end` lies. `None`: they lie nowhere.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] where bytes do not lie on a device.
    fn find_extent(&self, _offset: u64, _end: u64) -> Result<Option<Extent>> {
        Err(Error::Unsupported)
    }

    /// Gives the file that an open of this inode leads to, when it is not simply bytes at offsets:
    /// devices, generated files. `None` means bytes at offsets.
    fn open(&self, _request: &OpenRequest) -> Result<Option<Arc<dyn File>>> {
        Ok(None)
    }

    /// Brings its bytes (and attributes) to the device.
    fn sync(&self, _metadata: bool) -> Result<()> {
        Ok(())
    }

    /// From now on a name that it gets comes to the device only after the bytes and attributes that it has. Who can
    /// promise that without waiting for the device says how; everybody else brings all of it there.
    fn put_before_names(&self) -> Result<()> {
        self.sync(true)
    }

    /// What others hang on this inode: a fifo's pipe, locks, a socket. Without it, none can be.
    fn attachments(&self) -> Option<&Attachments> {
        None
    }
}

/// Bytes of a file that lie on the device in one piece. All in bytes, and multiples of the file system's blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Where they are in the file.
    pub offset: u64,
    /// Where they are on the device.
    pub place: u64,
    /// How many there are; those of the last block that lie behind the end among them.
    pub length: u64,
    /// The file system keeps places block by block, and this one was put together.
    pub by_blocks: bool,
}

impl dyn Inode {
    /// True for directories.
    pub fn is_directory(&self) -> bool {
        self.kind() == FileKind::Directory
    }

    /// True for symbolic links.
    pub fn is_symbolic_link(&self) -> bool {
        self.kind() == FileKind::SymbolicLink
    }

    /// This inode as the concrete type `T`.
    pub fn downcast<T: Any>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }
}
