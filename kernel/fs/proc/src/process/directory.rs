//! The directory of a process, and of a thread.

use alloc::boxed::Box;
use alloc::sync::Arc;

use base::{Error, Result};
use object::{FileKind, FileStatus};
use vfs::{Inode, Name, Path};

use super::{
    Make, MakeChanges, ProcessText, Remembered, Store, Subject, handles, limits, links, maps,
    mounts, program, scarlet, stat, status, threads,
};
use fs_text::{Directory, LinkNode, Listing, Meta, Target, TextNode, Visit, show};

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
            Content::Table(entries) => Tables::directory(subject, meta(0o555, 2), [entries, &[]]),
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

/// The directory of a process: it has what a thread's has, and `task`.
pub(crate) fn process(subject: Subject) -> Arc<dyn Inode> {
    let meta = subject.meta(2, 0o555, 9);
    Tables::directory(&subject, meta, [THREAD, PROCESS_ONLY])
}

/// The directory of a thread.
pub(crate) fn thread(subject: Subject) -> Arc<dyn Inode> {
    let meta = subject.meta(1, 0o555, 7);
    Tables::directory(&subject, meta, [THREAD, &[]])
}

/// What a directory about a process has.
struct Tables {
    subject: Remembered,
    meta: Meta,
    tables: [&'static [Entry]; 2],
}

impl Tables {
    fn directory(subject: &Subject, meta: Meta, tables: [&'static [Entry]; 2]) -> Arc<dyn Inode> {
        let subject = subject.remember();
        Arc::new(Directory(Tables {
            subject,
            meta,
            tables,
        }))
    }

    fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        self.tables.into_iter().flatten()
    }
}

impl Listing for Tables {
    fn status(&self) -> Result<FileStatus> {
        Ok(self.meta.status(FileKind::Directory))
    }

    fn stays(&self) -> bool {
        false
    }

    fn find(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let subject = self.subject.present()?;
        let found = self
            .entries()
            .find(|entry| entry.name.as_bytes() == name.as_bytes());
        Ok(found.ok_or(Error::NotFound)?.make(&subject))
    }

    fn list(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()> {
        self.subject.present()?;
        let row = self.entries().map(|entry| {
            let inode = super::inode_of_same(self.meta.inode, entry.index);
            (entry.name, inode, entry.kind())
        });
        show(row, cookie, visit);
        Ok(())
    }
}
