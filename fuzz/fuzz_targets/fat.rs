//! FAT: an image that mkfs.fat made, with files in it and some bytes changed, is mounted on the hosted machine, walked and
//! written to; whatever the bytes, it ends, and the kernel lives.
//!
//! The first byte of the input says which kind of FAT; the rest is a list of changes, five bytes each: where (three bytes,
//! weighted towards the records at the front), how and with what.
#![no_main]

use std::process::Command;
use std::sync::{Arc, LazyLock, mpsc};

use device::block::MemoryDisk;
use fs_fat::{Fat, Options};
use libfuzzer_sys::fuzz_target;
use mem::transfer::{Sink, Source};
use vfs::{FileSystem, Inode, Name, NewInode, Ownership};

const OWNER: Ownership = Ownership {
    mode: 0o755,
    uid: 0,
    gid: 0,
};

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
    let outcome = hal::hosted::Machine::new(1).cpus(1).run_with(move |_| {
        assert!(base::init().is_ok());
        let disk = MemoryDisk::new("fuzz", 0, image);
        let fat = Fat::mount(disk.clone(), Options::new()).expect("it mounts");
        fill(&fat.root(), 0);
        fat.unmount().expect("it is written");
        send.send(disk.contents()).expect("somebody waits");
    });
    assert!(outcome.complaint().is_none());
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

fn walk(inode: &Arc<dyn Inode>, left: &mut usize, depth: usize) {
    if *left == 0 || depth > 12 {
        return;
    }
    *left -= 1;
    let _ = inode.status();
    let mut names = Vec::new();
    let _ = inode.read_directory(0, &mut |entry| {
        names.push(entry.name.to_vec());
        names.len() < 200
    });
    for name in &names {
        if let Ok(name) = Name::new(name)
            && let Ok(below) = inode.lookup(name)
        {
            walk(&below, left, depth + 1);
        }
    }
    let mut bytes = [0; 5000];
    for offset in [0, 4000, 20_000] {
        let _ = inode.read_at(offset, &mut Sink::kernel(&mut bytes));
    }
    let _ = inode.write_at(9000, &mut Source::kernel(&bytes));
    let _ = inode.truncate(1000);
    if let (Ok(name), Ok(other)) = (Name::new(b"made here"), Name::new(b"AND MOVED")) {
        let _ = inode.create(name, &NewInode::Directory, OWNER);
        let _ = inode.rename(name, inode, other, vfs::RenameFlags::empty());
        let _ = inode.remove_directory(other);
        let _ = inode.create(name, &NewInode::File, OWNER);
        let _ = inode.unlink(name);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, changes)) = input.split_first() else {
        return;
    };
    let mut image = IMAGES[usize::from(*kind) % IMAGES.len()].clone();
    for change in changes.chunks_exact(5).take(64) {
        let place = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize;
        // Mostly the boot sector, the tables and the first directories.
        let place = match change[3] >> 6 {
            0 => place % 512,
            1 => place % (64 << 10),
            _ => place % image.len(),
        };
        image[place] = match change[3] & 3 {
            0 => change[4],
            1 => image[place] ^ change[4],
            2 => image[place].wrapping_add(change[4]),
            _ => 0xff,
        };
    }
    let outcome = hal::hosted::Machine::new(1).cpus(1).run_with(move |_| {
        assert!(base::init().is_ok());
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
    if let Some(complaint) = outcome.complaint() {
        panic!("{complaint}");
    }
});
