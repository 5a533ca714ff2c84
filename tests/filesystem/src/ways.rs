//! One instance a disk: who mounts it again, and who does so at the same moment.

use std::sync::{Arc, Mutex};

use base::{Error, Result};
use device::block::{BlockCache, BlockDevice, Geometry, MemoryDisk, Request};
use device::{DeviceNumber, registry};
use object::FileKind;
use vfs::{
    FileSystem, FsContext, MountFlags, MountSource, NewInode, Path, Prompt, ResolveFlags, Volume,
};

use crate::{Short, context};

/// A disk that somebody else mounts both ways while it is being mounted.
struct Wanted {
    disk: Arc<MemoryDisk>,
    kind: &'static str,
    context: FsContext,
    outcomes: Mutex<Vec<Option<Error>>>,
}

impl BlockDevice for Wanted {
    fn number(&self) -> DeviceNumber {
        self.disk.number()
    }

    fn name(&self) -> &str {
        self.disk.name()
    }

    fn geometry(&self) -> Geometry {
        self.disk.geometry()
    }

    fn submit(&self, request: Request) {
        self.disk.submit(request);
    }

    fn opened(&self) {
        for read_only in [true, false] {
            let outcome = make(&self.context, self.kind, read_only).err();
            self.outcomes.lock().unwrap().push(outcome);
        }
    }
}

fn make(context: &FsContext, kind: &str, read_only: bool) -> Result<Arc<dyn FileSystem>> {
    let source = MountSource {
        source: b"/disk",
        options: b"",
        read_only,
        context,
    };
    vfs::make_filesystem(kind.as_bytes(), &source)
}

fn place(context: &FsContext, path: &str) -> Path {
    let flags = ResolveFlags::empty();
    context.resolve(None, path.as_bytes(), flags).unwrap()
}

/// A disk is mounted to be written, or not to be, for all; `kind` is known to mount calls, and `root` has device nodes.
///
/// # Panics
/// If it can be had both ways.
pub fn is_mounted_one_way(kind: &'static str, root: &Arc<dyn FileSystem>, disk: &Arc<MemoryDisk>) {
    let context = context(root);
    for directory in ["/a", "/b"] {
        context.make_directory(directory).unwrap();
    }
    let number = disk.number();
    let node = NewInode::Device {
        kind: FileKind::BlockDevice,
        major: number.major,
        minor: number.minor,
    };
    context.mknod(None, b"/disk", node, 0o600).unwrap();
    let wanted = Arc::new(Wanted {
        disk: disk.clone(),
        kind,
        context: context.clone(),
        outcomes: Mutex::default(),
    });
    registry().add_block(wanted.clone()).unwrap();
    let show = |made: &Arc<dyn FileSystem>, path: &str, read_only: bool| {
        let mut flags = MountFlags::empty();
        flags.set(MountFlags::READ_ONLY, read_only);
        let place = place(&context, path);
        context.view.mount(made, &place, flags).unwrap();
    };
    let mount = |path: &str, read_only: bool| -> Result<()> {
        show(&make(&context, kind, read_only)?, path, read_only);
        Ok(())
    };
    let unmount = |path: &str| {
        context.view.unmount(place(&context, path), false).unwrap();
    };

    // Whoever is first decides.
    for read_only in [true, false] {
        assert_eq!(mount("/a", read_only), Ok(()));
        assert_eq!(mount("/b", !read_only), Err(Error::Busy), "{read_only}");
        assert_eq!(mount("/b", read_only), Ok(()));
        let refused = read_only.then_some(Error::ReadOnlyFileSystem);
        assert_eq!(context.put("/b/file", b"bytes").err(), refused);
        unmount("/a");
        assert_eq!(mount("/a", !read_only), Err(Error::Busy), "{read_only}");
        unmount("/b");
    }
    let outcomes = core::mem::take(&mut *wanted.outcomes.lock().unwrap());
    assert_eq!(
        outcomes,
        [Some(Error::Busy); 4],
        "while it was being opened"
    );

    // A remount decides anew.
    assert_eq!(mount("/a", false), Ok(()));
    let volume = Volume::find(number.to_linux()).unwrap();
    assert_eq!(volume.reconfigure(true, Prompt::empty(), b""), Ok(()));
    assert_eq!(mount("/b", false), Err(Error::Busy));
    assert_eq!(mount("/b", true), Ok(()));
    unmount("/b");
    assert_eq!(volume.reconfigure(false, Prompt::empty(), b""), Ok(()));
    assert_eq!(mount("/b", true), Err(Error::Busy));
    assert_eq!(mount("/b", false), Ok(()));
    drop(volume);
    unmount("/b");
    unmount("/a");

    // Two are the first: it was found before either is shown, and it is the same for both whoever is counted first.
    for read_only in [true, false] {
        let first = make(&context, kind, read_only).unwrap();
        assert_eq!(
            make(&context, kind, !read_only).err(),
            Some(Error::Busy),
            "{read_only}"
        );
        let second = make(&context, kind, read_only).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        show(&second, "/b", false);
        let volume = Volume::find(number.to_linux()).unwrap();
        assert_eq!(volume.is_read_only(), read_only);
        show(&first, "/a", read_only);
        drop((first, second, volume));
        unmount("/b");
        unmount("/a");
    }

    registry().remove_block(number);
    let device: Arc<dyn BlockDevice> = wanted;
    BlockCache::forget(&device).unwrap();
    // The threads that kept the disk up with what was mounted end.
    let later = base::time::now() + core::time::Duration::from_secs(10);
    base::thread::sleep_until(later).unwrap();
}
