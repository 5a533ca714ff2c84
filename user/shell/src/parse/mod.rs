//! From text to tree.
//!
//! [`Parser::next_line`] parses one complete line of commands at a time, so that what a line does (an
//! alias, a function) counts for the next. It answers [`ParseError::Incomplete`] when the text ends in
//! the middle, which at a prompt means: ask for another line.
//!
//! The grammar is that of the POSIX shell (XCU chapter 2), with `&>` and `function` as people use them.
//! `words` reads words and what is in them, `commands` the grammar above, `compound` the commands that
//! begin with a reserved word, `here` the texts of `<<`.

mod commands;
mod compound;
mod here;
mod words;

pub use commands::RESERVED;
pub use words::is_name;

#[cfg(test)]
mod tests;

use crate::tree::{List, Word};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::OnceCell;

/// Why there is no tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParseError {
    /// The text ends in the middle of a command.
    Incomplete,
    /// It cannot be one.
    Syntax(String),
}

/// A result with a [`ParseError`].
pub type ParseResult<T> = Result<T, ParseError>;

/// What the parser asks about aliases.
pub trait Aliases {
    /// The text that replaces a command's name.
    fn alias(&self, name: &[u8]) -> Option<Vec<u8>>;
}

/// No aliases at all.
pub struct NoAliases;

impl Aliases for NoAliases {
    fn alias(&self, _name: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// Deeper nesting than this is refused: it is garbage, and would exhaust the stack.
const MAXIMUM_DEPTH: usize = 100;

/// A `<<` whose text has not been read yet.
struct PendingHere {
    end: Vec<u8>,
    strip_tabs: bool,
    quoted: bool,
    body: Rc<OnceCell<Word>>,
}

/// Reads a text command by command.
pub struct Parser<'a> {
    input: Vec<u8>,
    position: usize,
    aliases: &'a dyn Aliases,
    /// Aliases that are being replaced, with how much input was left behind them.
    active_aliases: Vec<(Vec<u8>, usize)>,
    pending_here: Vec<PendingHere>,
    depth: usize,
    /// No more text will come: a `<<` may end with the text.
    last: bool,
}

impl<'a> Parser<'a> {
    /// A parser of a text after which more may come.
    pub fn new(input: &[u8], aliases: &'a dyn Aliases) -> Parser<'a> {
        Parser {
            input: input.to_vec(),
            position: 0,
            aliases,
            active_aliases: Vec::new(),
            pending_here: Vec::new(),
            depth: 0,
            last: false,
        }
    }

    /// A parser of a text that is all there is.
    pub fn whole(input: &[u8], aliases: &'a dyn Aliases) -> Parser<'a> {
        Parser {
            last: true,
            ..Parser::new(input, aliases)
        }
    }

    /// The text that is not parsed yet.
    pub fn remaining(&self) -> &[u8] {
        &self.input[self.position..]
    }

    /// The next line of commands; `None` when there are no more.
    pub fn next_line(&mut self) -> ParseResult<Option<List>> {
        loop {
            self.skip_blanks();
            match self.peek() {
                None => return Ok(None),
                Some(b'\n') => self.newline()?,
                Some(_) => break,
            }
        }
        let list = self.line()?;
        Ok(Some(list))
    }

    fn peek(&self) -> Option<u8> {
        self.input.get(self.position).copied()
    }

    fn peek_at(&self, offset: usize) -> Option<u8> {
        self.input.get(self.position + offset).copied()
    }

    fn looking_at(&self, text: &[u8]) -> bool {
        self.input[self.position..].starts_with(text)
    }

    /// Takes `text` if it comes next.
    fn accept(&mut self, text: &[u8]) -> bool {
        let found = self.looking_at(text);
        if found {
            self.position += text.len();
        }
        found
    }

    /// Skips blanks, continued lines and a comment.
    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.position += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.position += 2,
                Some(b'#') => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.position += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// Takes a newline, and after it the texts of the line's `<<`.
    fn newline(&mut self) -> ParseResult<()> {
        self.position += 1;
        self.read_here_documents()
    }

    /// Skips blanks and newlines.
    fn skip_newlines(&mut self) -> ParseResult<()> {
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> ParseResult<T>) -> ParseResult<T> {
        if self.depth >= MAXIMUM_DEPTH {
            return Err(ParseError::Syntax(String::from("nested too deeply")));
        }
        self.depth += 1;
        let outcome = parse(self);
        self.depth -= 1;
        outcome
    }

    /// The error for what comes next, which nobody expected.
    fn unexpected<T>(&self) -> ParseResult<T> {
        let rest = &self.input[self.position..];
        let Some(&first) = rest.first() else {
            return Err(ParseError::Incomplete);
        };
        if first == b'\n' {
            return Err(ParseError::Syntax(String::from("unexpected end of line")));
        }
        let operator = |byte: u8| b";&|<>()".contains(&byte);
        let length = rest
            .iter()
            .position(|&byte| byte.is_ascii_whitespace() || operator(byte) != operator(first))
            .unwrap_or(rest.len())
            .min(40);
        let text = String::from_utf8_lossy(&rest[..length]);
        Err(ParseError::Syntax(format!("unexpected '{text}'")))
    }
}
