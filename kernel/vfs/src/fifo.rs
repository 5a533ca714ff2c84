//! Named pipes and device nodes: what the vfs asks of rooms above it.
//!
//! A fifo's bytes are a pipe, which lives in `ipc`; a device node leads to a driver, which devfs
//! finds in the device registry. Both rooms lie above the vfs, so it defines the traits and the
//! kernel's composition plugs them in with [`set_fifo_maker`] and [`set_device_opener`].

use alloc::sync::Arc;

use base::{Error, Result};
use hal::Global;
use object::{File, FileAccess, FileKind, FileStatus, StatusFlags};

use base::rank;
use base::sync::SpinLock;

use crate::inode::OpenRequest;

/// The pipe behind a fifo, shared by all who have it open.
pub trait Fifo: Send + Sync {
    /// Opens an end; `status` is the inode's. Waits for the other end unless `NONBLOCK` (then
    /// writing without a reader is [`Error::NoSuchDevice`]). The vfs keeps the fifo while any end
    /// is open.
    fn open(
        &self,
        access: FileAccess,
        flags: StatusFlags,
        status: FileStatus,
    ) -> Result<Arc<dyn File>>;
}

/// Makes the pipe for a fifo that nobody has open.
pub trait FifoMaker: Send + Sync {
    /// A new, empty pipe without ends.
    fn make(&self) -> Result<Arc<dyn Fifo>>;
}

/// Opens device nodes that lie on file systems which know nothing of devices.
pub trait DeviceOpener: Send + Sync {
    /// Opens the device; [`Error::NoSuchDevice`] if there is none of that number.
    fn open(
        &self,
        kind: FileKind,
        major: u32,
        minor: u32,
        request: &OpenRequest,
    ) -> Result<Arc<dyn File>>;
}

#[derive(Default)]
struct Plugs {
    fifos: Option<Arc<dyn FifoMaker>>,
    devices: Option<Arc<dyn DeviceOpener>>,
}

static PLUGS: Global<SpinLock<Plugs>> = Global::new(|| SpinLock::new(rank::VIEW, Plugs::default()));

/// Plugs in what makes named pipes work.
pub fn set_fifo_maker(maker: Arc<dyn FifoMaker>) {
    PLUGS.lock().fifos = Some(maker);
}

/// Plugs in what opens device nodes.
pub fn set_device_opener(opener: Arc<dyn DeviceOpener>) {
    PLUGS.lock().devices = Some(opener);
}

pub(crate) fn make_fifo() -> Result<Arc<dyn Fifo>> {
    let maker = PLUGS.lock().fifos.clone();
    maker.ok_or(Error::NoSuchDevice)?.make()
}

pub(crate) fn open_device(
    kind: FileKind,
    major: u32,
    minor: u32,
    request: &OpenRequest,
) -> Result<Arc<dyn File>> {
    let opener = PLUGS.lock().devices.clone();
    opener
        .ok_or(Error::NoSuchDevice)?
        .open(kind, major, minor, request)
}
