//! Handles: inodes that are found again without their names (name_to_handle_at(2), open_by_handle_at(2)).
//!
//! A handle is a number and a generation, which tell an inode from a later one of the same number. Opening by handle
//! goes past every directory's rights, so it is for the super-user.
//!
//! A directory has one dentry only, because that carries its locks; so its way up is looked for in the file
//! system and then walked down by names. Anything else may have several dentries (hard links do), and gets one that hangs
//! nowhere: its text is `/`, as on Linux.
//!
//! Numbers can be guessed, so a handle must not lead out of a part of a file system that a mount or a changed root shows. There,
//! unlike on Linux, only directories are opened, since they alone say where they are.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind};

use crate::context::FsContext;
use crate::credentials::Capabilities;
use crate::dentry::Dentry;
use crate::inode::{FileSystem, Inode};
use crate::lookup::lookup;
use crate::name::Name;
use crate::open_file::OpenFile;
use crate::options::OpenOptions;
use crate::path::Path;
use crate::volume::Volume;

/// What finds an inode of a file system again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHandle {
    /// The inode's number.
    pub inode: u64,
    /// Which of the inodes that have had this number.
    pub generation: u32,
}

/// How many directories may lie above one: a file system that says more has a loop.
const DEPTH_MAX: usize = 4096;

impl Path {
    /// The handle of the file; [`Error::Unsupported`] where its file system finds none again.
    pub fn handle(&self) -> Result<FileHandle> {
        let filesystem = self.mount.volume().filesystem();
        filesystem.handle(self.inode())
    }
}

impl FsContext {
    /// Opens the file with a handle in the file system that `place` lies in, as seen through its mount.
    /// [`Error::Stale`] if there is no such file any more.
    pub fn open_handle(
        &self,
        place: &Path,
        handle: FileHandle,
        options: &OpenOptions,
    ) -> Result<Arc<OpenFile>> {
        self.check_capability(Capabilities::FIND_ANYWHERE)?;
        let volume = place.mount.volume();
        let filesystem = volume.filesystem();
        let inode = filesystem.find_handle(handle)?;
        let dentry = match inode.kind() {
            FileKind::Directory => connect(filesystem, inode, handle)?,
            _ => Dentry::root(volume.clone(), inode),
        };
        if let Some(top) = self.part_seen(place) {
            let _still = volume.rename_lock.lock();
            if !dentry.is_below_or_same(&top) {
                return Err(Error::Stale);
            }
        }
        let found = Path {
            mount: place.mount.clone(),
            dentry,
        };
        if options.path_only {
            return self.open_path(found);
        }
        self.open_place(found, options)
    }

    /// The top of what the caller sees of the file system through a mount, if that is not all of it.
    fn part_seen(&self, place: &Path) -> Option<Arc<Dentry>> {
        let at_own_root = Arc::ptr_eq(&self.root.mount, &place.mount);
        let top = match at_own_root {
            true => &self.root.dentry,
            false => place.mount.root_dentry(),
        };
        top.parent().is_some().then(|| top.clone())
    }
}

/// The name of a directory in the one above it.
fn name_in(parent: &dyn Inode, number: u64) -> Result<Arc<[u8]>> {
    let mut found = None;
    let mut look = |entry: &DirectoryEntry<'_>| {
        if entry.inode == number && entry.kind == FileKind::Directory {
            found = Some(Arc::from(entry.name));
        }
        found.is_none()
    };
    parent.read_directory(0, &mut look)?;
    found.ok_or(Error::Stale)
}

/// The dentry of a directory, found by going up and coming down again.
fn connect(
    filesystem: &Arc<dyn FileSystem>,
    directory: Arc<dyn Inode>,
    handle: FileHandle,
) -> Result<Arc<Dentry>> {
    let top = filesystem.root().status()?.inode;
    let mut names = Vec::new();
    let (mut at, mut number) = (directory, handle.inode);
    while number != top {
        if names.len() == DEPTH_MAX {
            return Err(Error::Stale);
        }
        let above = filesystem.directory_above(&at)?;
        names.push(name_in(&*above, number)?);
        number = above.status()?.inode;
        at = above;
    }
    let mut dentry = Volume::root_of(filesystem);
    for name in names.iter().rev() {
        dentry = lookup(&dentry, Name::new(name)?).map_err(|error| match error {
            Error::NotFound => Error::Stale,
            error => error,
        })?;
    }
    // Somebody may have renamed it meanwhile.
    if dentry.inode().status()?.inode != handle.inode {
        return Err(Error::Stale);
    }
    Ok(dentry)
}
