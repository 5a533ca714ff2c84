//! The first stack: one page above the image and an inaccessible page.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use hal::user::UserContext;
use hal::{PAGE_SIZE, USER_END};
use mem::{AddressSpace, MapRequest, Placement, Protection};
use proc::{ExecInfo, InitialState};

use crate::limits::ARGUMENTS;

/// Maps and fills the stack; the heap begins behind it. The break covers everything from 0 on, so
/// that a program may give back even its own text.
pub(crate) fn build(info: &ExecInfo<'_>, space: &Arc<AddressSpace>) -> Result<InitialState> {
    let guard = info.image_end.next_multiple_of(PAGE_SIZE);
    let base = guard + PAGE_SIZE;
    let top = base + PAGE_SIZE;
    if top > USER_END {
        return Err(Error::OutOfMemory);
    }
    let (pointer, bytes, strings) = lay_out(info.arguments, base, top)?;
    space.map(MapRequest::anonymous(
        Placement::FixedNoReplace(base),
        PAGE_SIZE,
        Protection::READ | Protection::WRITE,
    ))?;
    space.write_bytes(pointer, &bytes)?;
    space.set_heap(0, top);

    let mut context = UserContext::new(info.entry, pointer);
    context.set_argument(0, info.arguments.len());
    context.set_argument(1, pointer);
    Ok(InitialState {
        context,
        arguments: strings,
        environment: (top, top),
    })
}

/// The stack pointer, the bytes from there to `top`, and where the strings lie among them: below
/// the strings, each aligned to sixteen bytes, the array of pointers to them.
fn lay_out(
    arguments: &[Vec<u8>],
    base: usize,
    top: usize,
) -> Result<(usize, Vec<u8>, (usize, usize))> {
    if arguments.len() >= ARGUMENTS {
        return Err(Error::ArgumentListTooLong);
    }
    let mut page = alloc::vec![0u8; top - base];
    let mut pointer = top;
    let mut addresses = Vec::with_capacity(arguments.len() + 1);
    for argument in arguments {
        pointer = below(pointer, argument.len() + 1, base)?;
        page[pointer - base..][..argument.len()].copy_from_slice(argument);
        addresses.push(pointer as u64);
    }
    let strings = pointer;
    addresses.push(0);
    pointer = below(pointer, addresses.len() * 8, base)?;
    for (index, address) in addresses.iter().enumerate() {
        page[pointer - base + index * 8..][..8].copy_from_slice(&address.to_le_bytes());
    }
    page.drain(..pointer - base);
    Ok((pointer, page, (strings, top)))
}

fn below(pointer: usize, length: usize, base: usize) -> Result<usize> {
    pointer
        .checked_sub(length)
        .map(|address| address & !15)
        .filter(|&address| address >= base)
        .ok_or(Error::ArgumentListTooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: usize = 0x3000;
    const TOP: usize = 0x4000;

    #[test]
    fn strings_lie_at_the_top_and_their_addresses_below() {
        let arguments = [b"echo".to_vec(), b"a longer argument".to_vec()];
        let (pointer, bytes, strings) = lay_out(&arguments, BASE, TOP).unwrap();
        assert_eq!(pointer % 16, 0);
        assert_eq!(bytes.len(), TOP - pointer);
        let word = |index: usize| {
            let at = index * 8;
            u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize
        };
        assert_eq!((word(0), word(2)), (TOP - 16, 0));
        assert_eq!(&bytes[word(0) - pointer..][..5], b"echo\0");
        assert_eq!(&bytes[word(1) - pointer..][..18], b"a longer argument\0");
        assert_eq!(strings, (word(1), TOP));
    }

    #[test]
    fn what_does_not_fit_into_a_page_is_refused() {
        let big = alloc::vec![b'x'; 4090];
        assert_eq!(
            lay_out(&[big], BASE, TOP).err(),
            Some(Error::ArgumentListTooLong)
        );
        let many = alloc::vec![alloc::vec![b'y'; 200]; 31];
        assert_eq!(
            lay_out(&many, BASE, TOP).err(),
            Some(Error::ArgumentListTooLong)
        );
        let too_many = alloc::vec![Vec::new(); 32];
        assert_eq!(
            lay_out(&too_many, BASE, TOP).err(),
            Some(Error::ArgumentListTooLong)
        );
    }
}
