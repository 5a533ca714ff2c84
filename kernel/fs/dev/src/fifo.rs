//! Named pipes: the pipes of `ipc`, as the vfs asks for them.

use alloc::sync::Arc;

use base::Result;
use object::{File, FileAccess, FileStatus, StatusFlags};

/// Makes a pipe for each fifo that is opened.
pub(crate) struct Maker;

struct NamedPipe(ipc::fifo::Fifo);

impl vfs::FifoMaker for Maker {
    fn make(&self) -> Result<Arc<dyn vfs::Fifo>> {
        Ok(Arc::new(NamedPipe(ipc::fifo::Fifo::new())))
    }
}

impl vfs::Fifo for NamedPipe {
    fn open(
        &self,
        access: FileAccess,
        flags: StatusFlags,
        status: FileStatus,
    ) -> Result<Arc<dyn File>> {
        self.0.open(access, flags, status)
    }
}
