//! `{a,b}` and `{1..9}`: one word becomes several, before anything else is looked at.

use crate::tree::{Part, Word};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

/// More words than this are not made; the word then stays as it is.
const MOST_WORDS: usize = 10_000;

/// A word as single bytes of text and whole other parts, so that a brace can end in another part than
/// it began in.
#[derive(Clone)]
enum Piece {
    Byte(u8),
    Other(Part),
}

/// The words that a word stands for.
pub(super) fn expand(word: &Word) -> Vec<Word> {
    let has_brace = |part: &Part| matches!(part, Part::Text(text) if text.contains(&b'{'));
    if !word.parts.iter().any(has_brace) {
        return vec![word.clone()];
    }
    let mut pieces = Vec::new();
    for part in &word.parts {
        match part {
            Part::Text(text) => pieces.extend(text.iter().map(|&byte| Piece::Byte(byte))),
            other => pieces.push(Piece::Other(other.clone())),
        }
    }
    let mut words = Vec::new();
    if expand_pieces(Vec::new(), &pieces, &mut words, 0).is_none() {
        return vec![word.clone()];
    }
    words.into_iter().map(join).collect()
}

fn join(pieces: Vec<Piece>) -> Word {
    let mut parts: Vec<Part> = Vec::new();
    for piece in pieces {
        match (piece, parts.last_mut()) {
            (Piece::Byte(byte), Some(Part::Text(text))) => text.push(byte),
            (Piece::Byte(byte), _) => parts.push(Part::Text(vec![byte])),
            (Piece::Other(part), _) => parts.push(part),
        }
    }
    Word { parts }
}

/// Adds to `words` what `before` followed by the alternatives of `rest` gives; `None` if too many.
fn expand_pieces(
    before: Vec<Piece>,
    rest: &[Piece],
    words: &mut Vec<Vec<Piece>>,
    depth: usize,
) -> Option<()> {
    if words.len() > MOST_WORDS || depth > 50 {
        return None;
    }
    let mut before = before;
    for (start, piece) in rest.iter().enumerate() {
        if matches!(piece, Piece::Byte(b'{'))
            && let Some((alternatives, length)) = alternatives(&rest[start..])
        {
            let after = &rest[start + length..];
            for alternative in alternatives {
                let mut whole = alternative;
                whole.extend_from_slice(after);
                expand_pieces(before.clone(), &whole, words, depth + 1)?;
            }
            return Some(());
        }
        before.push(piece.clone());
    }
    words.push(before);
    Some(())
}

/// What is between the braces at the start of `pieces`, and how long it is with them.
fn alternatives(pieces: &[Piece]) -> Option<(Vec<Vec<Piece>>, usize)> {
    let mut depth = 0;
    let mut found = vec![Vec::new()];
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Byte(b'{') => {
                depth += 1;
                if depth == 1 {
                    continue;
                }
            }
            Piece::Byte(b'}') => {
                depth -= 1;
                if depth == 0 {
                    if found.len() == 1 {
                        found = range(&found[0])?;
                    }
                    return Some((found, at + 1));
                }
            }
            Piece::Byte(b',') if depth == 1 => {
                found.push(Vec::new());
                continue;
            }
            _ => {}
        }
        found.last_mut()?.push(piece.clone());
    }
    None
}

/// `1..9` or `a..e`.
fn range(pieces: &[Piece]) -> Option<Vec<Vec<Piece>>> {
    let bytes: Option<Vec<u8>> = pieces
        .iter()
        .map(|piece| {
            if let Piece::Byte(byte) = piece {
                Some(*byte)
            } else {
                None
            }
        })
        .collect();
    let bytes = bytes?;
    let text = core::str::from_utf8(&bytes).ok()?;
    let (low, high) = text.split_once("..")?;
    let to_pieces = |text: &str| text.bytes().map(Piece::Byte).collect();
    if let (Ok(low), Ok(high)) = (low.parse::<i64>(), high.parse::<i64>()) {
        if low.abs_diff(high) >= MOST_WORDS as u64 {
            return None;
        }
        let up = (low.min(high)..=low.max(high)).map(|number| to_pieces(&format!("{number}")));
        let mut all: Vec<Vec<Piece>> = up.collect();
        if low > high {
            all.reverse();
        }
        return Some(all);
    }
    let (&[low], &[high]) = (low.as_bytes(), high.as_bytes()) else {
        return None;
    };
    if !low.is_ascii_alphabetic() || !high.is_ascii_alphabetic() {
        return None;
    }
    let mut all: Vec<Vec<Piece>> = (low.min(high)..=low.max(high))
        .map(|byte| vec![Piece::Byte(byte)])
        .collect();
    if low > high {
        all.reverse();
    }
    Some(all)
}
