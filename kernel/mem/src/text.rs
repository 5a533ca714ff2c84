//! Text in user memory that ends with NUL: paths, mostly.
//!
//! [`UserText`] keeps what is short, as most paths are, beside itself: reading one costs no memory of the heap.
//! [`read_c_string`] gives any text as bytes of its own.

use alloc::vec::Vec;

use base::{Error, Result, Room};
use hal::PAGE_SIZE;
use zerocopy::IntoBytes;

use crate::user::read_bytes;

/// How many words of a string are looked at at once: most paths are shorter.
const WORDS: usize = 8;

/// Room for a text that is read, without its NUL.
///
/// It is made first and read into afterwards: moving one costs as much as it saves.
#[derive(Default)]
pub struct UserText {
    short: [u64; WORDS],
    /// A text that is not short; else empty.
    long: Vec<u8>,
}

impl UserText {
    /// No text yet.
    #[inline]
    pub const fn new() -> Self {
        Self {
            short: [0; WORDS],
            long: Vec::new(),
        }
    }

    /// Reads the text at `address`, in user memory, in place of what was there. One that does not end within `maximum`
    /// bytes, at least 64, is [`Error::NameTooLong`].
    pub fn read(&mut self, address: usize, maximum: usize) -> Result<&[u8]> {
        let wanted = first_piece(address).min(maximum);
        read_bytes(address, &mut self.short.as_mut_bytes()[..wanted])?;
        let end = position_of_zero(&self.short);
        if end < wanted {
            return Ok(&self.short.as_bytes()[..end]);
        }
        self.long = read_c_string(address, maximum)?;
        Ok(&self.long)
    }
}

/// How many bytes are looked at at once: never over a page's end, because the next page need not exist.
#[inline]
fn first_piece(address: usize) -> usize {
    (PAGE_SIZE - address % PAGE_SIZE).min(size_of::<[u64; WORDS]>())
}

/// Reads a string that ends with NUL; the NUL is not in the result. A string without one within
/// `maximum` bytes is `Error::NameTooLong`.
pub fn read_c_string(address: usize, maximum: usize) -> Result<Vec<u8>> {
    let mut text: Vec<u8> = Vec::new();
    let mut chunk = [0u64; WORDS];
    while text.len() < maximum {
        let at = address.checked_add(text.len()).ok_or(Error::BadAddress)?;
        let wanted = first_piece(at).min(maximum - text.len());
        read_bytes(at, &mut chunk.as_mut_bytes()[..wanted])?;
        let end = position_of_zero(&chunk).min(wanted);
        text.make_room(end)?;
        text.extend_from_slice(&chunk.as_bytes()[..end]);
        if end < wanted {
            return Ok(text);
        }
    }
    Err(Error::NameTooLong)
}

/// Where the first zero byte is, in memory order; the number of bytes if there is none.
#[inline]
fn position_of_zero(words: &[u64; WORDS]) -> usize {
    // A byte's highest bit is set in the result where the byte is zero, and perhaps in bytes that
    // follow one in the order of significance: enough to know which word to look into.
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHS: u64 = ONES << 7;
    let has_zero = |word: &u64| word.wrapping_sub(ONES) & !word & HIGHS != 0;
    match words.iter().position(has_zero) {
        Some(word) => {
            let bytes = words[word].as_bytes();
            word * size_of::<u64>() + bytes.iter().take_while(|&&byte| byte != 0).count()
        }
        None => size_of_val(words),
    }
}
