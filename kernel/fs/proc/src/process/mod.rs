//! What lies in `/proc/PID`.

pub(crate) mod directory;
mod handles;
mod limits;
mod links;
mod maps;
mod mounts;
mod program;
mod scarlet;
mod stat;
mod state;
mod status;
mod threads;

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use base::{Error, Result};
use proc::{Process, Task};
use vfs::MountChanges;

use crate::filesystem::Shared;
use fs_text::{Generate, Meta};

/// The process, or the thread, that a file is about.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) shared: Arc<Shared>,
    pub(crate) process: Arc<Process>,
    /// The thread, below `task/`.
    pub(crate) task: Option<Arc<Task>>,
}

impl Subject {
    pub(crate) fn process(shared: &Arc<Shared>, process: Arc<Process>) -> Self {
        Self {
            shared: shared.clone(),
            process,
            task: None,
        }
    }

    /// The process's id in the namespace that is shown.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.identity().number_in(self.shared.namespace())
    }

    /// The id of the thread, or of the process.
    pub(crate) fn id(&self) -> u32 {
        match &self.task {
            Some(task) => task.identity().number_in(self.shared.namespace()),
            None => self.process_id(),
        }
    }

    /// Fails once the process has been waited for: its number may be somebody else's now.
    pub(crate) fn check_present(&self) -> Result<()> {
        let present = self.shared.namespace().process(self.process_id());
        if present.is_some_and(|present| Arc::ptr_eq(&present, &self.process)) {
            Ok(())
        } else {
            Err(Error::NoSuchProcess)
        }
    }

    /// As files keep it.
    pub(crate) fn remember(&self) -> Remembered {
        Remembered {
            shared: self.shared.clone(),
            process: Arc::downgrade(&self.process),
            task: self.task.as_ref().map(Arc::downgrade),
        }
    }

    /// The meta data of a file about it: it belongs to the process's user.
    pub(crate) fn meta(&self, index: u32, mode: u32, links: u32) -> Meta {
        let credentials = self.process.credentials();
        let inode = u64::from(self.id()) << 32 | u64::from(index);
        Meta {
            uid: credentials.euid,
            gid: credentials.egid,
            links,
            ..self.shared.meta(inode, mode)
        }
    }
}

/// The inode number of another file about the same process.
pub(crate) fn inode_of_same(inode: u64, index: u32) -> u64 {
    inode & !u64::from(u32::MAX) | u64::from(index)
}

/// A subject as files keep it: without keeping the process. A file below `/proc/PID` can be what a
/// mount covers, and a process keeps its view with all mounts: both would keep each other for ever.
#[derive(Clone)]
pub(crate) struct Remembered {
    shared: Arc<Shared>,
    process: Weak<Process>,
    task: Option<Weak<Task>>,
}

impl Remembered {
    /// The subject, unless it has been waited for.
    pub(crate) fn present(&self) -> Result<Subject> {
        let gone = Error::NoSuchProcess;
        let task = match &self.task {
            Some(task) => Some(task.upgrade().ok_or(gone)?),
            None => None,
        };
        let subject = Subject {
            shared: self.shared.clone(),
            process: self.process.upgrade().ok_or(gone)?,
            task,
        };
        subject.check_present()?;
        Ok(subject)
    }
}

/// Makes a text about a process.
pub(crate) type Make = fn(&Subject) -> Result<Vec<u8>>;

/// Takes what was written to a file about a process.
pub(crate) type Store = fn(&Subject, &[u8]) -> Result<()>;

/// Finds who tells of changes of what a text shows.
pub(crate) type MakeChanges = fn(&Subject) -> Arc<MountChanges>;

/// A text about a process.
pub(crate) struct ProcessText {
    pub(crate) subject: Remembered,
    pub(crate) text: Make,
    pub(crate) store: Option<Store>,
    /// Only for those who may look into the process.
    pub(crate) private: bool,
    /// Where its changes are told.
    pub(crate) changes: Option<MakeChanges>,
}

impl Generate for ProcessText {
    fn text(&self) -> Result<Vec<u8>> {
        let subject = self.subject.present()?;
        if self.private {
            crate::access::check(&subject.process)?;
        }
        (self.text)(&subject)
    }

    fn changes(&self) -> Result<Option<Arc<MountChanges>>> {
        match self.changes {
            Some(find) => Ok(Some(find(&self.subject.present()?))),
            None => Ok(None),
        }
    }

    fn store(&self, text: &[u8]) -> Result<()> {
        let store = self.store.ok_or(Error::InputOutput)?;
        let subject = self.subject.present()?;
        crate::access::check(&subject.process)?;
        store(&subject, text)
    }
}
