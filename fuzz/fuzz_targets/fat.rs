//! FAT: an image that mkfs.fat made, with files in it and some bytes changed, is mounted on the hosted machine, walked and
//! written to; whatever the bytes, it ends, and the kernel lives.
//!
//! The first byte of the input says which kind of FAT; the rest is a list of changes ([`scarlet_fuzz::change`]).
#![no_main]

use std::process::Command;
use std::sync::LazyLock;

use fs_fat::{Fat, Options};
use libfuzzer_sys::fuzz_target;
use scarlet_fuzz::{change, fill, survives, worked_on};
use vfs::FileSystem;

/// One image of each kind, made by the host's mkfs.fat and filled here.
static IMAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let kinds = [
        ("12", "1", "512"),
        ("16", "1", "4096"),
        ("32", "1", "34000"),
    ];
    kinds
        .map(|(bits, cluster, size)| make(bits, cluster, size))
        .into()
});

fn make(bits: &str, cluster: &str, kibibytes: &str) -> Vec<u8> {
    let path = std::env::temp_dir().join(format!("scarlet-fuzz-fat-{}", std::process::id()));
    let made = Command::new("/usr/sbin/mkfs.fat")
        .args(["-C", "-i", "12345678", "-F", bits, "-s", cluster])
        .args([path.as_os_str(), kibibytes.as_ref()])
        .output();
    assert!(
        made.is_ok_and(|made| made.status.success()),
        "dosfstools is needed"
    );
    let image = std::fs::read(&path).expect("the image");
    let _ = std::fs::remove_file(&path);
    worked_on(image, |disk| {
        let fat = Fat::mount(disk.clone(), Options::new()).expect("it mounts");
        fill(
            &fat.root(),
            &["SHORT", "a longer name than that", "third"],
            0,
        );
        fat.unmount().expect("it is written");
    })
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, changes)) = input.split_first() else {
        return;
    };
    let mut image = IMAGES[usize::from(*kind) % IMAGES.len()].clone();
    change(&mut image, changes, 0, 64 << 10);
    survives(image, |disk| {
        let options = Options {
            stop_on_errors: false,
            ..Options::new()
        };
        Fat::mount(disk, options)
    });
});
