//! Renames whose results a person can read; the property test does the rest.

use base::Error;
use vfs::{RenameFlags, ResolveFlags};

use super::kit::{Short, context, on_machine};

#[test]
fn a_directory_takes_its_tree_along() {
    on_machine(|| {
        let mut context = context();
        for path in ["/a", "/a/b", "/a/b/c", "/z"] {
            context.make_directory(path).unwrap();
        }
        context.change_directory(None, b"/a/b/c").unwrap();
        context.move_to("/a/b", "/z/moved").unwrap();
        assert_eq!(context.working_directory_text().unwrap(), b"/z/moved/c");
        assert_eq!(context.error("/a/b"), Some(Error::NotFound));
        assert_eq!(
            context.status("..").unwrap().inode,
            context.status("/z/moved").unwrap().inode
        );
        assert_eq!(context.status("/a").unwrap().links, 2);
        assert_eq!(context.status("/z").unwrap().links, 3);
    });
}

#[test]
fn nothing_moves_below_itself() {
    on_machine(|| {
        let context = context();
        for path in ["/a", "/a/b", "/a/b/c"] {
            context.make_directory(path).unwrap();
        }
        assert_eq!(
            context.move_to("/a", "/a/b/c/a"),
            Err(Error::InvalidArgument)
        );
        assert_eq!(context.move_to("/a", "/a/x"), Err(Error::InvalidArgument));
        assert_eq!(context.move_to("/a/b/c", "/a/b"), Err(Error::NotEmpty));
        assert_eq!(context.move_to("/a/b/c", "/a"), Err(Error::NotEmpty));
        let exchange = RenameFlags::EXCHANGE;
        assert_eq!(
            context.move_with("/a/b/c", "/a", exchange),
            Err(Error::InvalidArgument)
        );
    });
}

#[test]
fn replacing_and_refusing() {
    on_machine(|| {
        let context = context();
        context.make_directory("/full").unwrap();
        context.touch("/full/x").unwrap();
        context.make_directory("/empty").unwrap();
        context.make_directory("/dir").unwrap();
        let file = context.touch("/file").unwrap();
        context.touch("/other").unwrap();
        assert_eq!(context.move_to("/dir", "/full"), Err(Error::NotEmpty));
        assert_eq!(context.move_to("/dir", "/file"), Err(Error::NotDirectory));
        assert_eq!(context.move_to("/file", "/dir"), Err(Error::IsDirectory));
        assert_eq!(context.move_to("/dir", "/empty"), Ok(()));
        assert_eq!(
            context.move_with("/file", "/other", RenameFlags::NO_REPLACE),
            Err(Error::Exists)
        );
        assert_eq!(context.move_to("/file", "/other"), Ok(()));
        assert_eq!(context.path_of(file.path()), b"/other");
        // Two names of one file: nothing happens, and both stay.
        let place = context
            .resolve(None, b"/other", ResolveFlags::empty())
            .unwrap();
        context.link(&place, None, b"/second").unwrap();
        assert_eq!(context.move_to("/other", "/second"), Ok(()));
        assert!(context.status("/other").is_ok() && context.status("/second").is_ok());
    });
}

#[test]
fn exchanging_swaps_a_file_and_a_directory() {
    on_machine(|| {
        let context = context();
        context.make_directory("/a").unwrap();
        context.make_directory("/a/d").unwrap();
        context.touch("/a/d/inside").unwrap();
        context.touch("/f").unwrap();
        context
            .move_with("/a/d", "/f", RenameFlags::EXCHANGE)
            .unwrap();
        assert!(context.status("/f/inside").is_ok());
        assert!(context.status("/a/d").unwrap().links == 1);
        assert_eq!(context.status("/a").unwrap().links, 2);
        assert_eq!(context.status("/").unwrap().links, 4);
        let missing = context.move_with("/f", "/none", RenameFlags::EXCHANGE);
        assert_eq!(missing, Err(Error::NotFound));
    });
}

#[test]
fn dots_are_busy() {
    on_machine(|| {
        let context = context();
        context.make_directory("/a").unwrap();
        assert_eq!(context.move_to("/a/.", "/b"), Err(Error::Busy));
        assert_eq!(context.move_to("/a/..", "/b"), Err(Error::Busy));
        assert_eq!(context.move_to("/a", "/"), Err(Error::Busy));
    });
}
