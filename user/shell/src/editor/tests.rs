//! Typing, and looking at a small screen.

use super::*;
use alloc::string::ToString;
use alloc::vec;

/// A terminal that understands what the editor prints.
struct Glass {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Glass {
    fn new() -> Glass {
        Glass {
            rows: vec![Vec::new()],
            row: 0,
            column: 0,
        }
    }

    fn print(&mut self, bytes: &[u8]) {
        let text = core::str::from_utf8(bytes).unwrap();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '\r' => self.column = 0,
                '\n' => {
                    self.row += 1;
                    if self.row == self.rows.len() {
                        self.rows.push(Vec::new());
                    }
                }
                '\x07' => {}
                '\x1b' => {
                    assert_eq!(characters.next(), Some('['));
                    let mut number = 0;
                    for character in characters.by_ref() {
                        match character {
                            '0'..='9' => number = number * 10 + character as usize - '0' as usize,
                            'A' => self.row -= number.max(1),
                            'C' => self.column += number.max(1),
                            'J' if number == 2 => *self = Glass::new(),
                            'J' => {
                                self.rows.truncate(self.row + 1);
                                self.rows[self.row].truncate(self.column);
                            }
                            'H' => (self.row, self.column) = (0, 0),
                            other => panic!("sequence {other}"),
                        }
                        if character.is_ascii_alphabetic() {
                            break;
                        }
                    }
                }
                _ => {
                    let line = &mut self.rows[self.row];
                    line.resize(line.len().max(self.column + 1), ' ');
                    line[self.column] = character;
                    self.column += 1;
                }
            }
        }
    }

    fn text(&self) -> String {
        let lines: Vec<String> = self.rows.iter().map(|row| row.iter().collect()).collect();
        lines.join("\n")
    }
}

struct Names;

impl Completer for Names {
    fn commands(&mut self, start: &str) -> Vec<Candidate> {
        candidates(&["cat", "clear", "echo", "env"], start)
    }
    fn paths(&mut self, directory: &str, start: &str) -> Vec<Candidate> {
        match directory {
            "" => candidates(&["file one", "src/", "sound"], start),
            "src/" => candidates(&["main.rs", "maths.rs"], start),
            _ => Vec::new(),
        }
    }
    fn variables(&mut self, start: &str) -> Vec<Candidate> {
        candidates(&["HOME", "PATH"], start)
    }
}

fn candidates(names: &[&str], start: &str) -> Vec<Candidate> {
    names
        .iter()
        .filter(|name| name.starts_with(start))
        .map(|name| Candidate {
            name: name.trim_end_matches('/').to_string(),
            is_directory: name.ends_with('/'),
        })
        .collect()
}

/// Types into a screen of 20 columns; gives the last event and the screen.
fn typed(editor: &mut Editor, text: &str) -> (Option<Event>, Glass) {
    let mut glass = Glass::new();
    glass.print(&editor.begin("# ", 20));
    let mut event = None;
    for byte in text.bytes() {
        let step = editor.feed(byte, &mut Names);
        glass.print(&step.output);
        event = step.event.or(event);
    }
    (event, glass)
}

fn line(text: &str) -> String {
    match typed(&mut Editor::new(), &(text.to_string() + "\r")).0 {
        Some(Event::Line(line)) => line,
        other => panic!("{text:?} gave {other:?}"),
    }
}

#[test]
fn editing() {
    assert_eq!(line("hello"), "hello");
    assert_eq!(line("hllo\x1b[D\x1b[D\x1b[De"), "hello");
    assert_eq!(line("world\x01hello \x05!"), "hello world!");
    assert_eq!(line("one two\x17three"), "one three");
    assert_eq!(line("one two\x15x"), "x");
    assert_eq!(line("one\x01\x0btwo \x19"), "two one");
    assert_eq!(line("abc\x7f\x08"), "a");
    assert_eq!(line("abc\x1b[H\x1b[3~\x1b[4~d"), "bcd");
    assert_eq!(
        line("a b c\x1bb\x1bbX\x1bfY"),
        "a Xb Yc".replace("Xb Y", "XbY ")
    );
    assert_eq!(line("grün\x7f\x7fo"), "gro");
    assert_eq!(line("日本\x1b[Dx"), "日x本");
    assert_eq!(line("ab\x14"), "ba");
}

#[test]
fn ends_of_lines() {
    assert_eq!(typed(&mut Editor::new(), "\x04").0, Some(Event::EndOfInput));
    assert_eq!(
        typed(&mut Editor::new(), "ab\x01\x04\r").0,
        Some(Event::Line("b".into()))
    );
    let (event, glass) = typed(&mut Editor::new(), "abc\x03");
    assert_eq!(event, Some(Event::Interrupted));
    assert_eq!(glass.text(), "# abc^C\n");
    // A carriage return with a line feed is one Enter.
    let mut editor = Editor::new();
    typed(&mut editor, "a\r");
    assert_eq!(typed(&mut editor, "\nb\r").0, Some(Event::Line("b".into())));
}

#[test]
fn history_goes_back_and_forth() {
    let mut editor = Editor::new();
    for text in ["first", "second", "second", "  "] {
        editor.history().add(text);
    }
    assert_eq!(editor.history().lines(), ["first", "second"]);
    assert_eq!(
        typed(&mut editor, "\x1b[A\x1b[A\r").0,
        Some(Event::Line("first".into()))
    );
    let back = "draft\x1b[A\x1b[A\x1b[A\x1b[B\x1b[B\x1b[B!\r";
    assert_eq!(
        typed(&mut editor, back).0,
        Some(Event::Line("draft!".into()))
    );
    assert_eq!(
        typed(&mut editor, "\x12fir\r").0,
        Some(Event::Line("first".into()))
    );
    assert_eq!(
        typed(&mut editor, "\x12s\x03x\r").0,
        Some(Event::Line("x".into()))
    );
}

#[test]
fn long_lines_wrap() {
    let (_, glass) = typed(&mut Editor::new(), "0123456789abcdefghijklmnop");
    assert_eq!(glass.text(), "# 0123456789abcdefgh\nijklmnop");
    assert_eq!((glass.row, glass.column), (1, 8));
    let (_, glass) = typed(&mut Editor::new(), "0123456789abcdefghijklmnop\x01X\x05");
    assert_eq!(glass.text(), "# X0123456789abcdefg\nhijklmnop");
    assert_eq!((glass.row, glass.column), (1, 9));
    let (_, glass) = typed(&mut Editor::new(), "0123456789abcdefgh");
    assert_eq!((glass.row, glass.column), (1, 0));
    let (_, glass) = typed(&mut Editor::new(), "0123456789abcdefghi\x7f\x7f\x7f");
    assert_eq!(glass.text().trim_end(), "# 0123456789abcdef");
    assert_eq!((glass.row, glass.column), (0, 18));
}

#[test]
fn completion() {
    assert_eq!(line("ca\tx"), "cat x");
    assert_eq!(line("cat sr\tm\tin"), "cat src/main");
    assert_eq!(line("cat f\t"), "cat file\\ one ");
    assert_eq!(line("cat \"f\t"), "cat \"file one\" ");
    assert_eq!(line("echo $HO\t"), "echo $HOME ");
    assert_eq!(line("a; cl\t"), "a; clear ");
    assert_eq!(line("x=1 cl\t| ec\t"), "x=1 clear | echo ");
    assert_eq!(line("cat nothing\t"), "cat nothing");
    let (_, glass) = typed(&mut Editor::new(), "cat src/ma\t\t");
    assert_eq!(
        glass.text(),
        "# cat src/ma\nmain.rs   maths.rs\n# cat src/ma"
    );
}

#[test]
fn garbage_does_no_harm() {
    let mut state = 7u64;
    let mut editor = Editor::new();
    editor.history().add("something");
    editor.begin("# ", 10);
    for _ in 0..200_000 {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let step = editor.feed((state >> 40) as u8, &mut Names);
        if step.event.is_some() {
            editor.begin("# ", 10);
        }
    }
}
