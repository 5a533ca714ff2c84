//! Options of programs: letters after a dash, in any order, before or between the names.

use scarlet::env;
use scarlet::prelude::*;

/// What the command line said.
#[derive(Debug, Default)]
pub struct Options {
    letters: Vec<char>,
    values: Vec<(char, String)>,
    /// The other arguments, as bytes.
    pub names: Vec<Vec<u8>>,
}

impl Options {
    /// Reads the arguments. `plain` are the letters that stand alone, `valued` those that take a value.
    /// Anything else ends the program with a sentence and `usage`.
    pub fn read(plain: &str, valued: &str, usage: &str) -> Options {
        match Options::parse(env::args_bytes(), plain, valued) {
            Ok(options) => options,
            Err(message) => {
                eprintln!("{}: {message}", env::program_name());
                eprintln!("usage: {usage}");
                scarlet::process::exit(2)
            }
        }
    }

    fn parse(arguments: Vec<Vec<u8>>, plain: &str, valued: &str) -> Result<Options, String> {
        let mut options = Options::default();
        let mut rest = arguments.into_iter().skip(1);
        while let Some(argument) = rest.next() {
            if argument == b"--" {
                options.names.extend(rest);
                break;
            }
            let Some(letters) = argument.strip_prefix(b"-").filter(|rest| !rest.is_empty()) else {
                options.names.push(argument);
                continue;
            };
            let letters = String::from_utf8_lossy(letters).into_owned();
            let mut characters = letters.chars();
            while let Some(letter) = characters.next() {
                if plain.contains(letter) {
                    options.letters.push(letter);
                } else if valued.contains(letter) {
                    let attached: String = characters.by_ref().collect();
                    let value = if attached.is_empty() {
                        let next = rest
                            .next()
                            .ok_or(format!("option -{letter} wants a value"))?;
                        String::from_utf8_lossy(&next).into_owned()
                    } else {
                        attached
                    };
                    options.values.push((letter, value));
                } else {
                    return Err(format!("option -{letter} is not known"));
                }
            }
        }
        Ok(options)
    }

    /// Whether a letter was given.
    pub fn has(&self, letter: char) -> bool {
        self.letters.contains(&letter)
    }

    /// All values given for a letter.
    pub fn values(&self, letter: char) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .filter(move |(known, _)| *known == letter)
            .map(|(_, value)| value.as_str())
    }

    /// The value given last for a letter.
    pub fn value(&self, letter: char) -> Option<&str> {
        self.values
            .iter()
            .rev()
            .find(|(known, _)| *known == letter)
            .map(|(_, value)| value.as_str())
    }
}

/// Says what went wrong with a name.
pub fn complain(name: &[u8], error: &scarlet::io::Error) {
    let shown = String::from_utf8_lossy(name);
    eprintln!("{}: {shown}: {error}", env::program_name());
}
