//! The marks of an overlay on its layers: whiteouts, and attributes of its own.
//!
//! The attributes are `trusted.overlay.*`, or `user.overlay.*` where it was mounted with
//! `userxattr`. Through the overlay they are not seen; a layer that is itself made to be mounted
//! elsewhere keeps its own with a second `overlay.` in the name, as on Linux.

use alloc::format;
use alloc::vec::Vec;

use base::{Error, Result};
use object::{FileKind, FileStatus};
use vfs::{Inode, NewInode, Ownership, Path, SetExtended, layer};

use crate::volume::{Upper, Volume, name_of};

/// What hides a name: a character device of this number.
pub(crate) const WHITEOUT: NewInode<'_> = NewInode::Device {
    kind: FileKind::CharacterDevice,
    major: 0,
    minor: 0,
};

/// Whom a whiteout belongs to: nobody needs any right to it.
const WHITEOUT_OWNER: Ownership = Ownership {
    mode: 0,
    uid: 0,
    gid: 0,
};

/// What follows the prefix in the name of a mark.
const OPAQUE: &str = "opaque";
const REDIRECT: &str = "redirect";
const METACOPY: &str = "metacopy";

/// Between the prefix and the name of a mark that a program keeps through the overlay.
const ESCAPE: &str = "overlay.";

/// Whether a status is a whiteout's.
pub(crate) fn is_whiteout_status(status: &FileStatus) -> bool {
    status.kind == FileKind::CharacterDevice && (status.device_major, status.device_minor) == (0, 0)
}

/// Whether an inode hides its name.
pub(crate) fn is_whiteout(inode: &dyn Inode) -> Result<bool> {
    Ok(inode.kind() == FileKind::CharacterDevice && is_whiteout_status(&inode.status()?))
}

impl Volume {
    fn mark(&self, inode: &dyn Inode, mark: &str) -> Result<Option<Vec<u8>>> {
        let name = format!("{}{mark}", self.prefix);
        match inode.extended_attribute(name.as_bytes()) {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoData | Error::Unsupported) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether nothing below a directory is merged with it.
    pub(crate) fn is_opaque(&self, directory: &dyn Inode) -> Result<bool> {
        Ok(self
            .mark(directory, OPAQUE)?
            .is_some_and(|value| value == b"y"))
    }

    /// Marks a directory as one that nothing is merged with.
    pub(crate) fn set_opaque(&self, directory: &dyn Inode) -> Result<()> {
        let name = format!("{}{OPAQUE}", self.prefix);
        match directory.set_extended_attribute(name.as_bytes(), b"y", SetExtended::empty()) {
            // What cannot be marked would show what was removed.
            Err(Error::Unsupported) => Err(Error::InputOutput),
            other => other,
        }
    }

    /// Under which name the layers below have a directory that was renamed where that is allowed.
    pub(crate) fn redirect(&self, directory: &dyn Inode) -> Result<Option<Vec<u8>>> {
        self.mark(directory, REDIRECT)
    }

    /// A file whose bytes lie in another layer cannot be shown.
    pub(crate) fn refuse_metacopy(&self, inode: &dyn Inode) -> Result<()> {
        if inode.kind() == FileKind::Regular && self.mark(inode, METACOPY)?.is_some() {
            return Err(Error::NotPermitted);
        }
        Ok(())
    }

    /// The name that an attribute has in the layers.
    pub(crate) fn inner_name(&self, name: &[u8]) -> Vec<u8> {
        match name.strip_prefix(self.prefix.as_bytes()) {
            Some(rest) => [self.prefix.as_bytes(), ESCAPE.as_bytes(), rest].concat(),
            None => name.to_vec(),
        }
    }

    /// The name that an attribute of a layer is shown with; `None` for the overlay's own.
    pub(crate) fn shown_name(&self, name: &[u8]) -> Option<Vec<u8>> {
        match name.strip_prefix(self.prefix.as_bytes()) {
            Some(rest) => rest
                .strip_prefix(ESCAPE.as_bytes())
                .map(|rest| [self.prefix.as_bytes(), rest].concat()),
            None => Some(name.to_vec()),
        }
    }

    /// Whether an attribute is one of the overlay's own marks, which stay in their layer.
    pub(crate) fn is_mark(&self, name: &[u8]) -> bool {
        self.shown_name(name).is_none()
    }
}

impl Upper {
    /// Makes a whiteout in the work directory, under a temporary name.
    pub(crate) fn make_whiteout(&self, temporary: &str) -> Result<Path> {
        let name = name_of(temporary)?;
        layer::create(&self.work.root, name, &WHITEOUT, WHITEOUT_OWNER)
    }

    /// Makes a whiteout right where it is to be; nothing has that name there.
    pub(crate) fn whiteout_at(&self, directory: &Path, name: vfs::Name<'_>) -> Result<()> {
        layer::create(directory, name, &WHITEOUT, WHITEOUT_OWNER).map(drop)
    }
}
