//! What every program expects to be mounted.

use scarlet::fs;
use scarlet::os::mount::{MountFlags, mount};
use scarlet::prelude::*;

/// Kind, place, options.
const MOUNTS: [(&str, &str, &str); 5] = [
    ("devtmpfs", "/dev", ""),
    ("devpts", "/dev/pts", "mode=620,gid=5,ptmxmode=666"),
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("tmpfs", "/tmp", "mode=1777"),
];

/// Whether the directory shows another file system than its parent does.
fn is_mounted(place: &str) -> bool {
    let above = match place.rsplit_once('/') {
        Some((above, _)) if !above.is_empty() => above,
        _ => "/",
    };
    match (fs::metadata(place), fs::metadata(above)) {
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
