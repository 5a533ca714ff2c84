//! What `head` and `tail` have in common.

use scarlet::prelude::*;
use scarlet::{env, process};

/// How much is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many lines.
    Lines(usize),
    /// So many bytes.
    Bytes(usize),
}

/// Reads the command line; ends the program with a sentence if there is no sense in it.
pub fn arguments(usage: &str) -> (Amount, Vec<Vec<u8>>) {
    match parse(env::args_bytes()) {
        Ok(parsed) => parsed,
        Err(message) => {
            eprintln!("{}: {message}", env::program_name());
            eprintln!("usage: {usage}");
            process::exit(2)
        }
    }
}

fn parse(arguments: Vec<Vec<u8>>) -> Result<(Amount, Vec<Vec<u8>>), String> {
    let mut amount = Amount::Lines(10);
    let mut names = Vec::new();
    let mut rest = arguments.into_iter().skip(1);
    while let Some(argument) = rest.next() {
        let text = String::from_utf8_lossy(&argument).into_owned();
        let Some(option) = text.strip_prefix('-').filter(|option| !option.is_empty()) else {
            names.push(argument);
            continue;
        };
        if option == "-" {
            names.extend(rest);
            break;
        }
        if option.starts_with(|first: char| first.is_ascii_digit()) {
            amount = Amount::Lines(number(option)?);
            continue;
        }
        let (letter, attached) = option.split_at(1);
        let value = if attached.is_empty() {
            let next = rest
                .next()
                .ok_or(format!("option -{letter} wants a number"))?;
            String::from_utf8_lossy(&next).into_owned()
        } else {
            attached.to_owned()
        };
        amount = match letter {
            "n" => Amount::Lines(number(&value)?),
            "c" => Amount::Bytes(number(&value)?),
            _ => return Err(format!("option -{letter} is not known")),
        };
    }
    Ok((amount, names))
}

fn number(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| format!("'{text}' is not a number"))
}

/// Prints the name of a file, if there are several.
pub fn title(names: &[Vec<u8>], number: usize) {
    if names.len() > 1 {
        let gap = if number > 0 { "\n" } else { "" };
        println!("{gap}==> {} <==", String::from_utf8_lossy(&names[number]));
    }
}
