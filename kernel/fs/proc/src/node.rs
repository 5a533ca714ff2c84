//! The kinds of inodes: a text, a link, and what they have in common.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::{Error, Result};
use object::{File, FileKind, FileStatus, Timestamp};
use vfs::{AttributeChange, Inode, MountChanges, OpenRequest, Path};

use crate::filesystem::Shared;
use crate::text::TextFile;

/// What every inode's status is made of.
#[derive(Clone, Copy)]
pub(crate) struct Meta {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) links: u32,
    pub(crate) made: Timestamp,
}

impl Meta {
    /// The inode number of another file about the same process.
    pub(crate) fn inode_of_same(&self, index: u32) -> u64 {
        self.inode & !u64::from(u32::MAX) | u64::from(index)
    }

    /// A file of the super-user.
    pub(crate) fn system(shared: &Shared, inode: u64, mode: u32) -> Self {
        Self {
            device: shared.device,
            inode,
            mode,
            uid: 0,
            gid: 0,
            links: 1,
            made: shared.made,
        }
    }

    /// The status of an inode of this kind.
    pub(crate) fn status(&self, kind: FileKind) -> FileStatus {
        FileStatus {
            kind,
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            inode: self.inode,
            device: self.device,
            links: self.links,
            block_size: 1024,
            access_time: self.made,
            modification_time: self.made,
            change_time: self.made,
            ..FileStatus::default()
        }
    }
}

/// Where a text comes from.
pub(crate) trait Generate: Send + Sync {
    /// The text at this moment.
    fn text(&self) -> Result<Vec<u8>>;

    /// Where changes of the text are told, for whoever polls it. Asked once, when the file is opened.
    fn changes(&self) -> Result<Option<Arc<MountChanges>>> {
        Ok(None)
    }

    /// Takes what was written.
    fn store(&self, _text: &[u8]) -> Result<()> {
        Err(Error::InputOutput)
    }
}

/// A file whose text is made when it is read.
pub(crate) struct TextNode {
    pub(crate) meta: Meta,
    pub(crate) source: Arc<dyn Generate>,
    pub(crate) cacheable: bool,
}

impl Inode for TextNode {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::Regular
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(self.meta.status(FileKind::Regular))
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
        let status = self.status()?;
        Ok(Some(TextFile::open(self.source.clone(), status, request)?))
    }
}

/// Where a link leads.
pub(crate) enum Target {
    /// To a name.
    Body(Vec<u8>),
    /// To a place, found when it is followed.
    Place(Box<dyn Fn() -> Result<Path> + Send + Sync>),
}

/// A symbolic link.
pub(crate) struct LinkNode {
    pub(crate) meta: Meta,
    pub(crate) target: Target,
    pub(crate) cacheable: bool,
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
}
