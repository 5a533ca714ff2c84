//! Memory, and the threads' sleeping places in it.

use super::{Answer, invoke, record_address};
use core::sync::atomic::AtomicU32;
use scarlet_abi::memory::{MapRequest, Protection};
use scarlet_abi::thread::ThreadRequest;
use scarlet_abi::{Call, NONE};

/// Maps fresh zeroed memory somewhere; gives its address.
pub(crate) fn map_anonymous(length: usize) -> Answer {
    let request = MapRequest {
        size: size_of::<MapRequest>() as u32,
        flags: 0,
        address: 0,
        length: length as u64,
        protection: (Protection::READ | Protection::WRITE).bits(),
        reserved: 0,
        handle: NONE as u64,
        offset: 0,
    };
    // SAFETY: the kernel reads the record; the new mapping replaces nothing.
    unsafe { invoke(Call::Map, [record_address(&request)]) }
}

/// Removes a mapping.
///
/// # Safety
///
/// Nothing may use the memory any more.
pub(crate) unsafe fn unmap(address: usize, length: usize) -> Answer {
    // SAFETY: as the caller vouches.
    unsafe { invoke(Call::Unmap, [address, length]) }
}

/// Changes the protection of mapped memory.
///
/// # Safety
///
/// Nothing may use the memory in a way that the new protection forbids.
pub(crate) unsafe fn protect(address: usize, length: usize, protection: Protection) -> Answer {
    // SAFETY: as the caller vouches.
    unsafe { invoke(Call::Protect, [address, length, protection.bits() as usize]) }
}

pub(crate) fn futex_wait(word: &AtomicU32, expected: u32, timeout_ns: usize) -> Answer {
    // SAFETY: the kernel reads the word atomically.
    unsafe {
        invoke(
            Call::FutexWait,
            [word.as_ptr() as usize, expected as usize, timeout_ns],
        )
    }
}

pub(crate) fn futex_wake(word: &AtomicU32, count: usize) -> Answer {
    // SAFETY: the address is only a name here.
    unsafe { invoke(Call::FutexWake, [word.as_ptr() as usize, count]) }
}

/// Starts a thread.
///
/// # Safety
///
/// Entry, stack and clear-on-exit address must stay valid for as long as the thread lives.
pub(crate) unsafe fn create_thread(request: &ThreadRequest) -> Answer {
    // SAFETY: the kernel reads the record; the rest as the caller vouches.
    unsafe { invoke(Call::CreateThread, [record_address(request)]) }
}

pub(crate) fn exit_thread() -> ! {
    loop {
        // SAFETY: no memory is named; the thread runs no further.
        let _ = unsafe { invoke(Call::ExitThread, []) };
    }
}

pub(crate) fn thread_id() -> usize {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::ThreadId, []) }.unwrap_or(0)
}

pub(crate) fn yield_now() {
    // SAFETY: no memory is named.
    let _ = unsafe { invoke(Call::Yield, []) };
}
