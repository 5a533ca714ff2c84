//! `printf`: a format and its arguments.

use crate::escape;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What was printed, and what was wrong with the arguments.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// The text.
    pub output: Vec<u8>,
    /// Sentences about arguments that are not numbers, or about the format.
    pub complaints: Vec<String>,
}

/// One `%…`.
#[derive(Default)]
struct Directive {
    left: bool,
    zero: bool,
    sign: Option<u8>,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Wider fields are somebody's mistake.
const WIDEST: usize = 10_000;

struct Printer<'a> {
    arguments: core::slice::Iter<'a, Vec<u8>>,
    printed: Printed,
    took_argument: bool,
    ended: bool,
}

/// Prints. The format is used again until all arguments are.
pub fn printf(text: &[u8], arguments: &[Vec<u8>]) -> Printed {
    let mut printer = Printer {
        arguments: arguments.iter(),
        printed: Printed::default(),
        took_argument: false,
        ended: false,
    };
    loop {
        printer.took_argument = false;
        printer.round(text);
        let more = printer.took_argument && printer.arguments.len() > 0;
        if printer.ended || !more {
            return printer.printed;
        }
    }
}

impl Printer<'_> {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.took_argument = true;
        self.arguments.next().cloned()
    }

    fn complain(&mut self, sentence: String) {
        self.printed.complaints.push(sentence);
    }

    fn number(&mut self, text: Option<Vec<u8>>) -> i64 {
        let Some(text) = text else {
            return 0;
        };
        // `'A` is the number of the character.
        if let [b'\'' | b'"', rest @ ..] = text.as_slice() {
            let rest = String::from_utf8_lossy(rest);
            return rest.chars().next().map_or(0, |character| character as i64);
        }
        let shown = String::from_utf8_lossy(&text).into_owned();
        let trimmed = shown.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let parsed = if let Some(digits) = digits.strip_prefix("0x") {
            u64::from_str_radix(digits, 16).ok()
        } else if digits.len() > 1 && digits.starts_with('0') {
            u64::from_str_radix(digits, 8).ok()
        } else {
            digits.parse::<u64>().ok()
        };
        match parsed {
            Some(value) if negative => (value as i64).wrapping_neg(),
            Some(value) => value as i64,
            None => {
                self.complain(format!("'{shown}' is not a number"));
                0
            }
        }
    }

    fn round(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() {
            match text[at] {
                b'%' => at += 1 + self.directive(&text[at + 1..]),
                b'\\' => {
                    let (bytes, length, ends) = escape::one(&text[at..]);
                    self.printed.output.extend(bytes);
                    at += length;
                    self.ended |= ends;
                }
                byte => {
                    self.printed.output.push(byte);
                    at += 1;
                }
            }
            if self.ended {
                return;
            }
        }
    }

    /// A number in the format, or `*` for one among the arguments.
    fn count(&mut self, text: &[u8], at: &mut usize) -> Option<i64> {
        if text.get(*at) == Some(&b'*') {
            *at += 1;
            let argument = self.next();
            return Some(self.number(argument));
        }
        let start = *at;
        let mut value = 0i64;
        while let Some(digit) = text.get(*at).filter(|byte| byte.is_ascii_digit()) {
            value = (value * 10 + i64::from(digit - b'0')).min(WIDEST as i64);
            *at += 1;
        }
        (*at > start).then_some(value)
    }

    /// What follows a `%`; gives its length.
    fn directive(&mut self, text: &[u8]) -> usize {
        let mut directive = Directive::default();
        let mut at = 0;
        while let Some(flag) = text.get(at) {
            match flag {
                b'-' => directive.left = true,
                b'0' => directive.zero = true,
                b'+' | b' ' => directive.sign = Some(*flag),
                b'#' => directive.alternate = true,
                _ => break,
            }
            at += 1;
        }
        if let Some(width) = self.count(text, &mut at) {
            directive.left |= width < 0;
            directive.width = (width.unsigned_abs() as usize).min(WIDEST);
        }
        if text.get(at) == Some(&b'.') {
            at += 1;
            let precision = self.count(text, &mut at).unwrap_or(0);
            directive.precision = usize::try_from(precision).ok();
        }
        while matches!(text.get(at), Some(b'l' | b'h' | b'j' | b'z' | b't' | b'q')) {
            at += 1;
        }
        let Some(&conversion) = text.get(at) else {
            self.printed.output.push(b'%');
            self.printed.output.extend_from_slice(text);
            return text.len();
        };
        self.convert(conversion, &directive);
        at + 1
    }

    fn convert(&mut self, conversion: u8, directive: &Directive) {
        match conversion {
            b'%' => self.printed.output.push(b'%'),
            b'c' => {
                let argument = self.next().unwrap_or_default();
                let text = String::from_utf8_lossy(&argument);
                let first: String = text.chars().take(1).collect();
                self.pad(first.as_bytes(), directive);
            }
            b's' => {
                let argument = self.next().unwrap_or_default();
                self.text(&argument, directive);
            }
            b'b' => {
                let argument = self.next().unwrap_or_default();
                let (bytes, ends) = escape::unescape(&argument);
                self.text(&bytes, directive);
                self.ended |= ends;
            }
            b'd' | b'i' => {
                let argument = self.next();
                let value = self.number(argument);
                let digits = format!("{}", value.unsigned_abs());
                let sign = if value < 0 {
                    Some(b'-')
                } else {
                    directive.sign
                };
                self.digits(sign.as_slice(), &digits, directive);
            }
            b'u' | b'o' | b'x' | b'X' => {
                let argument = self.next();
                let value = self.number(argument);
                let (prefix, digits) = match conversion {
                    b'u' => ("", format!("{}", value as u64)),
                    b'o' => ("0", format!("{value:o}")),
                    b'x' => ("0x", format!("{value:x}")),
                    _ => ("0X", format!("{value:X}")),
                };
                let prefix = if directive.alternate && value != 0 {
                    prefix
                } else {
                    ""
                };
                self.digits(prefix.as_bytes(), &digits, directive);
            }
            other => self.complain(format!("%{} is not a conversion", other as char)),
        }
    }

    fn text(&mut self, bytes: &[u8], directive: &Directive) {
        let shown = match directive.precision {
            None => bytes,
            // Characters count, not bytes.
            Some(most) => match core::str::from_utf8(bytes) {
                Ok(text) => {
                    let end = text
                        .char_indices()
                        .nth(most)
                        .map_or(text.len(), |(at, _)| at);
                    &bytes[..end]
                }
                Err(_) => &bytes[..most.min(bytes.len())],
            },
        };
        self.pad(shown, directive);
    }

    fn digits(&mut self, prefix: &[u8], digits: &str, directive: &Directive) {
        let mut wanted = directive.precision.unwrap_or(0);
        if directive.zero && !directive.left && directive.precision.is_none() {
            wanted = directive.width.saturating_sub(prefix.len());
        }
        let zeros = wanted.min(WIDEST).saturating_sub(digits.len());
        let mut bytes = prefix.to_vec();
        bytes.extend(core::iter::repeat_n(b'0', zeros));
        bytes.extend_from_slice(digits.as_bytes());
        self.pad(&bytes, directive);
    }

    fn pad(&mut self, bytes: &[u8], directive: &Directive) {
        let length = core::str::from_utf8(bytes).map_or(bytes.len(), |text| text.chars().count());
        let blanks = core::iter::repeat_n(b' ', directive.width.saturating_sub(length));
        if directive.left {
            self.printed.output.extend_from_slice(bytes);
            self.printed.output.extend(blanks);
        } else {
            self.printed.output.extend(blanks);
            self.printed.output.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, arguments: &[&str], expected: &str) {
        let arguments: Vec<Vec<u8>> = arguments
            .iter()
            .map(|one| one.as_bytes().to_vec())
            .collect();
        let printed = printf(text.as_bytes(), &arguments);
        assert_eq!(String::from_utf8_lossy(&printed.output), expected, "{text}");
    }

    #[test]
    fn conversions() {
        check("%s=%d\\n", &["a", "5"], "a=5\n");
        check("[%5s|%-5s|%.2s]", &["ab", "ab", "abc"], "[   ab|ab   |ab]");
        check(
            "%05d %x %#o %X %+d",
            &["-42", "255", "8", "255", "3"],
            "-0042 ff 010 FF +3",
        );
        check("%c%c%%", &["xyz", "ü"], "xü%");
        check("%b|%s", &["a\\tb", "a\\tb"], "a\tb|a\\tb");
        check("%*d|%.3d", &["4", "7", "7"], "   7|007");
    }

    #[test]
    fn the_format_is_used_again() {
        check("%s,", &["a", "b", "c"], "a,b,c,");
        check("%s-%s\\n", &["a", "b", "c"], "a-b\nc-\n");
        check("x\\n", &["a", "b"], "x\n");
        check("%s", &[], "");
    }

    #[test]
    fn complaints() {
        let printed = printf(b"%d", &[b"x1".to_vec()]);
        assert_eq!(printed.output, b"0");
        assert_eq!(printed.complaints.len(), 1);
        check("%", &[], "%");
        check("%5", &[], "%5");
    }
}
