//! The directory of a process, and of a thread.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::any::Any;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind, FileStatus};
use vfs::{Inode, Name, Path};

use super::{
    Make, MakeChanges, ProcessText, Remembered, Store, Subject, handles, limits, links, maps,
    mounts, program, scarlet, stat, status, threads,
};
use fs_text::{LinkNode, Meta, Target, TextNode};

/// What an entry is.
enum Content {
    Text(Make),
    /// The same, and whoever polls it hears when the process's mounts change.
    Mounts(Make),
    /// A text for those who may look into the process.
    Private(Make),
    Setting(Make, Store),
    Place(fn(&Subject) -> Result<Path>),
    Table(&'static [Entry]),
    Special(fn(Subject, Meta) -> Arc<dyn Inode>, u32),
}

struct Entry {
    name: &'static str,
    /// Its number within the process.
    index: u32,
    content: Content,
}

impl Entry {
    const fn new(name: &'static str, index: u32, content: Content) -> Self {
        Self {
            name,
            index,
            content,
        }
    }

    fn kind(&self) -> FileKind {
        match self.content {
            Content::Text(_) | Content::Mounts(_) | Content::Private(_) | Content::Setting(..) => {
                FileKind::Regular
            }
            Content::Place(_) => FileKind::SymbolicLink,
            Content::Table(_) | Content::Special(..) => FileKind::Directory,
        }
    }

    fn make(&'static self, subject: &Subject) -> Arc<dyn Inode> {
        let meta = |mode, links| subject.meta(self.index, mode, links);
        let text = |meta, text, store, private, changes| -> Arc<dyn Inode> {
            let source = ProcessText {
                subject: subject.remember(),
                text,
                store,
                private,
                changes,
            };
            Arc::new(TextNode {
                meta,
                source: Arc::new(source),
                cacheable: false,
            })
        };
        match self.content {
            Content::Text(make) => text(meta(0o444, 1), make, None, false, None),
            Content::Mounts(make) => {
                let changes = Some(mounts::changes as MakeChanges);
                text(meta(0o444, 1), make, None, false, changes)
            }
            Content::Private(make) => text(meta(0o400, 1), make, None, true, None),
            Content::Setting(make, store) => text(meta(0o644, 1), make, Some(store), false, None),
            Content::Place(find) => {
                let subject = subject.remember();
                let target = Target::Place(Box::new(move || {
                    let subject = subject.present()?;
                    crate::access::check(&subject.process)?;
                    find(&subject)
                }));
                Arc::new(LinkNode {
                    meta: meta(0o777, 1),
                    target,
                    cacheable: false,
                })
            }
            Content::Table(entries) => Arc::new(Directory {
                meta: meta(0o555, 2),
                subject: subject.remember(),
                entries,
            }),
            Content::Special(make, mode) => make(subject.clone(), meta(mode, 2)),
        }
    }
}

static THREAD: &[Entry] = &[
    Entry::new("cmdline", 3, Content::Text(program::command_line)),
    Entry::new(
        "comm",
        4,
        Content::Setting(program::comm, program::set_comm),
    ),
    Entry::new("cwd", 5, Content::Place(links::working_directory)),
    Entry::new("environ", 6, Content::Private(program::environ)),
    Entry::new("exe", 7, Content::Place(links::executable)),
    Entry::new("fd", 8, Content::Special(handles::directory, 0o500)),
    Entry::new(
        "fdinfo",
        9,
        Content::Special(handles::info_directory, 0o555),
    ),
    Entry::new("limits", 10, Content::Text(limits::limits)),
    Entry::new("maps", 11, Content::Text(maps::maps)),
    Entry::new("mountinfo", 12, Content::Mounts(mounts::mountinfo)),
    Entry::new("mounts", 13, Content::Mounts(mounts::mounts)),
    Entry::new("ns", 22, Content::Table(NAMESPACES)),
    Entry::new("root", 14, Content::Place(links::root)),
    Entry::new("scarlet", 15, Content::Table(SCARLET)),
    Entry::new("stat", 16, Content::Text(stat::stat)),
    Entry::new("statm", 17, Content::Text(stat::statm)),
    Entry::new("status", 18, Content::Text(status::status)),
];

static PROCESS_ONLY: &[Entry] = &[Entry::new(
    "task",
    19,
    Content::Special(threads::directory, 0o555),
)];

/// The namespaces that Linux programs may leave and enter; the others belong to the environment.
static NAMESPACES: &[Entry] = &[Entry::new(
    "mnt",
    23,
    Content::Place(links::mount_namespace),
)];

static SCARLET: &[Entry] = &[
    Entry::new("abi", 20, Content::Text(scarlet::abi)),
    Entry::new("environment", 21, Content::Text(scarlet::environment)),
];

/// The directory of a process.
pub(crate) fn process(subject: Subject) -> Arc<dyn Inode> {
    let meta = subject.meta(2, 0o555, 9);
    Arc::new(Whole {
        inner: Directory {
            subject: subject.remember(),
            meta,
            entries: THREAD,
        },
    })
}

/// The directory of a thread.
pub(crate) fn thread(subject: Subject) -> Arc<dyn Inode> {
    let meta = subject.meta(1, 0o555, 7);
    Arc::new(Directory {
        subject: subject.remember(),
        meta,
        entries: THREAD,
    })
}

struct Directory {
    subject: Remembered,
    meta: Meta,
    entries: &'static [Entry],
}

impl Directory {
    fn find(entries: &'static [Entry], name: Name<'_>) -> Option<&'static Entry> {
        entries
            .iter()
            .find(|entry| entry.name.as_bytes() == name.as_bytes())
    }

    fn show(
        &self,
        entries: &'static [Entry],
        skip: u64,
        base: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> bool {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        entries.iter().enumerate().skip(skip).all(|(index, entry)| {
            visit(&DirectoryEntry {
                name: entry.name.as_bytes(),
                inode: super::inode_of_same(self.meta.inode, entry.index),
                kind: entry.kind(),
                next_position: base + index as u64 + 1,
            })
        })
    }
}

impl Inode for Directory {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::Directory
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(self.meta.status(FileKind::Directory))
    }

    fn cacheable(&self) -> bool {
        false
    }

    fn absence_is_final(&self) -> bool {
        true
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let subject = self.subject.present()?;
        let entry = Self::find(self.entries, name).ok_or(Error::NotFound)?;
        Ok(entry.make(&subject))
    }

    fn read_directory(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        self.subject.present()?;
        self.show(self.entries, cookie, 0, visit);
        Ok(())
    }
}

/// A process's directory has what a thread's has, and `task`.
struct Whole {
    inner: Directory,
}

impl Inode for Whole {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::Directory
    }

    fn status(&self) -> Result<FileStatus> {
        self.inner.status()
    }

    fn cacheable(&self) -> bool {
        false
    }

    fn absence_is_final(&self) -> bool {
        true
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        match Directory::find(PROCESS_ONLY, name) {
            Some(entry) => Ok(entry.make(&self.inner.subject.present()?)),
            None => self.inner.lookup(name),
        }
    }

    fn read_directory(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        self.inner.subject.present()?;
        let common = THREAD.len() as u64;
        if cookie < common && !self.inner.show(THREAD, cookie, 0, visit) {
            return Ok(());
        }
        self.inner
            .show(PROCESS_ONLY, cookie.saturating_sub(common), common, visit);
        Ok(())
    }
}
