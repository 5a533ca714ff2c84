//! The cpio format `newc` (the kernel documentation of Linux, "initramfs buffer format"), and the
//! tree of files that is written as one.

use std::collections::BTreeMap;

const PAGE: usize = 4096;
/// The longest name that both Linux and Scarlet accept in an archive, zero bytes included.
const LONGEST_NAME: usize = 4096;

/// One file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A directory.
    Directory,
    /// A regular file's contents.
    File(Vec<u8>),
    /// A symbolic link's target.
    Symlink(String),
    /// A character device: major and minor number.
    CharacterDevice(u32, u32),
    /// A block device: major and minor number.
    BlockDevice(u32, u32),
}

/// A file with what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Permission bits.
    pub mode: u32,
    /// Numbers of user and group.
    pub owner: (u32, u32),
    /// What it is.
    pub node: Node,
}

/// A file system to be: absolute paths, each with its owner, permission bits and contents.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<String, Entry>,
}

impl Tree {
    /// Puts a regular file, replacing what was there.
    pub fn file(&mut self, path: &str, mode: u32, contents: Vec<u8>) {
        self.put(path, mode, Node::File(contents));
    }

    /// Puts a symbolic link, replacing what was there.
    pub fn symlink(&mut self, path: &str, target: &str) {
        self.put(path, 0o777, Node::Symlink(target.to_owned()));
    }

    /// Puts a node of root's, replacing what was there, and the directories above it.
    pub fn put(&mut self, path: &str, mode: u32, node: Node) {
        let owner = (0, 0);
        self.put_entry(path, Entry { mode, owner, node });
    }

    /// The same, of anybody's.
    pub fn put_entry(&mut self, path: &str, entry: Entry) {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return;
        }
        for (at, _) in path.match_indices('/') {
            self.nodes
                .entry(path[..at].to_owned())
                .or_insert_with(|| Entry {
                    mode: 0o755,
                    owner: (0, 0),
                    node: Node::Directory,
                });
        }
        self.nodes.insert(path.to_owned(), entry);
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All files in the order of their paths (without a slash in front), directories before what
    /// is in them.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.nodes
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
    }

    /// The tree below a directory, as a tree of its own.
    pub fn below(&self, path: &str) -> Tree {
        let prefix = format!("{}/", path.trim_matches('/'));
        let nodes = self
            .nodes
            .iter()
            .filter_map(|(path, node)| Some((path.strip_prefix(&prefix)?.to_owned(), node.clone())))
            .collect();
        Tree { nodes }
    }

    /// The archive of the whole tree. The same tree gives the same bytes.
    pub fn archive(&self) -> Vec<u8> {
        let mut archive = Vec::new();
        let mut inode = 1;
        for (path, entry) in &self.nodes {
            inode += 1;
            append(&mut archive, path, inode, entry);
        }
        let trailer = Entry {
            mode: 0,
            owner: (0, 0),
            node: Node::File(Vec::new()),
        };
        append(&mut archive, "TRAILER!!!", 0, &trailer);
        // A further archive may follow: it begins on a page of its own.
        archive.resize(archive.len().next_multiple_of(PAGE), 0);
        archive
    }
}

fn append(archive: &mut Vec<u8>, path: &str, inode: u32, entry: &Entry) {
    let Entry { mode, owner, node } = entry;
    let (kind, data, device): (u32, &[u8], (u32, u32)) = match node {
        Node::Directory => (0o040000, &[], (0, 0)),
        Node::File(data) => (0o100000, data, (0, 0)),
        Node::Symlink(target) => (0o120000, target.as_bytes(), (0, 0)),
        Node::CharacterDevice(major, minor) => (0o020000, &[], (*major, *minor)),
        Node::BlockDevice(major, minor) => (0o060000, &[], (*major, *minor)),
    };
    let kind = if path == "TRAILER!!!" { 0 } else { kind };
    // The data begins where the name's zero bytes end: more of them move it to a page boundary.
    let mut name_size = path.len() + 1;
    if matches!(node, Node::File(data) if data.len() >= PAGE / 2) {
        let data_at = (archive.len() + 110 + name_size).next_multiple_of(4);
        let padded = name_size + data_at.next_multiple_of(PAGE) - data_at;
        if padded <= LONGEST_NAME {
            name_size = padded;
        }
    }
    archive.extend(b"070701");
    let fields = [
        inode,
        kind | mode,
        owner.0,
        owner.1,
        if matches!(node, Node::Directory) {
            2
        } else {
            1
        },
        0, // time of modification: the same tree gives the same archive
        data.len() as u32,
        0,
        0,
        device.0,
        device.1,
        name_size as u32,
        0,
    ];
    for field in fields {
        archive.extend(format!("{field:08x}").bytes());
    }
    let name_at = archive.len();
    archive.extend(path.bytes());
    archive.resize(name_at + name_size, 0);
    archive.resize(archive.len().next_multiple_of(4), 0);
    archive.extend(data);
    archive.resize(archive.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_data_lies_on_a_page_boundary() {
        let mut tree = Tree::default();
        for index in 0..40 {
            tree.file(
                &format!("/d/{}", "n".repeat(index + 1)),
                0o644,
                vec![b'D'; 5000],
            );
        }
        let archive = tree.archive();
        let mut found = 0;
        for page in archive.chunks(PAGE) {
            found += usize::from(page.iter().all(|byte| *byte == b'D'));
        }
        assert!(found >= 39, "{found} files of 40 begin on a page");
    }

    #[test]
    fn directories_above_are_made_and_later_files_win() {
        let mut tree = Tree::default();
        tree.file("/a/b/c", 0o644, b"one".to_vec());
        tree.file("/a/b/c", 0o600, b"two".to_vec());
        assert_eq!(tree.nodes["a/b"].node, Node::Directory);
        assert_eq!(tree.nodes["a/b/c"].mode, 0o600);
        assert_eq!(tree.nodes["a/b/c"].node, Node::File(b"two".to_vec()));
        let below = tree.below("/a");
        assert_eq!(below.nodes.keys().collect::<Vec<_>>(), ["b", "b/c"]);
    }
}
