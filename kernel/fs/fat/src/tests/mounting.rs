//! Mounting by name.

use std::sync::Arc;

use filesystem_testkit::{is_mounted_one_way, on_machine};
use fs_ram::{Limits, RamFs};
use vfs::FileSystem;

use super::kit::{KINDS, disk, make_image};

#[test]
fn a_disk_is_written_by_all_who_mount_it_or_by_nobody() {
    let image = make_image(KINDS[0].1, KINDS[0].0);
    on_machine(move || {
        crate::register();
        let limits = Limits {
            pages: 100,
            inodes: 100,
            directory_pages: 0,
            unpaid: false,
        };
        let root: Arc<dyn FileSystem> = RamFs::with("tmpfs", limits, 0o755).unwrap();
        is_mounted_one_way("vfat", &root, &disk(image));
    });
}
