//! What the targets share: images that real tools made, changes to their bytes, and a walk that does everything to a
//! mounted file system that a program could.
use std::process::Command;
use std::sync::{Arc, mpsc};

use device::block::MemoryDisk;
use mem::transfer::{Sink, Source};
use vfs::{FileSystem, Inode, Name, NewInode, Ownership, RenameFlags, SetExtended};

/// Whose the things are that [`walk`] makes.
pub const OWNER: Ownership = Ownership {
    mode: 0o755,
    uid: 0,
    gid: 0,
};

/// Runs `part` on a hosted machine of its own.
///
/// # Panics
/// If the kernel panics, or the machine complains: a leak, a lock out of order.
pub fn on_machine(part: impl FnOnce() + 'static) {
    filesystem_testkit::on_machine(part);
}

/// Changes bytes of an image: five bytes of input each, of which three say where, one how, one with what. Half of them
/// hit the first `front` bytes from `start`, where most records lie.
pub fn change(image: &mut [u8], changes: &[u8], start: usize, front: usize) {
    for change in changes.chunks_exact(5).take(64) {
        let place = u32::from_le_bytes([change[0], change[1], change[2], 0]) as usize;
        let place = match change[3] >> 6 {
            0 => start + place % 512,
            1 | 2 => start + place % front,
            _ => place,
        } % image.len();
        image[place] = match change[3] & 3 {
            0 => change[4],
            1 => image[place] ^ change[4],
            2 => image[place].wrapping_add(change[4]),
            _ => 0xff,
        };
    }
}

/// A small image with files, links, directories, extended attributes and an index, made by the host's mke2fs.
///
/// # Panics
/// Without e2fsprogs.
pub fn mke2fs(arguments: &[&str]) -> Vec<u8> {
    let scratch = filesystem_testkit::Scratch::new("fuzz-image");
    let tree = scratch.0.join("tree");
    std::fs::create_dir_all(tree.join("a/b/c")).expect("room");
    for (name, size) in [("one", 1), ("indirect", 100_000), ("double", 400_000)] {
        std::fs::write(tree.join(name), vec![7; size]).expect("room");
    }
    for number in 0..60 {
        std::fs::write(tree.join(format!("a/file {number}")), b"x").expect("room");
    }
    std::os::unix::fs::symlink("x/".repeat(50), tree.join("slow")).expect("room");
    std::os::unix::fs::symlink("x", tree.join("fast")).expect("room");
    let image = scratch.0.join("image");
    let made = Command::new("/usr/sbin/mke2fs")
        .args(["-q", "-F", "-b", "1024", "-N", "128", "-d"])
        .args([tree.as_os_str()])
        .args(arguments)
        .args([image.as_os_str(), "1024k".as_ref()])
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "e2fsprogs is needed"
    );
    std::fs::read(&image).expect("the image")
}

/// What a disk with `image` on it holds after `work`, on a hosted machine of its own.
///
/// # Panics
/// As [`on_machine`].
pub fn worked_on(image: Vec<u8>, work: impl FnOnce(&Arc<MemoryDisk>) + 'static) -> Vec<u8> {
    let (send, receive) = mpsc::channel();
    on_machine(move || {
        let disk = MemoryDisk::new("fuzz", 0, image);
        work(&disk);
        send.send(disk.contents()).expect("somebody waits");
    });
    receive.recv().expect("an image")
}

/// Mounts a disk with `image` on it on a hosted machine, walks what is there and brings it to the disk.
///
/// # Panics
/// As [`on_machine`].
pub fn survives<F: FileSystem>(
    image: Vec<u8>,
    mount: impl FnOnce(Arc<MemoryDisk>) -> base::Result<Arc<F>> + 'static,
) {
    on_machine(move || {
        if let Ok(filesystem) = mount(MemoryDisk::new("fuzz", 0, image)) {
            walk(&filesystem.root(), &mut 100, 0);
            let _ = filesystem.sync();
            let _ = filesystem.statistics();
        }
    });
}

/// Puts files with these names into a directory and three levels below it, each level's twice as long.
///
/// # Panics
/// If there is no room, or a name will not do.
pub fn fill(directory: &Arc<dyn Inode>, names: &[&str], depth: usize) {
    for name in names {
        let name = Name::new(name.as_bytes()).expect("a name");
        let file = directory
            .create(name, &NewInode::File, OWNER)
            .expect("room");
        let _ = file.write_at(0, &mut Source::kernel(&vec![7; 3000 << depth]));
    }
    if depth < 3 {
        let name = Name::new(b"down below").expect("a name");
        let below = directory
            .create(name, &NewInode::Directory, OWNER)
            .expect("room");
        fill(&below, names, depth + 1);
    }
}

/// Reads, lists, changes and adds below `inode`, at most `left` inodes and 12 levels.
pub fn walk(inode: &Arc<dyn Inode>, left: &mut usize, depth: usize) {
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
    for name in names {
        if let Ok(name) = Name::new(&name)
            && let Ok(below) = inode.lookup(name)
        {
            walk(&below, left, depth + 1);
        }
    }
    let mut bytes = [0; 5000];
    for offset in [0, 4000, 12 * 1024, 300_000] {
        let _ = inode.read_at(offset, &mut Sink::kernel(&mut bytes));
    }
    let _ = inode.read_link();
    let _ = inode.list_extended_attributes(&mut |_| {});
    let _ = inode.extended_attribute(b"user.one");
    let _ = inode.set_extended_attribute(b"user.one", b"here", SetExtended::empty());
    let _ = inode.write_at(9000, &mut Source::kernel(&bytes));
    let _ = inode.truncate(1000);
    if let (Ok(name), Ok(other)) = (Name::new(b"made here"), Name::new(b"AND MOVED")) {
        let _ = inode.create(name, &NewInode::Directory, OWNER);
        let _ = inode.rename(name, inode, other, RenameFlags::empty());
        let _ = inode.remove_directory(other);
        let _ = inode.create(name, &NewInode::File, OWNER);
        let _ = inode.unlink(name);
    }
}
