//! Regular expressions, for `grep`.
//!
//! Basic and extended expressions as POSIX has them (XBD chapter 9), with GNU's `\|`, `\+`, `\?`, `\w`,
//! `\b` and relatives. `parse` makes a tree of the text, `program` a list of instructions of the tree,
//! and [`Regex::find`] runs all alternatives at once, so that no expression is slow on any line.

mod parse;
mod program;

#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;
use program::{Condition, Instruction, Program};

/// Which spelling an expression has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syntax {
    /// `\(a\|b\)`
    Basic,
    /// `(a|b)`
    Extended,
    /// Nothing has a meaning.
    Fixed,
}

/// A regular expression.
pub struct Regex {
    program: Program,
    ignore_case: bool,
}

impl Regex {
    /// Reads an expression; the error is a sentence.
    pub fn new(text: &str, syntax: Syntax, ignore_case: bool) -> Result<Regex, String> {
        let tree = parse::parse(text, syntax)?;
        Ok(Regex {
            program: program::compile(&tree)?,
            ignore_case,
        })
    }

    /// The first match at or after a place, and of those there the longest.
    pub fn find(&self, line: &[char], from: usize) -> Option<Range<usize>> {
        (from..=line.len()).find_map(|start| {
            let end = self.longest_at(line, start)?;
            Some(start..end)
        })
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, line: &[char]) -> bool {
        let mut states = States::new(self.program.0.len());
        for place in 0..=line.len() {
            // A match may begin at any place.
            if self.enter(&mut states, 0, line, place) || self.step(&mut states, line, place) {
                return true;
            }
        }
        false
    }

    fn longest_at(&self, line: &[char], start: usize) -> Option<usize> {
        let mut states = States::new(self.program.0.len());
        let mut longest = None;
        if self.enter(&mut states, 0, line, start) {
            longest = Some(start);
        }
        for place in start..line.len() {
            if states.now.is_empty() {
                break;
            }
            if self.step(&mut states, line, place) {
                longest = Some(place + 1);
            }
        }
        longest
    }

    /// Goes over one character; whether a match ends behind it.
    fn step(&self, states: &mut States, line: &[char], place: usize) -> bool {
        let before = core::mem::take(&mut states.now);
        states.seen.fill(false);
        let Some(&character) = line.get(place) else {
            return false;
        };
        let mut matched = false;
        for state in before {
            if let Instruction::Character(set) = &self.program.0[state]
                && set.contains(character, self.ignore_case)
            {
                matched |= self.enter(states, state + 1, line, place + 1);
            }
        }
        matched
    }

    /// Adds an instruction and all that can be reached from it without a character; whether the end is
    /// among them.
    fn enter(&self, states: &mut States, first: usize, line: &[char], place: usize) -> bool {
        let mut matched = false;
        let mut open = Vec::new();
        open.push(first);
        while let Some(state) = open.pop() {
            if core::mem::replace(&mut states.seen[state], true) {
                continue;
            }
            match &self.program.0[state] {
                Instruction::Match => matched = true,
                Instruction::Character(_) => states.now.push(state),
                Instruction::Jump(to) => open.push(*to),
                Instruction::Split(one, two) => open.extend([*two, *one]),
                Instruction::Check(condition) => {
                    if holds(*condition, line, place) {
                        open.push(state + 1);
                    }
                }
            }
        }
        matched
    }
}

/// The instructions that wait for a character.
struct States {
    now: Vec<usize>,
    seen: Vec<bool>,
}

impl States {
    fn new(count: usize) -> States {
        States {
            now: Vec::new(),
            seen: alloc::vec![false; count],
        }
    }
}

fn holds(condition: Condition, line: &[char], place: usize) -> bool {
    let is_word = |index: Option<usize>| {
        let character = index.and_then(|index| line.get(index));
        character.is_some_and(|character| character.is_alphanumeric() || *character == '_')
    };
    let before = is_word(place.checked_sub(1));
    let after = is_word(Some(place));
    match condition {
        Condition::LineStart => place == 0,
        Condition::LineEnd => place == line.len(),
        Condition::WordEdge => before != after,
        Condition::NoWordEdge => before == after,
        Condition::WordStart => !before && after,
        Condition::WordEnd => before && !after,
    }
}
