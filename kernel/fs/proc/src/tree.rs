//! Fixed directories, as tables.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind, FileStatus};
use vfs::{Inode, Name};

use crate::filesystem::Shared;
use fs_text::{Generate, LinkNode, Meta, Target, TextNode, inode_below};

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
                Arc::new(FixedDirectory {
                    shared: shared.clone(),
                    meta,
                    entries,
                })
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

/// A directory whose entries are known when the kernel is built.
pub(crate) struct FixedDirectory {
    shared: Arc<Shared>,
    meta: Meta,
    entries: &'static [Entry],
}

impl Inode for FixedDirectory {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::Directory
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(self.meta.status(FileKind::Directory))
    }

    fn absence_is_final(&self) -> bool {
        true
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let wanted = |entry: &&Entry| entry.name.as_bytes() == name.as_bytes();
        let entry = self.entries.iter().find(wanted).ok_or(Error::NotFound)?;
        entry.make(&self.shared, inode_below(self.meta.inode, name.as_bytes()))
    }

    fn read_directory(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        show(self.entries, self.meta.inode, cookie, visit);
        Ok(())
    }
}

/// Shows fixed entries from `cookie` on; true if the visitor wants more.
pub(crate) fn show(
    entries: &[Entry],
    directory: u64,
    cookie: u64,
    visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
) -> bool {
    let from = usize::try_from(cookie).unwrap_or(usize::MAX);
    entries.iter().enumerate().skip(from).all(|(index, entry)| {
        visit(&DirectoryEntry {
            name: entry.name.as_bytes(),
            inode: inode_below(directory, entry.name.as_bytes()),
            kind: entry.kind(),
            next_position: index as u64 + 1,
        })
    })
}
