//! Mounts and binds in one view.

use alloc::sync::Arc;

use base::Error;
use object::File;
use vfs::{FsContext, MountFlags, OpenOptions, Path, Prompt, ResolveFlags, View};

use super::kit::{Short, context, filesystem, on_machine};

fn place(context: &FsContext, path: &str) -> Path {
    context
        .resolve(None, path.as_bytes(), ResolveFlags::empty())
        .unwrap()
}

fn mount(context: &FsContext, path: &str, flags: MountFlags) {
    context
        .view
        .mount(&filesystem(), &place(context, path), flags)
        .unwrap();
}

#[test]
fn a_mount_covers_and_uncovers() {
    on_machine(|| {
        let mut context = context();
        context.make_directory("/m").unwrap();
        context.touch("/m/below").unwrap();
        mount(&context, "/m", MountFlags::empty());
        assert_eq!(context.error("/m/below"), Some(Error::NotFound));
        context.make_directory("/m/d").unwrap();
        assert_ne!(
            context.status("/m").unwrap().device,
            context.status("/").unwrap().device
        );
        assert_eq!(
            context.status("/m/d/../..").unwrap().inode,
            context.status("/").unwrap().inode
        );
        context.change_directory(None, b"/m/d").unwrap();
        assert_eq!(context.working_directory_text().unwrap(), b"/m/d");
        assert_eq!(context.move_to("/m/d", "/d"), Err(Error::CrossDevice));
        assert_eq!(
            context.view.unmount(place(&context, "/m"), false),
            Err(Error::Busy)
        );
        context.change_directory(None, b"/").unwrap();
        assert_eq!(context.rmdir(None, b"/m"), Err(Error::Busy));
        assert_eq!(context.move_to("/m", "/n"), Err(Error::Busy));
        assert_eq!(context.view.unmount(place(&context, "/m"), false), Ok(()));
        assert!(context.status("/m/below").is_ok());
        assert_eq!(
            context.view.unmount(place(&context, "/m"), false),
            Err(Error::InvalidArgument)
        );
    });
}

#[test]
fn an_open_file_keeps_a_mount_busy_but_not_from_going_lazily() {
    on_machine(|| {
        let context = context();
        context.make_directory("/m").unwrap();
        mount(&context, "/m", MountFlags::empty());
        let file = context.touch("/m/file").unwrap();
        assert_eq!(
            context.view.unmount(place(&context, "/m"), false),
            Err(Error::Busy)
        );
        context.view.unmount(place(&context, "/m"), true).unwrap();
        assert_eq!(context.error("/m/file"), Some(Error::NotFound));
        assert!(file.status().is_ok());
        assert_eq!(context.path_of(file.path()), b"(unreachable)/file");
    });
}

#[test]
fn restrictions_hold() {
    on_machine(|| {
        let context = context();
        for path in ["/read-only", "/no-devices", "/no-execute"] {
            context.make_directory(path).unwrap();
        }
        mount(&context, "/no-devices", MountFlags::NO_DEVICES);
        mount(&context, "/no-execute", MountFlags::NO_EXECUTE);
        let program = OpenOptions {
            create: true,
            write: true,
            mode: 0o755,
            ..Default::default()
        };
        drop(context.open(b"/no-execute/program", &program).unwrap());
        let run = OpenOptions::executing();
        assert_eq!(
            context.open(b"/no-execute/program", &run).err(),
            Some(Error::AccessDenied)
        );
        let node = vfs::NewInode::Device {
            kind: object::FileKind::CharacterDevice,
            major: 1,
            minor: 3,
        };
        context
            .mknod(None, b"/no-devices/null", node, 0o666)
            .unwrap();
        let read = OpenOptions::reading();
        assert_eq!(
            context.open(b"/no-devices/null", &read).err(),
            Some(Error::AccessDenied)
        );
        mount(&context, "/read-only", MountFlags::empty());
        let file = context.touch("/read-only/file").unwrap();
        let target = place(&context, "/read-only");
        let to_read_only = || context.view.remount(&target, MountFlags::READ_ONLY);
        assert_eq!(to_read_only(), Err(Error::Busy));
        // A mapping can still write when its file is closed.
        let mapped = file.memory_object().unwrap();
        drop(file);
        assert_eq!(to_read_only(), Err(Error::Busy));
        drop(mapped);
        context
            .view
            .remount(&target, MountFlags::READ_ONLY)
            .unwrap();
        assert_eq!(
            context.touch("/read-only/new").err(),
            Some(Error::ReadOnlyFileSystem)
        );
        assert_eq!(
            context.touch("/read-only/file").err(),
            Some(Error::ReadOnlyFileSystem)
        );
        assert_eq!(
            context.make_directory("/read-only/file"),
            Err(Error::Exists)
        );
        assert_eq!(
            context.unlink(None, b"/read-only/file"),
            Err(Error::ReadOnlyFileSystem)
        );
        let changed = context.chmod(None, b"/read-only/file", 0o600, ResolveFlags::empty());
        assert_eq!(changed, Err(Error::ReadOnlyFileSystem));
    });
}

#[test]
fn a_bind_shows_the_same_names() {
    on_machine(|| {
        let context = context();
        context.make_directory("/from").unwrap();
        context.make_directory("/from/sub").unwrap();
        context.make_directory("/to").unwrap();
        mount(&context, "/from/sub", MountFlags::empty());
        context.touch("/from/sub/mounted").unwrap();
        let (from, to) = (place(&context, "/from"), place(&context, "/to"));
        context.view.bind(&from, &to, false).unwrap();
        context.touch("/to/file").unwrap();
        assert!(context.status("/from/file").is_ok());
        assert_eq!(context.error("/to/sub/mounted"), Some(Error::NotFound));
        context.unlink(None, b"/from/file").unwrap();
        assert_eq!(context.error("/to/file"), Some(Error::NotFound));
        drop(to);
        context.view.unmount(place(&context, "/to"), false).unwrap();
        context
            .view
            .bind(&from, &place(&context, "/to"), true)
            .unwrap();
        assert!(context.status("/to/sub/mounted").is_ok());
    });
}

#[test]
fn a_bind_into_itself_does_not_recurse() {
    on_machine(|| {
        let context = context();
        context.make_directory("/a").unwrap();
        context.make_directory("/a/b").unwrap();
        let (outer, inner) = (place(&context, "/a"), place(&context, "/a/b"));
        context.view.bind(&outer, &inner, true).unwrap();
        assert!(context.status("/a/b/b").is_ok());
        assert_eq!(context.names("/a/b/b").unwrap(), [".", ".."]);
        assert_eq!(context.view.mounts(None).len(), 2);
    });
}

#[test]
fn files_are_bound_over_files() {
    on_machine(|| {
        let context = context();
        context.touch("/one").unwrap();
        context.touch("/two").unwrap();
        context.make_directory("/d").unwrap();
        let one = place(&context, "/one");
        context
            .view
            .bind(&one, &place(&context, "/two"), false)
            .unwrap();
        assert_eq!(
            context.status("/two").unwrap().inode,
            context.status("/one").unwrap().inode
        );
        let wrong = context.view.bind(&one, &place(&context, "/d"), false);
        assert_eq!(wrong, Err(Error::NotDirectory));
    });
}

#[test]
fn mounts_are_listed_and_moved() {
    on_machine(|| {
        let context = context();
        context.make_directory("/m").unwrap();
        context.make_directory("/n").unwrap();
        mount(&context, "/m", MountFlags::NO_SET_ID);
        let points = || {
            let mounts = context.view.mounts(None);
            mounts
                .into_iter()
                .map(|mount| String::from_utf8(mount.mount_point).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(points(), ["/", "/m"]);
        context.make_directory("/m/inner").unwrap();
        mount(&context, "/m/inner", MountFlags::empty());
        let below = context.view.move_mount(
            &place(&context, "/m"),
            &place(&context, "/m/inner"),
            vfs::Cover::All,
        );
        assert_eq!(below, Err(Error::SymlinkLoop));
        context
            .view
            .move_mount(
                &place(&context, "/m"),
                &place(&context, "/n"),
                vfs::Cover::All,
            )
            .unwrap();
        assert_eq!(points(), ["/", "/n", "/n/inner"]);
    });
}

#[test]
fn a_mount_slips_below_what_covers_its_place() {
    on_machine(|| {
        let context = context();
        for path in ["/m", "/n", "/n/plain"] {
            context.make_directory(path).unwrap();
        }
        mount(&context, "/m", MountFlags::empty());
        context.make_directory("/m/moved").unwrap();
        mount(&context, "/n", MountFlags::empty());
        context.make_directory("/n/upper").unwrap();
        let beneath = |source: &str, target: &str| {
            let (source, target) = (place(&context, source), place(&context, target));
            context
                .view
                .move_mount(&source, &target, vfs::Cover::NotTheTop)
        };
        assert_eq!(
            beneath("/m", "/n/upper"),
            Err(Error::InvalidArgument),
            "no top of a mount"
        );
        assert_eq!(
            beneath("/m", "/"),
            Err(Error::InvalidArgument),
            "nothing lies below"
        );
        assert_eq!(
            beneath("/m", "/m"),
            Err(Error::InvalidArgument),
            "below itself"
        );
        beneath("/m", "/n").unwrap();
        place(&context, "/n/upper");
        context.view.unmount(place(&context, "/n"), false).unwrap();
        place(&context, "/n/moved");
        context.view.unmount(place(&context, "/n"), false).unwrap();
        place(&context, "/n/plain");
    });
}

#[test]
fn a_remount_changes_how_much_there_is_room_for() {
    on_machine(|| {
        let context = context();
        context.make_directory("/m").unwrap();
        mount(&context, "/m", MountFlags::empty());
        let file = context.touch("/m/file").unwrap();
        file.truncate(1).unwrap();
        let change = |read_only, options: &[u8]| {
            let mut flags = MountFlags::empty();
            flags.set(MountFlags::READ_ONLY, read_only);
            context
                .view
                .reconfigure(&place(&context, "/m"), flags, Prompt::empty(), options)
        };
        assert_eq!(change(false, b"size=8k,nr_inodes=2"), Ok(()));
        assert_eq!(change(false, b"nr_inodes=1"), Err(Error::InvalidArgument));
        assert_eq!(context.touch("/m/more").err(), Some(Error::NoSpace));
        assert_eq!(
            change(true, b""),
            Err(Error::Busy),
            "a file is open for writing"
        );
        drop(file);
        assert_eq!(change(true, b""), Ok(()));
        assert_eq!(
            context.touch("/m/file").err(),
            Some(Error::ReadOnlyFileSystem)
        );
        assert_eq!(change(false, b""), Ok(()));
        assert!(context.touch("/m/file").is_ok());
    });
}

/// In a copy that can be changed, what is covered would be seen and what is read-only could be written.
#[test]
fn of_a_sealed_view_there_are_sealed_copies_only() {
    on_machine(|| {
        let context = context();
        context.make_directory("/covered").unwrap();
        context.touch("/covered/secret").unwrap();
        mount(&context, "/covered", MountFlags::READ_ONLY);
        let other = self::context();
        other.make_directory("/here").unwrap();
        let here = place(&other, "/here");
        let root = place(&context, "/");
        let covering = place(&context, "/covered");
        assert!(context.view.copy_tree(&root, false).is_ok());
        assert!(context.view.volume_to_change(&covering).is_ok());
        context.view.seal();
        for recursive in [false, true] {
            let refused = Err(Error::NotPermitted);
            assert_eq!(context.view.copy_tree(&root, recursive).map(drop), refused);
            assert_eq!(View::of(&root, recursive).map(drop), refused);
            assert_eq!(other.view.bind(&root, &here, recursive), refused);
        }
        let refused = context.view.volume_to_change(&covering).map(drop);
        assert_eq!(refused, Err(Error::NotPermitted));
        let copy = context.view.clone_view(&mut []).unwrap();
        assert!(copy.is_sealed());
        assert_eq!(
            View::of(&copy.root(), true).map(drop),
            Err(Error::NotPermitted)
        );
    });
}

/// Whoever is about to change a file system keeps no mount, but changes the one that others mount meanwhile.
#[test]
fn who_keeps_the_root_keeps_the_volume() {
    on_machine(|| {
        let context = context();
        context.make_directory("/m").unwrap();
        let made = filesystem();
        let again = || {
            let target = place(&context, "/m");
            context.view.mount(&made, &target, MountFlags::empty())
        };
        again().unwrap();
        let volume = place(&context, "/m").mount().volume().clone();
        let root = volume.root();
        let target = place(&context, "/m");
        context.view.unmount(target, false).unwrap();
        again().unwrap();
        let file = context.touch("/m/file").unwrap();
        assert!(Arc::ptr_eq(place(&context, "/m").mount().volume(), &volume));
        let change = |read_only| root.volume().reconfigure(read_only, Prompt::empty(), b"");
        assert_eq!(change(true), Err(Error::Busy));
        drop(file);
        assert_eq!(change(true), Ok(()));
    });
}
