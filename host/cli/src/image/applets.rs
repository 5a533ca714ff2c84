//! The names of the programs in a BusyBox binary, read from the binary itself: it cannot be asked
//! (it is of another architecture), but it holds the list as text.

use anyhow::{Context, Result};

/// The list begins with these two names in every BusyBox, because it is sorted.
const BEGINNING: &[u8] = b"[\0[[\0";

/// The names, sorted as BusyBox has them. An empty name ends the list.
pub fn names(binary: &[u8]) -> Result<Vec<String>> {
    let start = binary
        .windows(BEGINNING.len())
        .position(|window| window == BEGINNING)
        .context("this BusyBox holds no list of its programs")?;
    let names = binary[start..]
        .split(|byte| *byte == 0)
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .take_while(|name| {
            !name.is_empty() && name.len() < 32 && name.chars().all(|c| c.is_ascii_graphic())
        })
        .collect();
    Ok(names)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_ends_at_an_empty_name() {
        let binary = b"\x7fELF.... [\0[[\0acpid\0adjtimex\0\0junk\0";
        assert_eq!(
            super::names(binary).unwrap(),
            ["[", "[[", "acpid", "adjtimex"]
        );
        assert!(super::names(b"nothing here").is_err());
    }
}
