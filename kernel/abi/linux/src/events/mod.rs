//! Waiting for many things: poll, select, epoll; and the files that stand for an event: counters,
//! timers, signals, watches.

pub mod counter;
pub mod epoll;
pub mod epoll_calls;
pub mod poll;
pub mod readiness;
pub mod select;
pub mod signals;
pub mod timers;
pub mod watches;

use object::{FileKind, FileStatus};

/// What fstat says of a file that is no file: nobody's, without a type.
pub(crate) fn anonymous_status() -> FileStatus {
    FileStatus {
        kind: FileKind::Anonymous,
        mode: 0o600,
        links: 1,
        block_size: 4096,
        ..FileStatus::default()
    }
}
