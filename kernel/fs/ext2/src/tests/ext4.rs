//! Images of ext4, as mke2fs makes them: read whole, checksums and all, and never written.

use std::os::unix::fs::FileExt;

use base::Error;
use device::block::MemoryDisk;
use vfs::FileSystem;

use super::kit::*;
use super::reading::{build_tree, compare};
use crate::{Ext2, Family, How};

/// How many pieces the scattered file has: so many that its tree of extents has inner nodes.
const PIECES: u64 = 2000;

/// An image of ext4 with files of all kinds in it, and the tree that it was made from.
fn extended(arguments: &[&str]) -> (Vec<u8>, Scratch) {
    let tree = Scratch::new("tree");
    build_tree(&tree.0, 1500);
    let scattered = std::fs::File::create(tree.0.join("scattered")).unwrap();
    for piece in 0..PIECES {
        let text = format!("piece {piece}");
        scattered.write_at(text.as_bytes(), piece * 8192).unwrap();
    }
    let mut all = vec!["-t", "ext4", "-d", tree.0.to_str().unwrap()];
    all.extend(arguments);
    let image = make_image(64 * 1024, &all);
    // Indices of directories, and trees of extents that are no deeper than they have to be.
    let (code, words, image) = check(&image, "-yD");
    assert!(code <= 1, "{words}");
    (image, tree)
}

fn mount_ext4(
    disk: std::sync::Arc<MemoryDisk>,
    read_only: bool,
    as_it_is: bool,
) -> base::Result<std::sync::Arc<Ext2>> {
    let how = How {
        read_only,
        as_it_is,
        ..How::default()
    };
    Ext2::mount_as(disk, Family::Ext4, how)
}

fn mount(image: Vec<u8>) -> base::Result<std::sync::Arc<Ext2>> {
    mount_ext4(disk(image), false, false)
}

#[test]
fn images_are_read_whole_and_never_written() {
    for arguments in [
        &["-b", "4096"][..],
        &["-b", "1024", "-O", "metadata_csum,64bit"],
        &["-b", "1024", "-O", "^metadata_csum,^64bit,^flex_bg"],
        &["-b", "2048", "-O", "metadata_csum_seed,large_dir"],
        &[
            "-b",
            "4096",
            "-I",
            "128",
            "-O",
            "^has_journal,^extent,^64bit",
        ],
    ] {
        let (image, tree) = extended(arguments);
        on_machine(move || {
            let disk = disk(image.clone());
            let ext4 = mount_ext4(disk.clone(), false, false).unwrap();
            assert!(ext4.is_read_only() && ext4.name() == "ext4");
            let context = context(&ext4);
            compare(&context, &tree.0, "/");
            let refused = context.touch("/new").err();
            assert_eq!(refused, Some(Error::ReadOnlyFileSystem));
            drop(context);
            ext4.unmount().unwrap();
            assert!(disk.contents() == image, "something was written");
        });
    }
}

#[test]
fn plain_ext2_mounted_as_ext4_is_written() {
    let image = make_image(1024, &["-b", "1024"]);
    on_machine(move || {
        let disk = disk(image);
        let ext4 = mount_ext4(disk.clone(), false, false).unwrap();
        context(&ext4).put("/file", b"bytes").unwrap();
        ext4.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn a_journal_that_waits_is_not_ignored_unasked() {
    let (mut image, _tree) = extended(&["-b", "4096", "-O", "^metadata_csum"]);
    image[1024 + 0x60] |= 4;
    on_machine(move || {
        assert_eq!(mount(image.clone()).err(), Some(Error::InvalidArgument));
        let as_it_is = mount_ext4(disk(image.clone()), true, true).unwrap();
        assert!(context(&as_it_is).get("/one").is_ok());
        let to_write = mount_ext4(disk(image), false, true).err();
        assert_eq!(to_write, Some(Error::InvalidArgument));
    });
}

/// Changes one byte and says what reading the whole tree gives then.
fn with_a_flaw(image: &[u8], place: usize, tree: &Scratch) -> Result<(), String> {
    let mut image = image.to_vec();
    image[place] ^= 0x40;
    let path = tree.0.clone();
    let (sender, receiver) = std::sync::mpsc::channel();
    on_machine(move || {
        let outcome = match mount(image) {
            Err(error) => Err(format!("{error:?}")),
            Ok(ext4) => {
                let context = context(&ext4);
                let whole =
                    ["/one", "/scattered", "/many", "/a/b/c/d/e"].map(
                        |name| match std::fs::metadata(path.join(&name[1..])) {
                            Ok(entry) if entry.is_dir() => context.names(name).map(drop),
                            _ => context.get(name).map(drop),
                        },
                    );
                let outcome: base::Result<Vec<()>> = whole.into_iter().collect();
                outcome.map(drop).map_err(|error| format!("{error:?}"))
            }
        };
        sender.send(outcome).unwrap();
    });
    receiver.recv().unwrap()
}

#[test]
fn a_record_that_does_not_agree_with_its_checksum_is_found_out() {
    let (image, tree) = extended(&["-b", "1024", "-O", "metadata_csum,64bit,^flex_bg"]);
    let find = |what: &dyn Fn(&[u8]) -> bool| {
        let block = image.chunks(1024).position(what).expect("such a block");
        block * 1024
    };
    // A label in the superblock, a byte of the first descriptor, one of the root's inode, a node of extents, a block of
    // names, one of an index: fields that no other check looks at.
    let descriptor = 2048 + 0x0e;
    let table = u32::from_le_bytes(image[2048 + 8..2048 + 12].try_into().unwrap()) as usize;
    let root = table * 1024 + 256;
    let node = find(&|block| block[..2] == [0x0a, 0xf3] && block[6] == 0);
    let names = find(&|block| block[4..9] == [12, 0, 1, 2, b'.'] && block[..4] == [2, 0, 0, 0]);
    let index = find(&|block| block[4..9] == [12, 0, 1, 2, b'.'] && block[28..30] == [1, 8]);
    assert_eq!(with_a_flaw(&image, 700 * 1024, &tree), Ok(()), "no record");
    for (what, place) in [
        ("superblock", 1024 + 0x78),
        ("descriptor", descriptor),
        ("inode", root + 12),
        ("extents", node + 12 + 8 * 12 + 8),
        ("names", names + 600),
        ("index", index + 45),
    ] {
        let outcome = with_a_flaw(&image, place, &tree);
        assert!(outcome.is_err(), "{what} at {place:#x}");
    }
}

#[test]
fn images_that_make_no_sense_end_in_errors() {
    let (image, _tree) = extended(&["-b", "1024", "-O", "^metadata_csum,^has_journal"]);
    // Everything that is no file's contents: what differs from block to block in a small image.
    let records: Vec<usize> = image
        .chunks(1024)
        .enumerate()
        .filter(|(block, bytes)| {
            let of_names = bytes[4..9] == [12, 0, 1, 2, b'.'];
            (1..600).contains(block) || of_names || bytes[..2] == [0x0a, 0xf3]
        })
        .map(|(block, _)| block)
        .collect();
    for seed in 0..100 {
        let mut image = image.clone();
        let mut random = Random::new(seed);
        for _ in 0..1 + random.below(30) {
            let block = records[random.below(records.len())];
            let within = if block == 1 { 264 } else { 1024 };
            image[block * 1024 + random.below(within)] = random.below(256) as u8;
        }
        on_machine(move || {
            if let Ok(ext4) = mount(image) {
                stir(ext4);
            }
        });
    }
}
