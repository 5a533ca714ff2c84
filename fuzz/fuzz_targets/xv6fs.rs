//! xv6's file system: an image with files in it and some bytes changed is mounted on the hosted machine, walked and written
//! to; whatever the bytes, it ends, and the kernel lives. The checker looks at the same image, and lives too.
//!
//! The first byte of the input says how large the log is; the rest is a list of changes ([`scarlet_fuzz::change`]).
#![no_main]

use std::sync::LazyLock;

use fs_xv6::Xv6Fs;
use libfuzzer_sys::fuzz_target;
use scarlet_fuzz::{change, fill, survives, worked_on};
use vfs::FileSystem;

/// Images with logs of three sizes, filled.
static IMAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| [11, 30, 31].map(make).into());

fn make(log: u32) -> Vec<u8> {
    let image = fs_xv6::make::empty(600, 80, log).expect("a layout that fits");
    worked_on(image, |disk| {
        let filesystem = Xv6Fs::mount(disk.clone(), false).expect("it mounts");
        fill(&filesystem.root(), &["one", "two", "three"], 0);
        filesystem.finish().expect("it is written");
    })
}

fuzz_target!(|input: &[u8]| {
    let Some((which, changes)) = input.split_first() else {
        return;
    };
    let mut image = IMAGES[usize::from(*which) % IMAGES.len()].clone();
    change(&mut image, changes, 1024, 64 << 10);
    let _ = fs_xv6::check::check(&image);
    survives(image, |disk| Xv6Fs::mount(disk, false));
});
