//! `/proc/sysrq-trigger`: orders to the machine (Linux, Documentation/admin-guide/sysrq.rst).
//!
//! One of them is there: `c` makes the kernel panic, for whoever wants to see that the report
//! reaches them. The file is the superuser's, and only of the outermost environment: a container's
//! superuser does not end the machine.

use base::{Error, Result};
use proc::Process;

use crate::filesystem::Shared;

/// Does what was written says; the first byte counts.
pub(crate) fn order(_: &Shared, text: &[u8]) -> Result<()> {
    crate::access::check_machine()?;
    let process = Process::current();
    match text.first() {
        Some(b'c') => panic!("{process:?} asked for it through /proc/sysrq-trigger"),
        _ => Err(Error::InvalidArgument),
    }
}
