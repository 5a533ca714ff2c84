//! Matching `*`, `?` and `[…]`.
//!
//! A pattern is bytes, each marked as active or quoted: `\*` and `"*"` match only a star. `?` and
//! `[…]` stand for a whole UTF-8 character.

use alloc::vec::Vec;

/// One byte of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The byte.
    pub byte: u8,
    /// Quoted: it stands only for itself.
    pub quoted: bool,
}

impl Mark {
    fn is(self, byte: u8) -> bool {
        !self.quoted && self.byte == byte
    }
}

/// A pattern in which every byte is active.
pub fn active(text: &[u8]) -> Vec<Mark> {
    text.iter()
        .map(|&byte| Mark {
            byte,
            quoted: false,
        })
        .collect()
}

/// Whether a pattern has anything that could match more than itself.
pub fn is_pattern(pattern: &[Mark]) -> bool {
    pattern
        .iter()
        .any(|mark| !mark.quoted && matches!(mark.byte, b'*' | b'?' | b'['))
}

/// How many bytes the character at the start of a text has.
fn character_length(text: &[u8]) -> usize {
    let length = match text.first() {
        None => return 0,
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        Some(_) => 1,
    };
    let whole = text
        .get(1..length)
        .is_some_and(|rest| rest.iter().all(|b| b & 0xc0 == 0x80));
    if whole { length } else { 1 }
}

/// A character as a number: its code point, or for a stray byte the byte.
fn character(bytes: &[u8]) -> u32 {
    let text = core::str::from_utf8(bytes).ok();
    match text.and_then(|text| text.chars().next()) {
        Some(character) => character as u32,
        None => u32::from(bytes.first().copied().unwrap_or(0)),
    }
}

/// Whether the whole text matches the whole pattern.
pub fn matches(pattern: &[Mark], text: &[u8]) -> bool {
    let (mut at, mut here) = (0, 0);
    // Where to try again: after the last star, one character further.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at).is_some_and(|mark| mark.is(b'*')) {
            at += 1;
            retry = Some((at, here));
            continue;
        }
        if at == pattern.len() && here == text.len() {
            return true;
        }
        if let Some((pattern_length, text_length)) = match_one(&pattern[at..], &text[here..]) {
            at += pattern_length;
            here += text_length;
            continue;
        }
        match retry {
            Some((after_star, start)) if start < text.len() => {
                here = start + character_length(&text[start..]);
                at = after_star;
                retry = Some((after_star, here));
            }
            _ => return false,
        }
    }
}

/// Matches one element that is not a star; gives how much of pattern and text it took.
fn match_one(pattern: &[Mark], text: &[u8]) -> Option<(usize, usize)> {
    let first = pattern.first()?;
    let length = character_length(text);
    if length == 0 {
        return None;
    }
    if first.is(b'?') {
        return Some((1, length));
    }
    if first.is(b'[')
        && let Some((matched, taken)) = match_set(&pattern[1..], character(&text[..length]))
    {
        return matched.then_some((taken + 1, length));
    }
    (first.byte == text[0]).then_some((1, 1))
}

/// One character of a pattern: its number and its length.
fn pattern_character(pattern: &[Mark]) -> (u32, usize) {
    let bytes: Vec<u8> = pattern.iter().take(4).map(|mark| mark.byte).collect();
    let length = character_length(&bytes);
    (character(&bytes[..length]), length)
}

/// `…]` of a set: whether the character is in it, and how long it is; `None` if it has no end.
fn match_set(set: &[Mark], wanted: u32) -> Option<(bool, usize)> {
    let mut at = 0;
    let negated = set
        .first()
        .is_some_and(|mark| mark.is(b'!') || mark.is(b'^'));
    if negated {
        at += 1;
    }
    let start = at;
    let mut found = false;
    loop {
        let mark = set.get(at)?;
        if mark.is(b']') && at > start {
            return Some((found != negated, at + 1));
        }
        if mark.is(b'[')
            && let Some((class, length)) = class_name(&set[at..])
        {
            found |= in_class(&class, wanted);
            at += length;
            continue;
        }
        let (low, length) = pattern_character(&set[at..]);
        at += length;
        let is_range = set.get(at).is_some_and(|mark| mark.is(b'-'))
            && set.get(at + 1).is_some_and(|mark| !mark.is(b']'));
        if is_range {
            let (high, length) = pattern_character(&set[at + 1..]);
            at += 1 + length;
            found |= (low..=high).contains(&wanted);
        } else {
            found |= low == wanted;
        }
    }
}

/// `[:name:]` at the start of a set's rest.
fn class_name(set: &[Mark]) -> Option<(Vec<u8>, usize)> {
    if !set.get(1)?.is(b':') {
        return None;
    }
    let length = set[2..]
        .windows(2)
        .position(|pair| pair[0].is(b':') && pair[1].is(b']'))?;
    Some((
        set[2..2 + length].iter().map(|mark| mark.byte).collect(),
        length + 4,
    ))
}

fn in_class(class: &[u8], wanted: u32) -> bool {
    let Some(character) = char::from_u32(wanted) else {
        return false;
    };
    match class {
        b"alpha" => character.is_alphabetic(),
        b"digit" => character.is_ascii_digit(),
        b"alnum" => character.is_alphanumeric(),
        b"upper" => character.is_uppercase(),
        b"lower" => character.is_lowercase(),
        b"space" => character.is_whitespace(),
        b"blank" => matches!(character, ' ' | '\t'),
        b"punct" => character.is_ascii_punctuation(),
        b"xdigit" => character.is_ascii_hexdigit(),
        b"cntrl" => character.is_control(),
        b"print" => !character.is_control(),
        b"graph" => !character.is_control() && !character.is_whitespace(),
        _ => false,
    }
}

/// How much of the start of a text a pattern matches, the longest or the shortest way.
pub fn match_prefix(pattern: &[Mark], text: &[u8], longest: bool) -> Option<usize> {
    let mut lengths = 0..=text.len();
    let fits = |length: &usize| matches(pattern, &text[..*length]);
    if longest {
        lengths.rev().find(fits)
    } else {
        lengths.find(fits)
    }
}

/// Where the end of a text begins that a pattern matches, the longest or the shortest way.
pub fn match_suffix(pattern: &[Mark], text: &[u8], longest: bool) -> Option<usize> {
    let mut starts = 0..=text.len();
    let fits = |start: &usize| matches(pattern, &text[*start..]);
    if longest {
        starts.find(fits)
    } else {
        starts.rev().find(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        matches(&active(pattern.as_bytes()), text.as_bytes())
    }

    #[test]
    fn stars_and_question_marks() {
        assert!(fits("", ""));
        assert!(fits("*", ""));
        assert!(fits("a*c", "abbbc"));
        assert!(fits("*.rs", "main.rs"));
        assert!(fits("*a*b*", "xxaxxbxx"));
        assert!(!fits("*a*b", "xxbxxa"));
        assert!(fits("??", "öx"));
        assert!(!fits("?", ""));
    }

    #[test]
    fn sets() {
        assert!(fits("[abc]", "b"));
        assert!(fits("[a-cx-z]", "y"));
        assert!(!fits("[!a-c]", "b"));
        assert!(fits("[^a-c]", "d"));
        assert!(fits("[]]", "]"));
        assert!(fits("[[:digit:]_]x", "7x"));
        assert!(fits("[ä-ü]", "ö"));
        assert!(fits("[", "["));
        assert!(fits("[a", "[a"));
        assert!(fits("[a-]", "-"));
    }

    #[test]
    fn quoted_stars_are_stars() {
        let pattern = [Mark {
            byte: b'*',
            quoted: true,
        }];
        assert!(matches(&pattern, b"*"));
        assert!(!matches(&pattern, b"x"));
        assert!(!is_pattern(&pattern));
    }

    #[test]
    fn prefixes_and_suffixes() {
        let pattern = active(b"*/");
        assert_eq!(match_prefix(&pattern, b"a/b/c", true), Some(4));
        assert_eq!(match_prefix(&pattern, b"a/b/c", false), Some(2));
        let pattern = active(b".*");
        assert_eq!(match_suffix(&pattern, b"a.b.c", false), Some(3));
        assert_eq!(match_suffix(&pattern, b"a.b.c", true), Some(1));
    }

    #[test]
    fn hostile_patterns_are_not_slow() {
        let text = [b'a'; 2000];
        assert!(!matches(&active(b"*a*a*a*a*a*a*a*a*b"), &text));
    }
}
