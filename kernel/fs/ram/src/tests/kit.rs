//! A fresh file system and a root's context on it.

use std::sync::Arc;

use base::{Error, Result};
use object::{File, FileStatus};
use vfs::{FileSystem, FsContext, OpenFile, OpenOptions, RenameFlags, ResolveFlags, View};

use crate::{Limits, RamFs};

/// Runs a test on a machine of its own.
pub(super) fn on_machine(test: impl FnOnce() + 'static) {
    let outcome = hal::hosted::Machine::new(1).run_with(move |_| {
        base::init().unwrap();
        test();
    });
    if let Some(complaint) = outcome.complaint() {
        panic!("{complaint}");
    }
}

/// Limits that do not ask the machine for its size.
pub(super) const LIMITS: Limits = Limits {
    pages: 1000,
    inodes: 10_000,
    directory_pages: 0,
    unpaid: false,
};

pub(super) fn filesystem() -> Arc<dyn FileSystem> {
    RamFs::with("tmpfs", LIMITS, 0o755).unwrap()
}

pub(super) fn context() -> FsContext {
    let mut context = FsContext::new(View::new(&filesystem()));
    context.umask = 0;
    context
}

/// What the tests ask for again and again.
pub(super) trait Short {
    fn make_directory(&self, path: &str) -> Result<()>;
    fn touch(&self, path: &str) -> Result<Arc<OpenFile>>;
    fn status(&self, path: &str) -> Result<FileStatus>;
    fn link_status(&self, path: &str) -> Result<FileStatus>;
    fn make_link(&self, target: &str, path: &str) -> Result<()>;
    fn move_to(&self, old: &str, new: &str) -> Result<()>;
    fn move_with(&self, old: &str, new: &str, flags: RenameFlags) -> Result<()>;
    fn names(&self, path: &str) -> Result<Vec<String>>;
    fn error(&self, path: &str) -> Option<Error>;
}

impl Short for FsContext {
    fn make_directory(&self, path: &str) -> Result<()> {
        self.mkdir(None, path.as_bytes(), 0o777).map(drop)
    }

    fn touch(&self, path: &str) -> Result<Arc<OpenFile>> {
        let options = OpenOptions {
            create: true,
            write: true,
            mode: 0o666,
            ..Default::default()
        };
        self.open(path.as_bytes(), &options)
    }

    fn status(&self, path: &str) -> Result<FileStatus> {
        self.stat(None, path.as_bytes(), ResolveFlags::empty())
    }

    fn link_status(&self, path: &str) -> Result<FileStatus> {
        self.stat(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)
    }

    fn make_link(&self, target: &str, path: &str) -> Result<()> {
        self.symlink(target.as_bytes(), None, path.as_bytes())
            .map(drop)
    }

    fn move_to(&self, old: &str, new: &str) -> Result<()> {
        self.move_with(old, new, RenameFlags::empty())
    }

    fn move_with(&self, old: &str, new: &str, flags: RenameFlags) -> Result<()> {
        self.rename(None, old.as_bytes(), None, new.as_bytes(), flags)
    }

    fn names(&self, path: &str) -> Result<Vec<String>> {
        let options = OpenOptions {
            read: true,
            directory: true,
            ..Default::default()
        };
        let file = self.open(path.as_bytes(), &options)?;
        let mut names = Vec::new();
        file.read_directory(&mut |entry| {
            names.push(String::from_utf8(entry.name.to_vec()).unwrap());
            true
        })?;
        Ok(names)
    }

    fn error(&self, path: &str) -> Option<Error> {
        self.status(path).err()
    }
}
