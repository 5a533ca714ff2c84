//! Rename in all its cases.

use base::Error;
use vfs::RenameFlags;

use super::kit::*;

#[test]
fn a_lower_file_moves_and_leaves_a_whiteout() {
    on_machine(|| {
        let root = usual();
        root.move_to("/all/file", "/all/dir/moved").unwrap();
        assert_eq!(root.get("/all/dir/moved").unwrap(), b"low");
        assert_eq!(root.get("/up/dir/moved").unwrap(), b"low");
        assert!(is_whiteout(&root, "/up/file"));
        // Over another lower file, and back over its own whiteout.
        root.move_to("/all/dir/moved", "/all/dir/a").unwrap();
        assert_eq!(root.get("/all/dir/a").unwrap(), b"low");
        assert_eq!(root.error("/up/dir/moved"), Some(Error::NotFound));
        root.move_to("/all/dir/a", "/all/file").unwrap();
        assert_eq!(root.get("/all/file").unwrap(), b"low");
        assert!(is_whiteout(&root, "/up/dir/a"));
        assert_eq!(list(&root, "/all/dir"), ["b"]);
        // A file of the upper layer over one that was copied up.
        root.put("/all/dir/b", b"up").unwrap();
        root.put("/all/new", b"new").unwrap();
        root.move_to("/all/dir/b", "/all/new").unwrap();
        assert_eq!(root.get("/all/new").unwrap(), b"up");
        assert!(is_whiteout(&root, "/up/dir/b"));
        assert_clean(&root);
        unmount(&root);
        mount(&root, USUAL);
        assert_eq!(list(&root, "/all"), ["dir", "file", "new"]);
        assert_eq!(list(&root, "/all/dir"), [""; 0]);
    });
}

#[test]
fn merged_directories_stay_and_pure_ones_move() {
    on_machine(|| {
        let root = usual();
        assert_eq!(
            root.move_to("/all/dir", "/all/other").err(),
            Some(Error::CrossDevice)
        );
        root.make_directory("/all/pure").unwrap();
        root.put("/all/pure/x", b"x").unwrap();
        root.move_to("/all/pure", "/all/other").unwrap();
        assert_eq!(root.get("/all/other/x").unwrap(), b"x");
        assert_eq!(root.error("/all/pure"), Some(Error::NotFound));
        // Over the empty rest of a merged one: nothing of it comes back.
        assert_eq!(
            root.move_to("/all/other", "/all/dir").err(),
            Some(Error::NotEmpty)
        );
        root.remove("/all/dir/a").unwrap();
        root.remove("/all/dir/b").unwrap();
        root.move_to("/all/other", "/all/dir").unwrap();
        assert!(is_opaque(&root, "/up/dir"));
        assert_eq!(list(&root, "/all/dir"), ["x"]);
        // Away from where a lower one lies hidden, and over its whiteout again.
        root.move_to("/all/dir", "/all/away").unwrap();
        assert!(is_whiteout(&root, "/up/dir"));
        assert_eq!(root.error("/all/dir"), Some(Error::NotFound));
        root.make_directory("/all/plain").unwrap();
        root.move_to("/all/plain", "/all/dir").unwrap();
        assert_eq!(list(&root, "/all/dir"), [""; 0]);
        assert_eq!(root.error("/up/plain"), Some(Error::NotFound));
        assert_clean(&root);
        unmount(&root);
        mount(&root, USUAL);
        assert_eq!(list(&root, "/all"), ["away", "dir", "file"]);
        assert_eq!(list(&root, "/all/dir"), [""; 0]);
        assert_eq!(list(&root, "/all/away"), ["x"]);
    });
}

#[test]
fn two_names_are_exchanged() {
    on_machine(|| {
        let root = usual();
        let exchange = RenameFlags::EXCHANGE;
        root.move_with("/all/file", "/all/dir/a", exchange).unwrap();
        assert_eq!(root.get("/all/file").unwrap(), b"a");
        assert_eq!(root.get("/all/dir/a").unwrap(), b"low");
        assert_eq!(
            root.move_with("/all/file", "/all/dir", exchange).err(),
            Some(Error::CrossDevice)
        );
        root.make_directory("/all/pure").unwrap();
        root.move_with("/all/file", "/all/pure", exchange).unwrap();
        assert_eq!(root.get("/all/pure").unwrap(), b"a");
        assert_eq!(list(&root, "/all/file"), [""; 0]);
        assert!(is_opaque(&root, "/up/file"));
        root.put("/all/file/in", b"").unwrap();
        assert_eq!(
            root.move_with("/all/pure", "/all/none", exchange).err(),
            Some(Error::NotFound)
        );
        assert_eq!(
            root.move_with("/all/pure", "/all/dir/a", RenameFlags::NO_REPLACE)
                .err(),
            Some(Error::Exists)
        );
        assert_clean(&root);
    });
}

#[test]
fn what_moved_is_still_the_same_node() {
    on_machine(|| {
        let root = usual();
        let before = root.status("/all/file").unwrap();
        let held = place(&root, "/all/file");
        root.move_to("/all/file", "/all/dir/f").unwrap();
        root.set_mode(&held, 0o600).unwrap();
        let after = root.status("/all/dir/f").unwrap();
        assert_eq!(after.mode, 0o600);
        assert_eq!(after.inode, before.inode);
        root.put("/all/dir/g", b"").unwrap();
        root.move_to("/all/dir/g", "/all/dir/f").unwrap();
        assert_eq!(root.get("/all/dir/f").unwrap(), b"");
    });
}
