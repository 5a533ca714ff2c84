//! Mounting by name: `mount -t tmpfs -o size=64m,mode=700`.

use alloc::string::String;
use alloc::sync::Arc;

use base::{Error, Result};
use vfs::{FileSystem, MountSource, Ownership};

use crate::{Limits, RamFs};

/// Makes `tmpfs` (and `ramfs`, which here is the same under another name) known to mount calls.
pub fn register() {
    vfs::register_kind("tmpfs", false, |source| make("tmpfs", source));
    vfs::register_kind("ramfs", false, |source| make("ramfs", source));
    for name in ["tmpfs", "ramfs"] {
        vfs::register_option_check(name, check);
    }
}

/// What the options come to.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    limits: Limits,
    mode: u32,
    uid: u32,
    gid: u32,
}

fn make(name: &'static str, source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    let options = parse(&vfs::parse_options(source.options), Limits::default())?;
    let owner = Ownership {
        mode: options.mode,
        uid: options.uid,
        gid: options.gid,
    };
    Ok(RamFs::owned(name, options.limits, owner)?)
}

/// The options that [`parse`] understands.
const NAMES: [&str; 11] = [
    "huge",
    "inode64",
    "noswap",
    "size",
    "nr_blocks",
    "nr_inodes",
    "unpaid",
    "directory_blocks",
    "mode",
    "uid",
    "gid",
];

fn check(name: &str, value: &str) -> Result<()> {
    if !NAMES.contains(&name) {
        return Err(Error::NotFound);
    }
    parse(&[(name.into(), value.into())], Limits::default()).map(drop)
}

/// What a remount's options make of the numbers of pages and inodes; the others are for the start only, as on Linux.
pub(crate) fn changed(options: &[u8], present: Limits) -> Result<(usize, usize)> {
    // A percentage is one of the machine's memory, whatever the size is now.
    let whole = Limits::default();
    let mut limits = present;
    for (name, value) in vfs::parse_options(options) {
        let one = parse(&[(name.clone(), value)], whole)?.limits;
        match name.as_str() {
            "size" | "nr_blocks" => limits.pages = one.pages,
            "nr_inodes" => limits.inodes = one.inodes,
            _ => {}
        }
    }
    Ok((limits.pages, limits.inodes))
}

/// Understands the options of tmpfs(5): `size` and `nr_blocks`, `nr_inodes`, `mode`, `uid`, `gid`, and those that say what is so (`huge=never`, `noswap`, `inode64`);
/// and two of our own for a file
/// system that stands for a disk. `directory_blocks`: how many pages each directory counts for. `unpaid`: what is written
/// is not charged to the writer's environment, which only who has no memory limit may say.
fn parse(options: &[(String, String)], defaults: Limits) -> Result<Options> {
    let mut parsed = Options {
        limits: defaults,
        mode: 0o1777,
        uid: 0,
        gid: 0,
    };
    for (name, value) in options {
        match name.as_str() {
            "size" => {
                // The default is half of the memory, so all of it is twice that.
                let bytes = match value.strip_suffix('%') {
                    Some(percent) => {
                        let percent: usize = percent.parse().map_err(|_| Error::InvalidArgument)?;
                        defaults.pages.saturating_mul(2 * hal::PAGE_SIZE) / 100 * percent
                    }
                    None => number(value)?,
                };
                parsed.limits.pages = pages_or(bytes.div_ceil(hal::PAGE_SIZE));
            }
            "nr_blocks" => parsed.limits.pages = pages_or(number(value)?),
            "nr_inodes" => parsed.limits.inodes = pages_or(number(value)?),
            "unpaid" if base::thread::payer() == 0 => parsed.limits.unpaid = true,
            "unpaid" => return Err(Error::NotPermitted),
            "directory_blocks" => parsed.limits.directory_pages = number(value)?,
            "mode" => {
                let mode = u32::from_str_radix(value, 8).map_err(|_| Error::InvalidArgument)?;
                parsed.mode = mode & vfs::MODE_BITS;
            }
            "uid" => parsed.uid = value.parse().map_err(|_| Error::InvalidArgument)?,
            "gid" => parsed.gid = value.parse().map_err(|_| Error::InvalidArgument)?,
            // What is so in any case: there are no huge pages and no swap space, and numbers of inodes have 64 bits.
            "huge" if value == "never" => {}
            "inode64" | "noswap" if value.is_empty() => {}
            _ => return Err(Error::InvalidArgument),
        }
    }
    Ok(parsed)
}

/// Zero means no limit.
fn pages_or(count: usize) -> usize {
    if count == 0 { usize::MAX } else { count }
}

/// A number with an optional `k`, `m` or `g`.
fn number(text: &str) -> Result<usize> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (text.get(..text.len() - 1), 10),
        Some(b'm' | b'M') => (text.get(..text.len() - 1), 20),
        Some(b'g' | b'G') => (text.get(..text.len() - 1), 30),
        _ => (Some(text), 0),
    };
    let value: usize = digits
        .unwrap_or_default()
        .parse()
        .map_err(|_| Error::InvalidArgument)?;
    value.checked_mul(1 << shift).ok_or(Error::InvalidArgument)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Limits = Limits {
        pages: 1000,
        inodes: 1000,
        directory_pages: 0,
        unpaid: false,
    };

    fn parsed(text: &str) -> Result<Options> {
        parse(&vfs::parse_options(text.as_bytes()), DEFAULTS)
    }

    #[test]
    fn sizes_have_units_and_percentages() {
        assert_eq!(
            parsed("size=1m").map(|options| options.limits.pages),
            Ok(256)
        );
        assert_eq!(
            parsed("size=50%").map(|options| options.limits.pages),
            Ok(1000)
        );
        assert_eq!(parsed("size=1").map(|options| options.limits.pages), Ok(1));
        assert_eq!(
            parsed("nr_inodes=0").map(|options| options.limits.inodes),
            Ok(usize::MAX)
        );
        assert_eq!(parsed("mode=755").map(|options| options.mode), Ok(0o755));
    }

    #[test]
    fn a_remount_changes_sizes_alone() {
        let change = |text: &str| changed(text.as_bytes(), DEFAULTS);
        assert_eq!(change("size=1m,mode=700"), Ok((256, 1000)));
        assert_eq!(change("nr_inodes=7,uid=1"), Ok((1000, 7)));
        assert_eq!(change("huge=always"), Err(Error::InvalidArgument));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(parsed("huge=always"), Err(Error::InvalidArgument));
        assert_eq!(parsed("huge=never,noswap,inode64"), parsed(""));
        assert_eq!(parsed("inode32"), Err(Error::InvalidArgument));
        assert_eq!(parsed("size=many"), Err(Error::InvalidArgument));
        assert_eq!(
            parsed("size=99999999999999999999g"),
            Err(Error::InvalidArgument)
        );
    }
}
