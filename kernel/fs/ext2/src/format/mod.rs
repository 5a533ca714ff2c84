//! What lies on the disk: records and pure functions over bytes, without a kernel.
//!
//! Everything is little endian, whatever the machine. A record is read from bytes that anybody may have
//! written, so each function here either gives something that is safe to go on with or says what is wrong;
//! none panics, loops or allocates by what it reads.

pub mod attributes;
pub mod bitmap;
pub mod checksum;
pub mod entry;
pub mod extent;
pub mod group;
pub mod inode;
pub mod map;
pub mod superblock;

/// Why bytes are not what they should be: a phrase for the log.
pub type Damage = &'static str;
