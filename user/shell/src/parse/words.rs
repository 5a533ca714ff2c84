//! Words and what is in them: quotes, parameters, substitutions.

use super::{ParseError, ParseResult, Parser};
use crate::tree::{Alternative, Operation, Parameter, Part, Word};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// Where a run of parts ends, and what counts inside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    /// An ordinary word: ends at blanks and operators.
    Word,
    /// Inside `${…}` outside of quotes: ends at `}`.
    Braces,
    /// Inside `${…}` inside of quotes: ends at `}`.
    QuotedBraces,
    /// Inside `"…"`: ends at the quote.
    Quotes,
    /// The text of `<<`: ends with the text.
    Here,
    /// Inside `${…}` up to a `/` or `:`, or its `}`.
    Piece(u8),
    /// Inside `$((…))`: ends at the `))` that is not inside further parentheses.
    Arithmetic,
}

impl Context {
    /// Whether patterns, blanks and single quotes have lost their meaning.
    fn is_quoted(self) -> bool {
        matches!(
            self,
            Context::Quotes | Context::Here | Context::QuotedBraces | Context::Arithmetic
        )
    }
}

/// Bytes that end a word.
pub(super) fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
    )
}

fn is_name_start(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic()
}

fn is_name_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Whether a text is a variable's name.
pub fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|&byte| is_name_start(byte)) && text.iter().all(|&b| is_name_byte(b))
}

/// Collects parts, joining adjacent bytes of one kind.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn text(&mut self, byte: u8) {
        match self.0.last_mut() {
            Some(Part::Text(text)) => text.push(byte),
            _ => self.0.push(Part::Text(vec![byte])),
        }
    }

    fn quoted(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Part::Quoted(text)) => text.extend_from_slice(bytes),
            _ => self.0.push(Part::Quoted(bytes.to_vec())),
        }
    }
}

impl Parser<'_> {
    /// The word that comes next, if one does.
    pub(super) fn word(&mut self) -> ParseResult<Option<Word>> {
        let parts = self.parts(Context::Word)?;
        Ok(if parts.is_empty() {
            None
        } else {
            Some(Word { parts })
        })
    }

    /// The whole rest as the text of a `<<`.
    pub(super) fn here_parts(&mut self) -> ParseResult<Vec<Part>> {
        self.parts(Context::Here)
    }

    fn parts(&mut self, context: Context) -> ParseResult<Vec<Part>> {
        self.nested(|parser| parser.parts_inside(context))
    }

    fn parts_inside(&mut self, context: Context) -> ParseResult<Vec<Part>> {
        let mut parts = Parts::default();
        let mut parentheses = 0usize;
        let mut after_separator = true;
        loop {
            let Some(byte) = self.peek() else {
                return match context {
                    Context::Word | Context::Here => Ok(parts.0),
                    _ => Err(ParseError::Incomplete),
                };
            };
            match (context, byte) {
                (Context::Word, _) if ends_word(byte) => return Ok(parts.0),
                (Context::Braces | Context::QuotedBraces, b'}') | (Context::Quotes, b'"') => {
                    return Ok(parts.0);
                }
                (Context::Piece(end), _) if byte == end || byte == b'}' => return Ok(parts.0),
                (Context::Arithmetic, b'(') => parentheses += 1,
                (Context::Arithmetic, b')') if parentheses > 0 => parentheses -= 1,
                (Context::Arithmetic, b')') if self.peek_at(1) == Some(b')') => return Ok(parts.0),
                (Context::Arithmetic, b')') => return self.unexpected(),
                _ => {}
            }
            let tilde_counts = after_separator && !context.is_quoted();
            after_separator = false;
            match byte {
                b'\\' => self.backslash(context, &mut parts)?,
                b'\'' if !context.is_quoted() => {
                    self.position += 1;
                    let text = self.up_to(b'\'')?;
                    parts.quoted(&text);
                }
                b'"' if context != Context::Here => {
                    self.position += 1;
                    let inner = self.parts(Context::Quotes)?;
                    self.position += 1;
                    if matches!(context, Context::Arithmetic) {
                        parts.0.extend(inner);
                    } else {
                        parts.0.push(Part::DoubleQuoted(inner));
                    }
                }
                b'$' => self.dollar(context, &mut parts)?,
                b'`' => parts.0.push(self.backquotes(context)?),
                b'~' if tilde_counts => self.tilde(&mut parts),
                _ => {
                    self.position += 1;
                    if context.is_quoted() {
                        parts.quoted(&[byte]);
                    } else {
                        parts.text(byte);
                        // In `PATH=~/bin:~root/bin` each tilde counts.
                        after_separator = matches!(byte, b'=' | b':');
                    }
                }
            }
        }
    }

    fn backslash(&mut self, context: Context, parts: &mut Parts) -> ParseResult<()> {
        let Some(next) = self.peek_at(1) else {
            if self.last || context == Context::Here {
                self.position += 1;
                parts.quoted(b"\\");
                return Ok(());
            }
            return Err(ParseError::Incomplete);
        };
        self.position += 2;
        let special: &[u8] = match context {
            Context::Here | Context::Arithmetic => b"$`\\",
            Context::Quotes => b"$`\"\\",
            Context::QuotedBraces => b"$`\"\\}",
            Context::Word | Context::Braces | Context::Piece(_) => {
                if next != b'\n' {
                    parts.quoted(&[next]);
                }
                return Ok(());
            }
        };
        if special.contains(&next) {
            parts.quoted(&[next]);
        } else if next != b'\n' {
            parts.quoted(&[b'\\', next]);
        }
        Ok(())
    }

    /// Everything up to a byte, which is taken too.
    fn up_to(&mut self, end: u8) -> ParseResult<Vec<u8>> {
        let rest = &self.input[self.position..];
        let length = rest
            .iter()
            .position(|&b| b == end)
            .ok_or(ParseError::Incomplete)?;
        let text = rest[..length].to_vec();
        self.position += length + 1;
        Ok(text)
    }

    fn tilde(&mut self, parts: &mut Parts) {
        let rest = &self.input[self.position + 1..];
        let length = rest
            .iter()
            .position(|&byte| byte == b'/' || byte == b':' || ends_word(byte))
            .unwrap_or(rest.len());
        let user = rest[..length].to_vec();
        if user.iter().all(|&byte| is_name_byte(byte) || byte == b'-') {
            self.position += 1 + length;
            parts.0.push(Part::Tilde(user));
        } else {
            self.position += 1;
            parts.text(b'~');
        }
    }

    fn dollar(&mut self, context: Context, parts: &mut Parts) -> ParseResult<()> {
        let Some(next) = self.peek_at(1) else {
            self.position += 1;
            parts.quoted(b"$");
            return Ok(());
        };
        match next {
            b'(' if self.peek_at(2) == Some(b'(') => {
                let start = self.position;
                self.position += 3;
                match self.parts(Context::Arithmetic) {
                    Ok(inner) => {
                        self.position += 2;
                        parts.0.push(Part::Arithmetic(inner));
                        return Ok(());
                    }
                    Err(ParseError::Incomplete) => return Err(ParseError::Incomplete),
                    // `$((a) | b)` is a substitution that begins with a subshell.
                    Err(ParseError::Syntax(_)) => self.position = start,
                }
                parts.0.push(self.substitution()?);
            }
            b'(' => parts.0.push(self.substitution()?),
            b'{' => {
                self.position += 2;
                let parameter = self.braces(context)?;
                parts.0.push(parameter);
            }
            b'\'' if !context.is_quoted() => {
                self.position += 2;
                let text = self.escaped_text()?;
                parts.quoted(&text);
            }
            _ => {
                self.position += 1;
                match self.simple_name() {
                    Some(name) => parts.0.push(Part::Parameter(Box::new(Parameter {
                        name,
                        operation: Operation::Value,
                    }))),
                    None => parts.quoted(b"$"),
                }
            }
        }
        Ok(())
    }

    /// The text of `$'…'`, in which `\n` and its relatives count.
    fn escaped_text(&mut self) -> ParseResult<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let byte = self.peek().ok_or(ParseError::Incomplete)?;
            self.position += 1;
            match byte {
                b'\'' => return Ok(text),
                b'\\' => {
                    let next = self.peek().ok_or(ParseError::Incomplete)?;
                    self.position += 1;
                    match next {
                        b'n' => text.push(b'\n'),
                        b't' => text.push(b'\t'),
                        b'r' => text.push(b'\r'),
                        b'a' => text.push(7),
                        b'b' => text.push(8),
                        b'e' => text.push(27),
                        b'0'..=b'7' => text.push(self.digits(next - b'0', 8, 2)),
                        b'x' => text.push(self.digits(0, 16, 2)),
                        other => text.push(other),
                    }
                }
                other => text.push(other),
            }
        }
    }

    fn digits(&mut self, start: u8, radix: u32, most: usize) -> u8 {
        let mut value = u32::from(start);
        for _ in 0..most {
            let Some(digit) = self.peek().and_then(|byte| (byte as char).to_digit(radix)) else {
                break;
            };
            value = value * radix + digit;
            self.position += 1;
        }
        value as u8
    }

    /// `$(…)`, at the dollar.
    fn substitution(&mut self) -> ParseResult<Part> {
        self.position += 2;
        let list = self.nested(|parser| parser.list_until_parenthesis())?;
        Ok(Part::Substitution(Rc::new(list)))
    }

    fn backquotes(&mut self, context: Context) -> ParseResult<Part> {
        self.position += 1;
        let mut text = Vec::new();
        loop {
            let byte = self.peek().ok_or(ParseError::Incomplete)?;
            self.position += 1;
            match (byte, self.peek()) {
                (b'`', _) => break,
                (b'\\', Some(next @ (b'`' | b'\\' | b'$'))) => {
                    text.push(next);
                    self.position += 1;
                }
                (b'\\', Some(b'"')) if context == Context::Quotes => {
                    text.push(b'"');
                    self.position += 1;
                }
                _ => text.push(byte),
            }
        }
        let mut inner = Parser::whole(&text, self.aliases);
        inner.depth = self.depth;
        let list = self.nested(|_| match inner.whole_list() {
            Err(ParseError::Incomplete) => Err(ParseError::Syntax(String::from(
                "the text in backquotes is incomplete",
            ))),
            outcome => outcome,
        })?;
        Ok(Part::Substitution(Rc::new(list)))
    }

    /// A parameter's name without braces.
    fn simple_name(&mut self) -> Option<Vec<u8>> {
        let first = self.peek()?;
        let length = if is_name_start(first) {
            let rest = &self.input[self.position..];
            rest.iter()
                .position(|&byte| !is_name_byte(byte))
                .unwrap_or(rest.len())
        } else if first.is_ascii_digit() || b"@*#?-$!".contains(&first) {
            1
        } else {
            return None;
        };
        let name = self.input[self.position..self.position + length].to_vec();
        self.position += length;
        Some(name)
    }

    /// `${…}`, after the brace.
    fn braces(&mut self, context: Context) -> ParseResult<Part> {
        if self.peek() == Some(b'#') && !matches!(self.peek_at(1), Some(b'}' | b':' | b'-' | b'%'))
        {
            self.position += 1;
            let name = self.braced_name()?;
            if !self.accept(b"}") {
                return self.bad_substitution();
            }
            let operation = Operation::Length;
            return Ok(Part::Parameter(Box::new(Parameter { name, operation })));
        }
        let name = self.braced_name()?;
        let operation = self.operation(context)?;
        if !self.accept(b"}") {
            return self.bad_substitution();
        }
        Ok(Part::Parameter(Box::new(Parameter { name, operation })))
    }

    fn braced_name(&mut self) -> ParseResult<Vec<u8>> {
        let rest = &self.input[self.position..];
        let digits = rest
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(rest.len());
        if digits > 0 {
            let name = rest[..digits].to_vec();
            self.position += digits;
            return Ok(name);
        }
        match self.simple_name() {
            Some(name) => Ok(name),
            None => self.bad_substitution(),
        }
    }

    fn bad_substitution<T>(&self) -> ParseResult<T> {
        if self.peek().is_none() {
            return Err(ParseError::Incomplete);
        }
        Err(ParseError::Syntax(String::from("bad substitution in ${…}")))
    }

    fn operation(&mut self, context: Context) -> ParseResult<Operation> {
        let inner = if context.is_quoted() {
            Context::QuotedBraces
        } else {
            Context::Braces
        };
        let empty_is_unset = self.accept(b":");
        let Some(operator) = self.peek() else {
            return Err(ParseError::Incomplete);
        };
        if operator == b'}' && !empty_is_unset {
            return Ok(Operation::Value);
        }
        self.position += 1;
        if matches!(operator, b'-' | b'=' | b'?' | b'+') {
            let word = Word {
                parts: self.parts(inner)?,
            };
            let alternative = Alternative {
                empty_is_unset,
                word,
            };
            return Ok(match operator {
                b'-' => Operation::Default(alternative),
                b'=' => Operation::Assign(alternative),
                b'?' => Operation::Demand(alternative),
                _ => Operation::Replace(alternative),
            });
        }
        if empty_is_unset {
            // Not one of the above: `:` begins an offset.
            self.position -= 1;
            let offset = Word {
                parts: self.parts(Context::Piece(b':'))?,
            };
            let length = match self.accept(b":") {
                true => Some(Word {
                    parts: self.parts(Context::Piece(b':'))?,
                }),
                false => None,
            };
            return Ok(Operation::Substring { offset, length });
        }
        if operator == b'/' {
            let all = self.accept(b"/");
            let pattern = Word {
                parts: self.parts(Context::Piece(b'/'))?,
            };
            let replacement = match self.accept(b"/") {
                true => Word {
                    parts: self.parts(Context::Braces)?,
                },
                false => Word::default(),
            };
            return Ok(Operation::Substitute {
                all,
                pattern,
                replacement,
            });
        }
        if !matches!(operator, b'#' | b'%') {
            self.position -= 1;
            return self.bad_substitution();
        }
        let longest = self.accept(&[operator]);
        // The pattern is one even inside quotes.
        let pattern = Word {
            parts: self.parts(Context::Braces)?,
        };
        Ok(if operator == b'#' {
            Operation::RemovePrefix { longest, pattern }
        } else {
            Operation::RemoveSuffix { longest, pattern }
        })
    }
}
