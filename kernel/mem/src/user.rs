//! User memory: typed values and strings, read and written with faults resolved.
//!
//! `hal` copies to and from the user memory of the space that is active on this CPU, and gives up
//! at the first byte that is not there. This layer asks the address space to resolve the fault
//! (bring the page in, copy it on write, grow the stack), which may sleep, and goes on from that
//! byte. Only when it cannot be resolved does the caller see `Error::BadAddress`.
//!
//! Nothing here may be called with a spin lock held.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::mem::size_of;

use base::{Error, Result, Room};
use hal::user::UserFault;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::AddressSpace;

pub use crate::text::{UserText, read_c_string};

/// So often may one byte fault again after its fault was resolved. Another thread may unmap it in
/// between, but not for ever.
const RETRIES: usize = 64;

/// Runs `copy`, which is told how many bytes are already done, until all `length` bytes are done
/// or a fault cannot be resolved; returns how many were done.
#[inline]
pub(crate) fn with_faults(
    length: usize,
    mut copy: impl FnMut(usize) -> core::result::Result<(), UserFault>,
) -> usize {
    if length == 0 {
        return 0;
    }
    match copy(0) {
        Ok(()) => length,
        Err(fault) => go_on(length, fault, copy),
    }
}

/// Goes on after the first fault. Apart, because nearly every copy meets none.
#[cold]
#[inline(never)]
fn go_on(
    length: usize,
    first: UserFault,
    mut copy: impl FnMut(usize) -> core::result::Result<(), UserFault>,
) -> usize {
    let mut done = 0;
    let mut stuck = 0;
    let mut fault = first;
    loop {
        if fault.done > 0 {
            done += fault.done;
            stuck = 0;
        }
        stuck += 1;
        if stuck > RETRIES || !resolve(&fault) || done >= length {
            return done;
        }
        match copy(done) {
            Ok(()) => return length,
            Err(next) => fault = next,
        }
    }
}

#[cold]
fn resolve(fault: &UserFault) -> bool {
    let Some(space) = AddressSpace::current() else {
        return false;
    };
    space.resolve_fault(fault.address, fault.access).is_ok()
}

/// Copies from user memory; all or an error.
pub fn read_bytes(address: usize, into: &mut [u8]) -> Result<()> {
    let length = into.len();
    let done = with_faults(length, |done| {
        hal::user::copy_from_user(address.wrapping_add(done), &mut into[done..])
    });
    if done == length {
        Ok(())
    } else {
        Err(Error::BadAddress)
    }
}

/// Copies to user memory; all or an error (then a part may have been written).
pub fn write_bytes(address: usize, from: &[u8]) -> Result<()> {
    let done = with_faults(from.len(), |done| {
        hal::user::copy_to_user(address.wrapping_add(done), &from[done..])
    });
    if done == from.len() {
        Ok(())
    } else {
        Err(Error::BadAddress)
    }
}

/// Writes zeros to user memory; all or an error.
pub fn zero_bytes(address: usize, length: usize) -> Result<()> {
    let done = with_faults(length, |done| {
        hal::user::zero_user(address.wrapping_add(done), length - done)
    });
    if done == length {
        Ok(())
    } else {
        Err(Error::BadAddress)
    }
}

/// Loads an aligned 32-bit word atomically.
pub fn load_u32(address: usize) -> Result<u32> {
    atomically(address, || hal::user::load_u32(address))
}

/// Stores a 32-bit word, in one piece if it is aligned.
pub fn store_u32(address: usize, value: u32) -> Result<()> {
    write_bytes(address, &value.to_ne_bytes())
}

/// Replaces an aligned 32-bit word if it is `old`; `Ok(Err(present))` if it is not.
pub fn compare_exchange_u32(
    address: usize,
    old: u32,
    new: u32,
) -> Result<core::result::Result<u32, u32>> {
    atomically(address, || {
        hal::user::compare_exchange_u32(address, old, new)
    })
}

fn atomically<T>(
    address: usize,
    mut operation: impl FnMut() -> core::result::Result<T, UserFault>,
) -> Result<T> {
    if !address.is_multiple_of(4) {
        return Err(Error::InvalidArgument);
    }
    for _ in 0..RETRIES {
        match operation() {
            Ok(value) => return Ok(value),
            Err(fault) if resolve(&fault) => {}
            Err(_) => break,
        }
    }
    Err(Error::BadAddress)
}

/// The address of a `T` in user memory, as a program passed it: it may be null, unaligned or
/// nonsense, which shows when it is used.
pub struct UserPtr<T> {
    address: usize,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for UserPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for UserPtr<T> {}

impl<T> core::fmt::Debug for UserPtr<T> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "UserPtr({:#x})", self.address)
    }
}

impl<T> UserPtr<T> {
    /// A pointer from a register or a record.
    pub const fn from(address: usize) -> Self {
        Self {
            address,
            kind: PhantomData,
        }
    }

    /// The number that was passed.
    pub const fn address(self) -> usize {
        self.address
    }

    /// Whether the number is zero.
    pub const fn is_null(self) -> bool {
        self.address == 0
    }

    /// The pointer, or `None` if it is null.
    pub fn non_null(self) -> Option<Self> {
        if self.is_null() { None } else { Some(self) }
    }

    /// The pointer to the element `count` further on. An overflow leads to a bad address.
    pub fn offset(self, count: usize) -> Self {
        let bytes = count.saturating_mul(size_of::<T>());
        Self::from(self.address.saturating_add(bytes))
    }

    /// The same address as a pointer to something else.
    pub const fn cast<U>(self) -> UserPtr<U> {
        UserPtr::from(self.address)
    }
}

impl<T: FromBytes + IntoBytes> UserPtr<T> {
    /// Reads the value.
    #[inline]
    pub fn read(self) -> Result<T> {
        let mut value = T::new_zeroed();
        read_bytes(self.address, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Reads the value into place: for large ones.
    #[inline]
    pub fn read_into(self, value: &mut T) -> Result<()> {
        read_bytes(self.address, value.as_mut_bytes())
    }

    /// Reads `count` values.
    pub fn read_many(self, count: usize) -> Result<Vec<T>> {
        let mut values: Vec<T> = Vec::new();
        values.make_room(count)?;
        for index in 0..count {
            values.push(self.offset(index).read()?);
        }
        Ok(values)
    }
}

impl<T: IntoBytes + Immutable> UserPtr<T> {
    /// Writes the value.
    pub fn write(self, value: &T) -> Result<()> {
        write_bytes(self.address, value.as_bytes())
    }

    /// Writes values one after the other.
    pub fn write_many(self, values: &[T]) -> Result<()> {
        write_bytes(self.address, values.as_bytes())
    }
}

/// Bytes in user memory, as a program passed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserSlice {
    /// The first byte.
    pub address: usize,
    /// How many.
    pub length: usize,
}

impl UserSlice {
    /// The `length` bytes at `address`.
    pub const fn new(address: usize, length: usize) -> Self {
        Self { address, length }
    }

    /// Reads as many bytes as both have room for; returns how many.
    pub fn read_into(self, into: &mut [u8]) -> Result<usize> {
        let length = self.length.min(into.len());
        read_bytes(self.address, &mut into[..length])?;
        Ok(length)
    }

    /// Reads everything, refusing more than `maximum` bytes with `error`.
    pub fn read_all(self, maximum: usize, error: Error) -> Result<Vec<u8>> {
        if self.length > maximum {
            return Err(error);
        }
        let mut bytes = Vec::new();
        bytes.make_room(self.length)?;
        bytes.resize(self.length, 0);
        read_bytes(self.address, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes as many bytes as both have; returns how many.
    pub fn write_from(self, from: &[u8]) -> Result<usize> {
        let length = self.length.min(from.len());
        write_bytes(self.address, &from[..length])?;
        Ok(length)
    }
}
