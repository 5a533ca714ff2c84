//! What the unit tests of every file system need.
//!
//! - [`on_machine`] runs a test as the kernel of a hosted machine of its own;
//! - [`context`] is a root's view of one mounted file system, and [`Short`] says in a word what the
//!   tests ask of it again and again;
//! - [`Scratch`] and [`tool`] bring in the host's own programs (`mke2fs`, `e2fsck`, `fsck.fat`),
//!   which judge what was written;
//! - [`Random`] makes seeded numbers and contents.
//!
//! Tests panic where something fails: that is how they fail.

#![forbid(unsafe_code)]

mod host;
mod machine;
mod random;
mod short;

pub use host::{Scratch, tool};
pub use machine::{context, on_machine, on_machine_with};
pub use random::Random;
pub use short::Short;
