//! What the tests ask of a context again and again, in a word.

use std::sync::Arc;

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{File, FileStatus};
use vfs::{FsContext, OpenFile, OpenOptions, RenameFlags, ResolveFlags};

/// What the tests ask for again and again.
pub trait Short {
    /// Makes a directory of mode 0777.
    fn make_directory(&self, path: &str) -> Result<()>;
    /// Opens a file for reading and writing, making it (0666) if it is not there.
    fn touch(&self, path: &str) -> Result<Arc<OpenFile>>;
    /// Makes a file (0600) without a name in a directory, for reading and writing.
    fn nameless(&self, directory: &str) -> Result<Arc<OpenFile>>;
    /// Makes `bytes` the whole contents of a file.
    fn put(&self, path: &str, bytes: &[u8]) -> Result<()>;
    /// A file's whole contents.
    fn get(&self, path: &str) -> Result<Vec<u8>>;
    /// What `stat` says.
    fn status(&self, path: &str) -> Result<FileStatus>;
    /// What `lstat` says.
    fn link_status(&self, path: &str) -> Result<FileStatus>;
    /// Makes a symbolic link.
    fn make_link(&self, target: &str, path: &str) -> Result<()>;
    /// Renames, replacing.
    fn move_to(&self, old: &str, new: &str) -> Result<()>;
    /// Renames with flags.
    fn move_with(&self, old: &str, new: &str, flags: RenameFlags) -> Result<()>;
    /// Removes a name that is no directory's.
    fn remove(&self, path: &str) -> Result<()>;
    /// The names in a directory, `.` and `..` among them if it lists them.
    fn names(&self, path: &str) -> Result<Vec<String>>;
    /// Why `stat` fails, if it does.
    fn error(&self, path: &str) -> Option<Error>;
}

impl Short for FsContext {
    fn make_directory(&self, path: &str) -> Result<()> {
        self.mkdir(None, path.as_bytes(), 0o777).map(drop)
    }

    fn touch(&self, path: &str) -> Result<Arc<OpenFile>> {
        let options = OpenOptions {
            create: true,
            read: true,
            write: true,
            mode: 0o666,
            ..Default::default()
        };
        self.open(path.as_bytes(), &options)
    }

    fn nameless(&self, directory: &str) -> Result<Arc<OpenFile>> {
        let options = OpenOptions {
            read: true,
            write: true,
            unnamed: true,
            mode: 0o600,
            ..Default::default()
        };
        self.open(directory.as_bytes(), &options)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let file = self.touch(path)?;
        file.truncate(0)?;
        let mut done = 0;
        while done < bytes.len() {
            done += file.write(&mut Source::kernel(&bytes[done..]))?;
        }
        Ok(())
    }

    fn get(&self, path: &str) -> Result<Vec<u8>> {
        let file = self.open(path.as_bytes(), &OpenOptions::reading())?;
        let mut bytes = vec![0; file.status()?.size as usize];
        let done = file.read_at(0, &mut Sink::kernel(&mut bytes))?;
        bytes.truncate(done);
        Ok(bytes)
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

    fn remove(&self, path: &str) -> Result<()> {
        self.unlink(None, path.as_bytes())
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
            names.push(String::from_utf8_lossy(entry.name).into_owned());
            true
        })?;
        Ok(names)
    }

    fn error(&self, path: &str) -> Option<Error> {
        self.status(path).err()
    }
}
