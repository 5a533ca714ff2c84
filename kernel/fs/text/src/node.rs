//! The kinds of inodes: a text, a link, and what they have in common.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::{Error, Result};
use object::{File, FileKind, FileStatus, Timestamp};
use vfs::{AttributeChange, Inode, MountChanges, OpenRequest, Path};

use crate::open::TextFile;

/// What every inode's status is made of.
#[derive(Clone, Copy)]
pub struct Meta {
    /// The file system's number.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Permissions.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// How many names it has, as a directory counts them.
    pub links: u32,
    /// What a text's size is said to be, which nobody knows before it is made.
    pub size: u64,
    /// What bytes are best read at a time.
    pub block_size: u32,
    /// All its times.
    pub made: Timestamp,
}

impl Meta {
    /// The status of an inode of this kind.
    pub fn status(&self, kind: FileKind) -> FileStatus {
        FileStatus {
            kind,
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            inode: self.inode,
            device: self.device,
            links: self.links,
            block_size: self.block_size,
            access_time: self.made,
            modification_time: self.made,
            change_time: self.made,
            ..FileStatus::default()
        }
    }
}

/// Where a text comes from.
pub trait Generate: Send + Sync {
    /// The text at this moment.
    fn text(&self) -> Result<Vec<u8>>;

    /// Where changes of the text are told, for whoever polls it. Asked once, when the file is opened.
    fn changes(&self) -> Result<Option<Arc<MountChanges>>> {
        Ok(None)
    }

    /// Whether it may be opened for writing, given the permission.
    fn is_writable(&self) -> bool {
        true
    }

    /// Takes what was written.
    fn store(&self, _text: &[u8]) -> Result<()> {
        Err(Error::InputOutput)
    }
}

/// A file whose text is made when it is read.
pub struct TextNode {
    /// What is told of it.
    pub meta: Meta,
    /// Where the text comes from.
    pub source: Arc<dyn Generate>,
    /// See [`Inode::cacheable`].
    pub cacheable: bool,
}

impl Inode for TextNode {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::Regular
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus {
            size: self.meta.size,
            ..self.meta.status(FileKind::Regular)
        })
    }

    fn cacheable(&self) -> bool {
        self.cacheable
    }

    /// `open(O_TRUNC)` of a writable file must not fail: `echo 1 > file`.
    fn truncate(&self, _length: u64) -> Result<()> {
        Ok(())
    }

    fn set_attributes(&self, _change: &AttributeChange) -> Result<()> {
        Err(Error::NotPermitted)
    }

    fn open(&self, request: &OpenRequest) -> Result<Option<Arc<dyn File>>> {
        if request.write && !self.source.is_writable() {
            return Err(Error::AccessDenied);
        }
        let status = self.status()?;
        Ok(Some(TextFile::open(self.source.clone(), status, request)?))
    }
}

/// Where a link leads.
pub enum Target {
    /// To a name.
    Body(Vec<u8>),
    /// To a place, found when it is followed.
    Place(Box<dyn Fn() -> Result<Path> + Send + Sync>),
}

/// A symbolic link.
pub struct LinkNode {
    /// What is told of it.
    pub meta: Meta,
    /// Where it leads.
    pub target: Target,
    /// See [`Inode::cacheable`].
    pub cacheable: bool,
}

impl Inode for LinkNode {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::SymbolicLink
    }

    fn status(&self) -> Result<FileStatus> {
        let size = match &self.target {
            // One whose body depends on who asks has no size, as on Linux.
            Target::Body(_) if !self.cacheable => 0,
            Target::Body(body) => body.len() as u64,
            // Linux gives every link to an object this size.
            Target::Place(_) => 64,
        };
        Ok(FileStatus {
            size,
            ..self.meta.status(FileKind::SymbolicLink)
        })
    }

    fn cacheable(&self) -> bool {
        self.cacheable
    }

    fn read_link(&self) -> Result<Vec<u8>> {
        match &self.target {
            Target::Body(body) => Ok(body.clone()),
            Target::Place(_) => Err(Error::InvalidArgument),
        }
    }

    fn magic_link(&self) -> Result<Option<Path>> {
        match &self.target {
            Target::Body(_) => Ok(None),
            Target::Place(find) => find().map(Some),
        }
    }

    fn is_magic_link(&self) -> bool {
        matches!(self.target, Target::Place(_))
    }
}

/// A number for an entry below a directory: stable, and different for different names.
pub fn inode_below(directory: u64, name: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ directory;
    for &byte in name {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // Apart from the numbers of processes' files, and short enough for 32-bit programs.
    (hash ^ hash >> 32) & 0x3fff_ffff | 0x4000_0000
}
