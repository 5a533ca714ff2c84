//! What Linux does not have: the ABI a process speaks, and the environment it lives in.

use alloc::format;
use alloc::vec::Vec;

use base::Result;

use super::Subject;

/// `/proc/PID/scarlet/abi`.
pub(super) fn abi(subject: &Subject) -> Result<Vec<u8>> {
    Ok(format!("{}\n", subject.process.abi().name()).into_bytes())
}

/// `/proc/PID/scarlet/environment`.
pub(super) fn environment(subject: &Subject) -> Result<Vec<u8>> {
    Ok(format!("{}\n", subject.process.environment().name()).into_bytes())
}
