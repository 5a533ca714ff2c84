//! Time, randomness and the system as a whole.

use super::{Answer, address, invoke, record_address_mut};
use scarlet_abi::Call;
use scarlet_abi::system::{MemoryInfo, SystemInfo};

pub(crate) fn clock(clock: usize) -> u64 {
    let mut time = 0u64;
    // SAFETY: the kernel writes one u64.
    let _ = unsafe { invoke(Call::Clock, [clock, record_address_mut(&mut time)]) };
    time
}

pub(crate) fn sleep(duration_ns: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::Sleep, [duration_ns]) }
}

pub(crate) fn set_clock(time_ns: u64) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::SetClock, [time_ns as usize]) }
}

pub(crate) fn random(buffer: &mut [u8]) -> Answer {
    // SAFETY: the kernel writes into the buffer only.
    unsafe { invoke(Call::Random, [buffer.as_mut_ptr() as usize, buffer.len()]) }
}

pub(crate) fn system_info(record: &mut SystemInfo) -> Answer {
    let size = size_of::<SystemInfo>();
    // SAFETY: the kernel writes at most `size` bytes into the record.
    unsafe { invoke(Call::SystemInfo, [record_address_mut(record), size]) }
}

pub(crate) fn memory_info(record: &mut MemoryInfo) -> Answer {
    let size = size_of::<MemoryInfo>();
    // SAFETY: the kernel writes at most `size` bytes into the record.
    unsafe { invoke(Call::MemoryInfo, [record_address_mut(record), size]) }
}

pub(crate) fn set_host_name(name: &[u8]) -> Answer {
    // SAFETY: the kernel reads the name only.
    unsafe { invoke(Call::SetHostName, [address(name), name.len()]) }
}

pub(crate) fn power(action: usize, status: i32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::Power, [action, status as usize]) }
}
