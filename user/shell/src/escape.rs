//! The backslash sequences of `echo -e` and `printf`.

use alloc::vec::Vec;

/// A text with its sequences replaced; `true` if `\c` said that nothing more is to be printed.
pub fn unescape(text: &[u8]) -> (Vec<u8>, bool) {
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (bytes, length, ends) = one(&text[at..]);
        result.extend_from_slice(&bytes);
        if ends {
            return (result, true);
        }
        at += length;
    }
    (result, false)
}

/// What stands at the start of a text: its bytes, how much of the text it takes, whether it is `\c`.
pub(crate) fn one(text: &[u8]) -> (Vec<u8>, usize, bool) {
    let plain = |byte: u8, length| (alloc::vec![byte], length, false);
    let (Some(&first), Some(&next)) = (text.first(), text.get(1)) else {
        return (text.to_vec(), text.len().max(1), false);
    };
    if first != b'\\' {
        return plain(first, 1);
    }
    match next {
        b'a' => plain(7, 2),
        b'b' => plain(8, 2),
        b'e' => plain(27, 2),
        b'f' => plain(12, 2),
        b'n' => plain(b'\n', 2),
        b'r' => plain(b'\r', 2),
        b't' => plain(b'\t', 2),
        b'v' => plain(11, 2),
        b'\\' => plain(b'\\', 2),
        b'c' => (Vec::new(), 2, true),
        b'0'..=b'7' => {
            let start = if next == b'0' { 2 } else { 1 };
            let (value, length) = digits(&text[start..], 8, 3);
            plain(value as u8, start + length)
        }
        b'x' => match digits(&text[2..], 16, 2) {
            (_, 0) => (b"\\x".to_vec(), 2, false),
            (value, length) => plain(value as u8, 2 + length),
        },
        _ => (alloc::vec![b'\\', next], 2, false),
    }
}

fn digits(text: &[u8], radix: u32, most: usize) -> (u32, usize) {
    let mut value = 0;
    let mut length = 0;
    while length < most {
        let Some(digit) = text
            .get(length)
            .and_then(|&byte| (byte as char).to_digit(radix))
        else {
            break;
        };
        value = value * radix + digit;
        length += 1;
    }
    (value, length)
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn sequences() {
        assert_eq!(unescape(b"a\\tb\\n"), (b"a\tb\n".to_vec(), false));
        assert_eq!(
            unescape(b"\\x41\\0101\\101\\\\"),
            (b"AAA\\".to_vec(), false)
        );
        assert_eq!(unescape(b"ab\\cde"), (b"ab".to_vec(), true));
        assert_eq!(unescape(b"\\q\\"), (b"\\q\\".to_vec(), false));
        assert_eq!(unescape(b"\\xg\\0"), (b"\\xg\0".to_vec(), false));
    }
}
