//! Images of xv6's file system, and what the checker says about them.

use std::sync::Arc;

use device::block::MemoryDisk;
use vfs::{FileSystem, FsContext};

pub(super) use filesystem_testkit::{
    History, Life, Random, Short, fails_to_read, mutate, on_machine, rounds, spelled_so, stir,
    stores_what_mappings_change,
};

use crate::Xv6Fs;
use crate::check::check;

/// Blocks, inodes and blocks of the log of the kinds of image: as MIT's mkfs makes them, as newer ones do, with the
/// smallest log, and with more than one block of bitmap.
pub(super) const KINDS: [(u32, u32, u32); 4] = [
    (2000, 200, 30),
    (2000, 200, 31),
    (500, 60, 11),
    (20_000, 1000, 30),
];

/// An empty image as MIT's mkfs makes it.
pub(super) fn usual() -> Vec<u8> {
    made(KINDS[0])
}

pub(super) fn made((size, inodes, log): (u32, u32, u32)) -> Vec<u8> {
    crate::make::empty(size, inodes, log).expect("a layout that fits")
}

/// The image is in order, and nothing is without a name.
#[track_caller]
pub(super) fn assert_clean(image: &[u8]) {
    let report = check(image);
    assert!(report.damage.is_empty(), "{:#?}", report.damage);
    assert_eq!(report.nameless, 0);
}

pub(super) fn disk(image: Vec<u8>) -> Arc<MemoryDisk> {
    MemoryDisk::new("test", 0, image)
}

/// Another disk with what lies on one.
pub(super) fn copy(disk: &MemoryDisk) -> Arc<MemoryDisk> {
    MemoryDisk::new("copy", 1, disk.contents())
}

pub(super) fn mount(disk: &Arc<MemoryDisk>) -> Arc<dyn FileSystem> {
    Xv6Fs::mount(disk.clone(), false).expect("it mounts")
}

pub(super) fn context(filesystem: &Arc<dyn FileSystem>) -> FsContext {
    filesystem_testkit::context(filesystem)
}

/// Runs a test on an image, and judges what it leaves.
pub(super) fn on_image(image: Vec<u8>, test: impl FnOnce(&Arc<MemoryDisk>, &FsContext) + 'static) {
    on_machine(move || {
        let disk = disk(image);
        let filesystem = mount(&disk);
        let context = context(&filesystem);
        test(&disk, &context);
        drop(context);
        filesystem.finish().unwrap();
        drop(filesystem);
        assert_clean(&disk.contents());
    });
}
