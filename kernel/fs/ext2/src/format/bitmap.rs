//! Bitmaps: what of a group is taken. Bit `n` is bit `n % 8` of byte `n / 8`.

/// Whether a bit is set; bits beyond the end count as set.
pub fn is_set(bits: &[u8], index: u32) -> bool {
    bits.get(index as usize / 8)
        .is_none_or(|byte| byte & (1 << (index % 8)) != 0)
}

/// Sets a bit; whether it was clear before.
pub fn set(bits: &mut [u8], index: u32) -> bool {
    match bits.get_mut(index as usize / 8) {
        Some(byte) if *byte & (1 << (index % 8)) == 0 => {
            *byte |= 1 << (index % 8);
            true
        }
        _ => false,
    }
}

/// Clears a bit; whether it was set before.
pub fn clear(bits: &mut [u8], index: u32) -> bool {
    match bits.get_mut(index as usize / 8) {
        Some(byte) if *byte & (1 << (index % 8)) != 0 => {
            *byte &= !(1 << (index % 8));
            true
        }
        _ => false,
    }
}

/// The first clear bit in `from..end`.
pub fn find_clear(bits: &[u8], from: u32, end: u32) -> Option<u32> {
    let mut index = from;
    while index < end {
        if index.is_multiple_of(8) && bits.get(index as usize / 8) == Some(&0xff) {
            index += 8;
        } else if is_set(bits, index) {
            index += 1;
        } else {
            return Some(index);
        }
    }
    None
}

/// The first bit in `from..end` that begins eight clear ones within one byte: room for a file to grow in.
pub fn find_clear_byte(bits: &[u8], from: u32, end: u32) -> Option<u32> {
    let (first, last) = (from.div_ceil(8) as usize, end as usize / 8);
    let bytes = bits.get(first..last)?;
    let found = bytes.iter().position(|byte| *byte == 0)?;
    Some((first + found) as u32 * 8)
}

/// How many bits from `from` on are clear, up to `most`.
pub fn run(bits: &[u8], from: u32, end: u32, most: u32) -> u32 {
    let end = end.min(from.saturating_add(most));
    (from..end)
        .take_while(|index| !is_set(bits, *index))
        .count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_found_where_they_are() {
        let mut bits = [0xff, 0xff, 0, 0];
        assert_eq!(find_clear(&bits, 0, 32), Some(16));
        assert!(set(&mut bits, 16) && !set(&mut bits, 16));
        assert_eq!(find_clear(&bits, 3, 32), Some(17));
        assert_eq!(find_clear_byte(&bits, 0, 32), Some(24));
        assert_eq!(run(&bits, 17, 32, 100), 15);
        assert_eq!(run(&bits, 17, 20, 100), 3);
        assert!(clear(&mut bits, 3) && !clear(&mut bits, 3) && !clear(&mut bits, 99));
        assert_eq!(find_clear(&bits, 0, 3), None);
        assert!(is_set(&bits, 99) && !set(&mut bits, 99));
        assert_eq!(find_clear_byte(&bits, 30, 4), None);
    }
}
