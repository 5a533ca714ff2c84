//! The types of file system that can be mounted by name: what `mount -t` chooses from.
//!
//! Each file system crate registers itself once at boot; every ABI's mount call goes through
//! [`make`], and `/proc/filesystems` lists [`all`].

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use hal::Global;

use crate::inode::FileSystem;

/// What a mount call says of the file system it wants.
#[derive(Clone, Copy, Debug)]
pub struct MountRequest<'a> {
    /// The source: a device's path, or any word for file systems without a device.
    pub source: &'a [u8],
    /// Options, as name and value (empty where there is none). Those that concern the mount rather
    /// than the file system (`ro`, `nosuid` and so on) have been taken out.
    pub options: &'a [(String, String)],
}

/// Makes an instance. An option that is not known is [`Error::InvalidArgument`].
pub type Make = fn(&MountRequest<'_>) -> Result<Arc<dyn FileSystem>>;

/// A type of file system.
#[derive(Clone, Copy)]
pub struct FileSystemType {
    /// Its name.
    pub name: &'static str,
    /// True if it lies on a device.
    pub needs_device: bool,
    /// Makes an instance.
    pub make: Make,
}

static TYPES: Global<SpinLock<Vec<FileSystemType>>> =
    Global::new(|| SpinLock::new(rank::VIEW, Vec::new()));

/// Makes a type known. The first of a name stays.
pub fn register(new: FileSystemType) {
    let mut types = TYPES.lock();
    if types.iter().all(|known| known.name != new.name) {
        types.push(new);
    }
}

/// All types, in the order of registration.
pub fn all() -> Vec<FileSystemType> {
    TYPES.lock().clone()
}

/// Makes a file system of the type `name`; [`Error::NotSupportedByDevice`] if there is no such type.
pub fn make(name: &[u8], request: &MountRequest<'_>) -> Result<Arc<dyn FileSystem>> {
    let found = TYPES.lock().iter().find(|known| known.name.as_bytes() == name).copied();
    (found.ok_or(Error::NotSupportedByDevice)?.make)(request)
}
