//! Images of FAT, and what dosfstools says about them.

use std::sync::Arc;

use device::block::MemoryDisk;

pub(super) use filesystem_testkit::{
    History, Life, Random, Short, catches_up, fails_to_read, fails_to_write, judged_by, made_by,
    mutate, on_machine, rounds, stir, stores_what_mappings_change, vanishes,
};
use vfs::{FileSystem, FsContext};

use crate::{Fat, Options};

/// One image of each kind: what mkfs.fat is told, and KiB.
pub(super) const KINDS: [(&[&str], u64); 4] = [
    (&["-F", "12", "-s", "1"], 1440),
    (&["-F", "16", "-s", "2", "-r", "512"], 8192),
    (&["-F", "32", "-s", "1"], 34_000),
    (&["-F", "12", "-S", "2048", "-s", "4"], 4096),
];

/// A fresh image of so many KiB, made with these arguments.
pub(super) fn make_image(kibibytes: u64, arguments: &[&str]) -> Vec<u8> {
    let all = [&["-C", "-i", "12345678"], arguments].concat();
    made_by("dosfstools", "mkfs.fat", &all, &kibibytes.to_string())
}

/// What fsck.fat says about an image: its exit code and its words; with `-a` also the repaired image.
pub(super) fn check(image: &[u8], how: &str) -> (i32, String, Vec<u8>) {
    judged_by("dosfstools", "fsck.fat", &[how, "-v"], image)
}

/// The image is in order, and its tables are equal.
#[track_caller]
pub(super) fn assert_clean(image: &[u8]) {
    let (code, words, _) = check(image, "-n");
    assert_eq!(code, 0, "{words}");
    let word = |at: usize| u32::from(u16::from_le_bytes([image[at], image[at + 1]]));
    let length = match word(22) {
        0 => word(36) | word(38) << 16,
        few => few,
    };
    let (size, first) = (word(11) as usize, word(14) as usize);
    let table = |number: usize| {
        let begin = (first + number * length as usize) * size;
        &image[begin..begin + length as usize * size]
    };
    assert!(image[16] < 2 || table(0) == table(1), "the tables differ");
}

pub(super) fn disk(image: Vec<u8>) -> Arc<MemoryDisk> {
    MemoryDisk::new("test", 0, image)
}

pub(super) fn mount(disk: &Arc<MemoryDisk>) -> Arc<Fat> {
    mount_with(disk, Options::new())
}

pub(super) fn mount_with(disk: &Arc<MemoryDisk>, options: Options) -> Arc<Fat> {
    Fat::mount(disk.clone(), options).expect("it mounts")
}

pub(super) fn mounting(disk: &Arc<MemoryDisk>) -> Arc<dyn FileSystem> {
    mount(disk)
}

pub(super) fn context(fat: &Arc<Fat>) -> FsContext {
    let filesystem: Arc<dyn FileSystem> = fat.clone();
    filesystem_testkit::context(&filesystem)
}

/// Runs a test on a fresh image of every kind, and lets fsck.fat judge what it leaves; then what lies there is looked at
/// once more.
pub(super) fn on_every_kind(
    test: impl Fn(&Arc<Fat>, &FsContext) + Copy + 'static,
    again: impl Fn(&FsContext) + Copy + 'static,
) {
    for (arguments, size) in KINDS {
        let image = make_image(size, arguments);
        on_machine(move || {
            let disk = disk(image);
            let fat = mount(&disk);
            let context = context(&fat);
            test(&fat, &context);
            drop(context);
            fat.unmount().unwrap();
            drop(fat);
            assert_clean(&disk.contents());
            let fat = mount(&disk);
            again(&self::context(&fat));
            fat.unmount().unwrap();
            assert_clean(&disk.contents());
        });
    }
}
