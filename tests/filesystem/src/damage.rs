//! Disks that fail, and images that make no sense.

use std::sync::Arc;

use base::Error;
use device::block::{MemoryDisk, Operation, SECTOR};
use hal::user::Access;
use mem::MemoryObject;
use mem::transfer::{Sink, Source};
use object::{File, FileKind};
use vfs::{FileSystem, FsContext, Inode, Name, NewInode, Ownership, RenameFlags};

use crate::{Mounting, Random, Short, context};

/// Files on a disk that has sectors which cannot be read: what lies elsewhere is read, and all is once it is well again.
/// Gives the file system, with `/good` and `/bad` on it.
///
/// # Panics
/// If it is not so.
pub fn fails_to_read(disk: &Arc<MemoryDisk>, mount: &Mounting) -> Arc<dyn FileSystem> {
    let filesystem = mount(disk);
    let root = context(&filesystem);
    root.put("/good", &[1; 3000]).expect("room");
    root.put("/bad", &[2; 200_000]).expect("room");
    drop(root);
    filesystem.finish().expect("it is written");
    drop(filesystem);
    // Every sector of the large file but the first ones fails to be read.
    let contents = disk.contents();
    let bad = contents
        .chunks(SECTOR)
        .rposition(|sector| sector == [2; SECTOR])
        .expect("the file") as u64;
    disk.fail(Operation::Read, bad - 100..bad);
    let filesystem = mount(disk);
    let root = context(&filesystem);
    assert_eq!(root.get("/good"), Ok(vec![1; 3000]));
    let file = root.touch("/bad").expect("it is there");
    let mut bytes = vec![0; 4096];
    assert_eq!(file.read_at(0, &mut Sink::kernel(&mut bytes)), Ok(4096));
    let read = file.read_at(180_000, &mut Sink::kernel(&mut bytes));
    assert_eq!(read, Err(Error::InputOutput));
    disk.heal();
    assert_eq!(root.get("/bad"), Ok(vec![2; 200_000]));
    filesystem
}

/// On the same disk nothing can be written: what was there is still read, what comes waits, and later it goes on.
///
/// # Panics
/// If it is not so.
pub fn fails_to_write(disk: &Arc<MemoryDisk>, filesystem: &Arc<dyn FileSystem>) {
    let root = context(filesystem);
    disk.fail(Operation::Write, 0..1 << 20);
    root.put("/late", &[3; 5000]).expect("room in memory");
    let late = root.touch("/late").expect("it is there");
    assert_eq!(late.sync(true), Err(Error::InputOutput));
    assert_eq!(filesystem.sync(), Err(Error::InputOutput));
    assert_eq!(root.get("/late"), Ok(vec![3; 5000]));
    let done = late.write_at(0, &mut Source::kernel(&[4; 5000]));
    assert_eq!(done, Ok(5000));
    assert_eq!(late.sync_range(0, 5000, true), Err(Error::InputOutput));
    disk.heal();
    assert_eq!(late.sync(true), Ok(()));
}

/// A file gets longer, and the first fdatasync fails after its bytes are stored: the second one brings what leads to them.
///
/// # Panics
/// If it is not so.
pub fn catches_up(disk: &Arc<MemoryDisk>, mount: &Mounting) {
    let filesystem = mount(disk);
    let root = context(&filesystem);
    root.put("/file", b"x").expect("room");
    filesystem.sync().expect("a disk that works");
    let file = root.touch("/file").expect("it is there");
    let done = file.write_at(1, &mut Source::kernel(&[7; 3000]));
    assert_eq!(done, Ok(3000));
    assert_eq!(file.sync_range(0, 4096, true), Ok(()));
    disk.fail(Operation::Write, 0..1 << 20);
    assert_eq!(file.sync(false), Err(Error::InputOutput));
    disk.heal();
    assert_eq!(file.sync(false), Ok(()));
    let left = mount(&MemoryDisk::new("left", 1, disk.contents()));
    let found = context(&left).get("/file").map(|bytes| bytes.len());
    assert_eq!(found, Ok(3001));
}

/// A page that was stored is changed once more through a mapping, and nobody has the file open after that: it is on the
/// disk all the same, after a sync and after the end of the mount.
///
/// # Panics
/// If it is not so.
pub fn stores_what_mappings_change(disk: &Arc<MemoryDisk>, mount: &Mounting) {
    let filesystem = mount(disk);
    let root = context(&filesystem);
    root.put("/file", &[1; 9000]).expect("room");
    let change = |at: usize| {
        // Until nothing of it waits, twice.
        for _ in 0..4 {
            filesystem.sync().expect("a disk that works");
        }
        let file = root.touch("/file").expect("it is there");
        let cache = file.path().inode().page_cache().expect("it is a file");
        let page = cache.page(0, Access::Write).expect("it is in memory");
        page.write(at, &[2]);
    };
    let expected = |places: &[usize]| {
        let mut bytes = vec![1; 9000];
        places.iter().for_each(|&at| bytes[at] = 2);
        Ok(bytes)
    };
    change(10);
    filesystem.sync().expect("a disk that works");
    let left = mount(&MemoryDisk::new("left", 1, disk.contents()));
    assert!(context(&left).get("/file") == expected(&[10]));
    change(20);
    drop(root);
    filesystem.finish().expect("a disk that works");
    let left = mount(&MemoryDisk::new("left", 2, disk.contents()));
    assert!(context(&left).get("/file") == expected(&[10, 20]));
}

/// The disk is gone while it is mounted: what is in memory is read, the rest is an error, also what is to be safe, which
/// each descriptor hears once. The mount ends, and what lies on the disk is what was there before.
///
/// # Panics
/// If it is not so.
pub fn vanishes(disk: &Arc<MemoryDisk>, mount: &Mounting) {
    let filesystem = mount(disk);
    let root = context(&filesystem);
    root.put("/warm", &[4; 9000]).expect("room");
    root.put("/cold", &[5; 100_000]).expect("room");
    drop(root);
    filesystem.finish().expect("it is written");
    drop(filesystem);

    let filesystem = mount(disk);
    let root = context(&filesystem);
    assert_eq!(root.get("/warm"), Ok(vec![4; 9000]));
    let (warm, also) = (root.touch("/warm"), root.touch("/warm"));
    let (warm, also) = (warm.expect("it is there"), also.expect("it is there"));
    let cold = root.touch("/cold").expect("it is there");
    disk.vanish();
    let before = disk.contents();

    assert_eq!(root.get("/warm"), Ok(vec![4; 9000]));
    let mut bytes = vec![0; 4096];
    for _ in 0..2 {
        let read = cold.read_at(50_000, &mut Sink::kernel(&mut bytes));
        assert_eq!(read, Err(Error::InputOutput));
    }
    // Into a page that is in memory; where it would have to be read first, the write fails itself.
    let written = warm.write_at(0, &mut Source::kernel(&[6; 4096]));
    assert_eq!(written, Ok(4096));
    assert_eq!(filesystem.sync(), Err(Error::InputOutput));
    // Somebody has heard of it already, but not through these.
    assert_eq!(warm.sync(true), Err(Error::InputOutput));
    assert_eq!(also.sync(true), Err(Error::InputOutput));
    let written = cold.write_at(50_001, &mut Source::kernel(&[6; 10]));
    assert_eq!(written, Err(Error::InputOutput));
    assert_eq!(warm.read_at(0, &mut Sink::kernel(&mut bytes)), Ok(4096));
    assert_eq!(bytes, [6; 4096]);
    // What needs more of the disk than is in memory is an error, and nothing hangs or panics.
    for number in 0..40 {
        let _ = root.put(&format!("/new {number}"), &[7; 20_000]);
        let _ = root.remove(&format!("/new {}", number / 2));
    }
    let _ = root.make_directory("/directory");
    let _ = root.move_to("/warm", "/moved");
    drop((warm, also, cold, root));
    let _ = filesystem.finish();
    drop(filesystem);
    assert!(disk.contents() == before, "nothing has reached it");
    disk.heal();
    let filesystem = mount(disk);
    let root = context(&filesystem);
    assert_eq!(root.get("/warm"), Ok(vec![4; 9000]));
    assert_eq!(root.get("/cold"), Ok(vec![5; 100_000]));
    drop(root);
    filesystem.finish().expect("it is well again");
}

/// Changes a byte or a few, each at a place of `place`'s choice.
pub fn mutate(image: &mut [u8], random: &mut Random, mut place: impl FnMut(&mut Random) -> usize) {
    for _ in 0..1 + random.below(20) {
        let at = place(random);
        image[at] = match random.below(4) {
            0 => 0,
            1 => 0xff,
            2 => image[at] ^ (1 << random.below(8)),
            _ => random.below(256) as u8,
        };
    }
}

/// Looks at everything and changes a bit of everything; whatever comes out, it ends. What it asks for by name are `/one`,
/// `/two`, `/three`, `/empty`, `/a`, `/a/b/c` and `/many`.
pub fn stir(filesystem: Arc<dyn FileSystem>) {
    walk(&filesystem.root(), &mut 200, 0);
    let root: FsContext = context(&filesystem);
    for name in ["/new", "/empty", "/one", "/a/new", "/many/new"] {
        let _ = root.put(name, &[7; 9000]);
    }
    let _ = root.make_directory("/dir");
    let _ = root.move_to("/new", "/dir/new");
    let _ = root.move_with("/one", "/a", RenameFlags::EXCHANGE);
    let _ = root.remove("/two");
    let _ = root.rmdir(None, b"/a/b/c");
    if let Ok(file) = root.touch("/three") {
        let _ = file.write_at(600_000, &mut Source::kernel(b"far"));
        let _ = file.truncate(5);
        let _ = file.sync(true);
    }
    let _ = filesystem.sync();
    let _ = filesystem.statistics();
}

fn walk(inode: &Arc<dyn Inode>, left: &mut usize, depth: usize) {
    if *left == 0 || depth > 12 {
        return;
    }
    *left -= 1;
    let _ = inode.status();
    match inode.kind() {
        FileKind::Directory => {
            let mut names = Vec::new();
            let _ = inode.read_directory(0, &mut |entry| {
                names.push(entry.name.to_vec());
                names.len() < 300
            });
            for name in names {
                let Ok(name) = Name::new(&name) else { continue };
                if let Ok(below) = inode.lookup(name) {
                    walk(&below, left, depth + 1);
                }
            }
            let owner = Ownership {
                mode: 0o644,
                uid: 0,
                gid: 0,
            };
            if let Ok(name) = Name::new(b"made here") {
                let _ = inode.create(name, &NewInode::File, owner);
                let _ = inode.unlink(name);
            }
        }
        FileKind::SymbolicLink => {
            let _ = inode.read_link();
        }
        FileKind::Regular => {
            let mut bytes = [0; 5000];
            let size = inode.status().map_or(0, |status| status.size);
            for offset in [0, 12 * 1024, 300_000, size.saturating_sub(100)] {
                let _ = inode.read_at(offset, &mut Sink::kernel(&mut bytes));
            }
            let _ = inode.next_extent(0, true);
            let _ = inode.write_at(size / 2, &mut Source::kernel(&bytes));
        }
        _ => {}
    }
}
