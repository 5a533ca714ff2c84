//! overlay: layers whose marks (attributes, whiteouts) are any bytes at all are mounted on the hosted machine, walked and
//! written to; whatever they say, it ends, and the kernel lives.
//!
//! The input is a list of marks, each: which entry of the layers, which mark, how long its value is, the value.
#![no_main]

use std::sync::Arc;

use filesystem_testkit::{Short, context};
use fs_ram::{Limits, RamFs};
use libfuzzer_sys::fuzz_target;
use object::FileKind;
use scarlet_fuzz::{OWNER, on_machine, walk};
use vfs::{
    FileSystem, FsContext, MountSource, NewInode, ResolveFlags, SetExtended, make_filesystem,
};

const LIMITS: Limits = Limits {
    pages: 4000,
    inodes: 10_000,
    directory_pages: 0,
    unpaid: false,
};

const MARKS: [&str; 11] = [
    "opaque",
    "redirect",
    "metacopy",
    "origin",
    "impure",
    "nlink",
    "upper",
    "uuid",
    "protattr",
    "whiteout",
    "overlay.opaque",
];

const OPTIONS: [&str; 4] = [
    "lowerdir=/low/one:/low/two,upperdir=/up,workdir=/staging",
    "lowerdir=/low/one:/low/two,upperdir=/up,workdir=/staging,userxattr",
    "lowerdir=/up:/low/one:/low/two",
    "lowerdir=/low/two:/up:/low/one,userxattr",
];

fn layers() -> (FsContext, Vec<String>) {
    let ram: Arc<dyn FileSystem> = RamFs::with("tmpfs", LIMITS, 0o755).expect("room");
    let root = context(&ram);
    let mut all = Vec::new();
    for directory in [
        "/low",
        "/low/one",
        "/low/two",
        "/up",
        "/staging",
        "/staging/work",
    ] {
        root.make_directory(directory).expect("room");
    }
    for layer in ["/low/one", "/low/two", "/up", "/staging/work"] {
        all.push(layer.to_owned());
        for directory in ["/a", "/a/b", "/a/b/c", "/only"] {
            let path = format!("{layer}{directory}");
            root.make_directory(&path).expect("room");
            for file in ["file", "other"] {
                let file = format!("{path}/{file}");
                root.put(&file, layer.as_bytes()).expect("room");
                all.push(file);
            }
            all.push(path);
        }
    }
    (root, all)
}

/// Puts a whiteout, or a link to whatever the value says, in an entry's place.
fn replace(root: &FsContext, path: &str, value: &[u8]) {
    let Some((parent, name)) = path.rsplit_once('/') else {
        return;
    };
    let Ok(parent) = root.resolve(None, parent.as_bytes(), ResolveFlags::NO_FOLLOW) else {
        return;
    };
    let Ok(name) = vfs::Name::new(name.as_bytes()) else {
        return;
    };
    if parent.inode().unlink(name).is_err() {
        return;
    }
    let whiteout = NewInode::Device {
        kind: FileKind::CharacterDevice,
        major: 0,
        minor: value.len() as u32 & 1,
    };
    let _ = parent.inode().create(name, &whiteout, OWNER);
}

fuzz_target!(|input: &[u8]| {
    let Some((&options, marks)) = input.split_first() else {
        return;
    };
    let marks = marks.to_vec();
    on_machine(move || {
        fs_overlay::register();
        let (root, entries) = layers();
        let mut rest = &marks[..];
        while let [entry, mark, length, after @ ..] = rest {
            let (value, next) = after.split_at(after.len().min(usize::from(*length) % 40));
            rest = next;
            let path = &entries[usize::from(*entry) % entries.len()];
            match MARKS.get(usize::from(*mark) % (MARKS.len() + 1)) {
                None => replace(&root, path, value),
                Some(name) => {
                    let Ok(place) = root.resolve(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)
                    else {
                        continue;
                    };
                    let kind = if mark & 0x80 == 0 { "trusted" } else { "user" };
                    let name = format!("{kind}.overlay.{name}");
                    let how = SetExtended::empty();
                    let _ = root.set_extended_attribute(&place, name.as_bytes(), value, how);
                }
            }
        }
        let source = MountSource {
            read_only: false,
            source: b"overlay",
            options: OPTIONS[usize::from(options) % OPTIONS.len()].as_bytes(),
            context: &root,
        };
        if let Ok(overlay) = make_filesystem(b"overlay", &source) {
            walk(&overlay.root(), &mut 100, 0);
            let _ = overlay.sync();
        }
    });
});
