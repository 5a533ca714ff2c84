//! Commands that come from a text, a file or an input that is no terminal.

use crate::state::{Flow, Outcome, Shell};
use alloc::collections::BTreeMap;
use scarlet::fs;
use scarlet::prelude::*;
use shell::parse::{Aliases, ParseError, Parser};

extern crate alloc;

/// The shell's aliases, for a parser that lives while the shell runs.
pub(crate) struct AliasTable(BTreeMap<Vec<u8>, Vec<u8>>);

impl AliasTable {
    /// Aliases as they are now. They count at a prompt only, as the standard's scripts expect.
    pub(crate) fn of(shell: &Shell) -> AliasTable {
        AliasTable(shell.aliases.clone())
    }
}

impl Aliases for AliasTable {
    fn alias(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.0.get(name).cloned()
    }
}

/// A text without a meaning: outside of a prompt that ends the shell.
pub(crate) fn syntax_error(shell: &mut Shell, error: &ParseError) -> Outcome {
    match error {
        ParseError::Incomplete => shell.complain("syntax error: unexpected end"),
        ParseError::Syntax(message) => shell.complain(&format!("syntax error: {message}")),
    }
    shell.status = 2;
    Err(if shell.session.is_some() {
        Flow::Abandon
    } else {
        Flow::Exit(2)
    })
}

/// Runs a whole text.
pub(crate) fn run_text(shell: &mut Shell, text: &[u8]) -> Outcome {
    let mut rest = text.to_vec();
    loop {
        // A fresh table for each line, because the line before may have changed it; what was parsed
        // with the old one is behind us.
        let aliases = AliasTable::of(shell);
        let mut parser = Parser::whole(&rest, &aliases);
        match parser.next_line() {
            Ok(Some(list)) => {
                rest = parser.remaining().to_vec();
                shell.run_list(&list)?;
            }
            Ok(None) => return Ok(shell.status),
            Err(error) => return syntax_error(shell, &error),
        }
    }
}

/// Runs a file with the shell's own variables and functions.
pub(crate) fn source(shell: &mut Shell, path: &[u8]) -> Outcome {
    match fs::read(path) {
        Ok(text) => shell.deeper(|shell| match run_text(shell, &text) {
            Err(Flow::Return(status)) => Ok(status),
            other => other,
        }),
        Err(error) => {
            let shown = String::from_utf8_lossy(path).into_owned();
            shell.fail(&format!("{shown}: {error}"), 1)
        }
    }
}

/// Runs a file if there is one.
pub(crate) fn run_if_there(shell: &mut Shell, path: &[u8]) {
    if fs::exists(path) {
        let _ = source(shell, path);
    }
}

/// Runs a script.
pub(crate) fn run_file(shell: &mut Shell, path: &[u8]) -> Outcome {
    match fs::read(path) {
        Ok(text) => run_text(shell, &text),
        Err(error) => {
            let shown = String::from_utf8_lossy(path).into_owned();
            eprintln!("sh: {shown}: {error}");
            Err(Flow::Exit(127))
        }
    }
}

/// Runs what comes from the standard input, a line at a time: the commands may read it too, so not a
/// byte beyond the line is taken.
pub(crate) fn run_input(shell: &mut Shell) -> Outcome {
    let mut text = Vec::new();
    loop {
        let more = read_line(shell, &mut text);
        let aliases = AliasTable::of(shell);
        let mut parser = if more {
            Parser::new(&text, &aliases)
        } else {
            Parser::whole(&text, &aliases)
        };
        let mut lists = Vec::new();
        let outcome = loop {
            match parser.next_line() {
                Ok(Some(list)) => lists.push(list),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        match outcome {
            Err(ParseError::Incomplete) if more => continue,
            Err(error) => {
                let _ = syntax_error(shell, &error)?;
            }
            Ok(()) => {
                for list in lists {
                    shell.run_list(&list)?;
                }
            }
        }
        text.clear();
        if !more {
            return Ok(shell.status);
        }
    }
}

/// Adds a line; `false` at the end.
fn read_line(shell: &Shell, text: &mut Vec<u8>) -> bool {
    let mut byte = [0];
    loop {
        match shell.streams.read(0, &mut byte) {
            Ok(1) => {
                text.push(byte[0]);
                if byte[0] == b'\n' {
                    return true;
                }
            }
            Err(error) if error.kind() == scarlet::io::ErrorKind::Interrupted => {}
            _ => return false,
        }
    }
}
