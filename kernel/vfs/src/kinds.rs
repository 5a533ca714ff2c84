//! The kinds of file systems that can be mounted by name.
//!
//! Each file system crate's kind is registered once by the composition; whoever mounts
//! (`mount(2)`, the native `Mount`) says the name. `/proc/filesystems` lists them.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use hal::Global;

use crate::context::FsContext;
use crate::inode::FileSystem;

/// What a mount asks a file system for.
pub struct MountSource<'a> {
    /// What is mounted: a device's path, or any label for kinds without a device.
    pub source: &'a [u8],
    /// `name=value` pairs with commas between them.
    pub options: &'a [u8],
    /// Nothing is to be written.
    pub read_only: bool,
    /// Who mounts, for looking `source` up.
    pub context: &'a FsContext,
}

/// Makes (or finds) the file system that a mount is to show.
pub type Maker = fn(&MountSource<'_>) -> Result<Arc<dyn FileSystem>>;

/// Says whether a kind knows an option and its value, before anything is made.
pub type OptionCheck = fn(name: &str, value: &str) -> Result<()>;

#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    needs_device: bool,
    maker: Maker,
    check: Option<OptionCheck>,
}

static KINDS: Global<SpinLock<Vec<Kind>>> = Global::new(|| SpinLock::new(rank::LEAF, Vec::new()));

/// Makes a kind known. A name that is known already gets the new maker.
pub fn register_kind(name: &'static str, needs_device: bool, maker: Maker) {
    let mut kinds = KINDS.lock();
    kinds.retain(|kind| kind.name != name);
    kinds.push(Kind {
        name,
        needs_device,
        maker,
        check: None,
    });
}

/// Adds to a known kind how one of its options is checked: [`Error::NotFound`] for an unknown name,
/// [`Error::InvalidArgument`] for a bad value. A kind without a check sees its options when it is made.
pub fn register_option_check(name: &'static str, check: OptionCheck) {
    let mut kinds = KINDS.lock();
    for kind in kinds.iter_mut().filter(|kind| kind.name == name) {
        kind.check = Some(check);
    }
}

/// Checks one option for a kind; see [`register_option_check`].
pub fn check_option(kind: &[u8], name: &str, value: &str) -> Result<()> {
    match find(kind)?.check {
        Some(check) => check(name, value),
        None => Ok(()),
    }
}

/// Whether a kind needs a device; [`Error::NotSupportedByDevice`] if there is no such kind.
pub fn needs_device(kind: &[u8]) -> Result<bool> {
    Ok(find(kind)?.needs_device)
}

fn find(kind: &[u8]) -> Result<Kind> {
    KINDS
        .lock()
        .iter()
        .find(|known| known.name.as_bytes() == kind)
        .copied()
        .ok_or(Error::NotSupportedByDevice)
}

/// Makes (or finds) a file system of a kind; [`Error::NotSupportedByDevice`] if there is no such
/// kind (mount(2): ENODEV).
pub fn make_filesystem(kind: &[u8], source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    (find(kind)?.maker)(source)
}

/// The names of all kinds, with whether they need a device.
pub fn kinds() -> Vec<(&'static str, bool)> {
    KINDS
        .lock()
        .iter()
        .map(|kind| (kind.name, kind.needs_device))
        .collect()
}

/// `name=value` pairs of an option string; a name without a value has an empty one.
pub fn parse_options(options: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(options);
    let pairs = text.split(',').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name.into(), value.into()),
            None => (pair.into(), String::new()),
        })
        .collect()
}
