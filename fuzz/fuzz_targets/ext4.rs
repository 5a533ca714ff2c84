//! ext4: an image that mke2fs made, with some bytes changed, is mounted on the hosted machine and read; whatever the
//! bytes, it ends, and the kernel lives.
//!
//! The first byte of the input says which image: most are without checksums, which would end every reading at the first
//! changed byte. The rest is a list of changes ([`scarlet_fuzz::change`]).
#![no_main]

use std::sync::LazyLock;

use fs_ext2::{Ext2, Family, How};
use libfuzzer_sys::fuzz_target;
use scarlet_fuzz::{change, mke2fs, survives};

static IMAGES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    [
        "^has_journal,^metadata_csum,extents,64bit,flex_bg,large_dir",
        "^has_journal,^metadata_csum,uninit_bg,extents,^64bit,inline_data",
        "^has_journal,metadata_csum,extents,64bit",
    ]
    .map(|features| mke2fs(&["-t", "ext4", "-O", features]))
});

fuzz_target!(|input: &[u8]| {
    let Some((kind, changes)) = input.split_first() else {
        return;
    };
    let mut image = IMAGES[usize::from(*kind) % IMAGES.len()].clone();
    change(&mut image, changes, 1024, 64 << 10);
    survives(image, |disk| {
        Ext2::mount_as(disk, Family::Ext4, How::default())
    });
});
