//! Commands that begin with a reserved word or a parenthesis.

use super::words::is_name;
use super::{ParseError, ParseResult, Parser};
use crate::tree::{CommandKind, List, Word};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

impl Parser<'_> {
    /// A command that begins with a reserved word or a parenthesis.
    pub(super) fn compound(&mut self) -> ParseResult<Option<CommandKind>> {
        let kind = if self.accept(b"(") {
            let list = self.list_until_parenthesis()?;
            if list.items.is_empty() {
                return Err(ParseError::Syntax(String::from("unexpected ')'")));
            }
            CommandKind::Subshell(list)
        } else if self.accept_reserved("{") {
            let list = self.body(&["}"])?;
            self.expect_reserved("}")?;
            CommandKind::Group(list)
        } else if self.accept_reserved("if") {
            self.if_command()?
        } else if self.accept_reserved("while") {
            self.loop_command(false)?
        } else if self.accept_reserved("until") {
            self.loop_command(true)?
        } else if self.accept_reserved("for") {
            self.for_command()?
        } else if self.accept_reserved("case") {
            self.case_command()?
        } else if self.accept_reserved("function") {
            self.skip_blanks();
            let name = self.plain_word()?;
            self.skip_blanks();
            if self.accept(b"(") {
                self.skip_blanks();
                if !self.accept(b")") {
                    return self.unexpected();
                }
            }
            self.function_body(name)?
        } else {
            return Ok(None);
        };
        Ok(Some(kind))
    }

    fn if_command(&mut self) -> ParseResult<CommandKind> {
        let mut branches = Vec::new();
        loop {
            let condition = self.body(&["then"])?;
            self.expect_reserved("then")?;
            branches.push((condition, self.body(&["elif", "else", "fi"])?));
            if self.accept_reserved("elif") {
                continue;
            }
            let otherwise = if self.accept_reserved("else") {
                Some(self.body(&["fi"])?)
            } else {
                None
            };
            self.expect_reserved("fi")?;
            return Ok(CommandKind::If(branches, otherwise));
        }
    }

    fn do_group(&mut self) -> ParseResult<List> {
        self.expect_reserved("do")?;
        let body = self.body(&["done"])?;
        self.expect_reserved("done")?;
        Ok(body)
    }

    fn loop_command(&mut self, until: bool) -> ParseResult<CommandKind> {
        let condition = self.body(&["do"])?;
        Ok(CommandKind::Loop {
            until,
            condition,
            body: self.do_group()?,
        })
    }

    fn for_command(&mut self) -> ParseResult<CommandKind> {
        self.skip_blanks();
        let name = self.plain_word()?;
        if !is_name(&name) {
            let shown = String::from_utf8_lossy(&name);
            return Err(ParseError::Syntax(format!(
                "'{shown}' is not a variable's name"
            )));
        }
        self.skip_newlines()?;
        let mut words = None;
        if self.accept_reserved("in") {
            let mut list = Vec::new();
            self.skip_blanks();
            while let Some(word) = self.word()? {
                list.push(word);
                self.skip_blanks();
            }
            words = Some(list);
        }
        self.skip_blanks();
        if self.peek() == Some(b';') {
            self.position += 1;
        }
        self.skip_newlines()?;
        Ok(CommandKind::For {
            name,
            words,
            body: self.do_group()?,
        })
    }

    fn case_command(&mut self) -> ParseResult<CommandKind> {
        self.skip_blanks();
        let Some(word) = self.word()? else {
            return self.unexpected();
        };
        self.skip_newlines()?;
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.accept_reserved("esac") {
                return Ok(CommandKind::Case { word, arms });
            }
            self.accept(b"(");
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                let Some(pattern) = self.word()? else {
                    return self.unexpected();
                };
                patterns.push(pattern);
                self.skip_blanks();
                if self.accept(b")") {
                    break;
                }
                if !self.accept(b"|") {
                    return self.unexpected();
                }
            }
            arms.push((patterns, self.list(&["esac"])?));
            if !self.accept(b";;") && !self.at_reserved("esac") {
                return self.unexpected();
            }
        }
    }

    /// A word that is nothing but text.
    fn plain_word(&mut self) -> ParseResult<Vec<u8>> {
        let start = self.position;
        match self.word()?.as_ref().and_then(Word::plain) {
            Some(text) => Ok(text.to_vec()),
            None => {
                self.position = start;
                self.unexpected()
            }
        }
    }

    pub(super) fn function_body(&mut self, name: Vec<u8>) -> ParseResult<CommandKind> {
        self.skip_newlines()?;
        let body = self.command()?;
        Ok(CommandKind::Function {
            name,
            body: Rc::new(body),
        })
    }
}
