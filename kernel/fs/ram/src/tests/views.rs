//! Several views over the same files.

use base::Error;
use vfs::{FsContext, MountFlags, ResolveFlags, View};

use super::kit::{Short, context, filesystem, on_machine};

#[test]
fn the_root_of_a_view_has_no_way_up() {
    on_machine(|| {
        let outer = context();
        for path in [
            "/system",
            "/system/linux",
            "/system/linux/scarlet",
            "/system/linux/etc",
        ] {
            outer.make_directory(path).unwrap();
        }
        outer.touch("/secret").unwrap();
        let root = outer
            .resolve(None, b"/system/linux", ResolveFlags::empty())
            .unwrap();
        let view = View::of(&root, true).unwrap();
        let inner = FsContext::new(view.clone());
        assert!(inner.status("/etc").is_ok());
        let top = inner.status("/").unwrap().inode;
        for path in ["/..", "/../..", "/etc/../../..", "../../../.."] {
            assert_eq!(inner.status(path).unwrap().inode, top, "{path}");
        }
        assert_eq!(inner.error("/../secret"), Some(Error::NotFound));
        // The global tree appears where it is bound, in this view only.
        let place = inner
            .resolve(None, b"/scarlet", ResolveFlags::empty())
            .unwrap();
        view.bind(&outer.root, &place, true).unwrap();
        drop(place);
        assert!(inner.status("/scarlet/secret").is_ok());
        assert!(inner.status("/scarlet/system/linux/etc").is_ok());
        assert_eq!(
            inner.names("/scarlet/system/linux/scarlet").unwrap(),
            [".", ".."]
        );
        assert_eq!(outer.names("/system/linux/scarlet").unwrap(), [".", ".."]);
        assert_eq!(inner.status("/scarlet/..").unwrap().inode, top);
    });
}

#[test]
fn a_changed_root_holds_the_walk_but_not_what_was_held() {
    on_machine(|| {
        let mut context = context();
        context.make_directory("/jail").unwrap();
        context.make_directory("/jail/in").unwrap();
        context.touch("/outside").unwrap();
        let held = context.resolve(None, b"/", ResolveFlags::empty()).unwrap();
        context.change_root(b"/jail").unwrap();
        // The working directory stayed outside: it is shown as unreachable.
        assert_eq!(context.working_directory_text().unwrap(), b"(unreachable)/");
        context.change_directory(None, b"/in").unwrap();
        assert_eq!(context.working_directory_text().unwrap(), b"/in");
        assert_eq!(context.error("/../outside"), Some(Error::NotFound));
        assert_eq!(context.error("../../outside"), Some(Error::NotFound));
        // Names lead through what one holds.
        assert!(
            context
                .stat(Some(&held), b"outside", ResolveFlags::empty())
                .is_ok()
        );
    });
}

#[test]
fn a_cloned_view_has_mounts_of_its_own() {
    on_machine(|| {
        let mut context = context();
        context.make_directory("/m").unwrap();
        let place = context.resolve(None, b"/m", ResolveFlags::empty()).unwrap();
        context
            .view
            .mount(&filesystem(), &place, MountFlags::empty())
            .unwrap();
        context.make_directory("/m/d").unwrap();
        context.change_directory(None, b"/m/d").unwrap();
        let original = context.clone();
        context.unshare_view().unwrap();
        assert_eq!(context.working_directory_text().unwrap(), b"/m/d");
        context.change_directory(None, b"/").unwrap();
        let covered = context.resolve(None, b"/m", ResolveFlags::empty()).unwrap();
        context.view.unmount(covered, false).unwrap();
        assert_eq!(context.error("/m/d"), Some(Error::NotFound));
        assert!(original.status("/m/d").is_ok());
        // A place of one view is no place to mount for the other.
        let foreign = original
            .resolve(None, b"/m", ResolveFlags::empty())
            .unwrap();
        let mounted = context
            .view
            .mount(&filesystem(), &foreign, MountFlags::empty());
        assert_eq!(mounted, Err(Error::InvalidArgument));
    });
}

#[test]
fn a_place_moved_out_of_its_bind_mount_leads_nowhere_up() {
    on_machine(|| {
        let outer = context();
        for path in ["/a", "/a/b", "/c"] {
            outer.make_directory(path).unwrap();
        }
        outer.touch("/secret").unwrap();
        let root = outer.resolve(None, b"/a", ResolveFlags::empty()).unwrap();
        let mut inner = FsContext::new(View::of(&root, false).unwrap());
        inner.change_directory(None, b"/b").unwrap();
        // Somebody outside moves the directory the process stands in out of the bound part.
        outer.move_to("/a/b", "/c/b").unwrap();
        assert_eq!(inner.error("../secret"), Some(Error::NotFound));
        assert_eq!(inner.error("../../secret"), Some(Error::NotFound));
        let text = inner.working_directory_text().unwrap();
        assert!(
            text.starts_with(b"(unreachable)"),
            "{}",
            text.escape_ascii()
        );
    });
}

#[test]
fn dropping_a_view_lets_its_file_systems_go() {
    on_machine(|| {
        let context = context();
        context.make_directory("/m").unwrap();
        let inner = filesystem();
        let place = context.resolve(None, b"/m", ResolveFlags::empty()).unwrap();
        context
            .view
            .mount(&inner, &place, MountFlags::empty())
            .unwrap();
        context.touch("/m/file").unwrap();
        drop(place);
        drop(context);
        assert_eq!(std::sync::Arc::strong_count(&inner), 1);
    });
}
