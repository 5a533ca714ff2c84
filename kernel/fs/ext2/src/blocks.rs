//! The blocks of the file system's own records, sorted by what they hold.

use device::block::Records;

/// What a changed block holds, as far as the order of writing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Inodes, bitmaps, descriptors, block numbers, attributes.
    Plain,
    /// Names.
    Names,
}

/// All blocks of records.
pub(crate) type Blocks = Records<Class>;
