//! Seals: what must never happen to a file in memory again (fcntl(2), "File Sealing").

use alloc::sync::Arc;
use base::{Error, Result};
use bitflags::bitflags;
use object::{File, FileAccess};

use super::memory_file::MemoryFile;
use super::paths::open_file;

bitflags! {
    /// `F_SEAL_*`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Seals: u32 {
        /// No more seals.
        const SEAL = 1;
        /// It does not become shorter.
        const SHRINK = 2;
        /// It does not become longer.
        const GROW = 4;
        /// Its bytes do not change.
        const WRITE = 8;
        /// Its bytes do not change but through mappings that there are already.
        const FUTURE_WRITE = 16;
        /// Whether it may be executed does not change.
        const EXECUTE = 32;
    }
}

/// F_ADD_SEALS.
pub(super) fn add(file: &Arc<dyn File>, bits: u32) -> Result<usize> {
    if !file.access().contains(FileAccess::WRITE) {
        return Err(Error::NotPermitted);
    }
    let seals = Seals::from_bits(bits).ok_or(Error::InvalidArgument)?;
    if is_unsealable(file) {
        return Err(Error::NotPermitted);
    }
    let file = file.downcast::<MemoryFile>();
    file.ok_or(Error::InvalidArgument)?.add_seals(seals)?;
    Ok(0)
}

/// F_GET_SEALS.
pub(super) fn get(file: &Arc<dyn File>) -> Result<usize> {
    if is_unsealable(file) {
        return Ok(Seals::SEAL.bits() as usize);
    }
    let file = file.downcast::<MemoryFile>();
    Ok(file.ok_or(Error::InvalidArgument)?.seals().bits() as usize)
}

/// A file in memory that has a name: it is as if it had been sealed against sealing.
fn is_unsealable(file: &Arc<dyn File>) -> bool {
    let pages = open_file(file).and_then(|file| file.inode().page_cache());
    pages.is_some_and(|pages| !pages.is_stored())
}
