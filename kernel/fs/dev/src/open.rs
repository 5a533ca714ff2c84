//! From a device number to an open device.

use alloc::sync::Arc;

use base::{Error, Result};
use device::block::{BlockDevice, BlockFile};
use device::{CharacterOpen, DeviceNumber, registry};
use object::{File, FileAccess, FileKind};
use vfs::{MountFlags, MountSource, OpenRequest, ResolveFlags};

use crate::pts;

/// The block device whose node a mount names as its source; [`Error::NotBlockDevice`] if that is
/// something else (mount(2): `ENOTBLK`).
pub fn block_source(source: &MountSource<'_>) -> Result<Arc<dyn BlockDevice>> {
    let place = source
        .context
        .resolve(None, source.source, ResolveFlags::empty())?;
    if place.inode().kind() != FileKind::BlockDevice {
        return Err(Error::NotBlockDevice);
    }
    if place.mount().flags().contains(MountFlags::NO_DEVICES) {
        return Err(Error::AccessDenied);
    }
    let status = place.inode().status()?;
    let number = DeviceNumber::new(status.device_major, status.device_minor);
    registry().block(number).ok_or(Error::NoSuchDevice)
}

/// Opens device nodes by the registry.
pub(crate) struct Opener;

impl vfs::DeviceOpener for Opener {
    fn open(
        &self,
        kind: FileKind,
        major: u32,
        minor: u32,
        request: &OpenRequest,
    ) -> Result<Arc<dyn File>> {
        let number = DeviceNumber::new(major, minor);
        if kind == FileKind::BlockDevice {
            let device = registry().block(number).ok_or(Error::NoSuchDevice)?;
            let mut access = FileAccess::empty();
            access.set(FileAccess::READ, request.read);
            access.set(FileAccess::WRITE, request.write);
            return Ok(BlockFile::open(&device, access, request.flags)?);
        }
        let device = registry().character(number).ok_or(Error::NoSuchDevice)?;
        let file = device.open(CharacterOpen {
            read: request.read,
            write: request.write,
            no_controlling_terminal: request.no_controlling_terminal,
            flags: request.flags,
        })?;
        if let Some(master) = file.downcast::<tty::MasterFile>() {
            pts::note_owner(master.index());
        }
        Ok(file)
    }
}
