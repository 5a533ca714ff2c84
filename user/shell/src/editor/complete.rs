//! The Tab key: what could stand where the cursor is.

use super::width;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Something that could be meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Candidate {
    /// Its name: a command, or the last component of a path.
    pub name: String,
    /// A directory: a slash follows instead of a blank.
    pub is_directory: bool,
}

/// Who knows what there is.
pub trait Completer {
    /// Commands whose name begins so.
    fn commands(&mut self, start: &str) -> Vec<Candidate>;
    /// Names in a directory that begin so. The directory is as typed: empty, or up to a slash.
    fn paths(&mut self, directory: &str, start: &str) -> Vec<Candidate>;
    /// Variables whose name begins so.
    fn variables(&mut self, start: &str) -> Vec<Candidate>;
}

/// Nobody who knows anything.
pub struct NoCompleter;

impl Completer for NoCompleter {
    fn commands(&mut self, _start: &str) -> Vec<Candidate> {
        Vec::new()
    }
    fn paths(&mut self, _directory: &str, _start: &str) -> Vec<Candidate> {
        Vec::new()
    }
    fn variables(&mut self, _start: &str) -> Vec<Candidate> {
        Vec::new()
    }
}

/// What the Tab key does.
pub(super) struct Completion {
    /// What is put in at the cursor.
    pub(super) insert: String,
    /// What there is to choose from.
    pub(super) shown: Vec<String>,
}

/// The word before the cursor: its text without quotes, the quote it is in, and whether a command's
/// name is expected there.
struct Target {
    word: String,
    quote: Option<char>,
    is_command: bool,
}

fn target(before: &[char]) -> Target {
    let mut word = String::new();
    let mut quote = None;
    let mut is_command = true;
    let mut characters = before.iter().copied();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '\\') => word.extend(characters.next()),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, ' ' | '\t' | '\n') => {
                // Assignments and words after which a command follows keep the place of a command.
                let keeps =
                    word.is_empty() || (is_command && (word.contains('=') || opens_command(&word)));
                is_command &= keeps;
                word.clear();
            }
            (None, ';' | '|' | '&' | '(' | '`') => {
                is_command = true;
                word.clear();
            }
            (None, '<' | '>') => {
                is_command = false;
                word.clear();
            }
            // A path may be the value of an assignment or option.
            (None, '=' | ':') if !is_command => word.clear(),
            _ => word.push(character),
        }
    }
    Target {
        word,
        quote,
        is_command,
    }
}

fn opens_command(word: &str) -> bool {
    matches!(
        word,
        "if" | "then" | "elif" | "else" | "while" | "until" | "do" | "!" | "{" | "exec"
    )
}

/// Quotes what would have a meaning outside of quotes.
fn escaped(text: &str, quote: Option<char>) -> String {
    let mut result = String::new();
    for character in text.chars() {
        if quote.is_none() && " \t\\'\"$`|&;<>()*?[]#~{}!".contains(character) {
            result.push('\\');
        }
        result.push(character);
    }
    result
}

/// What all names begin with.
fn common_start(candidates: &[Candidate]) -> &str {
    let Some((first, rest)) = candidates.split_first() else {
        return "";
    };
    let mut length = first.name.len();
    for candidate in rest {
        let same = first
            .name
            .bytes()
            .zip(candidate.name.bytes())
            .take_while(|(a, b)| a == b);
        length = length.min(same.count());
    }
    while !first.name.is_char_boundary(length) {
        length -= 1;
    }
    &first.name[..length]
}

pub(super) fn complete(text: &[char], cursor: usize, completer: &mut dyn Completer) -> Completion {
    let target = target(&text[..cursor]);
    let word = target.word.as_str();
    let (start, mut candidates) = if let Some((_, start)) = word.rsplit_once('$') {
        (start, completer.variables(start))
    } else if let Some(slash) = word.rfind('/') {
        let (directory, start) = word.split_at(slash + 1);
        (start, completer.paths(directory, start))
    } else if target.is_command {
        (word, completer.commands(word))
    } else {
        (word, completer.paths("", word))
    };
    candidates.sort();
    candidates.dedup();
    let common = common_start(&candidates);
    let mut insert = escaped(common.get(start.len()..).unwrap_or(""), target.quote);
    if let [only] = candidates.as_slice() {
        if only.is_directory {
            insert.push('/');
        } else {
            insert.extend(target.quote);
            insert.push(' ');
        }
    }
    let shown = candidates
        .iter()
        .map(|one| {
            if one.is_directory {
                one.name.clone() + "/"
            } else {
                one.name.to_string()
            }
        })
        .collect();
    Completion { insert, shown }
}

/// Names in columns, as a list to choose from.
pub(super) fn columns(names: &[String], screen: usize) -> Vec<u8> {
    let widest = names
        .iter()
        .map(|name| width::of_text(name))
        .max()
        .unwrap_or(0)
        + 2;
    let across = (screen / widest).max(1);
    let rows = names.len().div_ceil(across);
    let mut output = String::new();
    for row in 0..rows {
        let mut line = String::new();
        for name in names.iter().skip(row).step_by(rows) {
            let padding = widest - width::of_text(name);
            line.push_str(name);
            line.extend(core::iter::repeat_n(' ', padding));
        }
        output.push_str(line.trim_end());
        output.push_str("\r\n");
    }
    output.into_bytes()
}
