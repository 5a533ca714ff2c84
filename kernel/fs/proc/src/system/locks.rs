//! `/proc/locks`: who has locked what, in Linux's format.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use base::{Result, Room};
use device::DeviceNumber;
use vfs::{LockClass, LockKind, held_locks};

use crate::filesystem::Shared;

/// A line for each lock. Those of processes that this instance does not show are left out, as on Linux.
pub(crate) fn locks(shared: &Shared) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for (line, lock) in (1_u64..).zip(held_locks()?) {
        let process = match u32::try_from(lock.process) {
            Ok(process) => i64::from(shared.namespace().number_of(process)),
            Err(_) => -1,
        };
        if process == 0 {
            continue;
        }
        let class = match lock.class {
            LockClass::Whole => "FLOCK ",
            LockClass::Process => "POSIX ",
            LockClass::OpenFile => "OFDLCK",
        };
        let kind = match lock.kind {
            LockKind::Shared => "READ",
            LockKind::Exclusive => "WRITE",
        };
        let DeviceNumber { major, minor } = DeviceNumber::from_linux(lock.device);
        let (inode, start) = (lock.inode, lock.range.start);
        let end = match lock.range.end {
            u64::MAX => "EOF".into(),
            end => (end - 1).to_string(),
        };
        let line = format!(
            "{line}: {class} ADVISORY  {kind} {process} {major:02x}:{minor:02x}:{inode} {start} {end}\n"
        );
        text.make_room(line.len())?;
        text.extend_from_slice(line.as_bytes());
    }
    Ok(text)
}
