//! `grep`: prints the lines that match an expression. Status 0 if there were any, 1 if not, 2 on trouble.
#![no_std]
#![no_main]

use scarlet::fs::{self, File};
use scarlet::io::{self, BufRead, BufReader, Read, Write};
use scarlet::prelude::*;
use scarlet_programs::options::{Options, complain};
use shell::regex::{Regex, Syntax};

scarlet::main!(main);

const USAGE: &str = "grep [-EFivnclLqosrhHwx] [-e EXPRESSION]… [-m COUNT] [EXPRESSION] [FILE…]";

struct Grep {
    expressions: Vec<Regex>,
    options: Options,
    most: u64,
    with_names: bool,
    colours: bool,
    found: bool,
    trouble: bool,
}

fn main() -> i32 {
    let mut options = Options::read("EFGivnclLqosrRhHwx", "emf", USAGE);
    let mut texts: Vec<String> = options.values('e').map(str::to_owned).collect();
    if let Some(file) = options.value('f') {
        match fs::read_to_string(file) {
            Ok(text) => texts.extend(text.lines().map(str::to_owned)),
            Err(error) => {
                complain(file.as_bytes(), &error);
                return 2;
            }
        }
    } else if texts.is_empty() {
        if options.names.is_empty() {
            eprintln!("grep: which expression?\nusage: {USAGE}");
            return 2;
        }
        let first = options.names.remove(0);
        texts.extend(String::from_utf8_lossy(&first).lines().map(str::to_owned));
        if first.is_empty() {
            texts.push(String::new());
        }
    }
    let expressions = match compile(&texts, &options) {
        Ok(expressions) => expressions,
        Err(message) => {
            eprintln!("grep: {message}");
            return 2;
        }
    };
    let most = match options.value('m').map(str::parse) {
        None => u64::MAX,
        Some(Ok(most)) => most,
        Some(Err(_)) => {
            eprintln!("grep: the count must be a number");
            return 2;
        }
    };
    let recursive = options.has('r') || options.has('R');
    let mut names = core::mem::take(&mut options.names);
    if names.is_empty() {
        names.push(if recursive {
            b".".to_vec()
        } else {
            b"-".to_vec()
        });
    }
    let several = names.len() > 1 || recursive;
    let with_names = (several || options.has('H')) && !options.has('h');
    let colours = scarlet::os::terminal::shows_colours(&io::stdout());
    let mut grep = Grep {
        expressions,
        options,
        most,
        with_names,
        colours,
        found: false,
        trouble: false,
    };
    for name in names {
        grep.search(&name, recursive);
    }
    let quiet_success = grep.found && grep.options.has('q');
    match (grep.trouble && !quiet_success, grep.found) {
        (true, _) => 2,
        (false, true) => 0,
        (false, false) => 1,
    }
}

fn compile(texts: &[String], options: &Options) -> Result<Vec<Regex>, String> {
    let syntax = if options.has('F') {
        Syntax::Fixed
    } else if options.has('E') {
        Syntax::Extended
    } else {
        Syntax::Basic
    };
    let compile = |text: &String| Regex::new(text, syntax, options.has('i'));
    texts.iter().map(compile).collect()
}

impl Grep {
    fn search(&mut self, name: &[u8], recursive: bool) {
        if name == b"-" {
            self.lines(b"(standard input)", &mut io::stdin());
            return;
        }
        let found = fs::metadata(name);
        if found.as_ref().is_ok_and(fs::Metadata::is_dir) {
            if recursive {
                self.search_directory(name);
            } else {
                self.complain(name, &io::ErrorKind::IsDirectory.into());
            }
            return;
        }
        match File::open(name) {
            Ok(mut file) => self.lines(name, &mut file),
            Err(error) => self.complain(name, &error),
        }
    }

    fn search_directory(&mut self, name: &[u8]) {
        let entries = match fs::read_dir(name) {
            Ok(entries) => entries,
            Err(error) => return self.complain(name, &error),
        };
        let mut paths: Vec<(Vec<u8>, bool)> = entries
            .flatten()
            .map(|entry| (entry.path(), entry.file_type().is_symlink()))
            .collect();
        paths.sort();
        for (path, is_link) in paths {
            if !is_link {
                self.search(&path, true);
            }
        }
    }

    fn complain(&mut self, name: &[u8], error: &io::Error) {
        self.trouble = true;
        if !self.options.has('s') {
            complain(name, error);
        }
    }

    /// The first match at or after a place, by the rules of `-w` and `-x`.
    fn find(&self, line: &[char], from: usize) -> Option<core::ops::Range<usize>> {
        let first = self.expressions.iter().filter_map(|expression| {
            let mut from = from;
            loop {
                let found = expression.find(line, from)?;
                if self.fits(line, &found) {
                    return Some(found);
                }
                from = found.start + 1;
                if from > line.len() {
                    return None;
                }
            }
        });
        first.min_by_key(|found| (found.start, usize::MAX - found.end))
    }

    fn fits(&self, line: &[char], found: &core::ops::Range<usize>) -> bool {
        let is_word = |at: Option<usize>| {
            let character = at.and_then(|at| line.get(at));
            character.is_some_and(|character| character.is_alphanumeric() || *character == '_')
        };
        let whole_line = found.start == 0 && found.end == line.len();
        let whole_word = !is_word(found.start.checked_sub(1)) && !is_word(Some(found.end));
        (!self.options.has('x') || whole_line) && (!self.options.has('w') || whole_word)
    }

    fn matches(&self, line: &[char]) -> bool {
        if self.options.has('x') || self.options.has('w') {
            return self.find(line, 0).is_some();
        }
        self.expressions
            .iter()
            .any(|expression| expression.is_match(line))
    }

    fn lines(&mut self, name: &[u8], from: &mut dyn Read) {
        let options = |letter| self.options.has(letter);
        let (only_names, only_others) = (options('l'), options('L'));
        let silent = options('q') || options('c') || only_names || only_others;
        let inverted = options('v');
        let stops_early = options('q') || only_names || only_others;
        let mut reader = BufReader::new(from);
        let mut bytes = Vec::new();
        let mut number = 0u64;
        let mut count = 0u64;
        while count < self.most {
            bytes.clear();
            match reader.read_until(b'\n', &mut bytes) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    self.complain(name, &error);
                    break;
                }
            }
            number += 1;
            let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let line: Vec<char> = String::from_utf8_lossy(text).chars().collect();
            if self.matches(&line) == inverted {
                continue;
            }
            count += 1;
            if stops_early {
                break;
            }
            if !silent && self.print(name, number, text, &line, inverted).is_err() {
                scarlet::process::exit(2);
            }
        }
        self.found |= if only_others { count == 0 } else { count > 0 };
        let shown = String::from_utf8_lossy(name);
        if self.options.has('q') {
            return;
        }
        if (only_names && count > 0) || (only_others && count == 0) {
            println!("{shown}");
        } else if self.options.has('c') {
            if self.with_names {
                print!("{shown}:");
            }
            println!("{count}");
        }
    }

    fn print(
        &self,
        name: &[u8],
        number: u64,
        text: &[u8],
        line: &[char],
        inverted: bool,
    ) -> io::Result<()> {
        let mut output = io::stdout();
        let head = |output: &mut io::Stdout| -> io::Result<()> {
            if self.with_names {
                output.write_all(name)?;
                output.write_all(b":")?;
            }
            if self.options.has('n') {
                write!(output, "{number}:")
            } else {
                Ok(())
            }
        };
        let only_matches = self.options.has('o');
        if inverted || !(only_matches || self.colours) {
            head(&mut output)?;
            output.write_all(text)?;
            return output.write_all(b"\n");
        }
        let part = |range: core::ops::Range<usize>| line[range].iter().collect::<String>();
        let mut at = 0;
        let mut shown = String::new();
        while let Some(found) = self.find(line, at) {
            let next = if found.is_empty() {
                found.end + 1
            } else {
                found.end
            };
            if only_matches {
                if !found.is_empty() {
                    head(&mut output)?;
                    output.write_fmt(format_args!("{}\n", part(found.clone())))?;
                }
            } else {
                shown.push_str(&part(at..found.start));
                if !found.is_empty() {
                    shown.push_str(&format!("\x1b[1;31m{}\x1b[m", part(found.clone())));
                }
                shown.push_str(&part(found.end..next.min(line.len())));
            }
            at = next;
            if at > line.len() {
                break;
            }
        }
        if !only_matches {
            shown.push_str(&part(at.min(line.len())..line.len()));
            head(&mut output)?;
            output.write_fmt(format_args!("{shown}\n"))?;
        }
        Ok(())
    }
}
