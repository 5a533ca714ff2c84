//! Short names: eight bytes and three, in capitals of the code page.
//!
//! Every file has one. Which one a long name gets follows Linux's rules (fs/fat/namei_vfat.c), so that a card that is
//! written by both looks as if written by one: characters that a short name cannot have become `_`, spaces and dots go, what
//! is too long or taken already ends in `~1` to `~9`, and after that in four digits and `~1`.

use alloc::vec::Vec;

use super::entry::{DELETED, KANJI, LOWER_BASE, LOWER_EXTENSION};
use super::fold::{Charset, page_lower, page_to_unit, page_upper, unit_to_page};

/// A short name as it lies in an entry: base and extension, filled up with spaces.
pub type Raw = [u8; 11];

/// How short names are shown and when a name needs no long one: the option `shortname`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Shown in small letters; a long name for what is not all capitals.
    Lower,
    /// Shown as it is; a long name for what is not all capitals.
    Win95,
    /// Shown as its entry's flags say; a long name for base or extension of mixed case.
    WinNt,
    /// Shown as its entry's flags say; a long name for what is not all capitals.
    Mixed,
}

/// What a short name is made of: what is before the last space-filled place.
fn trimmed(part: &[u8]) -> &[u8] {
    let end = part.iter().rposition(|&byte| byte != b' ');
    &part[..end.map_or(0, |last| last + 1)]
}

/// The bytes of a raw name with its dot, each changed as its part wants.
fn spelled(raw: &Raw, mut change: impl FnMut(u8, bool) -> u16) -> Vec<u16> {
    let mut units = Vec::new();
    let (base, extension) = raw.split_at(8);
    for (index, &byte) in trimmed(base).iter().enumerate() {
        let byte = if index == 0 && byte == KANJI {
            DELETED
        } else {
            byte
        };
        units.push(change(byte, false));
    }
    let extension = trimmed(extension);
    if !extension.is_empty() {
        units.push(b'.'.into());
        units.extend(extension.iter().map(|&byte| change(byte, true)));
    }
    units
}

/// A short name as programs see it where there are long names too.
pub fn show(raw: &Raw, flags: u8, case: Case, charset: Charset) -> Vec<u8> {
    let units = spelled(raw, |byte, extension| {
        let flag = if extension {
            LOWER_EXTENSION
        } else {
            LOWER_BASE
        };
        let lower = match case {
            Case::Lower => true,
            Case::Win95 => false,
            Case::WinNt | Case::Mixed => flags & flag != 0,
        };
        page_to_unit(if lower { page_lower(byte) } else { byte })
    });
    charset.encode(&units)
}

/// A short name as programs see it where there is nothing else.
pub fn show_plain(raw: &Raw) -> Vec<u8> {
    let units = spelled(raw, |byte, _| byte.to_ascii_lowercase().into());
    units.into_iter().map(|unit| unit as u8).collect()
}

/// The short name that a program means where there is nothing else: what is too long is cut off. [`None`] for what is no
/// name.
pub fn parse_plain(name: &[u8]) -> Option<Raw> {
    let mut raw = [b' '; 11];
    let dot = name.iter().position(|&byte| byte == b'.');
    let base = &name[..dot.unwrap_or(name.len())];
    let rest = dot.map_or(&[][..], |dot| &name[dot + 1..]);
    let extension = rest.split(|&byte| byte == b'.').next().unwrap_or(rest);
    for (part, place, most) in [(base, 0, 8), (extension, 8, 3)] {
        let part = &part[..part.len().min(most)];
        for (at, &byte) in (place..).zip(part) {
            if byte < b' ' || b"*?<>|\":\\".contains(&byte) {
                return None;
            }
            raw[at] = byte.to_ascii_uppercase();
        }
        if part.last() == Some(&b' ') {
            return None;
        }
    }
    if base.is_empty() {
        return None;
    }
    if raw[0] == DELETED {
        raw[0] = KANJI;
    }
    Some(raw)
}

/// Whether a long name can have this character.
pub fn is_allowed(unit: u16) -> bool {
    unit >= 0x20 && !(unit < 0x80 && b"*?<>|\":/\\".contains(&(unit as u8)))
}

/// What was found out about one part of a name.
struct Part {
    /// It can stand in a short name as it is.
    valid: bool,
    /// No letter of it is a capital; none is small.
    lower: bool,
    upper: bool,
}

impl Part {
    fn new() -> Part {
        Part {
            valid: true,
            lower: true,
            upper: true,
        }
    }

    /// What a character becomes; [`None`] for nothing.
    fn take(&mut self, unit: u16) -> Option<u8> {
        if unit == u16::from(b'.') || unit == u16::from(b' ') {
            self.valid = false;
            return None;
        }
        let page = match unit_to_page(unit) {
            Some(page) if !b"[];,+=".contains(&page) => page,
            _ => {
                self.valid = false;
                return Some(b'_');
            }
        };
        if page >= 0x7f {
            self.lower = false;
            self.upper = false;
        }
        let capital = page_upper(page);
        if capital.is_ascii_alphabetic() {
            match capital == page {
                true => self.lower = false,
                false => self.upper = false,
            }
        }
        Some(capital)
    }
}

/// What a new file is to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its short name.
    pub raw: Raw,
    /// [`LOWER_BASE`], [`LOWER_EXTENSION`].
    pub flags: u8,
    /// It needs a long name beside it.
    pub long: bool,
}

/// Why there is no short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is nothing in the name that could be in a short one.
    Empty,
    /// The name is taken, as somebody's short name.
    Taken,
}

/// Where the extension begins, behind its dot, if there is one: dots at the beginning and at the end make none.
fn extension_of(units: &[u16]) -> Option<usize> {
    let dot = units.iter().rposition(|&unit| unit == u16::from(b'.'))?;
    let skipped = |unit: &u16| *unit == u16::from(b'.') || *unit == u16::from(b' ');
    let behind = dot + 1 < units.len();
    (behind && !units[..dot].iter().all(skipped)).then_some(dot + 1)
}

/// The short name for a long one (without dots at its end). `taken` says which there are in the directory; `numbered` is
/// `false` if a number is only to be put at the end where it must; `random` begins the search after `~9`.
pub fn make(
    units: &[u16],
    case: Case,
    numbered: bool,
    random: u32,
    taken: &dyn Fn(&Raw) -> bool,
) -> Result<Made, Refusal> {
    let extension_at = extension_of(units);
    let base_end = extension_at.map_or(units.len(), |at| at - 1);
    let (mut base, mut extension) = (Part::new(), Part::new());
    let mut fits = true;
    let mut raw = [b' '; 11];
    let mut length = 0;
    for (index, &unit) in units[..base_end].iter().enumerate() {
        let Some(byte) = base.take(unit) else {
            continue;
        };
        raw[length] = byte;
        length += 1;
        if length == 8 {
            fits = index + 1 == base_end;
            break;
        }
    }
    if length == 0 {
        return Err(Refusal::Empty);
    }
    let mut filled = 8;
    let tail = extension_at.map_or(&[][..], |at| &units[at..]);
    for (index, &unit) in tail.iter().enumerate() {
        let Some(byte) = extension.take(unit) else {
            continue;
        };
        raw[filled] = byte;
        filled += 1;
        if filled == 11 {
            fits &= index + 1 == tail.len();
            break;
        }
    }
    if raw[0] == DELETED {
        raw[0] = KANJI;
    }
    if fits && base.valid && extension.valid {
        return plain(raw, case, &base, &extension, taken);
    }
    let long = |raw| Made {
        raw,
        flags: 0,
        long: true,
    };
    if !numbered && !taken(&raw) {
        return Ok(long(raw));
    }
    Ok(long(number(raw, length, random, taken)))
}

/// A name that is short as it is; it may need a long one for the case of its letters.
fn plain(
    raw: Raw,
    case: Case,
    base: &Part,
    extension: &Part,
    taken: &dyn Fn(&Raw) -> bool,
) -> Result<Made, Refusal> {
    if taken(&raw) {
        return Err(Refusal::Taken);
    }
    if case != Case::WinNt {
        let long = !(base.upper && extension.upper);
        return Ok(Made {
            raw,
            flags: 0,
            long,
        });
    }
    let uniform = |part: &Part| part.upper || part.lower;
    let mut flags = 0;
    if uniform(base) && uniform(extension) {
        for (part, flag) in [(base, LOWER_BASE), (extension, LOWER_EXTENSION)] {
            flags |= if part.upper { 0 } else { flag };
        }
        return Ok(Made {
            raw,
            flags,
            long: false,
        });
    }
    Ok(Made {
        raw,
        flags,
        long: true,
    })
}

/// Puts a number at the end of the base that makes it a name of its own.
fn number(mut raw: Raw, length: usize, random: u32, taken: &dyn Fn(&Raw) -> bool) -> Raw {
    let mut at = length;
    if length > 6 {
        at = 6;
        raw[7] = b' ';
    }
    raw[at] = b'~';
    for digit in b'1'..=b'9' {
        raw[at + 1] = digit;
        if !taken(&raw) {
            return raw;
        }
    }
    let at = length.min(2);
    if length > 2 {
        raw[7] = b' ';
    }
    raw[at + 4] = b'~';
    raw[at + 5] = b'1' + (random >> 16 & 7) as u8;
    let mut digits = random;
    // A directory has no room for as many files as there are numbers.
    for _ in 0..=0xffff {
        for (step, place) in raw[at..at + 4].iter_mut().enumerate() {
            let digit = (digits >> (12 - 4 * step) & 0xf) as u8;
            *place = if digit < 10 {
                b'0' + digit
            } else {
                b'A' + digit - 10
            };
        }
        if !taken(&raw) {
            break;
        }
        digits = digits.wrapping_sub(11);
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, case: Case, taken: &[&Raw]) -> Result<Made, Refusal> {
        let units: Vec<u16> = name.encode_utf16().collect();
        make(&units, case, true, 0x1_2345, &|raw| taken.contains(&raw))
    }

    #[track_caller]
    fn check(name: &str, raw: &str, long: bool) {
        let made = made(name, Case::Mixed, &[]).unwrap();
        assert_eq!(core::str::from_utf8(&made.raw), Ok(raw), "{name}");
        assert_eq!(made.long, long, "{name}");
    }

    #[test]
    fn names_as_linux_makes_them() {
        check("README", "README     ", false);
        check("README.TXT", "README  TXT", false);
        check("readme.txt", "README  TXT", true);
        check("a", "A          ", true);
        check("A.B.C", "AB~1    C  ", true);
        check("longfilename.text", "LONGFI~1TEX", true);
        check("exactly8.txt", "EXACTLY8TXT", true);
        check("exactly89.txt", "EXACTL~1TXT", true);
        check("with space", "WITHSP~1   ", true);
        check(".profile", "PROFIL~1   ", true);
    }

    #[test]
    fn names_of_strange_characters() {
        check("a+b", "A_B~1      ", true);
        check("\u{4e2d}\u{6587}.txt", "__~1    TXT", true);
        check("archive.tar.gz", "ARCHIV~1GZ ", true);
        let units: Vec<u16> = "ü".encode_utf16().collect();
        let umlaut = make(&units, Case::Mixed, true, 0, &|_| false).unwrap();
        assert_eq!((umlaut.raw[0], umlaut.long), (0x9a, true));
        assert_eq!(made("   ", Case::Mixed, &[]), Err(Refusal::Empty));
    }

    #[test]
    fn taken_names_get_numbers() {
        let first = *b"LONGFI~1TXT";
        let second = made("longfilename.txt", Case::Mixed, &[&first]).unwrap();
        assert_eq!(&second.raw, b"LONGFI~2TXT");
        let units: Vec<u16> = "longfilename.txt".encode_utf16().collect();
        let ninth = |raw: &Raw| raw.starts_with(b"LONGFI~");
        let later = make(&units, Case::Mixed, true, 0x1_2345, &ninth).unwrap();
        assert_eq!(&later.raw, b"LO2345~2TXT");
        assert_eq!(
            made("README", Case::Mixed, &[b"README     "]),
            Err(Refusal::Taken)
        );
        let without = make(&units, Case::Mixed, false, 0, &|_| false).unwrap();
        assert_eq!(&without.raw, b"LONGFILETXT");
    }

    #[test]
    fn the_case_of_short_names() {
        let small = made("readme.TXT", Case::WinNt, &[]).unwrap();
        assert_eq!((small.flags, small.long), (LOWER_BASE, false));
        let shown = show(&small.raw, small.flags, Case::Mixed, Charset::Utf8);
        assert_eq!(shown, b"readme.TXT");
        assert!(made("ReadMe.txt", Case::WinNt, &[]).unwrap().long);
        assert_eq!(
            show(b"\x05\x81      A  ", 0, Case::Win95, Charset::Utf8),
            "σü.A".as_bytes()
        );
        assert_eq!(show_plain(b"READ ME    "), b"read me");
    }

    #[test]
    fn names_where_there_are_only_short_ones() {
        assert_eq!(parse_plain(b"longfilename.text"), Some(*b"LONGFILETEX"));
        assert_eq!(parse_plain(b"a.b.c"), Some(*b"A       B  "));
        assert_eq!(parse_plain(b".profile"), None);
        assert_eq!(parse_plain(b"a*b"), None);
        assert_eq!(parse_plain(b"a "), None);
        assert_eq!(parse_plain(b"a."), Some(*b"A          "));
    }
}
