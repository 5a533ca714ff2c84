//! Files and directories.

mod directory;
mod metadata;
mod open;

pub use directory::{DirEntry, ReadDir, read_dir};
pub use metadata::{FileType, Metadata, Permissions};
pub use open::{File, OpenOptions};

use crate::io::{self, Read, Write};
use crate::sys;
use alloc::vec::Vec;
use scarlet_abi::file::{
    AttributeChange, AttributeFields, FileKind, FileStatus, NodeRequest, PathFlags, RenameFlags,
};

/// What is at a path, following symbolic links.
pub fn metadata(path: impl AsRef<[u8]>) -> io::Result<Metadata> {
    let mut record = FileStatus::default();
    sys::status(
        scarlet_abi::CURRENT_DIRECTORY,
        path.as_ref(),
        0,
        &mut record,
    )?;
    Ok(Metadata::from_record(record))
}

/// What is at a path, a symbolic link being itself.
pub fn symlink_metadata(path: impl AsRef<[u8]>) -> io::Result<Metadata> {
    let mut record = FileStatus::default();
    let flags = PathFlags::NO_FOLLOW.bits();
    sys::status(
        scarlet_abi::CURRENT_DIRECTORY,
        path.as_ref(),
        flags,
        &mut record,
    )?;
    Ok(Metadata::from_record(record))
}

/// Whether there is something at a path.
pub fn exists(path: impl AsRef<[u8]>) -> bool {
    metadata(path).is_ok()
}

/// A whole file.
pub fn read(path: impl AsRef<[u8]>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A whole file as text.
pub fn read_to_string(path: impl AsRef<[u8]>) -> io::Result<alloc::string::String> {
    let mut text = alloc::string::String::new();
    File::open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Makes a file with this contents.
pub fn write(path: impl AsRef<[u8]>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    File::create(path)?.write_all(contents.as_ref())
}

/// Makes a directory.
pub fn create_dir(path: impl AsRef<[u8]>) -> io::Result<()> {
    sys::make_directory(path.as_ref(), 0o777)?;
    Ok(())
}

/// Makes a directory and those above it that are not there.
pub fn create_dir_all(path: impl AsRef<[u8]>) -> io::Result<()> {
    let path = path.as_ref();
    match create_dir(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = crate::path::parent(path);
            if parent.len() >= path.len() {
                return Err(error);
            }
            create_dir_all(parent)?;
            create_dir(path)
        }
        Err(error) => match metadata(path) {
            Ok(found) if found.is_dir() => Ok(()),
            _ => Err(error),
        },
    }
}

/// Removes a file's name.
pub fn remove_file(path: impl AsRef<[u8]>) -> io::Result<()> {
    sys::remove(path.as_ref(), 0)?;
    Ok(())
}

/// Removes an empty directory.
pub fn remove_dir(path: impl AsRef<[u8]>) -> io::Result<()> {
    sys::remove(path.as_ref(), PathFlags::DIRECTORY.bits())?;
    Ok(())
}

/// Renames, replacing a target of the same kind.
pub fn rename(from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> io::Result<()> {
    sys::rename(from.as_ref(), to.as_ref(), 0)?;
    Ok(())
}

/// Renames, failing if the target is there.
pub fn rename_new(from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> io::Result<()> {
    sys::rename(from.as_ref(), to.as_ref(), RenameFlags::NO_REPLACE.bits())?;
    Ok(())
}

/// Gives a file a second name.
pub fn hard_link(original: impl AsRef<[u8]>, link: impl AsRef<[u8]>) -> io::Result<()> {
    sys::link(original.as_ref(), link.as_ref())?;
    Ok(())
}

/// Makes a symbolic link.
pub fn symlink(target: impl AsRef<[u8]>, link: impl AsRef<[u8]>) -> io::Result<()> {
    sys::symbolic_link(target.as_ref(), link.as_ref())?;
    Ok(())
}

/// A symbolic link's target.
pub fn read_link(path: impl AsRef<[u8]>) -> io::Result<Vec<u8>> {
    let mut buffer = alloc::vec![0; scarlet_abi::PATH_MAX];
    let length = sys::read_link(path.as_ref(), &mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// Copies a file's contents and permission bits; gives its length.
pub fn copy(from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> io::Result<u64> {
    let mut source = File::open(from)?;
    let mode = source.metadata()?.permissions().mode();
    let mut options = OpenOptions::new();
    let mut target = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(to)?;
    io::copy(&mut source, &mut target)
}

/// Sets permission bits.
pub fn set_permissions(path: impl AsRef<[u8]>, permissions: Permissions) -> io::Result<()> {
    change(path.as_ref(), AttributeFields::MODE, |record| {
        record.mode = permissions.mode()
    })
}

/// Sets owner and group.
pub fn set_owner(path: impl AsRef<[u8]>, user: u32, group: u32) -> io::Result<()> {
    change(
        path.as_ref(),
        AttributeFields::USER | AttributeFields::GROUP,
        |record| {
            record.user = user;
            record.group = group;
        },
    )
}

/// Sets both times to now.
pub fn touch(path: impl AsRef<[u8]>) -> io::Result<()> {
    change(
        path.as_ref(),
        AttributeFields::ACCESSED | AttributeFields::MODIFIED,
        |record| {
            record.accessed_ns = u64::MAX;
            record.modified_ns = u64::MAX;
        },
    )
}

fn change(
    path: &[u8],
    fields: AttributeFields,
    fill: impl FnOnce(&mut AttributeChange),
) -> io::Result<()> {
    let size = size_of::<AttributeChange>() as u32;
    let mut record = AttributeChange {
        size,
        fields: fields.bits(),
        ..Default::default()
    };
    fill(&mut record);
    sys::set_attributes(path, 0, &record)?;
    Ok(())
}

/// Makes a named pipe.
pub fn create_fifo(path: impl AsRef<[u8]>, mode: u32) -> io::Result<()> {
    let size = size_of::<NodeRequest>() as u32;
    let request = NodeRequest {
        size,
        kind: FileKind::Fifo as u32,
        mode,
        ..NodeRequest::default()
    };
    sys::make_node(path.as_ref(), &request)?;
    Ok(())
}

/// Sets the permission bits that new files do not get; gives the old ones.
pub fn set_mask(mask: u32) -> io::Result<u32> {
    Ok(sys::set_mask(mask)? as u32)
}
