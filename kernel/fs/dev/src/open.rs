//! From a device number to an open device.

use alloc::sync::Arc;

use base::{Error, Result};
use device::block::BlockFile;
use device::{CharacterOpen, DeviceNumber, registry};
use object::{File, FileAccess, FileKind};
use vfs::OpenRequest;

use crate::pts;

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
