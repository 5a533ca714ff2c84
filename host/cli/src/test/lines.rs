//! What a terminal would show, line by line, of the bytes that a console prints.
//!
//! Knows what line editors use: carriage return, backspace, and the cursor and erase sequences
//! of ECMA-48. Everything else that begins with an escape is passed over.

/// The lines printed so far; the last one is where the cursor is.
#[derive(Debug)]
pub struct Lines {
    lines: Vec<Vec<char>>,
    column: usize,
    escape: Option<String>,
    partial: Vec<u8>,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines {
            lines: vec![Vec::new()],
            column: 0,
            escape: None,
            partial: Vec::new(),
        }
    }
}

impl Lines {
    /// Takes bytes from the console.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        let text = match std::str::from_utf8(&self.partial) {
            Ok(text) => text.to_owned(),
            Err(error) if error.error_len().is_none() => {
                String::from_utf8_lossy(&self.partial[..error.valid_up_to()]).into_owned()
            }
            Err(_) => String::from_utf8_lossy(&self.partial).into_owned(),
        };
        let used = text.len().min(self.partial.len());
        self.partial.drain(..used);
        for character in text.chars() {
            self.put(character);
        }
    }

    /// How many lines there are, the current one included.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// A line's text.
    pub fn line(&self, index: usize) -> String {
        self.lines
            .get(index)
            .map(|line| line.iter().collect())
            .unwrap_or_default()
    }

    /// The line with the cursor.
    pub fn current(&self) -> String {
        self.line(self.lines.len() - 1)
    }

    fn put(&mut self, character: char) {
        if let Some(sequence) = &mut self.escape {
            sequence.push(character);
            let text = sequence.clone();
            let ended = match text.as_bytes()[0] {
                b'[' => text.len() > 1 && character.is_ascii_alphabetic() || character == '~',
                b']' => character == '\x07',
                _ => true,
            };
            if ended {
                self.escape = None;
                self.control(&text);
            }
            return;
        }
        match character {
            '\x1b' => self.escape = Some(String::new()),
            '\r' => self.column = 0,
            '\n' => {
                self.lines.push(Vec::new());
                self.column = 0;
            }
            '\x08' => self.column = self.column.saturating_sub(1),
            '\t' => {
                for _ in 0..8 - self.column % 8 {
                    self.write(' ');
                }
            }
            character if character.is_control() => {}
            character => self.write(character),
        }
    }

    fn write(&mut self, character: char) {
        let column = self.column;
        let line = self.last();
        if line.len() <= column {
            line.resize(column + 1, ' ');
        }
        line[column] = character;
        self.column += 1;
    }

    fn control(&mut self, sequence: &str) {
        let Some(body) = sequence.strip_prefix('[') else {
            return;
        };
        let (parameters, command) = body.split_at(body.len() - 1);
        let number = parameters
            .split(';')
            .next()
            .and_then(|text| text.parse::<usize>().ok());
        let column = self.column;
        match command {
            "K" | "J" => match number.unwrap_or(0) {
                0 => self.last().truncate(column),
                1 => {
                    let end = column.min(self.last().len());
                    self.last()[..end].fill(' ');
                }
                _ => self.last().clear(),
            },
            "C" => self.column += number.unwrap_or(1).max(1),
            "D" => self.column = column.saturating_sub(number.unwrap_or(1).max(1)),
            "G" => self.column = number.unwrap_or(1).saturating_sub(1),
            "P" => {
                let line = self.last();
                let end = (column + number.unwrap_or(1)).min(line.len());
                if column < end {
                    line.drain(column..end);
                }
            }
            _ => {}
        }
    }

    fn last(&mut self) -> &mut Vec<char> {
        if self.lines.is_empty() {
            self.lines.push(Vec::new());
        }
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> Vec<String> {
        let mut lines = Lines::default();
        for byte in bytes {
            lines.feed(&[*byte]);
        }
        (0..lines.count()).map(|index| lines.line(index)).collect()
    }

    #[test]
    fn editing_leaves_what_a_person_sees() {
        assert_eq!(shown(b"# lx\x08s\r\nfile\r\n# "), ["# ls", "file", "# "]);
        assert_eq!(shown(b"# abc\r\x1b[K# abd\x1b[D\x1b[Dx"), ["# axd"]);
        assert_eq!(shown(b"\x1b[1;31mred\x1b[0m"), ["red"]);
        assert_eq!(shown("grün\r\n".as_bytes()), ["grün", ""]);
        assert_eq!(shown(b"a\tb"), ["a       b"]);
    }
}
