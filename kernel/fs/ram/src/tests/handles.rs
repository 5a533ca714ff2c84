//! Inodes found again by handles.

use base::Error;
use vfs::{FileHandle, OpenOptions, ResolveFlags};

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
