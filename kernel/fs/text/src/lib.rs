//! Files whose text is made when it is read: what procfs and sysfs have in common.
//!
//! * [`node`]: the inodes. * [`open`]: an open text.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod node;
mod open;

pub use node::{Generate, LinkNode, Meta, Target, TextNode, inode_below};
pub use open::TextFile;
