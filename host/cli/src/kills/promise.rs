//! What a guest has said is stored for good, and whether it is.
//!
//! The guest's lines are those of `user/linux/power.c`. The last one about a path counts.

use crate::image::disk::hash;
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What a file has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Promise {
    /// Exactly these bytes.
    Whole { length: usize, hash: u64 },
    /// These bytes, and perhaps more.
    Beginning { length: usize, hash: u64 },
    /// As its first line says, of this version or a later one.
    Version(u64),
    /// Words that are all at least this.
    Words { length: usize, least: u64 },
    /// As it was, or gone.
    Leaves(Box<Promise>),
    /// Not there.
    Gone,
}

/// All that a guest has promised about a tree of files.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    files: BTreeMap<String, Promise>,
    /// Of how many lines they are.
    pub heard: usize,
}

impl Promises {
    /// Takes a line of the guest's console; lines about other things are passed over. An error is
    /// what the guest says went wrong.
    pub fn hear(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        let size = |at: usize| number(at).map(|value| value as usize);
        let sum = |at: usize| {
            let word = words.get(at).filter(|word| word.len() == 16)?;
            u64::from_str_radix(word, 16).ok()
        };
        let ["@", kind, path, ..] = words.as_slice() else {
            return Ok(());
        };
        let path = (*path).to_owned();
        self.heard += 1;
        let promise = match *kind {
            "error" => return Err(line.to_owned()),
            "forget" => {
                let below = format!("{path}/");
                self.files.retain(|path, _| !path.starts_with(&below));
                return Ok(());
            }
            "unsure" => {
                self.files.remove(&path);
                return Ok(());
            }
            "leaves" => {
                if let Some(promise) = self.files.remove(&path) {
                    self.files.insert(path, Promise::Leaves(Box::new(promise)));
                }
                return Ok(());
            }
            "gone" => Some(Promise::Gone),
            "file" => size(3)
                .zip(sum(4))
                .map(|(length, hash)| Promise::Whole { length, hash }),
            "log" => size(3)
                .zip(sum(4))
                .map(|(length, hash)| Promise::Beginning { length, hash }),
            "version" => number(3).map(Promise::Version),
            "words" => size(3)
                .zip(number(4))
                .map(|(length, least)| Promise::Words { length, least }),
            _ => None,
        };
        if let Some(promise) = promise {
            self.files.insert(path, promise);
        }
        Ok(())
    }

    /// How many files are spoken of.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// The directories, one part deep, in which there is something to look at.
    pub fn directories(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|path| Some(path.split_once('/')?.0.to_owned()))
            .collect();
        names.dedup();
        names
    }

    /// Looks at the files below `folder`; what is wrong, one line each.
    pub fn broken(&self, folder: &Path) -> Vec<String> {
        let files = self.files.iter();
        files
            .filter_map(|(path, promise)| {
                let wrong = judge(&folder.join(path), promise).err()?;
                Some(format!("{path}: {wrong:#} ({promise:?})"))
            })
            .collect()
    }
}

fn judge(file: &PathBuf, promise: &Promise) -> Result<()> {
    let there = file.symlink_metadata().is_ok();
    let bytes = match promise {
        Promise::Gone if there => anyhow::bail!("is there, although it was removed"),
        Promise::Gone => return Ok(()),
        Promise::Leaves(_) if !there => return Ok(()),
        Promise::Leaves(before) => return judge(file, before),
        _ => fs::read(file).context("is missing")?,
    };
    let found = bytes.len();
    let beginning = |length: usize, sum: u64| match bytes.get(..length) {
        Some(part) if hash(part) == sum => Ok(()),
        Some(_) => anyhow::bail!("other bytes than were stored"),
        None => anyhow::bail!("{found} bytes of {length}"),
    };
    match promise {
        Promise::Whole { length, .. } if found > *length => {
            anyhow::bail!("{found} bytes instead of {length}")
        }
        Promise::Whole { length, hash } | Promise::Beginning { length, hash } => {
            beginning(*length, *hash)
        }
        Promise::Version(least) => {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let end = end.context("no first line")?;
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let words: Vec<&str> = head.split(' ').collect();
            let [version, length, sum] = words.as_slice() else {
                anyhow::bail!("a first line of nobody's: {head}")
            };
            let version: u64 = version.parse()?;
            let body = &bytes[end + 1..];
            if version < *least {
                anyhow::bail!("version {version}");
            }
            if length.parse() != Ok(body.len()) || u64::from_str_radix(sum, 16)? != hash(body) {
                anyhow::bail!("version {version} is not whole");
            }
            Ok(())
        }
        Promise::Words { length, least } => {
            if found != *length {
                anyhow::bail!("{found} bytes");
            }
            let word = |bytes: &[u8]| {
                bytes
                    .iter()
                    .rev()
                    .fold(0, |sum, b| sum << 8 | u64::from(*b))
            };
            match bytes.chunks(8).map(word).position(|word| word < *least) {
                Some(at) => anyhow::bail!("word {at} is {}", word(&bytes[at * 8..at * 8 + 8])),
                None => Ok(()),
            }
        }
        Promise::Gone | Promise::Leaves(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_promised_is_looked_for() {
        let folder = std::env::temp_dir().join(format!("scarlet-promise-{}", std::process::id()));
        fs::create_dir_all(folder.join("1/0")).unwrap();
        let sum = |bytes: &[u8]| format!("{:016x}", hash(bytes));
        let check = |bytes: Option<&[u8]>, lines: &[&str]| {
            let file = folder.join("1/0/f");
            let _ = fs::remove_file(&file);
            if let Some(bytes) = bytes {
                fs::write(&file, bytes).unwrap();
            }
            let mut promises = Promises::default();
            lines.iter().for_each(|line| promises.hear(line).unwrap());
            promises.broken(&folder).is_empty()
        };
        let file = format!("@ file 1/0/f 3 {}", sum(b"abc"));
        assert!(check(Some(b"abc"), &[&file]));
        assert!(!check(Some(b"abd"), &[&file]));
        assert!(!check(Some(b"abcd"), &[&file]));
        assert!(!check(None, &[&file]));
        assert!(check(None, &[&file, "@ leaves 1/0/f"]));
        assert!(check(Some(b"abc"), &[&file, "@ leaves 1/0/f"]));
        assert!(!check(Some(b"ab"), &[&file, "@ leaves 1/0/f"]));
        assert!(!check(Some(b"abc"), &[&file, "@ gone 1/0/f"]));
        assert!(check(Some(b"x"), &[&file, "@ unsure 1/0/f"]));
        assert!(check(Some(b"x"), &[&file, "@ forget 1"]));
        let log = format!("@ log 1/0/f 3 {}", sum(b"abc"));
        assert!(check(Some(b"abcd"), &[&log]));
        assert!(!check(Some(b"ab"), &[&log]));
        let whole = format!("4 2 {}\nhi", sum(b"hi"));
        assert!(check(Some(whole.as_bytes()), &["@ version 1/0/f 4"]));
        assert!(!check(Some(whole.as_bytes()), &["@ version 1/0/f 5"]));
        assert!(!check(
            Some(&whole.as_bytes()[..20]),
            &["@ version 1/0/f 4"]
        ));
        assert!(check(
            Some(&[2, 0, 0, 0, 0, 0, 0, 0]),
            &["@ words 1/0/f 8 2"]
        ));
        assert!(!check(
            Some(&[1, 0, 0, 0, 0, 0, 0, 0]),
            &["@ words 1/0/f 8 2"]
        ));
        assert!(Promises::default().hear("@ error fsync x").is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
