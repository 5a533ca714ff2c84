//! Names: directories, links, device nodes.

use base::{Error, Result};
use object::FileKind;
use vfs::{NewInode, ResolveFlags};

use crate::arguments::Text;
use crate::call::Call;
use crate::path;

/// The device that xv6 numbers 1 is the console, which everyone else numbers (5, 1).
const CONSOLE: (i32, (u32, u32)) = (1, (5, 1));

/// Numbers for xv6 devices that do not exist here: a range that is kept for local use, so the
/// node can be made, and opening it fails.
const LOCAL_MAJOR: u32 = 240;

/// Enters a directory.
pub(crate) fn chdir(call: &mut Call<'_>, name: Text) -> Result<usize> {
    let name = path::read_existing(&call.fs(), name.0)?;
    call.process()
        .update_fs(|fs| fs.change_directory(None, &name))?;
    Ok(0)
}

/// Makes a directory.
pub(crate) fn mkdir(call: &mut Call<'_>, name: Text) -> Result<usize> {
    let fs = call.fs();
    fs.mkdir(None, &path::read(&fs, name.0)?, 0o777)?;
    Ok(0)
}

/// Makes a device node.
pub(crate) fn mknod(call: &mut Call<'_>, name: Text, major: i32, minor: i32) -> Result<usize> {
    let fs = call.fs();
    let name = path::read(&fs, name.0)?;
    let (major, minor) = if major == CONSOLE.0 {
        CONSOLE.1
    } else {
        let number = u8::try_from(major).map_err(|_| Error::InvalidArgument)?;
        (LOCAL_MAJOR, u32::from(number) << 8 | (minor as u32 & 0xff))
    };
    let node = NewInode::Device {
        kind: FileKind::CharacterDevice,
        major,
        minor,
    };
    fs.mknod(None, &name, node, 0o666)?;
    Ok(0)
}

/// Removes a name, also that of an empty directory.
pub(crate) fn unlink(call: &mut Call<'_>, name: Text) -> Result<usize> {
    let fs = call.fs();
    let name = path::read(&fs, name.0)?;
    match fs.unlink(None, &name) {
        Err(Error::IsDirectory) => fs.rmdir(None, &name)?,
        outcome => outcome?,
    }
    Ok(0)
}

/// Gives a file, but no directory, a second name.
pub(crate) fn link(call: &mut Call<'_>, old: Text, new: Text) -> Result<usize> {
    let fs = call.fs();
    let old = path::read_existing(&fs, old.0)?;
    let new = path::read(&fs, new.0)?;
    let target = fs.resolve(None, &old, ResolveFlags::empty())?;
    if target.inode().kind() == FileKind::Directory {
        return Err(Error::NotPermitted);
    }
    fs.link(&target, None, &new)?;
    Ok(0)
}
