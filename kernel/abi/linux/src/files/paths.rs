//! From a call's path arguments to what the vfs understands.
//!
//! A path comes with a directory: `AT_FDCWD`, or a descriptor of an open directory, which only
//! matters to relative paths. With `AT_EMPTY_PATH` an empty path means the descriptor itself, which
//! may then be any file.

use alloc::sync::Arc;
use base::{Error, Result};
use mem::user::UserText;
use object::{File, FileStatus, Rights};
use vfs::{FsContext, OpenFile, Path, ResolveFlags};

use crate::arguments::{AtFlags, DirectoryFd, Fd, UserPath};
use crate::call::Call;

/// A path that was read, with the place it starts from.
pub(crate) struct Named<'a> {
    /// Where a relative path starts; `None` for the working directory.
    pub(crate) at: Option<Path>,
    /// The path.
    pub(crate) path: &'a [u8],
    /// The process's view, root, working directory and credentials.
    pub(crate) context: Arc<FsContext>,
}

impl<'a> Named<'a> {
    /// Reads the path and looks up the directory, if the path needs it.
    #[inline]
    pub(crate) fn read(
        call: &Call<'_>,
        directory: DirectoryFd,
        path: UserPath,
        room: &'a mut UserText,
    ) -> Result<Self> {
        let path = path.read(room)?;
        Self::from_bytes(call, directory, path)
    }

    /// The same with the path read already.
    #[inline]
    pub(crate) fn from_bytes(
        call: &Call<'_>,
        directory: DirectoryFd,
        path: &'a [u8],
    ) -> Result<Self> {
        let relative = path.first() != Some(&b'/');
        Self::beginning_at(call, directory, path, relative)
    }

    /// The same for a walk whose root is the directory: absolute paths begin there too.
    pub(crate) fn read_in_root(
        call: &Call<'_>,
        directory: DirectoryFd,
        path: UserPath,
        room: &'a mut UserText,
    ) -> Result<Self> {
        let path = path.read(room)?;
        Self::beginning_at(call, directory, path, true)
    }

    #[inline]
    fn beginning_at(
        call: &Call<'_>,
        directory: DirectoryFd,
        path: &'a [u8],
        needed: bool,
    ) -> Result<Self> {
        let at = match directory {
            DirectoryFd::WORKING_DIRECTORY => None,
            DirectoryFd(descriptor) if needed => Some(place_of(call, Fd(descriptor))?),
            _ => None,
        };
        Ok(Named {
            at,
            path,
            context: call.process().fs(),
        })
    }

    /// Follows the path to its end.
    #[inline]
    pub(crate) fn resolve(&self, flags: ResolveFlags) -> Result<Path> {
        self.context.resolve(self.at.as_ref(), self.path, flags)
    }

    /// Follows the path with the flags of an `*at` call.
    #[inline]
    pub(crate) fn resolve_at(&self, flags: AtFlags) -> Result<Path> {
        let mut resolve = ResolveFlags::empty();
        resolve.set(
            ResolveFlags::NO_FOLLOW,
            flags.contains(AtFlags::SYMLINK_NOFOLLOW),
        );
        resolve.set(
            ResolveFlags::EMPTY_PATH,
            flags.contains(AtFlags::EMPTY_PATH),
        );
        self.resolve(resolve)
    }
}

/// The place in the file tree that a descriptor was opened at; `ENOTDIR` for pipes and the like,
/// which have none.
pub(crate) fn place_of(call: &Call<'_>, descriptor: Fd) -> Result<Path> {
    let file = call.file(descriptor, Rights::empty())?;
    open_file(&file)
        .map(|file| file.path().clone())
        .ok_or(Error::NotDirectory)
}

/// The open file of the vfs behind a file, if it has a name.
pub(crate) fn open_file(file: &Arc<dyn File>) -> Option<&OpenFile> {
    file.downcast::<OpenFile>()
}

/// The attributes of a descriptor's file.
pub(crate) fn file_status(call: &Call<'_>, descriptor: Fd) -> Result<FileStatus> {
    call.file(descriptor, Rights::empty())?.status()
}

/// As [`status_at`], with the place, if it has one.
pub(crate) fn found_at(
    call: &Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: AtFlags,
) -> Result<(FileStatus, Option<Path>)> {
    let mut room = UserText::new();
    let path = if flags.contains(AtFlags::EMPTY_PATH) {
        path.read_optional(&mut room)?.unwrap_or_default()
    } else {
        path.read(&mut room)?
    };
    if path.is_empty()
        && flags.contains(AtFlags::EMPTY_PATH)
        && directory != DirectoryFd::WORKING_DIRECTORY
    {
        let file = call.file(Fd(directory.0), Rights::empty())?;
        let place = open_file(&file).map(|file| file.path().clone());
        return Ok((file.status()?, place));
    }
    let place = Named::from_bytes(call, directory, path)?.resolve_at(flags)?;
    Ok((place.status()?, Some(place)))
}

/// The attributes of what a path or, where that is allowed and empty, its descriptor names.
pub(crate) fn status_at(
    call: &Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: AtFlags,
) -> Result<FileStatus> {
    let mut room = UserText::new();
    let path = if flags.contains(AtFlags::EMPTY_PATH) {
        path.read_optional(&mut room)?.unwrap_or_default()
    } else {
        path.read(&mut room)?
    };
    if path.is_empty()
        && flags.contains(AtFlags::EMPTY_PATH)
        && directory != DirectoryFd::WORKING_DIRECTORY
    {
        return file_status(call, Fd(directory.0));
    }
    Named::from_bytes(call, directory, path)?
        .resolve_at(flags)?
        .status()
}
