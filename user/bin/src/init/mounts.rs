//! What every program expects to be mounted.

use scarlet::fs;
use scarlet::os::mount::{MountFlags, mount};
use scarlet::prelude::*;

/// Kind, place, options.
const MOUNTS: [(&str, &str, &str); 3] = [
    ("devtmpfs", "/dev", ""),
    ("proc", "/proc", ""),
    ("tmpfs", "/tmp", "mode=1777"),
];

/// Whether the directory shows another file system than its parent does.
fn is_mounted(place: &str) -> bool {
    match (fs::metadata(place), fs::metadata("/")) {
        (Ok(inside), Ok(outside)) => inside.record().device != outside.record().device,
        _ => false,
    }
}

/// Mounts everything that is not mounted yet.
pub(crate) fn mount_all() {
    for (kind, place, options) in MOUNTS {
        if is_mounted(place) {
            continue;
        }
        let made = match fs::create_dir_all(place) {
            Ok(()) => mount(kind, kind, place, options, MountFlags::empty()),
            Err(error) => Err(error),
        };
        if let Err(error) = made {
            eprintln!("init: {kind} on {place}: {error}");
        }
    }
}
