//! What lies on the disk: plain values and functions over bytes, without a kernel.

pub mod boot;
pub mod entry;
pub mod fold;
pub mod long;
pub mod short;
pub mod table;
pub mod time;

/// What is wrong with what was read.
pub type Damage = &'static str;
