//! What the unit tests of every file system need.
//!
//! - [`on_machine`] runs a test as the kernel of a hosted machine of its own;
//! - [`context`] is a root's view of one mounted file system, and [`Short`] says in a word what the
//!   tests ask of it again and again;
//! - [`Scratch`] and [`tool`] bring in the host's own programs (`mke2fs`, `e2fsck`, `fsck.fat`),
//!   which judge what was written;
//! - [`made_by`] and [`judged_by`] let such a program make an image, or say what it thinks of one;
//! - [`Life`] lives on an image at random, beside a model of it;
//! - [`History`] is what was written to a disk, cut where the power goes;
//! - [`fails_to_read`], [`fails_to_write`], [`catches_up`], [`vanishes`], [`mutate`] and [`stir`] are for
//!   disks that fail, and for images that make no sense;
//! - [`SlowDisk`] answers late and out of order;
//! - [`stores_what_mappings_change`] is for what reaches the disk without a call;
//! - [`is_mounted_one_way`] is for disks that are mounted more than once;
//! - [`rounds`] is how often a test is repeated;
//! - [`Random`] makes seeded numbers and contents.
//!
//! Tests panic where something fails: that is how they fail.

#![forbid(unsafe_code)]

mod damage;
mod history;
mod host;
mod image;
mod machine;
mod model;
mod random;
mod short;
mod slow;
mod ways;

pub use damage::{
    catches_up, fails_to_read, fails_to_write, mutate, stir, stores_what_mappings_change, vanishes,
};
pub use history::History;
pub use host::{Scratch, rounds, tool};
pub use image::{judged_by, made_by};
pub use machine::{context, on_machine, on_machine_with};
pub use model::{Life, spelled_so};
pub use random::Random;
pub use short::Short;
pub use slow::SlowDisk;
pub use ways::is_mounted_one_way;

/// Mounts the file system on a disk, to be written.
pub type Mounting = dyn Fn(&std::sync::Arc<device::block::MemoryDisk>) -> std::sync::Arc<dyn vfs::FileSystem>
    + Sync;
