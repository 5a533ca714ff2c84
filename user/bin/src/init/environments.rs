//! The environments of the other ABIs.
//!
//! Each has the files of `/system/…` as its root, and in it the global tree at `/scarlet` and the same
//! devices, processes and temporary files as everybody. These are mounts of a view of its own: the
//! global tree shows none of them.
//!
//! xv6 gets a file system of the size that its programs expect, because they fill the disk to see what happens. It lies
//! in memory, on `/system/xv6-…` for everybody, so what a program of any kind writes there is seen by all, until the
//! machine ends.

use scarlet::fs;
use scarlet::io;
use scarlet::os::mount::{self, BindFlags, MountFlags, UnmountFlags, View};
use scarlet::os::system;
use scarlet::prelude::*;

/// What an environment shares with the global tree, and where.
const SHARED: [(&str, &str); 4] = [
    ("/", "/scarlet"),
    ("/dev", "/dev"),
    ("/proc", "/proc"),
    ("/tmp", "/tmp"),
];

/// What only Linux programs look for.
const LINUX: (&str, &str) = ("/sys", "/sys");

/// Blocks of 1 KiB that xv6's disk has beside the files that come with it.
const XV6_BLOCKS: u64 = 2000;
/// Files and directories that xv6's disk has room for.
const XV6_INODES: u64 = 200;
/// Where xv6's disk is filled.
const STAGING: &str = "/tmp/.xv6-disk";
const PAGE: u64 = 4096;

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
        if abi == "xv6"
            && let Err(error) = bound(&root)
        {
            eprintln!("init: the xv6 disk: {error}");
        }
        if let Err(error) = make(abi, &root) {
            eprintln!("init: the {abi} environment: {error}");
        }
    }
}

/// Puts a file system of limited size on a directory, with the same files in it.
fn bound(root: &str) -> io::Result<()> {
    let mut pages = 1 + SHARED.len() as u64 + XV6_BLOCKS * 1024 / PAGE;
    for entry in fs::read_dir(root)? {
        pages += entry?.metadata()?.len().div_ceil(PAGE).max(1);
    }
    let size = pages * PAGE;
    let options = format!("size={size},nr_inodes={XV6_INODES},directory_blocks=1,unpaid,mode=755");
    fs::create_dir(STAGING)?;
    mount::mount("tmpfs", "xv6", STAGING, &options, MountFlags::empty())?;
    let filled = fill(root).and_then(|()| mount::bind(STAGING, root, BindFlags::empty()));
    mount::unmount(STAGING, UnmountFlags::empty())?;
    fs::remove_dir(STAGING)?;
    filled
}

fn fill(root: &str) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let target = scarlet::path::join(STAGING, entry.file_name());
        if entry.file_type().is_dir() {
            fs::create_dir(target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn make(abi: &str, root: &str) -> io::Result<()> {
    let more = (abi == "linux").then_some(LINUX);
    let shared = || SHARED.into_iter().chain(more);
    // The view does not see the mounts below its root yet, so the mount points are made outside.
    for (_, place) in shared() {
        let path = format!("{root}{place}");
        if !fs::exists(&path) {
            fs::create_dir(&path)?;
        }
    }
    let view = View::new(root)?;
    for (source, place) in shared() {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{place}: {error}"));
        view.bind(source, place, BindFlags::RECURSIVE)
            .map_err(named)?;
    }
    view.attach(abi)
}
