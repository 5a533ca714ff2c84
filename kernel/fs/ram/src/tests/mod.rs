//! Tests of the vfs on its simplest file system.
//!
//! They live here rather than in the vfs because a walk needs something to walk on.

mod access_lists;
mod contents;
mod extended;
mod handles;
mod kit;
mod links;
mod model;
mod mounts;
mod names;
mod permissions;
mod properties;
mod rename;
mod views;
