//! Basic regular expressions, as far as one types them: `.`, `*`, `[ ]`, `^`, `$`, and a backslash
//! that takes a character's meaning away (POSIX.1-2017, "Basic Regular Expressions", without groups
//! and intervals).

use alloc::vec::Vec;

/// A compiled pattern.
pub struct Pattern {
    parts: Vec<Part>,
    at_start: bool,
    at_end: bool,
    fold: bool,
}

struct Part {
    one: One,
    any_number: bool,
}

enum One {
    Any,
    Byte(u8),
    Set { ranges: Vec<(u8, u8)>, inverted: bool },
}

impl Pattern {
    /// Compiles a pattern; with `fixed` every character stands for itself, with `fold` capital and
    /// small letters are the same.
    pub fn new(text: &[u8], fixed: bool, fold: bool) -> Pattern {
        if fixed {
            let parts = text.iter().map(|&byte| Part { one: One::Byte(byte), any_number: false });
            return Pattern { parts: parts.collect(), at_start: false, at_end: false, fold };
        }
        let at_start = text.starts_with(b"^");
        let mut rest = &text[usize::from(at_start)..];
        let at_end = rest.ends_with(b"$") && !rest.ends_with(b"\\$");
        rest = &rest[..rest.len() - usize::from(at_end)];
        let mut parts: Vec<Part> = Vec::new();
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let one = match byte {
                b'.' => One::Any,
                b'*' if !parts.is_empty() => {
                    if let Some(last) = parts.last_mut() {
                        last.any_number = true;
                    }
                    continue;
                }
                b'[' => match set(rest) {
                    Some((one, length)) => {
                        rest = &rest[length..];
                        one
                    }
                    None => One::Byte(b'['),
                },
                b'\\' if !rest.is_empty() => {
                    let byte = rest[0];
                    rest = &rest[1..];
                    One::Byte(byte)
                }
                byte => One::Byte(byte),
            };
            parts.push(Part { one, any_number: false });
        }
        Pattern { parts, at_start, at_end, fold }
    }

    /// Whether a line contains what the pattern says.
    pub fn matches(&self, line: &[u8]) -> bool {
        let starts = if self.at_start { 0 } else { line.len() };
        (0..=starts).any(|start| self.here(&self.parts, &line[start..]))
    }

    fn here(&self, parts: &[Part], line: &[u8]) -> bool {
        let Some((part, rest)) = parts.split_first() else {
            return !self.at_end || line.is_empty();
        };
        let fits = |byte: &u8| self.fits(&part.one, *byte);
        if part.any_number {
            let longest = line.iter().take_while(|byte| fits(byte)).count();
            return (0..=longest).rev().any(|length| self.here(rest, &line[length..]));
        }
        line.split_first().is_some_and(|(byte, others)| fits(byte) && self.here(rest, others))
    }

    fn fits(&self, one: &One, byte: u8) -> bool {
        let same = |a: u8, b: u8| if self.fold { a.eq_ignore_ascii_case(&b) } else { a == b };
        match one {
            One::Any => true,
            One::Byte(wanted) => same(*wanted, byte),
            One::Set { ranges, inverted } => {
                let within = |byte: u8| ranges.iter().any(|&(low, high)| low <= byte && byte <= high);
                let found = within(byte)
                    || self.fold
                        && (within(byte.to_ascii_lowercase()) || within(byte.to_ascii_uppercase()));
                found != *inverted
            }
        }
    }
}

/// A bracket expression and its length, behind the opening bracket.
fn set(text: &[u8]) -> Option<(One, usize)> {
    let inverted = text.first() == Some(&b'^');
    let start = usize::from(inverted);
    // A closing bracket in the first place stands for itself.
    let end = start + 1 + text.get(start + 1..)?.iter().position(|&byte| byte == b']')?;
    let mut ranges = Vec::new();
    let mut at = start;
    while at < end {
        match text[at..end] {
            [low, b'-', high, ..] => {
                ranges.push((low, high));
                at += 3;
            }
            _ => {
                ranges.push((text[at], text[at]));
                at += 1;
            }
        }
    }
    Some((One::Set { ranges, inverted }, end + 1))
}
