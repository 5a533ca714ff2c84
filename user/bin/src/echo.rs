//! What `echo` prints, as a program and as a builtin.

use alloc::vec::Vec;

/// The line for these words. `-n` leaves the newline out, `-e` reads backslash sequences, `-E` does
/// not; a word with another letter is a word.
pub fn line(words: &[Vec<u8>]) -> Vec<u8> {
    let mut rest = words;
    let mut newline = true;
    let mut sequences = false;
    while let Some((first, after)) = rest.split_first() {
        let letters = first.strip_prefix(b"-").unwrap_or(b"");
        if letters.is_empty() || !letters.iter().all(|letter| b"neE".contains(letter)) {
            break;
        }
        for letter in letters {
            match letter {
                b'n' => newline = false,
                b'e' => sequences = true,
                _ => sequences = false,
            }
        }
        rest = after;
    }
    let mut output = rest.join(&b' ');
    if sequences {
        let (text, ended) = shell::escape::unescape(&output);
        output = text;
        newline &= !ended;
    }
    if newline {
        output.push(b'\n');
    }
    output
}
