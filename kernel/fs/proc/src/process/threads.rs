//! `/proc/PID/task`: a directory for each thread.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind, FileStatus};
use proc::Task;
use vfs::{Inode, Name};

use super::Subject;
use super::directory::thread;
use crate::node::Meta;
use crate::root::id_of;

/// The directory.
pub(super) fn directory(subject: Subject, meta: Meta) -> Arc<dyn Inode> {
    Arc::new(Threads { subject, meta })
}

struct Threads {
    subject: Subject,
    meta: Meta,
}

impl Threads {
    /// The threads by their ids in the namespace that is shown.
    fn tasks(&self) -> Vec<(u32, Arc<Task>)> {
        let namespace = self.subject.shared.namespace();
        let tasks = self.subject.process.tasks().into_iter();
        let mut tasks: Vec<_> = tasks
            .map(|task| (task.identity().number_in(namespace), task))
            .collect();
        tasks.sort_by_key(|&(id, _)| id);
        tasks
    }
}

impl Inode for Threads {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        FileKind::Directory
    }

    fn status(&self) -> Result<FileStatus> {
        let links = 2 + self.subject.process.task_count() as u32;
        Ok(FileStatus {
            links,
            ..self.meta.status(FileKind::Directory)
        })
    }

    fn cacheable(&self) -> bool {
        false
    }

    fn absence_is_final(&self) -> bool {
        true
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        self.subject.check_present()?;
        let wanted = id_of(name).ok_or(Error::NotFound)?;
        let found = self.tasks().into_iter().find(|&(id, _)| id == wanted);
        let (_, task) = found.ok_or(Error::NotFound)?;
        Ok(thread(Subject {
            task: Some(task),
            ..self.subject.clone()
        }))
    }

    fn read_directory(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        self.subject.check_present()?;
        for (id, _) in self.tasks() {
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
