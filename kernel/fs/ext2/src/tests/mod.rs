//! Images made by the host's mke2fs, read and written here, and judged by e2fsck.

mod kit;
mod reading;
mod writing;
