//! Fixed directories, as tables.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use object::{FileKind, FileStatus};
use vfs::{Inode, Name};

use crate::filesystem::Shared;
use fs_text::{
    Directory, Generate, LinkNode, Listing, Meta, Target, TextNode, Visit, inode_below, show,
};

/// Makes a text about the machine.
pub(crate) type Make = fn(&Shared) -> Result<Vec<u8>>;

/// Takes what was written to a setting.
pub(crate) type Store = fn(&Shared, &[u8]) -> Result<()>;

/// An entry of a fixed directory.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) content: Content,
}

/// What an entry is.
pub(crate) enum Content {
    /// A text to read.
    Text(Make),
    /// A text that may be written too.
    Setting(Make, Store),
    /// A thing to do: what is written says what. It cannot be read.
    Order(Store),
    /// A link whose body depends on who asks.
    Link(Make),
    /// A link to a name.
    Alias(&'static str),
    /// A directory.
    Directory(&'static [Entry]),
    /// A directory whose entries are not fixed.
    Special(fn(&Arc<Shared>, u64) -> Arc<dyn Inode>),
}

impl Entry {
    pub(crate) const fn new(name: &'static str, content: Content) -> Self {
        Self { name, content }
    }

    pub(crate) fn kind(&self) -> FileKind {
        match self.content {
            Content::Text(_) | Content::Setting(..) | Content::Order(_) => FileKind::Regular,
            Content::Link(_) | Content::Alias(_) => FileKind::SymbolicLink,
            Content::Directory(_) | Content::Special(_) => FileKind::Directory,
        }
    }

    /// Its inode; `inode` is the number.
    pub(crate) fn make(&'static self, shared: &Arc<Shared>, inode: u64) -> Result<Arc<dyn Inode>> {
        let meta = |mode| shared.meta(inode, mode);
        Ok(match self.content {
            Content::Text(text) => system_text(shared, meta(0o444), text, None),
            Content::Setting(text, store) => system_text(shared, meta(0o644), text, Some(store)),
            Content::Order(order) => {
                let unreadable: Make = |_| Err(Error::InputOutput);
                system_text(shared, meta(0o200), unreadable, Some(order))
            }
            Content::Link(body) => {
                let target = Target::Body(body(shared)?);
                Arc::new(LinkNode {
                    meta: meta(0o777),
                    target,
                    cacheable: false,
                })
            }
            Content::Alias(name) => Arc::new(LinkNode {
                meta: meta(0o777),
                target: Target::Body(name.as_bytes().to_vec()),
                cacheable: true,
            }),
            Content::Directory(entries) => {
                let meta = Meta {
                    links: 2,
                    ..meta(0o555)
                };
                Arc::new(Directory(FixedEntries {
                    shared: shared.clone(),
                    meta,
                    entries,
                }))
            }
            Content::Special(make) => make(shared, inode),
        })
    }
}

fn system_text(
    shared: &Arc<Shared>,
    meta: Meta,
    text: Make,
    store: Option<Store>,
) -> Arc<dyn Inode> {
    Arc::new(TextNode {
        meta,
        source: Arc::new(SystemText {
            shared: shared.clone(),
            text,
            store,
        }),
        cacheable: true,
    })
}

/// Text about the machine.
struct SystemText {
    shared: Arc<Shared>,
    text: Make,
    store: Option<Store>,
}

impl Generate for SystemText {
    fn text(&self) -> Result<Vec<u8>> {
        (self.text)(&self.shared)
    }

    fn store(&self, text: &[u8]) -> Result<()> {
        (self.store.ok_or(Error::InputOutput)?)(&self.shared, text)
    }
}

/// What a directory has whose entries are known when the kernel is built.
struct FixedEntries {
    shared: Arc<Shared>,
    meta: Meta,
    entries: &'static [Entry],
}

impl Listing for FixedEntries {
    fn status(&self) -> Result<FileStatus> {
        Ok(self.meta.status(FileKind::Directory))
    }

    fn find(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let wanted = |entry: &&Entry| entry.name.as_bytes() == name.as_bytes();
        let entry = self.entries.iter().find(wanted).ok_or(Error::NotFound)?;
        entry.make(&self.shared, inode_below(self.meta.inode, name.as_bytes()))
    }

    fn list(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()> {
        show(row(self.entries, self.meta.inode), cookie, visit);
        Ok(())
    }
}

/// Fixed entries of a directory, as they are shown.
pub(crate) fn row(
    entries: &'static [Entry],
    directory: u64,
) -> impl Iterator<Item = (&'static str, u64, FileKind)> {
    entries.iter().map(move |entry| {
        let inode = inode_below(directory, entry.name.as_bytes());
        (entry.name, inode, entry.kind())
    })
}
