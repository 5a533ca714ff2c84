//! ext2: an image that mke2fs made, with some bytes changed, is mounted on the hosted machine, walked and written to;
//! whatever the bytes, it ends, and the kernel lives.
//!
//! The first byte of the input says which image (inodes of 128 bytes, or of 256 with room for attributes), the rest is a
//! list of changes ([`scarlet_fuzz::change`]).
#![no_main]

use std::sync::LazyLock;

use fs_ext2::Ext2;
use libfuzzer_sys::fuzz_target;
use scarlet_fuzz::{change, mke2fs, survives, worked_on};
use vfs::{FileSystem, Name, SetExtended};

static IMAGES: LazyLock<[Vec<u8>; 2]> =
    LazyLock::new(|| ["128", "256"].map(|size| marked(mke2fs(&["-t", "ext2", "-I", size]))));

/// The image with extended attributes: in the inode where there is room, and in a block that two files share.
fn marked(image: Vec<u8>) -> Vec<u8> {
    worked_on(image, |disk| {
        let ext2 = Ext2::mount(disk.clone(), false).expect("it mounts");
        for name in ["one", "indirect", "a"] {
            let name = Name::new(name.as_bytes()).expect("a name");
            let file = ext2.root().lookup(name).expect("it is there");
            for (attribute, length) in [("user.one", 10), ("user.two", 600), ("trusted.x", 1)] {
                file.set_extended_attribute(
                    attribute.as_bytes(),
                    &vec![b'v'; length],
                    SetExtended::empty(),
                )
                .expect("room");
            }
        }
        ext2.sync().expect("it is written");
    })
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, changes)) = input.split_first() else {
        return;
    };
    let mut image = IMAGES[usize::from(*kind) % IMAGES.len()].clone();
    change(&mut image, changes, 1024, 64 << 10);
    survives(image, |disk| Ext2::mount(disk, false));
});
