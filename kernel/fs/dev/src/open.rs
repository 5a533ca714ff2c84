//! From a device number to an open device.

use alloc::sync::Arc;

use base::{Error, Result};
use device::{CharacterOpen, DeviceNumber, registry};
use object::{File, FileKind};
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
        if kind != FileKind::CharacterDevice {
            return Err(Error::NoSuchDevice);
        }
        let number = DeviceNumber::new(major, minor);
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
