//! Inodes found again by handles.

use base::Error;
use vfs::{FileHandle, OpenOptions, RenameFlags, ResolveFlags};

use super::kit::{context, on_machine};

#[test]
fn a_handle_follows_its_inode_until_the_last_name_is_gone() {
    on_machine(|| {
        let context = context();
        context.mkdir(None, b"/a", 0o755).unwrap();
        context.mkdir(None, b"/a/b", 0o755).unwrap();
        context
            .open(b"/a/b/f", &OpenOptions::creating(0o600))
            .unwrap();
        let place = |path: &[u8]| context.resolve(None, path, ResolveFlags::empty());
        let file = place(b"/a/b/f").unwrap().handle().unwrap();
        let directory = place(b"/a/b").unwrap().handle().unwrap();
        context
            .rename(None, b"/a/b", None, b"/c", Default::default())
            .unwrap();
        let opened = context
            .open_handle(&context.root, file, &OpenOptions::reading())
            .unwrap();
        assert_eq!(opened.path().status().unwrap().inode, file.inode);
        drop(opened);
        let opened = context
            .open_handle(&context.root, directory, &OpenOptions::reading())
            .unwrap();
        assert!(
            opened.path().is_same(&place(b"/c").unwrap()),
            "one dentry for a directory"
        );
        context.unlink(None, b"/c/f").unwrap();
        let gone = context.open_handle(&context.root, file, &OpenOptions::reading());
        assert_eq!(gone.err(), Some(Error::Stale));
        let other = FileHandle {
            generation: directory.generation + 1,
            ..directory
        };
        let gone = context.open_handle(&context.root, other, &OpenOptions::reading());
        assert_eq!(gone.err(), Some(Error::Stale));
    });
}

#[test]
fn a_handle_does_not_lead_out_of_a_changed_root() {
    on_machine(|| {
        let mut context = context();
        for path in ["/jail", "/jail/in", "/out"] {
            context.mkdir(None, path.as_bytes(), 0o755).unwrap();
        }
        context
            .open(b"/secret", &OpenOptions::creating(0o600))
            .unwrap();
        let handle = |path: &[u8]| {
            let place = context.resolve(None, path, ResolveFlags::empty());
            place.unwrap().handle().unwrap()
        };
        let (inside, outside) = (handle(b"/jail/in"), handle(b"/out"));
        let (secret, top) = (handle(b"/secret"), handle(b"/"));
        context.change_root(b"/jail").unwrap();
        let open = |handle| {
            context
                .open_handle(&context.root, handle, &OpenOptions::reading())
                .err()
        };
        assert_eq!(open(inside), None);
        for handle in [outside, secret, top] {
            assert_eq!(open(handle), Some(Error::Stale));
        }
    });
}

#[test]
fn a_directory_knows_the_one_above_it_wherever_it_goes() {
    on_machine(|| {
        let context = context();
        for path in ["/a", "/a/b", "/a/b/deep", "/x", "/x/y"] {
            context.mkdir(None, path.as_bytes(), 0o755).unwrap();
        }
        let place = |path: &[u8]| context.resolve(None, path, ResolveFlags::empty()).unwrap();
        let [b, deep, y] =
            [&b"/a/b"[..], b"/a/b/deep", b"/x/y"].map(|path| place(path).handle().unwrap());
        // The names that led there are forgotten, so that only the file system knows.
        let is_at = |handle, path: &[u8]| {
            vfs::dentry_cache::shrink(usize::MAX);
            let opened = context.open_handle(&context.root, handle, &OpenOptions::reading());
            let opened = opened.unwrap();
            assert!(opened.path().is_same(&place(path)), "{path:?}");
        };
        is_at(deep, b"/a/b/deep");
        context
            .rename(None, b"/a/b", None, b"/x/b", Default::default())
            .unwrap();
        is_at(b, b"/x/b");
        is_at(deep, b"/x/b/deep");
        context
            .rename(None, b"/x/b", None, b"/x/c", Default::default())
            .unwrap();
        is_at(b, b"/x/c");
        context
            .rename(None, b"/x/y", None, b"/a", RenameFlags::EXCHANGE)
            .unwrap();
        is_at(y, b"/a");
        context
            .rename(None, b"/x/c/deep", None, b"/deep", Default::default())
            .unwrap();
        is_at(deep, b"/deep");
        context.rmdir(None, b"/deep").unwrap();
        let gone = context.open_handle(&context.root, deep, &OpenOptions::reading());
        assert_eq!(gone.err(), Some(Error::Stale));
    });
}
