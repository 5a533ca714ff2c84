//! FAT: an image that mkfs.fat made, with files in it and some bytes changed, is mounted on the hosted machine, walked and
//! written to; whatever the bytes, it ends, and the kernel lives.
//!
//! The first byte of the input says which kind of FAT; the rest is a list of changes ([`scarlet_fuzz::change`]).
#![no_main]

use std::process::Command;
use std::sync::{Arc, LazyLock, mpsc};

use device::block::MemoryDisk;
use fs_fat::{Fat, Options};
use libfuzzer_sys::fuzz_target;
use mem::transfer::Source;
use scarlet_fuzz::{OWNER, change, on_machine, walk};
use vfs::{FileSystem, Inode, Name, NewInode};

/// One image of each kind, made by the host's mkfs.fat and filled here.
static IMAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let kinds = [
        ("12", "1", "512"),
        ("16", "1", "4096"),
        ("32", "1", "34000"),
    ];
    kinds
        .map(|(bits, cluster, size)| make(bits, cluster, size))
        .into()
});

fn make(bits: &str, cluster: &str, kibibytes: &str) -> Vec<u8> {
    let path = std::env::temp_dir().join(format!("scarlet-fuzz-fat-{}", std::process::id()));
    let made = Command::new("/usr/sbin/mkfs.fat")
        .args(["-C", "-i", "12345678", "-F", bits, "-s", cluster])
        .args([path.as_os_str(), kibibytes.as_ref()])
        .output();
    assert!(
        made.is_ok_and(|made| made.status.success()),
        "dosfstools is needed"
    );
    let image = std::fs::read(&path).expect("the image");
    let _ = std::fs::remove_file(&path);
    let (send, receive) = mpsc::channel();
    on_machine(move || {
        let disk = MemoryDisk::new("fuzz", 0, image);
        let fat = Fat::mount(disk.clone(), Options::new()).expect("it mounts");
        fill(&fat.root(), 0);
        fat.unmount().expect("it is written");
        send.send(disk.contents()).expect("somebody waits");
    });
    receive.recv().expect("an image")
}

fn fill(directory: &Arc<dyn Inode>, depth: usize) {
    for name in ["SHORT", "a longer name than that", "third"] {
        let name = Name::new(name.as_bytes()).expect("a name");
        let file = directory
            .create(name, &NewInode::File, OWNER)
            .expect("room");
        let _ = file.write_at(0, &mut Source::kernel(&vec![7; 3000 << depth]));
    }
    if depth < 3 {
        let name = Name::new(b"another directory").expect("a name");
        let below = directory
            .create(name, &NewInode::Directory, OWNER)
            .expect("room");
        fill(&below, depth + 1);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, changes)) = input.split_first() else {
        return;
    };
    let mut image = IMAGES[usize::from(*kind) % IMAGES.len()].clone();
    change(&mut image, changes, 0, 64 << 10);
    on_machine(move || {
        let options = Options {
            stop_on_errors: false,
            ..Options::new()
        };
        if let Ok(fat) = Fat::mount(MemoryDisk::new("fuzz", 0, image), options) {
            walk(&fat.root(), &mut 100, 0);
            let _ = fat.sync();
            let _ = fat.statistics();
        }
    });
});
