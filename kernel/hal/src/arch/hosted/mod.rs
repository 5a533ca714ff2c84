//! The machine inside a test process.

pub(crate) mod backend;
