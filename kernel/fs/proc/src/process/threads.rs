//! `/proc/PID/task`: a directory for each thread.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind, FileStatus};
use proc::Task;
use vfs::{Inode, Name};

use super::directory::thread;
use super::{Remembered, Subject};
use crate::root::id_of;
use fs_text::{Directory, Listing, Meta, Visit};

/// The directory.
pub(super) fn directory(subject: Subject, meta: Meta) -> Arc<dyn Inode> {
    let subject = subject.remember();
    Arc::new(Directory(Threads { subject, meta }))
}

struct Threads {
    subject: Remembered,
    meta: Meta,
}

impl Threads {
    /// The threads by their ids in the namespace that is shown.
    fn tasks(subject: &Subject) -> Vec<(u32, Arc<Task>)> {
        let namespace = subject.shared.namespace();
        let tasks = subject.process.tasks().into_iter();
        let mut tasks: Vec<_> = tasks
            .map(|task| (task.identity().number_in(namespace), task))
            .collect();
        tasks.sort_by_key(|&(id, _)| id);
        tasks
    }
}

impl Listing for Threads {
    fn status(&self) -> Result<FileStatus> {
        let subject = self.subject.present();
        let links = 2 + subject.map_or(0, |subject| subject.process.task_count() as u32);
        Ok(FileStatus {
            links,
            ..self.meta.status(FileKind::Directory)
        })
    }

    fn stays(&self) -> bool {
        false
    }

    fn find(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let subject = self.subject.present()?;
        let wanted = id_of(name).ok_or(Error::NotFound)?;
        let found = Self::tasks(&subject)
            .into_iter()
            .find(|&(id, _)| id == wanted);
        let (_, task) = found.ok_or(Error::NotFound)?;
        Ok(thread(Subject {
            task: Some(task),
            ..subject
        }))
    }

    fn list(&self, cookie: u64, visit: &mut Visit<'_>) -> Result<()> {
        for (id, _) in Self::tasks(&self.subject.present()?) {
            let next_position = u64::from(id);
            if next_position <= cookie {
                continue;
            }
            let name = format!("{id}");
            let inode = u64::from(id) << 32 | 1;
            let kind = FileKind::Directory;
            if !visit(&DirectoryEntry {
                name: name.as_bytes(),
                inode,
                kind,
                next_position,
            }) {
                break;
            }
        }
        Ok(())
    }
}
