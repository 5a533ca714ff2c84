//! The marks in the layers, ours and those that others made.

use base::Error;
use object::FileKind;
use vfs::NewInode;

use super::kit::*;

#[test]
fn marks_are_read_as_linux_writes_them() {
    on_machine(|| {
        let root = ground();
        for path in [
            "/low/d",
            "/low2/d",
            "/low2/e",
            "/up/e",
            "/low2/old",
            "/up/new",
        ] {
            root.make_directory(path).unwrap();
        }
        root.put("/low2/d/x", b"").unwrap();
        root.put("/low2/e/y", b"").unwrap();
        root.put("/low2/hidden", b"").unwrap();
        root.put("/low2/old/below", b"").unwrap();
        set_attribute(&root, "/low/d", "trusted.overlay.opaque", "y").unwrap();
        set_attribute(&root, "/up/e", "trusted.overlay.opaque", "n").unwrap();
        set_attribute(&root, "/up/new", "trusted.overlay.redirect", "/old").unwrap();
        let whiteout = NewInode::Device {
            kind: FileKind::CharacterDevice,
            major: 0,
            minor: 0,
        };
        root.mknod(None, b"/low/hidden", whiteout, 0).unwrap();
        mount(&root, "lowerdir=/low:/low2,upperdir=/up,workdir=/staging");
        assert_eq!(list(&root, "/all/d"), [""; 0]);
        assert_eq!(list(&root, "/all/e"), ["y"]);
        assert_eq!(root.error("/all/hidden"), Some(Error::NotFound));
        assert_eq!(list(&root, "/all/new"), ["below"]);
        assert_eq!(list(&root, "/all"), ["d", "e", "new", "old"]);
        assert_eq!(
            root.mknod(None, b"/all/w", whiteout, 0).err(),
            Some(Error::NotPermitted)
        );
    });
}

#[test]
fn a_redirect_leads_nowhere_else() {
    on_machine(|| {
        let root = ground();
        root.put("/secret", b"").unwrap();
        for (name, redirect) in [("a", "/../secret"), ("b", ".."), ("c", "x/y"), ("d", "/")] {
            let path = format!("/up/{name}");
            root.make_directory(&path).unwrap();
            set_attribute(&root, &path, "trusted.overlay.redirect", redirect).unwrap();
        }
        mount(&root, USUAL);
        for name in ["a", "b", "c", "d"] {
            let path = format!("/all/{name}");
            assert_eq!(root.error(&path), Some(Error::InvalidArgument), "{name}");
        }
    });
}

#[test]
fn metadata_only_copies_are_refused() {
    on_machine(|| {
        let root = ground();
        root.put("/low/file", b"bytes").unwrap();
        root.put("/up/file", b"").unwrap();
        set_attribute(&root, "/up/file", "trusted.overlay.metacopy", "").unwrap();
        mount(&root, USUAL);
        assert_eq!(root.error("/all/file"), Some(Error::NotPermitted));
    });
}

#[test]
fn own_marks_are_not_seen_and_others_are_kept_apart() {
    on_machine(|| {
        let root = usual();
        root.make_directory("/low/fresh").unwrap();
        root.rmdir(None, b"/all/fresh").unwrap();
        root.make_directory("/all/fresh").unwrap();
        assert!(is_opaque(&root, "/up/fresh"));
        let name = "trusted.overlay.opaque";
        assert_eq!(attribute(&root, "/all/fresh", name), Err(Error::NoData));
        let names = |path: &str| root.list_extended_attributes(&place(&root, path)).unwrap();
        assert_eq!(names("/all/fresh"), b"");
        // An overlay that is made to be a layer elsewhere.
        set_attribute(&root, "/all/fresh", name, "y").unwrap();
        assert_eq!(names("/all/fresh"), b"trusted.overlay.opaque\0");
        assert_eq!(
            attribute(&root, "/up/fresh", "trusted.overlay.overlay.opaque").unwrap(),
            b"y"
        );
        set_attribute(&root, "/all/dir/a", "user.x", "1").unwrap();
        assert_eq!(attribute(&root, "/up/dir/a", "user.x").unwrap(), b"1");
        assert_eq!(attribute(&root, "/low/dir/a", "user.x"), Err(Error::NoData));
        // Nothing is brought up to take away what is not there.
        let none = root.remove_extended_attribute(&place(&root, "/all/dir/b"), b"user.x");
        assert_eq!(none, Err(Error::NoData));
        assert_eq!(root.error("/up/dir/b"), Some(Error::NotFound));
    });
}

#[test]
fn user_marks_where_that_was_asked_for() {
    on_machine(|| {
        let root = ground();
        root.make_directory("/low/d").unwrap();
        mount(&root, &format!("{USUAL},userxattr"));
        root.rmdir(None, b"/all/d").unwrap();
        root.make_directory("/all/d").unwrap();
        assert_eq!(
            attribute(&root, "/up/d", "user.overlay.opaque").unwrap(),
            b"y"
        );
    });
}
