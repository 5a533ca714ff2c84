//! A fresh tmpfs and a root's context on it.

use std::sync::Arc;

use vfs::{FileSystem, FsContext};

pub(super) use filesystem_testkit::{Short, on_machine};

use crate::{Limits, RamFs};

/// Limits that do not ask the machine for its size.
pub(super) const LIMITS: Limits = Limits {
    pages: 1000,
    inodes: 10_000,
    directory_pages: 0,
    unpaid: false,
};

pub(super) fn filesystem() -> Arc<dyn FileSystem> {
    RamFs::with("tmpfs", LIMITS, 0o755).unwrap()
}

pub(super) fn context() -> FsContext {
    filesystem_testkit::context(&filesystem())
}
