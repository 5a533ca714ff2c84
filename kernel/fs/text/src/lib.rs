//! Files whose text is made when it is read: what procfs and sysfs have in common.
//!
//! * [`node`]: texts and links. * [`open`]: an open text. * [`directory`]: directories whose names are told.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod directory;
mod node;
mod open;

pub use directory::{Directory, Listing, Visit, show};
pub use node::{Generate, LinkNode, Meta, Target, TextNode, inode_below};
pub use open::TextFile;
