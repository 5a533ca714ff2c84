//! The machine and the system as a whole.

use crate::io;
use crate::sys;
use crate::time::SystemTime;
use alloc::string::String;
pub use scarlet_abi::system::{MemoryInfo, SystemInfo};
use scarlet_abi::system::{POWER_OFF, POWER_RESTART};

/// Names and versions.
pub fn information() -> io::Result<SystemInfo> {
    let mut record = SystemInfo::default();
    sys::system_info(&mut record)?;
    Ok(record)
}

/// Memory, load and time since start.
pub fn memory() -> io::Result<MemoryInfo> {
    let mut record = MemoryInfo::default();
    sys::memory_info(&mut record)?;
    Ok(record)
}

/// A zero-padded field as text.
pub fn field(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Sets the host's name.
pub fn set_host_name(name: &str) -> io::Result<()> {
    sys::set_host_name(name.as_bytes())?;
    Ok(())
}

/// Sets the calendar's clock.
pub fn set_time(time: SystemTime) -> io::Result<()> {
    sys::set_clock(u64::try_from(time.since_epoch().as_nanos()).unwrap_or(u64::MAX))?;
    Ok(())
}

/// Switches the machine off; a machine that can report a status reports this one.
pub fn power_off(status: i32) -> io::Result<()> {
    sys::power(POWER_OFF, status)?;
    Ok(())
}

/// Restarts the machine.
pub fn restart() -> io::Result<()> {
    sys::power(POWER_RESTART, 0)?;
    Ok(())
}

/// Fills a buffer with random bytes.
pub fn random(buffer: &mut [u8]) -> io::Result<()> {
    let mut rest = buffer;
    while !rest.is_empty() {
        let length = sys::random(rest)?;
        rest = &mut rest[length..];
    }
    Ok(())
}
