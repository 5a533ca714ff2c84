//! What the layers put on a disk when they were last put there: one line a file, kept on the disk
//! itself as [`PATH`].
//!
//! With it a later run tells three things apart: what a layer has changed since, what the person
//! has changed on the disk, and what is theirs altogether. A file's contents are remembered as
//! their length and a hash (FNV-1a, 64 bits): what is compared are versions of one file, not files
//! that somebody makes look alike.

use crate::image::cpio::{Entry, Node, Tree};
use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// Where it lies on the disk.
pub const PATH: &str = "etc/scarlet/layers";
/// Its first line, which tells its version.
const HEADER: &str = "layers of this disk, version 1: kind, mode, owner, contents, path";

/// What is remembered of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `d`, `f`, `l`, `c` or `b`.
    pub kind: char,
    /// Permission bits.
    pub mode: u32,
    /// Numbers of user and group.
    pub owner: (u32, u32),
    /// Length and hash of a file's bytes or a link's target, a device's numbers, or `-`.
    pub contents: String,
}

impl Facts {
    /// The facts of a layer's file.
    pub fn of(entry: &Entry) -> Facts {
        let (kind, contents) = match &entry.node {
            Node::Directory => ('d', "-".to_owned()),
            Node::File(bytes) => ('f', digest(bytes)),
            Node::Symlink(target) => ('l', digest(target.as_bytes())),
            Node::CharacterDevice(major, minor) => ('c', format!("{major}:{minor}")),
            Node::BlockDevice(major, minor) => ('b', format!("{major}:{minor}")),
        };
        Facts {
            kind,
            mode: entry.mode,
            owner: entry.owner,
            contents,
        }
    }
}

/// FNV-1a, 64 bits.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Length and hash.
pub fn digest(bytes: &[u8]) -> String {
    format!("{}:{:016x}", bytes.len(), hash(bytes))
}

/// All files of the layers, by path without a slash in front.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The files.
    pub files: BTreeMap<String, Facts>,
}

impl Manifest {
    /// The manifest of what the layers are now.
    pub fn of(tree: &Tree) -> Result<Manifest> {
        let mut files = BTreeMap::new();
        for (path, entry) in tree.entries() {
            if path.contains(['\n', '\r']) {
                bail!("{path:?}: a layer's path cannot have a line's end");
            }
            files.insert(path.to_owned(), Facts::of(entry));
        }
        Ok(Manifest { files })
    }

    /// The text that is kept on the disk.
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (path, facts) in &self.files {
            let Facts {
                kind,
                mode,
                owner: (user, group),
                contents,
            } = facts;
            text += &format!("{kind} {mode:04o} {user}:{group} {contents} {path}\n");
        }
        text
    }

    /// Reads it back. What is not understood is as if it had never been there: the files it would
    /// have named count as the person's own.
    pub fn parse(text: &str) -> Manifest {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Manifest::default();
        }
        let files = lines.filter_map(|line| {
            let mut words = line.splitn(5, ' ');
            let kind = words.next()?.chars().next()?;
            let mode = u32::from_str_radix(words.next()?, 8).ok()?;
            let (user, group) = words.next()?.split_once(':')?;
            let owner = (user.parse().ok()?, group.parse().ok()?);
            let contents = words.next()?.to_owned();
            let path = words.next()?.to_owned();
            let facts = Facts {
                kind,
                mode,
                owner,
                contents,
            };
            Some((path, facts))
        });
        Manifest {
            files: files.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_back() {
        let mut tree = Tree::default();
        tree.file("/etc/a b", 0o640, b"text".to_vec());
        tree.symlink("/bin", "system/bin");
        tree.put("/dev/null", 0o666, Node::CharacterDevice(1, 3));
        let manifest = Manifest::of(&tree).unwrap();
        assert_eq!(manifest.files.len(), 5);
        assert_eq!(Manifest::parse(&manifest.text()), manifest);
        assert_eq!(Manifest::parse("something else\n"), Manifest::default());
    }
}
