//! Images of ext2, and what e2fsprogs says about them.

use std::process::Output;
use std::sync::Arc;

use base::Result;
use device::block::MemoryDisk;
use vfs::{FileSystem, FsContext, ResolveFlags};

pub(super) use filesystem_testkit::{
    History, Life, Random, Scratch, Short, SlowDisk, catches_up, fails_to_read, fails_to_write,
    judged_by, made_by, mutate, on_machine, on_machine_with, rounds, spelled_so, stir,
    stores_what_mappings_change, vanishes,
};

use crate::Ext2;

/// Runs a tool of e2fsprogs.
pub(super) fn tool(name: &str, arguments: &[&str]) -> Output {
    filesystem_testkit::tool("e2fsprogs", name, arguments)
}

/// A fresh image of so many KiB, made with these arguments.
pub(super) fn make_image(kibibytes: u64, arguments: &[&str]) -> Vec<u8> {
    let size = format!("{kibibytes}k");
    let mut all = vec!["-q", "-F"];
    if !arguments.contains(&"-t") {
        all.extend(["-t", "ext2"]);
    }
    all.extend(arguments);
    made_by("e2fsprogs", "mke2fs", &all, &size)
}

/// What e2fsck says about an image: its exit code and its words; with `-p` also the repaired image.
pub(super) fn check(image: &[u8], how: &str) -> (i32, String, Vec<u8>) {
    judged_by("e2fsprogs", "e2fsck", &["-f", how], image)
}

/// The image is in order.
#[track_caller]
pub(super) fn assert_clean(image: &[u8]) {
    let (code, words, _) = check(image, "-n");
    assert_eq!(code, 0, "{words}");
}

pub(super) fn disk(image: Vec<u8>) -> Arc<MemoryDisk> {
    MemoryDisk::new("test", 0, image)
}

pub(super) fn mount(disk: &Arc<MemoryDisk>) -> Arc<Ext2> {
    Ext2::mount(disk.clone(), false).expect("it mounts")
}

pub(super) fn mounting(disk: &Arc<MemoryDisk>) -> Arc<dyn FileSystem> {
    mount(disk)
}

pub(super) fn context(ext2: &Arc<Ext2>) -> FsContext {
    let filesystem: Arc<dyn FileSystem> = ext2.clone();
    filesystem_testkit::context(&filesystem)
}

/// The value of an attribute.
pub(super) fn attribute(context: &FsContext, path: &str, name: &str) -> Result<Vec<u8>> {
    let place = context.resolve(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)?;
    context.extended_attribute(&place, name.as_bytes())
}

/// Sets an attribute.
pub(super) fn set_attribute(
    context: &FsContext,
    path: &str,
    name: &str,
    value: &[u8],
) -> Result<()> {
    let place = context.resolve(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)?;
    context.set_extended_attribute(&place, name.as_bytes(), value, Default::default())
}

/// What debugfs says and makes of an image, command by command.
pub(super) fn debugfs(image: &[u8], commands: &[&str]) -> (String, Vec<u8>) {
    let scratch = Scratch::new("debugfs");
    std::fs::write(&scratch.0, image).expect("room for the image");
    let path = scratch.0.to_str().expect("a plain path");
    let mut words = String::new();
    for command in commands {
        let output = tool("debugfs", &["-w", "-R", command, path]);
        words += &String::from_utf8_lossy(&output.stdout);
    }
    (words, std::fs::read(path).expect("the image"))
}
