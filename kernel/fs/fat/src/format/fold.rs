//! Characters: what names are in memory, on the disk, and in common.
//!
//! A long name on the disk is UTF-16, a short one is of code page 437. What programs see is UTF-8 (or ISO 8859-1). Two
//! names are one if they differ in the case of letters only; as on Debian's Linux that means the letters of ASCII (with
//! ISO 8859-1, of that).

use alloc::vec::Vec;

/// The upper half of code page 437.
const PAGE: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// Small letters of the upper half and their capitals.
const CASES: [(u8, u8); 10] = [
    (0x81, 0x9a),
    (0x82, 0x90),
    (0x84, 0x8e),
    (0x86, 0x8f),
    (0x87, 0x80),
    (0x91, 0x92),
    (0x94, 0x99),
    (0xa4, 0xa5),
    (0xe5, 0xe4),
    (0xed, 0xe8),
];

/// The character of a byte of the code page.
pub fn page_to_unit(byte: u8) -> u16 {
    match byte.checked_sub(0x80) {
        None => byte.into(),
        Some(index) => PAGE
            .chars()
            .nth(index.into())
            .map_or(0xfffd, |character| character as u16),
    }
}

/// The byte of a character in the code page.
pub fn unit_to_page(unit: u16) -> Option<u8> {
    if unit < 0x80 {
        return Some(unit as u8);
    }
    let place = PAGE
        .chars()
        .position(|character| character as u32 == u32::from(unit))?;
    Some(0x80 + place as u8)
}

/// The capital of a byte of the code page.
pub fn page_upper(byte: u8) -> u8 {
    match CASES.iter().find(|(small, _)| *small == byte) {
        Some((_, capital)) => *capital,
        None => byte.to_ascii_uppercase(),
    }
}

/// The small letter of a byte of the code page.
pub fn page_lower(byte: u8) -> u8 {
    match CASES.iter().find(|(_, capital)| *capital == byte) {
        Some((small, _)) => *small,
        None => byte.to_ascii_lowercase(),
    }
}

/// What programs' names are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// ISO 8859-1.
    Latin1,
}

impl Charset {
    /// A program's name in UTF-16; [`None`] if it is none.
    pub fn decode(self, name: &[u8]) -> Option<Vec<u16>> {
        match self {
            Charset::Utf8 => Some(core::str::from_utf8(name).ok()?.encode_utf16().collect()),
            Charset::Latin1 => Some(name.iter().map(|&byte| byte.into()).collect()),
        }
    }

    /// A name in UTF-16 as programs see it. Halves of characters are left out.
    pub fn encode(self, units: &[u16]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(units.len());
        match self {
            Charset::Utf8 => {
                for character in char::decode_utf16(units.iter().copied()).flatten() {
                    let mut buffer = [0; 4];
                    bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                }
            }
            Charset::Latin1 => {
                bytes.extend(units.iter().map(|&unit| u8::try_from(unit).unwrap_or(b'?')));
            }
        }
        bytes
    }

    fn lower(self, byte: u8) -> u8 {
        match (self, byte) {
            (Charset::Latin1, 0xc0..=0xd6 | 0xd8..=0xde) => byte + 0x20,
            _ => byte.to_ascii_lowercase(),
        }
    }

    /// What all spellings of a name have in common: small letters, and no dots at the end.
    pub fn fold(self, name: &[u8]) -> Vec<u8> {
        let mut folded: Vec<u8> = name.iter().map(|&byte| self.lower(byte)).collect();
        folded.truncate(without_dots(name).len());
        folded
    }

    /// Whether a name as programs see it has this fold.
    pub fn folds_to(self, name: &[u8], fold: &[u8]) -> bool {
        let name = without_dots(name);
        name.len() == fold.len()
            && name
                .iter()
                .zip(fold)
                .all(|(&byte, &folded)| self.lower(byte) == folded)
    }
}

/// A name without the dots at its end, which count for nothing.
pub fn without_dots(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|&byte| byte != b'.');
    &name[..end.map_or(0, |last| last + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_page_has_a_character_for_every_byte() {
        assert_eq!(PAGE.chars().count(), 128);
        for byte in 0..=255 {
            assert_eq!(unit_to_page(page_to_unit(byte)), Some(byte));
            assert_eq!(page_upper(page_lower(page_upper(byte))), page_upper(byte));
        }
        assert_eq!(page_to_unit(0x81), u16::from(b'\xfc'));
    }

    #[test]
    fn spellings_of_one_name() {
        let utf8 = Charset::Utf8;
        assert_eq!(utf8.fold(b"FoO.."), b"foo");
        assert!(utf8.folds_to(b"fOO.", b"foo"));
        assert_eq!(utf8.fold("Ä".as_bytes()), "Ä".as_bytes());
        assert_eq!(Charset::Latin1.fold(b"\xc4\xd7"), b"\xe4\xd7");
        assert_eq!(utf8.decode(b"\xff"), None);
        let units = utf8.decode("a\u{1f600}".as_bytes()).unwrap();
        assert_eq!(utf8.encode(&units), "a\u{1f600}".as_bytes());
        assert_eq!(utf8.encode(&units[..2]), b"a");
    }
}
