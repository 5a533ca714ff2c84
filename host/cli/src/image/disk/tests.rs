//! A disk's life: made from layers, changed by a person, refreshed, full, in use.

use super::{RootDisk, Sharing, ext2, fresh, manifest};
use crate::{
    image::cpio::{Entry, Node, Tree},
    project::Project,
};
use std::{fs, path::PathBuf};

/// A folder with a project in it, gone with its owner.
pub struct Folder(pub Project);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let root = std::env::temp_dir().join(format!("scarlet-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        Folder(Project {
            root: root.clone(),
            output: root.clone(),
            cache: root,
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.root.join(name)
    }

    /// A disk of 16 MiB with these layers.
    pub fn disk(&self, tree: &Tree) -> RootDisk {
        let path = self.path("disk.img");
        fresh(&self.0, &path, 16 << 20, tree).unwrap();
        RootDisk::open(&path, Sharing::Alone).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0.root);
    }
}

pub fn layers() -> Tree {
    let mut tree = Tree::default();
    tree.put("/etc/scarlet", 0o755, Node::Directory);
    tree.put("/tmp", 0o1777, Node::Directory);
    tree.file("/bin/program", 0o4755, vec![7; 70_000]);
    tree.file("/etc/empty", 0o600, Vec::new());
    tree.file("/etc/a \"quoted\" name", 0o644, b"text".to_vec());
    tree.symlink("/short", "bin/program");
    tree.symlink("/long", &"directory/".repeat(20));
    tree.put("/dev/tty9", 0o620, Node::CharacterDevice(4, 9));
    tree.put("/dev/disk", 0o660, Node::BlockDevice(254, 300));
    let owned = Entry {
        mode: 0o640,
        owner: (1000, 70_000),
        node: Node::File(b"mine".to_vec()),
    };
    tree.put_entry("/home/file", owned);
    tree
}

fn contents(disk: &RootDisk, folder: &Folder, path: &str) -> Vec<u8> {
    ext2::read_files(&disk.path, &[path], &folder.path("read"))
        .unwrap()
        .remove(0)
}

/// Puts a file on the disk as a person would, with another mode than a layer's.
fn write(disk: &RootDisk, folder: &Folder, path: &str, bytes: &[u8]) {
    let host = folder.path("host");
    fs::write(&host, bytes).unwrap();
    disk.add(&[(host, path.to_owned())]).unwrap();
}

#[test]
fn a_disk_has_what_the_layers_say() {
    let folder = Folder::new("layers");
    let tree = layers();
    let disk = folder.disk(&tree);
    ext2::check(&disk.path).unwrap();
    for (path, entry) in tree.entries() {
        let stat = ext2::stat(&disk.path, &[path]).unwrap().remove(0);
        let stat = stat.unwrap_or_else(|| panic!("{path} is missing"));
        assert_eq!((stat.mode, stat.owner), (entry.mode, entry.owner), "{path}");
        match &entry.node {
            Node::Directory => assert_eq!(stat.kind, "directory"),
            Node::File(bytes) => assert_eq!(contents(&disk, &folder, path), *bytes, "{path}"),
            Node::Symlink(target) if target.len() < 60 => assert_eq!(stat.detail, *target),
            Node::Symlink(target) => {
                assert_eq!(contents(&disk, &folder, path), target.as_bytes());
            }
            Node::CharacterDevice(..) => assert_eq!(stat.detail, "4:9"),
            Node::BlockDevice(..) => assert_eq!(stat.detail, "254:300"),
        }
    }
    // The same layers once more are nothing to do.
    let before = fs::read(&disk.path).unwrap();
    disk.refresh(&folder.0, &tree).unwrap();
    assert!(before == fs::read(&disk.path).unwrap());
}

#[test]
fn new_layers_leave_what_a_person_has_written() {
    let folder = Folder::new("refresh");
    let mut tree = layers();
    let disk = folder.disk(&tree);
    write(&disk, &folder, "/home/deep/down/own", b"own");
    write(&disk, &folder, "/etc/empty", b"filled");
    write(&disk, &folder, "/later", b"was here first");
    tree.file("/bin/program", 0o755, vec![8; 50_000]);
    tree.file("/etc/empty", 0o600, b"the layer's".to_vec());
    tree.file("/later", 0o644, b"the layer's".to_vec());
    tree.symlink("/long", &"elsewhere/".repeat(20));
    disk.refresh(&folder.0, &tree).unwrap();
    ext2::check(&disk.path).unwrap();
    let text = |path: &str| contents(&disk, &folder, path);
    assert_eq!(text("/home/deep/down/own"), b"own");
    assert_eq!(text("/etc/empty"), b"filled");
    assert_eq!(text("/later"), b"was here first");
    assert_eq!(text("/bin/program"), vec![8; 50_000]);
    assert_eq!(text("/long"), "elsewhere/".repeat(20).as_bytes());
    // What a layer no longer has goes, unless a person has changed it.
    disk.refresh(&folder.0, &{
        let mut less = Tree::default();
        less.put("/etc/scarlet", 0o755, Node::Directory);
        less
    })
    .unwrap();
    ext2::check(&disk.path).unwrap();
    let paths = [
        "/bin/program",
        "/dev/tty9",
        "/short",
        "/etc/empty",
        "/later",
        manifest::PATH,
    ];
    let there = ext2::stat(&disk.path, &paths).unwrap();
    let there: Vec<bool> = there.iter().map(Option::is_some).collect();
    assert_eq!(there, [false, false, false, true, true, true]);
}

#[test]
fn bad_input_is_a_sentence_and_changes_nothing() {
    let folder = Folder::new("errors");
    let disk = folder.disk(&layers());
    let before = fs::read(&disk.path).unwrap();
    let host = folder.path("host");
    fs::write(&host, vec![0; 40 << 20]).unwrap();
    let says = |file: &PathBuf, path: &str, text: &str| {
        let error = disk.add(&[(file.clone(), path.to_owned())]).unwrap_err();
        assert!(format!("{error:#}").contains(text), "{error:#}");
    };
    says(&host, "/big", "the disk is full");
    fs::write(&host, b"small").unwrap();
    says(&folder.path("absent"), "/x", "cannot be read");
    says(&folder.0.root, "/x", "not a file");
    says(&host, "/bin", "is a directory");
    says(&host, "/bin/", "own name");
    says(&host, "/etc/empty/x", "not a directory");
    says(&host, "/a\nb", "line's end");
    let second = RootDisk::open(&disk.path, Sharing::Reading).unwrap_err();
    assert!(format!("{second:#}").contains("in use"), "{second:#}");
    assert!(before == fs::read(&disk.path).unwrap());
    assert!(RootDisk::open(&folder.path("absent"), Sharing::Alone).is_err());
    fs::write(folder.path("zeros"), vec![0; 1 << 20]).unwrap();
    let zeros = RootDisk::open(&folder.path("zeros"), Sharing::Alone).unwrap();
    let error = zeros.put_in_order().unwrap_err();
    assert!(format!("{error:#}").contains("no ext2"), "{error:#}");
}
