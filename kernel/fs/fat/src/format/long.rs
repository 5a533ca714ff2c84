//! Long names: UTF-16, thirteen units in each of the entries before the file's own.
//!
//! The entries carry a number, counted from the file's entry, and a sum over the short name: what another system that
//! knows no long names has renamed or removed is found out by the sum.

use alloc::vec::Vec;

use super::entry::LONG;

/// The longest name, in units of UTF-16.
pub const UNITS_MAX: usize = 255;
/// Units in an entry.
const UNITS: usize = 13;
/// The most entries that a name takes.
pub const PARTS_MAX: usize = UNITS_MAX.div_ceil(UNITS);
/// Marks the number of the entry that holds the name's end.
const FINAL: u8 = 0x40;

/// Where the units lie in an entry.
const PLACES: [usize; UNITS] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/// The sum over a short name that its long one's entries carry.
pub fn sum(short: &[u8; 11]) -> u8 {
    short
        .iter()
        .fold(0u8, |sum, &byte| sum.rotate_right(1).wrapping_add(byte))
}

/// How many entries a long name takes.
pub fn parts(units: &[u16]) -> usize {
    units.len().div_ceil(UNITS)
}

/// The entries of a long name, in the order in which they lie before the file's own.
pub fn entries(units: &[u16], sum: u8) -> Vec<[u8; 32]> {
    let count = parts(units);
    let mut entries = Vec::new();
    for number in (1..=count).rev() {
        let mut entry = [0; 32];
        entry[0] = number as u8 | if number == count { FINAL } else { 0 };
        entry[11] = LONG;
        entry[13] = sum;
        for (step, place) in PLACES.into_iter().enumerate() {
            let index = (number - 1) * UNITS + step;
            // A zero ends a name that does not fill its last entry, and ones fill it.
            let unit = match units.get(index) {
                Some(&unit) => unit,
                None if index == units.len() => 0,
                None => 0xffff,
            };
            entry[place..place + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entries.push(entry);
    }
    entries
}

/// Puts a long name together, entry by entry.
#[derive(Default)]
pub struct Collector {
    units: Vec<u16>,
    /// The number of the entry that was taken last; 0 without one.
    number: usize,
    sum: u8,
}

impl Collector {
    /// Takes an entry of a long name; says whether a name begins with it.
    pub fn take(&mut self, entry: &[u8; 32]) -> bool {
        let number = usize::from(entry[0] & !FINAL);
        let begins = entry[0] & FINAL != 0;
        if begins && (1..=PARTS_MAX).contains(&number) {
            self.units.clear();
            self.units.resize(number * UNITS, 0);
            self.sum = entry[13];
        } else if number == 0 || number + 1 != self.number || entry[13] != self.sum {
            self.forget();
            return false;
        }
        self.number = number;
        for (step, place) in PLACES.into_iter().enumerate() {
            let unit = u16::from_le_bytes([entry[place], entry[place + 1]]);
            if let Some(slot) = self.units.get_mut((number - 1) * UNITS + step) {
                *slot = unit;
            }
        }
        begins
    }

    /// Forgets what was taken.
    pub fn forget(&mut self) {
        self.number = 0;
    }

    /// The name of the file whose entry comes now, if what was taken belongs to it.
    pub fn finish(&mut self, short: &[u8; 11]) -> Option<&[u16]> {
        if core::mem::take(&mut self.number) != 1 || sum(short) != self.sum {
            return None;
        }
        let end = self.units.iter().position(|&unit| unit == 0);
        let units = &self.units[..end.unwrap_or(self.units.len())];
        (!units.is_empty() && units.len() <= UNITS_MAX).then_some(units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back() {
        for length in [1, 5, 12, 13, 14, 26, 200, 255] {
            let units: Vec<u16> = (0..length).map(|unit| 0x100 + unit as u16).collect();
            let short = *b"SHORT~1 TXT";
            let entries = entries(&units, sum(&short));
            assert_eq!(entries.len(), parts(&units));
            let mut collector = Collector::default();
            for (index, entry) in entries.iter().enumerate() {
                assert_eq!(collector.take(entry), index == 0);
            }
            assert_eq!(collector.finish(&short), Some(&units[..]));
            // Another system has renamed it.
            for entry in &entries {
                collector.take(entry);
            }
            assert_eq!(collector.finish(b"OTHER   TXT"), None);
        }
    }

    #[test]
    fn what_does_not_fit_together_is_no_name() {
        let short = *b"SHORT~1 TXT";
        let entries = entries(&[0x41; 40], sum(&short));
        let mut collector = Collector::default();
        for skipped in 0..entries.len() {
            for (index, entry) in entries.iter().enumerate() {
                if index != skipped {
                    collector.take(entry);
                }
            }
            assert_eq!(collector.finish(&short), None, "{skipped}");
        }
        let mut wild = [0xff; 32];
        collector.take(&wild);
        wild[0] = 0;
        collector.take(&wild);
        assert_eq!(collector.finish(&short), None);
    }
}
