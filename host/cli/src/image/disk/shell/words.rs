//! A line's words: separated by blanks, quoted as in a shell.

use anyhow::{Result, bail};

/// Splits a line. `'…'` and `"…"` keep blanks, a backslash keeps the next character.
pub fn split(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.trim_end_matches(['\n', '\r']).chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(end), character) if character == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => match characters.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => bail!("the line ends behind a backslash"),
            },
            (None, ' ' | '\t') => words.extend(word.take()),
            (None, '#') if word.is_none() => break,
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        bail!("a quote is not closed");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_those_of_a_shell() {
        assert_eq!(split("ls  /a\n").unwrap(), ["ls", "/a"]);
        assert_eq!(
            split(r#"put 'a b' "c \"d\"" e\ f ''"#).unwrap(),
            ["put", "a b", "c \"d\"", "e f", ""]
        );
        assert_eq!(split("cat x # what").unwrap(), ["cat", "x"]);
        assert!(split("  ").unwrap().is_empty());
        assert!(split("'a").is_err() && split("a\\").is_err());
    }
}
