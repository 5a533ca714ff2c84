//! The grammar above words: lists, pipelines, commands.

use super::words::{ends_word, is_name};
use super::{ParseError, ParseResult, Parser, PendingHere};
use crate::tree::{
    Assignment, Chain, Command, CommandKind, Connector, Item, List, Part, Pipeline, Redirection,
    Target, Word,
};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::OnceCell;

/// Words with a meaning where a command begins.
pub const RESERVED: &[&str] = &[
    "if", "then", "elif", "else", "fi", "while", "until", "for", "do", "done", "case", "esac",
    "in", "{", "}", "!", "function",
];

impl Parser<'_> {
    /// One line of commands.
    pub(super) fn line(&mut self) -> ParseResult<List> {
        let mut list = List::default();
        loop {
            let separated = self.item(&mut list)?;
            self.skip_blanks();
            match self.peek() {
                None => {
                    if !self.pending_here.is_empty() {
                        if !self.last {
                            return Err(ParseError::Incomplete);
                        }
                        self.read_here_documents()?;
                    }
                    return Ok(list);
                }
                Some(b'\n') => {
                    self.newline()?;
                    return Ok(list);
                }
                Some(_) if separated => {}
                Some(_) => return self.unexpected(),
            }
        }
    }

    /// All commands of the text.
    pub(super) fn whole_list(&mut self) -> ParseResult<List> {
        let list = self.list(&[])?;
        if self.peek().is_some() {
            self.unexpected()
        } else {
            Ok(list)
        }
    }

    /// Commands up to the `)` that ends them, which is taken too.
    pub(super) fn list_until_parenthesis(&mut self) -> ParseResult<List> {
        let list = self.list(&[])?;
        if self.accept(b")") {
            Ok(list)
        } else {
            self.unexpected()
        }
    }

    /// Commands up to a `)`, a `;;`, the end, or one of the reserved words, which are not taken.
    pub(super) fn list(&mut self, ends: &[&str]) -> ParseResult<List> {
        let mut list = List::default();
        loop {
            self.skip_newlines()?;
            let ended = match self.peek() {
                None | Some(b')') => true,
                Some(b';') => self.looking_at(b";;"),
                Some(_) => ends.iter().any(|end| self.at_reserved(end)),
            };
            if ended {
                return Ok(list);
            }
            let separated = self.item(&mut list)?;
            self.skip_blanks();
            match self.peek() {
                None | Some(b'\n' | b')') => {}
                Some(b';') if self.looking_at(b";;") => {}
                Some(_) if separated => {}
                Some(_) => return self.unexpected(),
            }
        }
    }

    /// Commands between reserved words; at least one.
    pub(super) fn body(&mut self, ends: &[&str]) -> ParseResult<List> {
        let list = self.list(ends)?;
        if list.items.is_empty() {
            self.unexpected()
        } else {
            Ok(list)
        }
    }

    /// Whether a reserved word comes next.
    pub(super) fn at_reserved(&self, word: &str) -> bool {
        self.looking_at(word.as_bytes()) && self.peek_at(word.len()).is_none_or(ends_word)
    }

    pub(super) fn accept_reserved(&mut self, word: &str) -> bool {
        let found = self.at_reserved(word);
        if found {
            self.position += word.len();
        }
        found
    }

    pub(super) fn expect_reserved(&mut self, word: &str) -> ParseResult<()> {
        if self.accept_reserved(word) {
            Ok(())
        } else {
            self.unexpected()
        }
    }

    /// One command with what ends it; whether something did.
    fn item(&mut self, into: &mut List) -> ParseResult<bool> {
        let left_behind = self.input.len() - self.position;
        let chain = self.chain()?;
        let start = self
            .input
            .len()
            .saturating_sub(left_behind)
            .min(self.position);
        let text = source_text(&self.input[start..self.position]);
        self.skip_blanks();
        let background = self.peek() == Some(b'&');
        let separated = background || (self.peek() == Some(b';') && !self.looking_at(b";;"));
        if separated {
            self.position += 1;
        }
        into.items.push(Item {
            chain,
            background,
            text,
        });
        Ok(separated)
    }

    fn chain(&mut self) -> ParseResult<Chain> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let connector = if self.accept(b"&&") {
                Connector::And
            } else if self.accept(b"||") {
                Connector::Or
            } else {
                return Ok(Chain { first, rest });
            };
            self.skip_newlines()?;
            rest.push((connector, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> ParseResult<Pipeline> {
        let mut negated = false;
        self.skip_blanks();
        while self.accept_reserved("!") {
            negated = !negated;
            self.skip_blanks();
        }
        let left_behind = self.input.len() - self.position;
        let mut commands = vec![self.command()?];
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'|') || self.looking_at(b"||") {
                break;
            }
            self.position += 1;
            if self.accept(b"&") {
                let word = Word {
                    parts: vec![Part::Text(b"1".to_vec())],
                };
                if let Some(command) = commands.last_mut() {
                    let target = Target::Duplicate(word);
                    command.redirections.push(Redirection { handle: 2, target });
                }
            }
            self.skip_newlines()?;
            commands.push(self.command()?);
        }
        let start = self
            .input
            .len()
            .saturating_sub(left_behind)
            .min(self.position);
        let text = source_text(&self.input[start..self.position]);
        Ok(Pipeline {
            negated,
            commands,
            text,
        })
    }

    pub(super) fn command(&mut self) -> ParseResult<Command> {
        self.nested(|parser| {
            parser.skip_blanks();
            let Some(kind) = parser.compound()? else {
                return parser.simple();
            };
            let mut redirections = Vec::new();
            while parser.redirection(&mut redirections)? {}
            Ok(Command { kind, redirections })
        })
    }

    fn simple(&mut self) -> ParseResult<Command> {
        let mut assignments = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirections = Vec::new();
        loop {
            self.skip_blanks();
            if self.redirection(&mut redirections)? {
                continue;
            }
            let start = self.position;
            let Some(word) = self.word()? else {
                break;
            };
            if words.is_empty() {
                if let Some(assignment) = as_assignment(&word) {
                    assignments.push(assignment);
                    continue;
                }
                if let Some(text) = word.plain() {
                    if self.replace_alias(start, text) {
                        // The alias may begin with a reserved word.
                        if assignments.is_empty() && redirections.is_empty() {
                            return self.command();
                        }
                        continue;
                    }
                    if RESERVED.iter().any(|reserved| reserved.as_bytes() == text) {
                        self.position = start;
                        return self.unexpected();
                    }
                }
            }
            words.push(word);
            if words.len() == 1 && assignments.is_empty() && redirections.is_empty() {
                self.skip_blanks();
                if self.peek() == Some(b'(') {
                    return self.function(&words[0]);
                }
            }
        }
        if assignments.is_empty() && words.is_empty() && redirections.is_empty() {
            return self.unexpected();
        }
        Ok(Command {
            kind: CommandKind::Simple { assignments, words },
            redirections,
        })
    }

    /// `name() body`, at the parenthesis.
    fn function(&mut self, name: &Word) -> ParseResult<Command> {
        let parenthesis = self.position;
        self.position += 1;
        self.skip_blanks();
        let Some(name) = name.plain().filter(|_| self.peek() == Some(b')')) else {
            if self.peek().is_none() {
                return Err(ParseError::Incomplete);
            }
            self.position = parenthesis;
            return self.unexpected();
        };
        self.position += 1;
        let kind = self.function_body(name.to_vec())?;
        Ok(Command {
            kind,
            redirections: Vec::new(),
        })
    }

    /// Replaces an alias's name in the input by its text.
    fn replace_alias(&mut self, start: usize, name: &[u8]) -> bool {
        let left_behind = self.input.len() - self.position;
        // Beyond its own text an alias may be replaced again.
        self.active_aliases.retain(|(_, end)| left_behind >= *end);
        if self.active_aliases.iter().any(|(active, _)| active == name) {
            return false;
        }
        let Some(text) = self.aliases.alias(name) else {
            return false;
        };
        self.active_aliases.push((name.to_vec(), left_behind));
        self.input.splice(start..self.position, text);
        self.position = start;
        true
    }

    /// A redirection, if one comes next.
    pub(super) fn redirection(&mut self, into: &mut Vec<Redirection>) -> ParseResult<bool> {
        self.skip_blanks();
        let start = self.position;
        if self.accept(b"&>>") || self.accept(b"&>") {
            let append = self.input[self.position - 2] == b'>';
            let file = self.redirection_word()?;
            let target = if append {
                Target::Append(file)
            } else {
                Target::Write(file)
            };
            into.push(Redirection { handle: 1, target });
            let one = Word {
                parts: vec![Part::Text(b"1".to_vec())],
            };
            into.push(Redirection {
                handle: 2,
                target: Target::Duplicate(one),
            });
            return Ok(true);
        }
        let mut number = None;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            number = Some(
                number
                    .unwrap_or(0u32)
                    .saturating_mul(10)
                    .saturating_add(u32::from(digit - b'0')),
            );
            self.position += 1;
        }
        let (default, make): (u32, fn(Word) -> Target) = if self.looking_at(b"<<") {
            self.position += 2;
            let handle = number.unwrap_or(0);
            let target = self.here_document()?;
            into.push(Redirection { handle, target });
            return Ok(true);
        } else if self.accept(b"<&") {
            (0, Target::Duplicate)
        } else if self.accept(b"<>") {
            (0, Target::ReadWrite)
        } else if self.accept(b"<") {
            (0, Target::Read)
        } else if self.accept(b">&") {
            (1, Target::Duplicate)
        } else if self.accept(b">>") {
            (1, Target::Append)
        } else if self.accept(b">|") || self.accept(b">") {
            (1, Target::Write)
        } else {
            self.position = start;
            return Ok(false);
        };
        let target = make(self.redirection_word()?);
        into.push(Redirection {
            handle: number.unwrap_or(default),
            target,
        });
        Ok(true)
    }

    fn redirection_word(&mut self) -> ParseResult<Word> {
        self.skip_blanks();
        match self.word()? {
            Some(word) => Ok(word),
            None => self.unexpected(),
        }
    }

    /// `<<end`, after the operator: the text is read at the end of the line.
    fn here_document(&mut self) -> ParseResult<Target> {
        let strip_tabs = self.accept(b"-");
        let word = self.redirection_word()?;
        let mut end = Vec::new();
        let mut quoted = false;
        for part in &word.parts {
            match part {
                Part::Text(text) => end.extend_from_slice(text),
                Part::Quoted(text) => {
                    quoted = true;
                    end.extend_from_slice(text);
                }
                Part::DoubleQuoted(inner) => {
                    quoted = true;
                    for part in inner {
                        if let Part::Quoted(text) = part {
                            end.extend_from_slice(text);
                        }
                    }
                }
                _ => {
                    return Err(ParseError::Syntax(String::from(
                        "the end of << must be plain",
                    )));
                }
            }
        }
        let body = Rc::new(OnceCell::new());
        self.pending_here.push(PendingHere {
            end,
            strip_tabs,
            quoted,
            body: body.clone(),
        });
        Ok(Target::Here(body))
    }
}

/// `name=…` as an assignment.
pub fn as_assignment(word: &Word) -> Option<Assignment> {
    let Some(Part::Text(first)) = word.parts.first() else {
        return None;
    };
    let equals = first.iter().position(|&byte| byte == b'=')?;
    let name = &first[..equals];
    if !is_name(name) {
        return None;
    }
    let mut parts = Vec::new();
    if equals + 1 < first.len() {
        parts.push(Part::Text(first[equals + 1..].to_vec()));
    }
    parts.extend_from_slice(&word.parts[1..]);
    Some(Assignment {
        name: name.to_vec(),
        value: Word { parts },
    })
}

fn source_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    String::from(text.trim())
}
