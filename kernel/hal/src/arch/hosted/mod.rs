//! The machine inside a test process.

pub(crate) mod backend;
mod plant;

pub use plant::{Bug, is_planted};
