//! Symbolic and hard links.

use base::Error;
use vfs::{OpenOptions, ResolveFlags};

use super::kit::{Short, context, on_machine};

#[test]
fn links_lead_from_where_they_lie() {
    on_machine(|| {
        let context = context();
        context.make_directory("/a").unwrap();
        context.make_directory("/a/b").unwrap();
        context.touch("/a/file").unwrap();
        context.make_link("../file", "/a/b/relative").unwrap();
        context.make_link("/a/b/relative", "/absolute").unwrap();
        let inode = context.status("/a/file").unwrap().inode;
        assert_eq!(context.status("/absolute").unwrap().inode, inode);
        assert_eq!(
            context.readlink(None, b"/absolute").unwrap(),
            b"/a/b/relative"
        );
        assert_eq!(
            context.readlink(None, b"/a/file"),
            Err(Error::InvalidArgument)
        );
    });
}

#[test]
fn forty_links_are_followed_and_no_more() {
    on_machine(|| {
        let context = context();
        context.touch("/0").unwrap();
        for number in 1..=41 {
            context
                .make_link(&format!("{}", number - 1), &format!("/{number}"))
                .unwrap();
        }
        assert!(context.status("/40").is_ok());
        assert_eq!(context.error("/41"), Some(Error::SymlinkLoop));
        context.make_link("me", "/me").unwrap();
        assert_eq!(context.error("/me"), Some(Error::SymlinkLoop));
        assert_eq!(context.error("/me/x"), Some(Error::SymlinkLoop));
    });
}

#[test]
fn a_slash_behind_a_link_follows_it() {
    on_machine(|| {
        let context = context();
        context.make_directory("/d").unwrap();
        context.touch("/f").unwrap();
        context.make_link("d", "/to-d").unwrap();
        context.make_link("f", "/to-f").unwrap();
        assert!(context.link_status("/to-d").unwrap().size == 1);
        assert_eq!(
            context.link_status("/to-d/").unwrap().inode,
            context.status("/d").unwrap().inode
        );
        assert_eq!(
            context.link_status("/to-f/").err(),
            Some(Error::NotDirectory)
        );
        assert_eq!(context.unlink(None, b"/to-d/"), Err(Error::NotDirectory));
        assert_eq!(context.rmdir(None, b"/to-d"), Err(Error::NotDirectory));
    });
}

#[test]
fn hard_links_are_one_file() {
    on_machine(|| {
        let context = context();
        context.touch("/one").unwrap();
        let place = context
            .resolve(None, b"/one", ResolveFlags::empty())
            .unwrap();
        context.link(&place, None, b"/two").unwrap();
        assert_eq!(
            context.status("/two").unwrap().inode,
            context.status("/one").unwrap().inode
        );
        assert_eq!(context.status("/one").unwrap().links, 2);
        context.unlink(None, b"/one").unwrap();
        assert_eq!(context.status("/two").unwrap().links, 1);
        let directory = context.resolve(None, b"/", ResolveFlags::empty()).unwrap();
        assert_eq!(
            context.link(&directory, None, b"/three"),
            Err(Error::NotPermitted)
        );
    });
}

#[test]
fn a_walk_can_be_kept_inside() {
    on_machine(|| {
        let context = context();
        context.make_directory("/in").unwrap();
        context.touch("/out").unwrap();
        context.touch("/in/file").unwrap();
        context.make_link("/out", "/in/absolute").unwrap();
        context.make_link("../out", "/in/relative").unwrap();
        let inside = context
            .resolve(None, b"/in", ResolveFlags::empty())
            .unwrap();
        let beneath = |path: &[u8]| {
            context
                .resolve(Some(&inside), path, ResolveFlags::BENEATH)
                .map(drop)
        };
        assert_eq!(beneath(b"file"), Ok(()));
        assert_eq!(beneath(b"absolute"), Err(Error::CrossDevice));
        assert_eq!(beneath(b"relative"), Err(Error::CrossDevice));
        assert_eq!(beneath(b"../out"), Err(Error::CrossDevice));
        assert_eq!(beneath(b"/in/file"), Err(Error::CrossDevice));
        let rooted = |path: &[u8]| {
            context
                .resolve(Some(&inside), path, ResolveFlags::IN_ROOT)
                .map(drop)
        };
        assert_eq!(rooted(b"/file"), Ok(()));
        assert_eq!(rooted(b"../../file"), Ok(()));
        assert_eq!(rooted(b"relative"), Err(Error::NotFound));
        let none = OpenOptions {
            read: true,
            resolve: ResolveFlags::NO_LINKS,
            ..Default::default()
        };
        assert_eq!(
            context.open(b"/in/relative", &none).err(),
            Some(Error::SymlinkLoop)
        );
    });
}
