//! The part of a device tree's blob that is used.
//!
//! QEMU leaves a megabyte of room in the blob for whoever wants to add to it. The kernel keeps the
//! tree for as long as it runs, so it keeps the used part only.

use alloc::sync::Arc;
use alloc::vec::Vec;

/// Places of 32-bit words in the header (Devicetree Specification 0.4, section 5.2).
const TOTAL_SIZE: usize = 4;
const STRUCTURE: usize = 8;
const STRINGS: usize = 12;
const RESERVATIONS: usize = 16;
const STRINGS_SIZE: usize = 32;
const STRUCTURE_SIZE: usize = 36;
/// A reservation: address and size. One of zeros is the last.
const RESERVATION: usize = 16;

fn word(blob: &[u8], at: usize) -> Option<usize> {
    let bytes = blob.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
}

/// Where the last part ends; `None` if the header does not fit the blob.
fn used_length(blob: &[u8]) -> Option<usize> {
    let end_of = |start, size| word(blob, start)?.checked_add(word(blob, size)?);
    let structure = end_of(STRUCTURE, STRUCTURE_SIZE)?;
    let strings = end_of(STRINGS, STRINGS_SIZE)?;
    let mut reservations = word(blob, RESERVATIONS)?;
    loop {
        let entry = blob.get(reservations..reservations.checked_add(RESERVATION)?)?;
        reservations += RESERVATION;
        if entry.iter().all(|byte| *byte == 0) {
            break;
        }
    }
    let end = structure.max(strings).max(reservations);
    (end <= blob.len()).then_some(end)
}

/// A copy of the used part, which says of itself that it is all there is.
pub(crate) fn trimmed(blob: &[u8]) -> Arc<[u8]> {
    let Some(length) = used_length(blob) else {
        return Arc::from(blob);
    };
    let mut copy = Vec::from(&blob[..length]);
    copy[TOTAL_SIZE..TOTAL_SIZE + 4].copy_from_slice(&(length as u32).to_be_bytes());
    Arc::from(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtoolkit::fdt::Fdt;

    /// A tree of one empty node, with `room` behind it.
    fn blob(room: usize) -> Vec<u8> {
        let structure = [1u32, 0, 2, 9];
        let header = [
            0xd00d_feed,
            40 + 16 + 16 + room,
            56,
            72,
            40,
            17,
            16,
            0,
            0,
            16,
        ];
        let mut blob: Vec<u8> = Vec::new();
        for word in header {
            blob.extend((word as u32).to_be_bytes());
        }
        blob.extend([0; 16]);
        for word in structure {
            blob.extend(word.to_be_bytes());
        }
        blob.resize(blob.len() + room, 0);
        blob
    }

    #[test]
    fn room_is_left_out_and_the_tree_stays_one() {
        assert!(Fdt::new(&blob(1 << 20)).is_ok());
        let trimmed = trimmed(&blob(1 << 20));
        assert_eq!(trimmed.len(), 72);
        assert_eq!(&*trimmed, &blob(0)[..]);
        assert!(Fdt::new(&trimmed).is_ok());
    }

    #[test]
    fn what_is_no_tree_stays_as_it_is() {
        let whole = blob(64);
        for length in 0..72 {
            assert_eq!(&*trimmed(&whole[..length]), &whole[..length]);
        }
        for place in (4..40).step_by(4) {
            let mut wrong = whole.clone();
            wrong[place..place + 4].fill(0xff);
            assert!(trimmed(&wrong).len() <= wrong.len());
        }
    }
}
