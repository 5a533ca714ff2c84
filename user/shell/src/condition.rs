//! `test` and `[`: conditions about texts, numbers and files.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What a condition asks about files.
pub trait Files {
    /// `-e`, `-f`, `-d`, `-r`, `-w`, `-x`, `-s`, `-L`, `-h`, `-p`, `-c`, `-b`, `-S`, `-u`, `-g`, `-k`,
    /// `-O`, `-G`: whether the file is so.
    fn is(&mut self, question: u8, path: &[u8]) -> bool;
    /// `-t`: whether a handle is a terminal.
    fn is_terminal(&mut self, handle: u32) -> bool;
    /// `-nt`, `-ot`, `-ef`: how two files compare.
    fn compare(&mut self, one: &[u8], question: &[u8], two: &[u8]) -> bool;
}

/// Whether a condition holds, or why it is none.
pub fn evaluate(words: &[Vec<u8>], files: &mut dyn Files) -> Result<bool, String> {
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    // Up to four words are decided by their number, so that `test "$x" = "!"` means what it says.
    match words.as_slice() {
        [] => Ok(false),
        [one] => Ok(!one.is_empty()),
        [b"!", one] => Ok(one.is_empty()),
        [operator, operand] => unary(operator, operand, files)
            .unwrap_or_else(|| Err(format!("'{}' is not a condition", shown(operator)))),
        [one, operator, two] if is_binary(operator) => binary(one, operator, two, files),
        [b"!", rest @ ..] if rest.len() <= 3 => {
            let rest: Vec<Vec<u8>> = rest.iter().map(|word| word.to_vec()).collect();
            Ok(!evaluate(&rest, files)?)
        }
        _ => {
            let mut parser = Parser {
                words: &words,
                files,
                depth: 0,
            };
            let value = parser.alternatives()?;
            match parser.words.first() {
                None => Ok(value),
                Some(word) => Err(format!("unexpected '{}'", shown(word))),
            }
        }
    }
}

fn shown(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

fn is_binary(operator: &[u8]) -> bool {
    matches!(
        operator,
        b"=" | b"=="
            | b"!="
            | b"<"
            | b">"
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
            | b"-nt"
            | b"-ot"
            | b"-ef"
    )
}

fn number(word: &[u8]) -> Result<i64, String> {
    let text = shown(word);
    text.trim()
        .parse()
        .map_err(|_| format!("'{text}' is not a number"))
}

fn unary(operator: &[u8], operand: &[u8], files: &mut dyn Files) -> Option<Result<bool, String>> {
    let &[b'-', letter] = operator else {
        return None;
    };
    Some(match letter {
        b'n' => Ok(!operand.is_empty()),
        b'z' => Ok(operand.is_empty()),
        b't' => number(operand)
            .map(|handle| u32::try_from(handle).is_ok_and(|handle| files.is_terminal(handle))),
        b'e' | b'f' | b'd' | b'r' | b'w' | b'x' | b's' | b'L' | b'h' | b'p' | b'c' | b'b'
        | b'S' | b'u' | b'g' | b'k' | b'O' | b'G' => Ok(files.is(letter, operand)),
        _ => return None,
    })
}

fn binary(one: &[u8], operator: &[u8], two: &[u8], files: &mut dyn Files) -> Result<bool, String> {
    Ok(match operator {
        b"=" | b"==" => one == two,
        b"!=" => one != two,
        b"<" => one < two,
        b">" => one > two,
        b"-eq" => number(one)? == number(two)?,
        b"-ne" => number(one)? != number(two)?,
        b"-lt" => number(one)? < number(two)?,
        b"-le" => number(one)? <= number(two)?,
        b"-gt" => number(one)? > number(two)?,
        b"-ge" => number(one)? >= number(two)?,
        _ => files.compare(one, operator, two),
    })
}

/// Longer conditions, with `-a`, `-o`, `!` and parentheses.
struct Parser<'a> {
    words: &'a [&'a [u8]],
    files: &'a mut dyn Files,
    depth: usize,
}

impl Parser<'_> {
    fn accept(&mut self, word: &[u8]) -> bool {
        let found = self.words.first().is_some_and(|next| *next == word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn alternatives(&mut self) -> Result<bool, String> {
        let mut value = self.together()?;
        while self.accept(b"-o") {
            value |= self.together()?;
        }
        Ok(value)
    }

    fn together(&mut self) -> Result<bool, String> {
        let mut value = self.one()?;
        while self.accept(b"-a") {
            value &= self.one()?;
        }
        Ok(value)
    }

    fn one(&mut self) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > 100 {
            return Err(String::from("nested too deeply"));
        }
        let words = self.words;
        let value = match words {
            [] => return Err(String::from("a condition is missing")),
            [one, operator, two, ..] if is_binary(operator) => {
                self.words = &words[3..];
                binary(one, operator, two, self.files)?
            }
            [b"!", ..] => {
                self.words = &words[1..];
                !self.one()?
            }
            [b"(", ..] => {
                self.words = &words[1..];
                let value = self.alternatives()?;
                if !self.accept(b")") {
                    return Err(String::from("')' is missing"));
                }
                value
            }
            [operator, operand, ..] => match unary(operator, operand, self.files) {
                Some(value) => {
                    self.words = &words[2..];
                    value?
                }
                None => {
                    self.words = &words[1..];
                    !operator.is_empty()
                }
            },
            [word] => {
                self.words = &words[1..];
                !word.is_empty()
            }
        };
        self.depth -= 1;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Disk;

    impl Files for Disk {
        fn is(&mut self, question: u8, path: &[u8]) -> bool {
            matches!(
                (question, path),
                (b'e' | b'f', b"file") | (b'e' | b'd', b"dir")
            )
        }
        fn is_terminal(&mut self, handle: u32) -> bool {
            handle == 0
        }
        fn compare(&mut self, one: &[u8], _question: &[u8], two: &[u8]) -> bool {
            one == two
        }
    }

    fn holds(text: &str) -> Result<bool, String> {
        let words: Vec<Vec<u8>> = text
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| word.replace('_', "").into_bytes())
            .collect();
        evaluate(&words, &mut Disk)
    }

    #[test]
    fn conditions() {
        for text in [
            "x",
            "-n x",
            "-z _",
            "a = a",
            "a != b",
            "1 -lt 2",
            "2 -ge 2",
            "-f file",
            "-d dir",
            "! -f dir",
            "! _",
            "-t 0",
            "( a = a )",
            "a = a -a b = b",
            "a = b -o b = b",
            "! ( a = b -o c = d )",
            "! = !",
            "-f = -f",
            "! a = b",
            "10 -gt 9",
        ] {
            assert_eq!(holds(text), Ok(true), "{text}");
        }
        for text in [
            "",
            "_",
            "-n _",
            "a = b",
            "2 -lt 1",
            "-e nothing",
            "! x",
            "-t 5",
            "a -a _",
        ] {
            assert_eq!(holds(text), Ok(false), "{text}");
        }
        for text in ["a -lt 1", "-q x", "a b c d", "( a = a", "-t x", "a = a -a"] {
            assert!(holds(text).is_err(), "{text}");
        }
    }
}
