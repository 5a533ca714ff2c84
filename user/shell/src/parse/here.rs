//! The texts of `<<`.

use super::{ParseError, ParseResult, Parser};
use crate::tree::{Part, Word};
use alloc::vec;
use alloc::vec::Vec;

impl Parser<'_> {
    /// Reads the texts of all `<<` of the line that just ended.
    pub(super) fn read_here_documents(&mut self) -> ParseResult<()> {
        for pending in core::mem::take(&mut self.pending_here) {
            let text = self.read_lines_up_to(&pending.end, pending.strip_tabs)?;
            let word = if pending.quoted {
                Word {
                    parts: vec![Part::Quoted(text)],
                }
            } else {
                let mut inner = Parser::whole(&text, self.aliases);
                inner.depth = self.depth;
                Word {
                    parts: vec![Part::DoubleQuoted(inner.here_parts()?)],
                }
            };
            // Each cell belongs to one `<<`, so it is empty.
            let _ = pending.body.set(word);
        }
        Ok(())
    }

    fn read_lines_up_to(&mut self, end: &[u8], strip_tabs: bool) -> ParseResult<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let rest = &self.input[self.position..];
            if rest.is_empty() {
                return if self.last {
                    Ok(text)
                } else {
                    Err(ParseError::Incomplete)
                };
            }
            let newline = rest.iter().position(|&byte| byte == b'\n');
            let mut line = &rest[..newline.unwrap_or(rest.len())];
            while strip_tabs && line.first() == Some(&b'\t') {
                line = &line[1..];
            }
            if line != end {
                text.extend_from_slice(line);
                text.push(b'\n');
            }
            let ended = line == end;
            self.position += newline.map_or(rest.len(), |at| at + 1);
            if ended {
                return Ok(text);
            }
        }
    }
}
