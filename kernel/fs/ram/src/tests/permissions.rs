//! Who may do what.

use base::Error;
use object::FileKind;
use vfs::{Credentials, FsContext, NewInode, OpenOptions, Permission, ResolveFlags, SetTime};

use super::kit::{Short, context, on_machine};

fn as_user(context: &FsContext, uid: u32) -> FsContext {
    FsContext {
        credentials: Credentials::user(uid, uid),
        ..context.clone()
    }
}

#[test]
fn directories_need_search_and_write() {
    on_machine(|| {
        let root = context();
        root.mkdir(None, b"/private", 0o700).unwrap();
        root.touch("/private/file").unwrap();
        root.mkdir(None, b"/open", 0o777).unwrap();
        root.mkdir(None, b"/listed", 0o755).unwrap();
        let user = as_user(&root, 7);
        assert_eq!(user.error("/private/file"), Some(Error::AccessDenied));
        assert_eq!(user.touch("/listed/x").err(), Some(Error::AccessDenied));
        user.touch("/open/x").unwrap();
        let made = root.status("/open/x").unwrap();
        assert_eq!((made.uid, made.gid), (7, 7));
    });
}

#[test]
fn a_fresh_file_opens_whatever_its_mode() {
    on_machine(|| {
        let root = context();
        root.mkdir(None, b"/open", 0o777).unwrap();
        let user = as_user(&root, 7);
        let options = OpenOptions {
            create: true,
            write: true,
            mode: 0o400,
            ..Default::default()
        };
        assert!(user.open(b"/open/x", &options).is_ok());
        assert_eq!(
            user.open(b"/open/x", &options).err(),
            Some(Error::AccessDenied)
        );
    });
}

#[test]
fn umask_and_setgid_directories() {
    on_machine(|| {
        let mut root = context();
        root.umask = 0o027;
        root.mkdir(None, b"/team", 0o777).unwrap();
        assert_eq!(root.status("/team").unwrap().mode, 0o750);
        root.chown(None, b"/team", None, Some(42), ResolveFlags::empty())
            .unwrap();
        root.chmod(None, b"/team", 0o2777, ResolveFlags::empty())
            .unwrap();
        let user = as_user(&root, 7);
        user.touch("/team/file").unwrap();
        assert_eq!(user.status("/team/file").unwrap().gid, 42);
        user.make_directory("/team/sub").unwrap();
        assert_eq!(user.status("/team/sub").unwrap().mode & 0o2000, 0o2000);
    });
}

#[test]
fn sticky_directories_keep_others_out() {
    on_machine(|| {
        let root = context();
        root.mkdir(None, b"/tmp", 0o777).unwrap();
        root.chmod(None, b"/tmp", 0o1777, ResolveFlags::empty())
            .unwrap();
        let (first, second) = (as_user(&root, 1), as_user(&root, 2));
        first.touch("/tmp/mine").unwrap();
        second.touch("/tmp/yours").unwrap();
        assert_eq!(second.unlink(None, b"/tmp/mine"), Err(Error::NotPermitted));
        assert_eq!(
            second.move_to("/tmp/mine", "/tmp/x"),
            Err(Error::NotPermitted)
        );
        assert_eq!(
            second.move_to("/tmp/yours", "/tmp/mine"),
            Err(Error::NotPermitted)
        );
        assert_eq!(first.unlink(None, b"/tmp/mine"), Ok(()));
    });
}

#[test]
fn only_owners_change_modes_and_only_root_gives_away() {
    on_machine(|| {
        let root = context();
        root.mkdir(None, b"/open", 0o777).unwrap();
        let user = as_user(&root, 7);
        user.touch("/open/x").unwrap();
        let flags = ResolveFlags::empty();
        assert_eq!(user.chmod(None, b"/open/x", 0o4755, flags), Ok(()));
        assert_eq!(
            user.chown(None, b"/open/x", Some(8), None, flags),
            Err(Error::NotPermitted)
        );
        assert_eq!(
            user.chown(None, b"/open/x", None, Some(8), flags),
            Err(Error::NotPermitted)
        );
        assert_eq!(
            user.chmod(None, b"/open", 0o700, flags),
            Err(Error::NotPermitted)
        );
        root.chown(None, b"/open/x", Some(8), None, flags).unwrap();
        let given = root.status("/open/x").unwrap();
        assert_eq!(
            (given.uid, given.mode),
            (8, 0o755),
            "set-id bits do not travel"
        );
        let set = user.set_times(None, b"/open/x", SetTime::Now, SetTime::Now, flags);
        assert_eq!(set, Err(Error::AccessDenied));
    });
}

#[test]
fn a_stranger_gives_nothing_to_its_owner() {
    on_machine(|| {
        let root = context();
        root.touch("/program").unwrap();
        let flags = ResolveFlags::empty();
        root.chown(None, b"/program", Some(7), Some(8), flags)
            .unwrap();
        root.chmod(None, b"/program", 0o4755, flags).unwrap();
        let stranger = as_user(&root, 9);
        for (uid, gid) in [(Some(7), None), (None, Some(8)), (None, None)] {
            assert_eq!(
                stranger.chown(None, b"/program", uid, gid, flags),
                Err(Error::NotPermitted)
            );
        }
        assert_eq!(root.status("/program").unwrap().mode, 0o4755);
        let owner = as_user(&root, 7);
        assert_eq!(owner.chown(None, b"/program", None, None, flags), Ok(()));
        assert_eq!(root.status("/program").unwrap().mode, 0o755);
        assert_eq!(stranger.chown(None, b"/program", None, None, flags), Ok(()));
    });
}

#[test]
fn access_judges_by_the_real_user() {
    on_machine(|| {
        let root = context();
        root.touch("/secret").unwrap();
        root.chmod(None, b"/secret", 0o600, ResolveFlags::empty())
            .unwrap();
        let mut program = root.clone();
        program.credentials.uid = 7;
        program.credentials.gid = 7;
        let flags = ResolveFlags::empty();
        let asked = program.access(None, b"/secret", Permission::READ, false, flags);
        assert_eq!(asked, Err(Error::AccessDenied));
        assert_eq!(
            program.access(None, b"/secret", Permission::READ, true, flags),
            Ok(())
        );
        assert_eq!(
            program.access(None, b"/secret", Permission::empty(), false, flags),
            Ok(())
        );
    });
}

#[test]
fn a_running_program_is_not_written() {
    on_machine(|| {
        let context = context();
        let options = OpenOptions {
            create: true,
            write: true,
            mode: 0o755,
            ..Default::default()
        };
        let writer = context.open(b"/program", &options).unwrap();
        let run = OpenOptions::executing();
        assert_eq!(context.open(b"/program", &run).err(), Some(Error::TextBusy));
        drop(writer);
        let running = context.open(b"/program", &run).unwrap();
        assert_eq!(
            context.open(b"/program", &options).err(),
            Some(Error::TextBusy)
        );
        drop(running);
        assert!(context.open(b"/program", &options).is_ok());
    });
}

#[test]
fn set_id_bits_go_from_all_but_directories_when_the_owner_changes() {
    on_machine(|| {
        let context = context();
        let device = NewInode::Device {
            kind: FileKind::CharacterDevice,
            major: 1,
            minor: 3,
        };
        for (path, new, mode) in [
            ("/file", NewInode::File, 0o555),
            ("/fifo", NewInode::Fifo, 0o555),
            ("/node", device, 0o555),
            ("/socket", NewInode::Socket, 0o555),
            ("/directory", NewInode::Directory, 0o6555),
        ] {
            let path = path.as_bytes();
            if new == NewInode::Directory {
                context.mkdir(None, path, 0o555).unwrap();
            } else {
                context.mknod(None, path, new, 0o555).unwrap();
            }
            let place = context.resolve(None, path, ResolveFlags::empty()).unwrap();
            context.set_mode(&place, 0o6555).unwrap();
            context.set_owner(&place, Some(1000), Some(1000)).unwrap();
            assert_eq!(
                place.status().unwrap().mode,
                mode,
                "{}",
                path.escape_ascii()
            );
        }
    });
}
