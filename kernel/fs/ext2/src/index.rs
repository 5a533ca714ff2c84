//! Where the names of large directories lie: an index in memory, so that finding one does not read them all.
//!
//! It is made when a directory of several blocks is searched, kept in line with every change, and may be forgotten at any
//! moment. A name is found by its hash; what lies at the place decides.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Directories of fewer blocks are read through.
pub(crate) const LARGE: u64 = 3;

/// Directories of more bytes too: an index of them would take too much memory.
pub(crate) const HUGE: u64 = 8 << 20;

/// How many names all indices may have together.
const NAMES_MAX: usize = 200_000;

/// The names of one directory: hash and place.
type Names = BTreeSet<(u32, u64)>;

/// The indices of a file system.
#[derive(Default)]
pub(crate) struct Indices {
    directories: BTreeMap<u32, Names>,
    names: usize,
}

/// FNV-1a.
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// No block has more bytes than this.
const BLOCK: u64 = 4096;

impl Indices {
    /// Whether a directory has an index.
    pub(crate) fn has(&self, directory: u32) -> bool {
        self.directories.contains_key(&directory)
    }

    /// Begins an index, to be filled with all names; forgets the others if they have become too many.
    pub(crate) fn begin(&mut self, directory: u32) {
        if self.names > NAMES_MAX {
            *self = Indices::default();
        }
        self.directories.insert(directory, Names::new());
    }

    /// Forgets a directory's index.
    pub(crate) fn forget(&mut self, directory: u32) {
        if let Some(names) = self.directories.remove(&directory) {
            self.names -= names.len();
        }
    }

    /// Notes a name, at this offset of this block.
    pub(crate) fn add(&mut self, directory: u32, name: &[u8], block: u64, offset: usize) {
        if let Some(names) = self.directories.get_mut(&directory)
            && names.insert((hash(name), block * BLOCK + offset as u64))
        {
            self.names += 1;
        }
    }

    /// Notes that a name is gone.
    pub(crate) fn remove(&mut self, directory: u32, name: &[u8], block: u64, offset: usize) {
        if let Some(names) = self.directories.get_mut(&directory)
            && names.remove(&(hash(name), block * BLOCK + offset as u64))
        {
            self.names -= 1;
        }
    }

    /// The places, block and offset, at which a name may lie.
    pub(crate) fn places(&self, directory: u32, name: &[u8]) -> Vec<(u64, usize)> {
        let hash = hash(name);
        let names = self.directories.get(&directory);
        let places = names
            .into_iter()
            .flat_map(|names| names.range((hash, 0)..=(hash, u64::MAX)));
        places
            .map(|&(_, place)| (place / BLOCK, (place % BLOCK) as usize))
            .collect()
    }
}
