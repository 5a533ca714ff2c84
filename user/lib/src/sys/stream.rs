//! Streams and handles.

use super::{Answer, address, invoke, record_address_mut};
use scarlet_abi::Call;
use scarlet_abi::file::FileStatus;
use scarlet_abi::handle::HandleInfo;
use scarlet_abi::poll::PollEntry;

pub(crate) fn read(handle: usize, buffer: &mut [u8]) -> Answer {
    // SAFETY: the kernel writes into the buffer only.
    unsafe {
        invoke(
            Call::Read,
            [handle, buffer.as_mut_ptr() as usize, buffer.len()],
        )
    }
}

pub(crate) fn write(handle: usize, buffer: &[u8]) -> Answer {
    // SAFETY: the kernel reads the buffer only.
    unsafe { invoke(Call::Write, [handle, address(buffer), buffer.len()]) }
}

pub(crate) fn read_at(handle: usize, buffer: &mut [u8], offset: u64) -> Answer {
    let start = buffer.as_mut_ptr() as usize;
    // SAFETY: the kernel writes into the buffer only.
    unsafe { invoke(Call::ReadAt, [handle, start, buffer.len(), offset as usize]) }
}

pub(crate) fn write_at(handle: usize, buffer: &[u8], offset: u64) -> Answer {
    // SAFETY: the kernel reads the buffer only.
    unsafe {
        invoke(
            Call::WriteAt,
            [handle, address(buffer), buffer.len(), offset as usize],
        )
    }
}

pub(crate) fn seek(handle: usize, offset: i64, origin: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::Seek, [handle, offset as usize, origin]) }
}

pub(crate) fn close(handle: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::Close, [handle]) }
}

pub(crate) fn duplicate(handle: usize, minimum: usize, rights: usize, flags: u32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::Duplicate, [handle, minimum, rights, flags as usize]) }
}

pub(crate) fn replace(handle: usize, target: usize, rights: usize, flags: u32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::Replace, [handle, target, rights, flags as usize]) }
}

pub(crate) fn handle_info(handle: usize, record: &mut HandleInfo) -> Answer {
    let size = size_of::<HandleInfo>();
    // SAFETY: the kernel writes at most `size` bytes into the record.
    unsafe { invoke(Call::HandleInfo, [handle, record_address_mut(record), size]) }
}

pub(crate) fn handle_set_flags(handle: usize, flags: u32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::HandleSetFlags, [handle, flags as usize]) }
}

pub(crate) fn pipe(handles: &mut [u32; 2], flags: u32) -> Answer {
    // SAFETY: the kernel writes the two handles into the array.
    unsafe { invoke(Call::Pipe, [handles.as_mut_ptr() as usize, flags as usize]) }
}

pub(crate) fn poll(entries: &mut [PollEntry], timeout_ns: usize) -> Answer {
    let start = entries.as_mut_ptr() as usize;
    // SAFETY: the kernel reads and writes the entries only.
    unsafe { invoke(Call::Poll, [start, entries.len(), timeout_ns]) }
}

pub(crate) fn sync(handle: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::Sync, [handle]) }
}

pub(crate) fn truncate(handle: usize, length: u64) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::Truncate, [handle, length as usize]) }
}

pub(crate) fn read_directory(handle: usize, buffer: &mut [u8]) -> Answer {
    let start = buffer.as_mut_ptr() as usize;
    // SAFETY: the kernel writes into the buffer only.
    unsafe { invoke(Call::ReadDirectory, [handle, start, buffer.len()]) }
}

pub(crate) fn handle_status(handle: usize, record: &mut FileStatus) -> Answer {
    let size = size_of::<FileStatus>();
    // SAFETY: the kernel writes at most `size` bytes into the record.
    unsafe {
        invoke(
            Call::HandleStatus,
            [handle, record_address_mut(record), size],
        )
    }
}
