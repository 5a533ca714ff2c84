//! Inodes found again by handles, after the file system was mounted anew too.

use base::Error;
use vfs::{FileHandle, OpenOptions, ResolveFlags};

use super::kit::*;

#[test]
fn handles_outlast_a_mount_and_go_stale_with_their_files() {
    on_machine(|| {
        let disk = disk(make_image(2048, &[]));
        let ext2 = mount(&disk);
        let on = context(&ext2);
        on.mkdir(None, b"/a", 0o755).unwrap();
        on.mkdir(None, b"/a/b", 0o755).unwrap();
        on.open(b"/a/b/f", &OpenOptions::creating(0o600)).unwrap();
        let handle = |path: &[u8]| {
            let place = on.resolve(None, path, ResolveFlags::empty());
            place.unwrap().handle().unwrap()
        };
        let (file, directory, top) = (handle(b"/a/b/f"), handle(b"/a/b"), handle(b"/"));
        drop(on);
        ext2.unmount().unwrap();
        drop(ext2);

        let ext2 = mount(&disk);
        let on = context(&ext2);
        let open = |handle| on.open_handle(&on.root, handle, &OpenOptions::reading());
        let inode = open(file).unwrap().path().status().unwrap().inode;
        assert_eq!(inode, file.inode);
        let place = on.resolve(None, b"/a/b", ResolveFlags::empty()).unwrap();
        assert!(open(directory).unwrap().path().is_same(&place));
        assert!(open(top).unwrap().path().is_same(&on.root));

        on.unlink(None, b"/a/b/f").unwrap();
        on.open(b"/a/b/g", &OpenOptions::creating(0o600)).unwrap();
        for inode in [file.inode, 0, 1, 7, 100, 0xffff_ffff, 1 << 40] {
            let made_up = FileHandle { inode, ..file };
            assert_eq!(open(made_up).err(), Some(Error::Stale), "{inode}");
        }
    });
}
