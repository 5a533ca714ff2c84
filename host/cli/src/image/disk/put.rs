//! How a file gets onto an image, and whether there is room for it.

use super::ext2::{self, Script};
use crate::image::cpio::{Entry, Node};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};

/// The kinds of files in an inode's mode (stat(2)).
pub const DIRECTORY: u32 = 0o040000;
pub const REGULAR: u32 = 0o100000;
const SYMLINK: u32 = 0o120000;
const CHARACTER: u32 = 0o020000;
const BLOCK_DEVICE: u32 = 0o060000;

/// Adds a file that is not there yet, in a directory that is. Contents lie in `scratch` until the
/// script has run.
pub fn entry(script: &mut Script, path: &str, entry: &Entry, scratch: &Path) -> Result<()> {
    let name = script.enter(path)?;
    let kind = match &entry.node {
        Node::Directory => {
            script.add("mkdir", &[name])?;
            DIRECTORY
        }
        Node::File(bytes) => {
            let host = scratch.join(format!("put-{}", script.len()));
            fs::create_dir_all(scratch)
                .and_then(|()| fs::write(&host, bytes))
                .with_context(|| format!("cannot write {}", host.display()))?;
            script.add("write", &[&host.display().to_string(), name])?;
            REGULAR
        }
        Node::Symlink(target) => {
            script.add("symlink", &[name, target])?;
            SYMLINK
        }
        Node::CharacterDevice(major, minor) => {
            script.add(
                "mknod",
                &[name, "c", &major.to_string(), &minor.to_string()],
            )?;
            CHARACTER
        }
        Node::BlockDevice(major, minor) => {
            script.add(
                "mknod",
                &[name, "b", &major.to_string(), &minor.to_string()],
            )?;
            BLOCK_DEVICE
        }
    };
    script.attributes(name, kind | entry.mode, entry.owner)
}

/// Says whether files of these lengths fit, before the first of them is written.
pub fn check_room(image: &Path, lengths: &[u64]) -> Result<()> {
    let facts = ext2::superblock(image)?.context("the disk image holds no ext2 file system")?;
    // A file's blocks, those with their numbers, and what a directory may grow by.
    let blocks = |length: &u64| {
        let own = length.div_ceil(facts.block_size.max(1));
        own + own / 256 + 2
    };
    let wanted: u64 = lengths
        .iter()
        .filter(|length| **length > 0)
        .map(blocks)
        .sum();
    if wanted > facts.free_blocks {
        bail!(
            "the disk is full: {} are needed and {} are free (`cargo scarlet image --size` makes it \
             larger)",
            mebibytes(wanted * facts.block_size),
            mebibytes(facts.free_blocks * facts.block_size)
        );
    }
    if lengths.len() as u64 > facts.free_inodes {
        bail!(
            "the disk is full: it has room for {} more files, and {} are wanted",
            facts.free_inodes,
            lengths.len()
        );
    }
    Ok(())
}

/// An amount as a person reads it.
pub fn mebibytes(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    }
}
