//! What mounting refuses, and what it shows.

use base::Error;
use vfs::MountFlags;

use super::kit::*;

#[test]
fn layers_that_do_not_fit_are_refused() {
    on_machine(|| {
        let root = ground();
        root.make_directory("/up/in").unwrap();
        root.make_directory("/low/in").unwrap();
        root.put("/file", b"").unwrap();
        root.make_directory("/else").unwrap();
        root.view
            .mount(&ram(), &place(&root, "/else"), MountFlags::empty())
            .unwrap();
        let refused = |options: &str| overlay(&root, options).err();
        for (options, error) in [
            (
                "lowerdir=/none,upperdir=/up,workdir=/staging",
                Error::NotFound,
            ),
            (
                "lowerdir=/file,upperdir=/up,workdir=/staging",
                Error::InvalidArgument,
            ),
            (
                "lowerdir=/low,upperdir=/up,workdir=/else",
                Error::InvalidArgument,
            ),
            (
                "lowerdir=/low,upperdir=/up,workdir=/up/in",
                Error::InvalidArgument,
            ),
            (
                "lowerdir=/low,upperdir=/up,workdir=/up",
                Error::InvalidArgument,
            ),
            (
                "lowerdir=/up,upperdir=/up,workdir=/staging",
                Error::SymlinkLoop,
            ),
            (
                "lowerdir=/up/in,upperdir=/up,workdir=/staging",
                Error::SymlinkLoop,
            ),
            (
                "lowerdir=/low:/low/in,upperdir=/up,workdir=/staging",
                Error::SymlinkLoop,
            ),
            ("lowerdir=/low", Error::InvalidArgument),
        ] {
            assert_eq!(refused(options), Some(error), "{options}");
        }
        let first = overlay(&root, USUAL).unwrap();
        assert_eq!(refused(USUAL), Some(Error::Busy));
        assert_eq!(
            refused("lowerdir=/low,upperdir=/low2,workdir=/staging"),
            Some(Error::Busy)
        );
        drop(first);
        assert!(overlay(&root, USUAL).is_ok());
    });
}

#[test]
fn it_shows_what_it_is() {
    on_machine(|| {
        let root = usual();
        let made = root.view.mounts(None);
        let shown = made.iter().find(|one| one.mount_point == b"/all").unwrap();
        assert_eq!(shown.kind, "overlay");
        assert_eq!(
            shown.options,
            b",lowerdir=/low,upperdir=/up,workdir=/staging"
        );
        assert!(vfs::kinds().contains(&("overlay", false)));
        let sizes = root.statfs(b"/all").unwrap();
        assert_eq!(sizes.magic, 0x794c_7630);
        assert_eq!(sizes.blocks, LIMITS.pages as u64);
    });
}

#[test]
fn an_overlay_can_be_a_lower_layer_but_not_an_upper_one() {
    on_machine(|| {
        let root = usual();
        root.make_directory("/all/up").unwrap();
        root.make_directory("/all/staging").unwrap();
        root.make_directory("/up2").unwrap();
        root.make_directory("/staging2").unwrap();
        root.make_directory("/top").unwrap();
        assert_eq!(
            overlay(
                &root,
                "lowerdir=/low2,upperdir=/all/up,workdir=/all/staging"
            )
            .err(),
            Some(Error::InvalidArgument)
        );
        let second = overlay(&root, "lowerdir=/all,upperdir=/up2,workdir=/staging2").unwrap();
        assert_eq!(second.stack_depth(), 2);
        root.view
            .mount(&second, &place(&root, "/top"), MountFlags::empty())
            .unwrap();
        assert_eq!(list(&root, "/top"), ["dir", "file", "staging", "up"]);
        root.make_directory("/top/dir/new").unwrap();
        root.put("/top/dir/a", b"two up").unwrap();
        root.move_to("/top/dir/b", "/top/new").unwrap();
        assert_eq!(root.get("/all/dir/a").unwrap(), b"a");
        assert_eq!(root.get("/top/new").unwrap(), b"b");
        assert_eq!(list(&root, "/top/dir"), ["a", "new"]);
    });
}

#[test]
fn what_a_loss_of_power_left_in_the_work_directory_goes() {
    on_machine(|| {
        let root = ground();
        let work = String::from("/staging/work");
        root.make_directory(&work).unwrap();
        let left = |name: &str| [&work, name].join("/");
        root.make_directory(&left("#7")).unwrap();
        root.put(&left("#7/x"), b"").unwrap();
        root.put(&left("#1"), b"half").unwrap();
        root.put("/low/file", b"").unwrap();
        mount(&root, USUAL);
        assert_clean(&root);
        root.put("/all/file", b"x").unwrap();
        assert_clean(&root);
    });
}
