//! Records that begin with their own size.

use base::{Error, Result};
use mem::user::{UserPtr, read_bytes, write_bytes, zero_bytes};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// No record is larger, in this or any later version.
const LARGEST: usize = 4096;

/// Reads a record of a program that may be older (it knows less: the rest is zero) or newer (what we do
/// not know must be zero).
pub(crate) fn read<T: FromBytes + IntoBytes>(record: UserPtr<T>) -> Result<T> {
    let size = record.cast::<u32>().read()? as usize;
    if !(size_of::<u32>()..=LARGEST).contains(&size) {
        return Err(Error::InvalidArgument);
    }
    let mut value = T::new_zeroed();
    let known = size.min(size_of::<T>());
    read_bytes(record.address(), &mut value.as_mut_bytes()[..known])?;
    let mut at = known;
    let mut chunk = [0; 64];
    while at < size {
        let length = (size - at).min(chunk.len());
        read_bytes(record.address().wrapping_add(at), &mut chunk[..length])?;
        if chunk[..length].iter().any(|&byte| byte != 0) {
            return Err(Error::InvalidArgument);
        }
        at += length;
    }
    Ok(value)
}

/// Writes a record, or as much of it as a program knows that gave it `size` bytes.
pub(crate) fn write<T: IntoBytes + Immutable>(
    target: UserPtr<T>,
    size: usize,
    value: &T,
) -> Result<usize> {
    if !(size_of::<u32>()..=LARGEST).contains(&size) {
        return Err(Error::InvalidArgument);
    }
    let bytes = value.as_bytes();
    let known = size.min(bytes.len());
    write_bytes(target.address(), &bytes[..known])?;
    if size > known {
        zero_bytes(target.address().wrapping_add(known), size - known)?;
    }
    Ok(0)
}

/// A text in a field of fixed size, padded with zeroes.
pub(crate) fn field<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [0; N];
    let mut length = text.len().min(N - 1);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    field[..length].copy_from_slice(&text.as_bytes()[..length]);
    field
}
