//! Copies to and from the memory of the program whose space is active on this CPU.
//!
//! An address is checked to lie in the user half before the machine is asked; the copy itself is
//! the backend's, and ends at the first byte that faults.

use crate::frame::Frame;
use crate::{PAGE_SIZE, USER_END, arch};

/// What a program, or a copy on its behalf, tried to do with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Load.
    Read,
    /// Store, or load with the intent to store.
    Write,
    /// Fetch an instruction.
    Execute,
}

/// A copy that met an address it could not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserFault {
    /// The first byte that could not be reached.
    pub address: usize,
    /// How many bytes before it were done.
    pub done: usize,
    /// What was tried.
    pub access: Access,
}

/// How many of `length` bytes from `address` on lie in the user half.
#[inline]
fn reachable(address: usize, length: usize) -> usize {
    length.min(USER_END.saturating_sub(address))
}

/// Turns the number of bytes done into a result.
#[inline]
fn outcome(address: usize, length: usize, done: usize, access: Access) -> Result<(), UserFault> {
    if done == length {
        Ok(())
    } else {
        Err(UserFault {
            address: address.wrapping_add(done),
            done,
            access,
        })
    }
}

/// Copies from the program's memory.
#[inline]
pub fn copy_from_user(address: usize, into: &mut [u8]) -> Result<(), UserFault> {
    let length = reachable(address, into.len());
    // SAFETY: `into` is valid for writes of its length, `length` is no more; and the user range
    // lies below USER_END.
    let done = unsafe { arch::user_read(address, into.as_mut_ptr(), length) };
    outcome(address, into.len(), done, Access::Read)
}

/// Copies into the program's memory.
#[inline]
pub fn copy_to_user(address: usize, from: &[u8]) -> Result<(), UserFault> {
    let length = reachable(address, from.len());
    // SAFETY: `from` is valid for reads of its length, `length` is no more; and the user range
    // lies below USER_END.
    let done = unsafe { arch::user_write(address, from.as_ptr(), length) };
    outcome(address, from.len(), done, Access::Write)
}

/// Fills the program's memory with zeros.
#[inline]
pub fn zero_user(address: usize, length: usize) -> Result<(), UserFault> {
    let done = arch::user_zero(address, reachable(address, length));
    outcome(address, length, done, Access::Write)
}

/// Copies `length` bytes of `frame` from `offset` on into the program's memory. Panics if they
/// are not all in the frame.
#[inline]
pub fn copy_frame_to_user(
    frame: &Frame,
    offset: usize,
    address: usize,
    length: usize,
) -> Result<(), UserFault> {
    assert!(
        offset <= PAGE_SIZE && length <= PAGE_SIZE - offset,
        "beyond the frame"
    );
    let reach = reachable(address, length);
    let source = arch::physical_to_virtual(frame.number() * PAGE_SIZE + offset);
    // SAFETY: `frame` keeps its page alive, and the range was checked to lie in it. The page may
    // change meanwhile; the copy is the backend's own code, to which any bytes are fine.
    let done = unsafe { arch::user_write(address, source, reach) };
    outcome(address, length, done, Access::Write)
}

/// Copies `length` bytes of the program's memory into `frame` from `offset` on. Panics if they do
/// not fit.
#[inline]
pub fn copy_user_to_frame(
    address: usize,
    frame: &Frame,
    offset: usize,
    length: usize,
) -> Result<(), UserFault> {
    assert!(
        offset <= PAGE_SIZE && length <= PAGE_SIZE - offset,
        "beyond the frame"
    );
    let reach = reachable(address, length);
    let target = arch::physical_to_virtual(frame.number() * PAGE_SIZE + offset);
    // SAFETY: as in `copy_frame_to_user`; frames are untyped bytes, so any may be written.
    let done = unsafe { arch::user_read(address, target, reach) };
    outcome(address, length, done, Access::Read)
}

/// Whether a word at `address` is aligned and in the user half.
#[inline]
fn word_is_reachable(address: usize) -> bool {
    address.is_multiple_of(4) && reachable(address, 4) == 4
}

/// The fault of a word access at `address`.
#[inline]
fn word_fault(address: usize, access: Access) -> UserFault {
    UserFault {
        address,
        done: 0,
        access,
    }
}

/// Reads an aligned word of the program's memory in one access.
#[inline]
pub fn load_u32(address: usize) -> Result<u32, UserFault> {
    if !word_is_reachable(address) {
        return Err(word_fault(address, Access::Read));
    }
    arch::user_load_u32(address).ok_or(word_fault(address, Access::Read))
}

/// Writes an aligned word of the program's memory in one access.
pub fn store_u32(address: usize, value: u32) -> Result<(), UserFault> {
    let mut found = load_u32(address).map_err(|_| word_fault(address, Access::Write))?;
    // An exchange is the one store that every backend makes in one access.
    while let Err(other) = compare_exchange_u32(address, found, value)? {
        found = other;
    }
    Ok(())
}

/// Replaces an aligned word by `new` if it is `old`, in one atomic step: `Ok(old)` if so,
/// `Err(found)` if it was something else.
pub fn compare_exchange_u32(
    address: usize,
    old: u32,
    new: u32,
) -> Result<Result<u32, u32>, UserFault> {
    if !word_is_reachable(address) {
        return Err(word_fault(address, Access::Write));
    }
    let found = arch::user_compare_exchange_u32(address, old, new)
        .ok_or(word_fault(address, Access::Write))?;
    Ok(if found == old { Ok(found) } else { Err(found) })
}

/// Makes instructions that were written before, by anyone, visible to the fetches of every CPU:
/// what a program asks for that makes code while it runs.
pub fn synchronize_instructions() {
    arch::fence_instructions((1 << crate::cpu::count()) - 1);
}
