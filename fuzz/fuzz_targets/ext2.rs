//! ext2: an image that mke2fs made, with some bytes changed, is mounted on the hosted machine, walked and written to;
//! whatever the bytes, it ends, and the kernel lives.
//!
//! The input is a list of changes, five bytes each: where (three bytes, weighted towards the records at the front), how
//! and with what.
#![no_main]

use std::process::Command;
use std::sync::{Arc, LazyLock};

use device::block::MemoryDisk;
use fs_ext2::Ext2;
use libfuzzer_sys::fuzz_target;
use mem::transfer::{Sink, Source};
use vfs::{FileSystem, Inode, Name, NewInode, Ownership};

/// A small file system with files, links, directories and an index, made by the host's mke2fs.
static IMAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let base = std::env::temp_dir().join(format!("scarlet-fuzz-ext2-{}", std::process::id()));
    let tree = base.join("tree");
    std::fs::create_dir_all(tree.join("a/b/c")).expect("room");
    for (name, size) in [("one", 1), ("indirect", 100_000), ("double", 400_000)] {
        std::fs::write(tree.join(name), vec![7; size]).expect("room");
    }
    for number in 0..60 {
        std::fs::write(tree.join(format!("a/file {number}")), b"x").expect("room");
    }
    std::os::unix::fs::symlink("x/".repeat(50), tree.join("slow")).expect("room");
    std::os::unix::fs::symlink("x", tree.join("fast")).expect("room");
    let image = base.join("image");
    let made = Command::new("/usr/sbin/mke2fs")
        .args(["-q", "-F", "-t", "ext2", "-b", "1024", "-N", "128", "-d"])
        .args([tree.as_os_str(), image.as_os_str()])
        .arg("1024k")
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "e2fsprogs is needed"
    );
    let bytes = std::fs::read(&image).expect("the image");
    let _ = std::fs::remove_dir_all(&base);
    bytes
});

fn walk(inode: &Arc<dyn Inode>, left: &mut usize, depth: usize) {
    if *left == 0 || depth > 12 {
        return;
    }
    *left -= 1;
    let mut names = Vec::new();
    let _ = inode.read_directory(0, &mut |entry| {
        names.push(entry.name.to_vec());
        names.len() < 200
    });
    for name in names {
        if let Ok(name) = Name::new(&name)
            && let Ok(below) = inode.lookup(name)
        {
            walk(&below, left, depth + 1);
        }
    }
    let mut bytes = [0; 5000];
    for offset in [0, 12 * 1024, 300_000] {
        let _ = inode.read_at(offset, &mut Sink::kernel(&mut bytes));
    }
    let _ = inode.read_link();
    let _ = inode.write_at(9000, &mut Source::kernel(&bytes));
    let _ = inode.truncate(1000);
    if let Ok(name) = Name::new(b"made here") {
        let owner = Ownership {
            mode: 0o644,
            uid: 0,
            gid: 0,
        };
        let _ = inode.create(name, &NewInode::Directory, owner);
        let _ = inode.remove_directory(name);
        let _ = inode.create(name, &NewInode::File, owner);
        let _ = inode.unlink(name);
    }
}

fuzz_target!(|changes: &[u8]| {
    let mut image = IMAGE.clone();
    for change in changes.chunks_exact(5).take(64) {
        let place = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize;
        // The superblock, the records behind it, or anywhere.
        let place = match change[3] & 3 {
            0 => 1024 + place % 264,
            1 | 2 => 1024 + place % (44 * 1024),
            _ => place % image.len(),
        };
        match change[3] >> 2 & 1 {
            0 => image[place] = change[4],
            _ => image[place] ^= change[4],
        }
    }
    let outcome = hal::hosted::Machine::new(1).cpus(1).run_with(move |_| {
        assert!(base::init().is_ok());
        if let Ok(ext2) = Ext2::mount(MemoryDisk::new("fuzz", 0, image), false) {
            walk(&ext2.root(), &mut 100, 0);
            let _ = ext2.sync();
            let _ = ext2.statistics();
        }
    });
    if let Some(complaint) = outcome.complaint() {
        panic!("{complaint}");
    }
});
