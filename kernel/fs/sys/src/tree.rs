//! Directories whose entries are listed when they are looked at.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use fs_text::{
    Directory, Generate, LinkNode, Listing, Meta, Target, TextNode, Visit, inode_below, show,
};
use object::{FileKind, FileStatus, Timestamp};
use vfs::{Inode, Name, NewInode};

/// What all inodes share.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    pub(crate) device: u64,
    /// What the times of its files are.
    pub(crate) made: Timestamp,
}

impl Shared {
    fn meta(&self, inode: u64, mode: u32, links: u32) -> Meta {
        Meta {
            device: self.device,
            inode,
            mode,
            uid: 0,
            gid: 0,
            links,
            // Linux tells a page of every text.
            size: hal::PAGE_SIZE as u64,
            block_size: hal::PAGE_SIZE as u32,
            made: self.made,
        }
    }
}

/// The first directory's number.
const ROOT: u64 = 1;

/// Lists a directory.
type List = Arc<dyn Fn() -> Vec<Child> + Send + Sync>;

/// Makes a text.
type Make = Arc<dyn Fn() -> Result<Vec<u8>> + Send + Sync>;

/// An entry of a directory.
pub(crate) struct Child {
    name: String,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Text(Make),
    Link(Vec<u8>),
    /// With: whether it always has the same entries.
    Directory(List, bool),
}

impl Child {
    /// A text.
    pub(crate) fn text(
        name: impl Into<String>,
        make: impl Fn() -> Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Child {
        let (name, content) = (name.into(), Content::Text(Arc::new(make)));
        Child { name, content }
    }

    /// A symbolic link.
    pub(crate) fn link(name: String, target: String) -> Child {
        let content = Content::Link(target.into_bytes());
        Child { name, content }
    }

    /// A directory that always has the same entries.
    pub(crate) fn fixed(
        name: impl Into<String>,
        list: impl Fn() -> Vec<Child> + Send + Sync + 'static,
    ) -> Child {
        let (name, content) = (name.into(), Content::Directory(Arc::new(list), true));
        Child { name, content }
    }

    /// A directory whose entries come and go.
    pub(crate) fn changing(
        name: impl Into<String>,
        list: impl Fn() -> Vec<Child> + Send + Sync + 'static,
    ) -> Child {
        let (name, content) = (name.into(), Content::Directory(Arc::new(list), false));
        Child { name, content }
    }

    fn kind(&self) -> FileKind {
        match self.content {
            Content::Text(_) => FileKind::Regular,
            Content::Link(_) => FileKind::SymbolicLink,
            Content::Directory(..) => FileKind::Directory,
        }
    }

    /// Its inode; `stays` is whether its directory always has it.
    fn make(self, shared: Shared, inode: u64, stays: bool) -> Arc<dyn Inode> {
        match self.content {
            Content::Text(make) => Arc::new(TextNode {
                meta: shared.meta(inode, 0o444, 1),
                source: Arc::new(Text(make)),
                cacheable: stays,
            }),
            Content::Link(target) => Arc::new(LinkNode {
                meta: shared.meta(inode, 0o777, 1),
                target: Target::Body(target),
                cacheable: stays,
            }),
            Content::Directory(list, fixed) => Arc::new(Directory(Entries {
                shared,
                inode,
                list,
                fixed,
                stays,
            })),
        }
    }
}

struct Text(Make);

impl Generate for Text {
    fn text(&self) -> Result<Vec<u8>> {
        (self.0)()
    }

    /// As on Linux, where nobody's rights go further than the file's mode.
    fn is_writable(&self) -> bool {
        false
    }
}

/// What a directory has.
struct Entries {
    shared: Shared,
    inode: u64,
    list: List,
    fixed: bool,
    stays: bool,
}

/// The first directory of all.
pub(crate) fn root(
    shared: Shared,
    list: impl Fn() -> Vec<Child> + Send + Sync + 'static,
) -> Arc<dyn Inode> {
    Arc::new(Directory(Entries {
        shared,
        inode: ROOT,
        list: Arc::new(list),
        fixed: true,
        stays: true,
    }))
}

impl Listing for Entries {
    fn status(&self) -> Result<FileStatus> {
        let children = (self.list)();
        let directories = children
            .iter()
            .filter(|child| child.kind() == FileKind::Directory);
        let links = 2 + directories.count() as u32;
        let mode = if self.inode == ROOT { 0o555 } else { 0o755 };
        let meta = self.shared.meta(self.inode, mode, links);
        Ok(meta.status(FileKind::Directory))
    }

    fn stays(&self) -> bool {
        self.stays
    }

    fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// No file can be made here, whoever asks (Linux: `EACCES` for files, `EPERM` for all else).
    fn refusal(&self, new: &NewInode<'_>) -> Option<Error> {
        Some(match new {
            NewInode::File => Error::AccessDenied,
            _ => Error::NotPermitted,
        })
    }

    fn find(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let children = (self.list)();
        let mut children = children.into_iter();
        let child = children
            .find(|child| child.name.as_bytes() == name.as_bytes())
            .ok_or(Error::NotFound)?;
        let inode = inode_below(self.inode, name.as_bytes());
        Ok(child.make(self.shared, inode, self.fixed))
    }

    fn list(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()> {
        let children = (self.list)();
        let row = children.iter().map(|child| {
            let inode = inode_below(self.inode, child.name.as_bytes());
            (&child.name, inode, child.kind())
        });
        show(row, cookie, visit);
        Ok(())
    }
}
