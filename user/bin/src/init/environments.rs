//! The environments of the other ABIs.
//!
//! Each has the files of `/system/…` as its root, and in it the global tree at `/scarlet` and the same
//! devices, processes and temporary files as everybody. These are mounts of a view of its own: the
//! global tree shows none of them.

use scarlet::fs;
use scarlet::io;
use scarlet::os::mount::{BindFlags, View};
use scarlet::os::system;
use scarlet::prelude::*;

/// What an environment shares with the global tree, and where.
const SHARED: [(&str, &str); 4] = [
    ("/", "/scarlet"),
    ("/dev", "/dev"),
    ("/proc", "/proc"),
    ("/tmp", "/tmp"),
];

/// Makes the environments whose files are there.
pub(crate) fn make_all() {
    let machine = match system::information() {
        Ok(own) => system::field(&own.machine),
        Err(error) => {
            eprintln!("init: machine: {error}");
            return;
        }
    };
    for (abi, root) in [
        ("linux", format!("/system/linux-{machine}")),
        ("xv6", format!("/system/xv6-{machine}")),
    ] {
        if !fs::exists(&root) {
            continue;
        }
        if let Err(error) = make(abi, &root) {
            eprintln!("init: the {abi} environment: {error}");
        }
    }
}

fn make(abi: &str, root: &str) -> io::Result<()> {
    // The view does not see the mounts below its root yet, so the mount points are made outside.
    for (_, place) in SHARED {
        let path = format!("{root}{place}");
        if !fs::exists(&path) {
            fs::create_dir(&path)?;
        }
    }
    let view = View::new(root)?;
    for (source, place) in SHARED {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{place}: {error}"));
        view.bind(source, place, BindFlags::RECURSIVE)
            .map_err(named)?;
    }
    view.attach(abi)
}
