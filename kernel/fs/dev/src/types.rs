//! Mounting by name: `mount -t devtmpfs`, `mount -t devpts`.

use alloc::sync::Arc;

use base::{Error, Result};
use vfs::{FileSystem, MountSource};

use crate::{DevPts, device_files};

/// Makes the types known. `devfs` is the native name of what Linux calls `devtmpfs`.
pub(crate) fn register() {
    for name in ["devtmpfs", "devfs"] {
        vfs::register_kind(name, false, make_devices);
    }
    vfs::register_kind("devpts", false, make_pts);
}

fn make_devices(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    // Options of devtmpfs concern its tmpfs, which is there already: only the mode is common.
    match vfs::parse_options(source.options)
        .iter()
        .all(|(name, _)| name == "mode")
    {
        true => device_files(),
        false => Err(Error::InvalidArgument),
    }
}

fn make_pts(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    // What distributions pass is what is done anyway; anything else is not known.
    let usual = |name: &str, value: &str| {
        matches!(
            (name, value),
            ("gid", "5") | ("mode", "620" | "0620") | ("ptmxmode", _) | ("newinstance", "")
        )
    };
    match vfs::parse_options(source.options)
        .iter()
        .all(|(name, value)| usual(name, value))
    {
        true => Ok(DevPts::new()),
        false => Err(Error::InvalidArgument),
    }
}
