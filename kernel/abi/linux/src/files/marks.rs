//! Marks of files: `FS_IOC_GETFLAGS` and `FS_IOC_SETFLAGS` (ioctl_iflags(2)), `FS_IOC_FSGETXATTR` and
//! `FS_IOC_FSSETXATTR` (ioctl_fsgetxattr(2)), which say the same in other bits.

use base::{Error, Result};
use mem::user::UserPtr;
use object::{File, FileKind};
use vfs::{FileMarks, OpenFile, Path};

use crate::call::Call;
use crate::layout::FileAttributes;
use crate::layout::mark_request::*;

/// The bits of both.
const SAME: [(u32, FileMarks); 3] = [
    (FS_XFLAG_IMMUTABLE, FileMarks::IMMUTABLE),
    (FS_XFLAG_APPEND, FileMarks::APPEND_ONLY),
    (FS_XFLAG_NODUMP, FileMarks::NO_DUMP),
];

/// Does what is asked of a file or directory; `None` if the request is another.
pub(crate) fn ioctl(
    call: &Call<'_>,
    file: &dyn File,
    request: u32,
    argument: usize,
) -> Result<Option<usize>> {
    if !matches!(
        request,
        FS_IOC_GETFLAGS | FS_IOC_SETFLAGS | FS_IOC_FSGETXATTR | FS_IOC_FSSETXATTR
    ) {
        return Ok(None);
    }
    let file = file.downcast::<OpenFile>().ok_or(Error::NotTerminal)?;
    let place = file.path();
    let kind = place.inode().kind();
    // A device or fifo is not asked what its file system keeps.
    if !matches!(kind, FileKind::Regular | FileKind::Directory) {
        return Err(Error::NotTerminal);
    }
    let present = place.inode().marks()?;
    let (bits, attributes) = (UserPtr::<u32>::from(argument), UserPtr::from(argument));
    match request {
        FS_IOC_GETFLAGS => bits.write(&present.bits())?,
        FS_IOC_FSGETXATTR => attributes.write(&shown(present))?,
        FS_IOC_SETFLAGS => {
            let wanted = FileMarks::from_bits(bits.read()?);
            set(call, place, wanted.ok_or(Error::Unsupported)?)?;
        }
        _ => {
            let wanted = attributes.read()?;
            check_owner(call, place)?;
            let marks = wanted_by(wanted, kind)?;
            set(call, place, marks | present & FileMarks::COMPRESSED)?;
        }
    }
    Ok(Some(0))
}

fn set(call: &Call<'_>, place: &Path, marks: FileMarks) -> Result<()> {
    call.process().fs().set_marks(place, marks)
}

/// Others are not even told what could not be set.
fn check_owner(call: &Call<'_>, place: &Path) -> Result<()> {
    match call
        .process()
        .credentials()
        .owns(place.inode().ownership()?)
    {
        true => Ok(()),
        false => Err(Error::NotPermitted),
    }
}

fn shown(marks: FileMarks) -> FileAttributes {
    let bits = SAME.iter().filter(|(_, mark)| marks.contains(*mark));
    FileAttributes {
        flags: bits.map(|(bit, _)| bit).sum(),
        ..FileAttributes::default()
    }
}

/// The marks that are asked for: [`Error::InvalidArgument`] for what makes no sense of such a file,
/// [`Error::Unsupported`] for what no file system here keeps.
fn wanted_by(wanted: FileAttributes, kind: FileKind) -> Result<FileMarks> {
    let senseless = match kind {
        FileKind::Directory => FS_XFLAG_EXTSIZE,
        _ => FS_XFLAG_EXTSZINHERIT,
    };
    if wanted.flags & senseless != 0 {
        return Err(Error::InvalidArgument);
    }
    let mut left = wanted.flags;
    // A size of nothing asks for nothing.
    if wanted.extent_size == 0 {
        left &= !(FS_XFLAG_EXTSIZE | FS_XFLAG_EXTSZINHERIT);
    }
    if wanted.copied_extent_size == 0 {
        left &= !FS_XFLAG_COWEXTSIZE;
    }
    let mut marks = FileMarks::empty();
    for (bit, mark) in SAME {
        marks.set(mark, left & bit != 0);
        left &= !bit;
    }
    let sizes = wanted.extent_size | wanted.copied_extent_size | wanted.project;
    match left | sizes {
        0 => Ok(marks),
        _ => Err(Error::Unsupported),
    }
}
