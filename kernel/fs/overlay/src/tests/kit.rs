//! A root with layers in it, and an overlay of them.

use std::sync::Arc;

use base::Result;
use fs_ram::{Limits, RamFs};
use object::FileKind;
use vfs::{
    FileSystem, FsContext, MountFlags, MountSource, Path, ResolveFlags, SetExtended,
    make_filesystem,
};

pub(super) use filesystem_testkit::{Short, context, on_machine, on_machine_with};

pub(super) const LIMITS: Limits = Limits {
    pages: 4000,
    inodes: 10_000,
    directory_pages: 0,
    unpaid: false,
};

/// The options that most tests mount with.
pub(super) const USUAL: &str = "lowerdir=/low,upperdir=/up,workdir=/staging";

pub(super) fn ram() -> Arc<dyn FileSystem> {
    RamFs::with("tmpfs", LIMITS, 0o755).unwrap()
}

/// A root on tmpfs with the directories `/low`, `/low2`, `/up`, `/staging` and `/all`.
pub(super) fn ground() -> FsContext {
    crate::register();
    let root = context(&ram());
    for name in ["/low", "/low2", "/up", "/staging", "/all"] {
        root.make_directory(name).unwrap();
    }
    root
}

pub(super) fn overlay(root: &FsContext, options: &str) -> Result<Arc<dyn FileSystem>> {
    let source = MountSource {
        read_only: false,
        source: b"overlay",
        options: options.as_bytes(),
        context: root,
    };
    make_filesystem(b"overlay", &source)
}

/// Mounts an overlay on `/all`.
pub(super) fn mount(root: &FsContext, options: &str) {
    let made = overlay(root, options).unwrap();
    root.view
        .mount(&made, &place(root, "/all"), MountFlags::empty())
        .unwrap();
}

pub(super) fn unmount(root: &FsContext) {
    root.view.unmount(place(root, "/all"), false).unwrap();
}

pub(super) fn place(root: &FsContext, path: &str) -> Path {
    root.resolve(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)
        .unwrap()
}

/// A root with `/low/dir/{a,b}` and `/low/file`, and an overlay over it on `/all`.
pub(super) fn usual() -> FsContext {
    let root = ground();
    root.make_directory("/low/dir").unwrap();
    for (path, bytes) in [
        ("/low/dir/a", "a"),
        ("/low/dir/b", "b"),
        ("/low/file", "low"),
    ] {
        root.put(path, bytes.as_bytes()).unwrap();
    }
    mount(&root, USUAL);
    root
}

pub(super) fn is_whiteout(root: &FsContext, path: &str) -> bool {
    root.link_status(path).is_ok_and(|status| {
        status.kind == FileKind::CharacterDevice
            && (status.device_major, status.device_minor) == (0, 0)
    })
}

pub(super) fn attribute(root: &FsContext, path: &str, name: &str) -> Result<Vec<u8>> {
    root.extended_attribute(&place(root, path), name.as_bytes())
}

pub(super) fn set_attribute(root: &FsContext, path: &str, name: &str, value: &str) -> Result<()> {
    root.set_extended_attribute(
        &place(root, path),
        name.as_bytes(),
        value.as_bytes(),
        SetExtended::empty(),
    )
}

pub(super) fn is_opaque(root: &FsContext, path: &str) -> bool {
    attribute(root, path, "trusted.overlay.opaque").is_ok_and(|value| value == b"y")
}

/// The names in a directory, sorted, without `.` and `..`.
pub(super) fn list(root: &FsContext, path: &str) -> Vec<String> {
    let mut names = root.names(path).unwrap();
    names.retain(|name| name != "." && name != "..");
    names.sort();
    names
}

/// Nothing was left in the work directory.
pub(super) fn assert_clean(root: &FsContext) {
    assert_eq!(list(root, "/staging/work"), [""; 0]);
}
