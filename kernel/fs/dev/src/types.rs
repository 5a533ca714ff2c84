//! Mounting by name: `mount -t devtmpfs`, `mount -t devpts`.

use alloc::string::String;
use alloc::sync::Arc;

use base::{Error, Result};
use vfs::{FileSystem, MountSource};

use crate::{DevPts, PtsOptions, device_files};

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
    Ok(DevPts::new(pts_options(&vfs::parse_options(
        source.options,
    ))?))
}

fn pts_options(words: &[(String, String)]) -> Result<PtsOptions> {
    let octal = |text: &str| -> Result<u32> {
        let mode = u32::from_str_radix(text, 8).map_err(|_| Error::InvalidArgument)?;
        Ok(mode & 0o777)
    };
    let mut options = PtsOptions::default();
    for (name, value) in words {
        match name.as_str() {
            "mode" => options.mode = octal(value)?,
            "ptmxmode" => options.multiplexer_mode = octal(value)?,
            "gid" => options.group = Some(value.parse().map_err(|_| Error::InvalidArgument)?),
            // Every mount shows the machine's pairs.
            "newinstance" if value.is_empty() => {}
            _ => return Err(Error::InvalidArgument),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_distributions_pass_is_understood() {
        let parsed = pts_options(&vfs::parse_options(b"gid=5,mode=620,ptmxmode=000")).unwrap();
        let expected = PtsOptions {
            mode: 0o620,
            multiplexer_mode: 0,
            group: Some(5),
        };
        assert_eq!(parsed, expected);
        assert!(pts_options(&vfs::parse_options(b"max=7")).is_err());
        assert!(pts_options(&vfs::parse_options(b"mode=abc")).is_err());
    }
}
