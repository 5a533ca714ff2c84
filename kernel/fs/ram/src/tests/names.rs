//! Making, finding and taking names.

use base::Error;
use object::{DirectoryEntry, File};
use vfs::{OpenOptions, dentry_cache};

use super::kit::{Short, context, on_machine};

#[test]
fn what_is_made_is_found() {
    on_machine(|| {
        let context = context();
        context.make_directory("/home").unwrap();
        context.touch("/home/note").unwrap();
        assert_eq!(context.status("/home/note").unwrap().links, 1);
        assert_eq!(context.status("home/./../home//note").unwrap().links, 1);
        assert_eq!(context.error("/home/other"), Some(Error::NotFound));
        assert_eq!(context.error("/home/note/"), Some(Error::NotDirectory));
        assert_eq!(context.error("/home/note/.."), Some(Error::NotDirectory));
        assert_eq!(context.error(""), Some(Error::NotFound));
        assert_eq!(context.make_directory("/home"), Err(Error::Exists));
        assert_eq!(context.make_directory("/"), Err(Error::Exists));
        assert_eq!(context.make_directory("/new/"), Ok(()));
    });
}

#[test]
fn long_names_and_paths_are_errors() {
    on_machine(|| {
        let context = context();
        assert_eq!(context.error(&"x".repeat(255)), Some(Error::NotFound));
        assert_eq!(context.error(&"x".repeat(256)), Some(Error::NameTooLong));
        assert_eq!(context.error(&"./".repeat(2047)), None);
        assert_eq!(context.error(&"./".repeat(2048)), Some(Error::NameTooLong));
    });
}

#[test]
fn a_negative_entry_does_not_hide_what_is_made_later() {
    on_machine(|| {
        let context = context();
        for _ in 0..2 {
            assert_eq!(context.error("/later"), Some(Error::NotFound));
        }
        context.touch("/later").unwrap();
        assert!(context.status("/later").is_ok());
        context.unlink(None, b"/later").unwrap();
        assert_eq!(context.error("/later"), Some(Error::NotFound));
    });
}

#[test]
fn the_cache_stays_bounded_and_forgets_harmlessly() {
    on_machine(|| {
        let context = context();
        for number in 0..9000 {
            context.touch(&format!("/{number}")).unwrap();
        }
        assert!(dentry_cache::len() < 8700, "{}", dentry_cache::len());
        for number in (0..9000).step_by(7) {
            assert!(context.status(&format!("/{number}")).is_ok());
        }
    });
}

#[test]
fn an_unlinked_file_lives_while_it_is_open() {
    on_machine(|| {
        let context = context();
        let file = context.touch("/file").unwrap();
        context.unlink(None, b"/file").unwrap();
        assert_eq!(file.status().unwrap().links, 0);
        assert_eq!(
            context.path_of_with_removal(file.path()),
            b"/file (deleted)"
        );
        // The name is free for another file.
        context.touch("/file").unwrap();
        assert_ne!(
            context.status("/file").unwrap().inode,
            file.status().unwrap().inode
        );
    });
}

#[test]
fn a_removed_working_directory_holds_nothing() {
    on_machine(|| {
        let mut context = context();
        context.make_directory("/gone").unwrap();
        context.change_directory(None, b"/gone").unwrap();
        context.rmdir(None, b"/gone").unwrap();
        assert_eq!(context.make_directory("new"), Err(Error::NotFound));
        assert_eq!(context.working_directory_text(), Err(Error::NotFound));
        assert!(context.status(".").is_ok());
        assert!(context.status("..").is_ok());
    });
}

#[test]
fn removing_checks_the_kind() {
    on_machine(|| {
        let context = context();
        context.make_directory("/d").unwrap();
        context.touch("/f").unwrap();
        assert_eq!(context.unlink(None, b"/d"), Err(Error::IsDirectory));
        assert_eq!(context.rmdir(None, b"/f"), Err(Error::NotDirectory));
        assert_eq!(context.rmdir(None, b"/d/."), Err(Error::InvalidArgument));
        assert_eq!(context.rmdir(None, b"/d/.."), Err(Error::NotEmpty));
        assert_eq!(context.rmdir(None, b"/"), Err(Error::Busy));
        context.touch("/d/x").unwrap();
        assert_eq!(context.rmdir(None, b"/d"), Err(Error::NotEmpty));
    });
}

#[test]
fn reading_a_directory_survives_changes() {
    on_machine(|| {
        let context = context();
        for number in 0..200 {
            context.touch(&format!("/{number}")).unwrap();
        }
        let options = OpenOptions {
            read: true,
            directory: true,
            ..OpenOptions::default()
        };
        let directory = context.open(b"/", &options).unwrap();
        let mut seen = Vec::new();
        loop {
            let before = seen.len();
            // Take a few entries, then remove some that were seen and make others.
            let mut room = 10;
            directory
                .read_directory(&mut |entry: &DirectoryEntry<'_>| {
                    if room == 0 {
                        return false;
                    }
                    room -= 1;
                    seen.push(String::from_utf8(entry.name.to_vec()).unwrap());
                    true
                })
                .unwrap();
            if seen.len() == before {
                break;
            }
            if let Some(name) = seen.iter().rev().find(|name| name.parse::<u32>().is_ok()) {
                let _ = context.unlink(None, format!("/{name}").as_bytes());
            }
        }
        for number in 0..200 {
            let count = seen
                .iter()
                .filter(|name| **name == number.to_string())
                .count();
            assert_eq!(count, 1, "{number} was shown {count} times");
        }
    });
}

#[test]
fn open_flags_are_kept() {
    on_machine(|| {
        let context = context();
        context.make_directory("/d").unwrap();
        let create = OpenOptions {
            create: true,
            write: true,
            mode: 0o600,
            ..OpenOptions::default()
        };
        let exclusive = OpenOptions {
            exclusive: true,
            ..create
        };
        context.open(b"/f", &exclusive).unwrap();
        assert_eq!(context.open(b"/f", &exclusive).err(), Some(Error::Exists));
        assert_eq!(context.open(b"/d", &create).err(), Some(Error::IsDirectory));
        assert_eq!(
            context
                .open(
                    b"/d",
                    &OpenOptions {
                        write: true,
                        ..Default::default()
                    }
                )
                .err(),
            Some(Error::IsDirectory)
        );
        let directory = OpenOptions {
            read: true,
            directory: true,
            ..OpenOptions::default()
        };
        assert_eq!(
            context.open(b"/f", &directory).err(),
            Some(Error::NotDirectory)
        );
        context.make_link("f", "/l").unwrap();
        let no_follow = OpenOptions {
            read: true,
            no_follow: true,
            ..OpenOptions::default()
        };
        assert_eq!(
            context.open(b"/l", &no_follow).err(),
            Some(Error::SymlinkLoop)
        );
        let place = OpenOptions {
            path_only: true,
            ..no_follow
        };
        let place = context.open(b"/l", &place).unwrap();
        assert!(place.is_path_only());
        assert_eq!(place.sync(true), Err(Error::BadHandle));
        // A dangling link is created through, except exclusively.
        context.make_link("/d/new", "/dangling").unwrap();
        assert_eq!(
            context.open(b"/dangling", &exclusive).err(),
            Some(Error::Exists)
        );
        context.open(b"/dangling", &create).unwrap();
        assert!(context.status("/d/new").is_ok());
        let unnamed = OpenOptions {
            unnamed: true,
            write: true,
            mode: 0o600,
            ..Default::default()
        };
        let file = context.open(b"/d", &unnamed).unwrap();
        assert_eq!(file.status().unwrap().links, 0);
        context.link(file.path(), None, b"/d/named").unwrap();
        assert_eq!(context.status("/d/named").unwrap().links, 1);
    });
}

#[test]
fn the_limit_on_inodes_is_an_error() {
    on_machine(|| {
        let small = crate::Limits {
            pages: 10,
            inodes: 5,
            directory_pages: 0,
            unpaid: false,
        };
        let filesystem: std::sync::Arc<dyn vfs::FileSystem> =
            crate::RamFs::with("tmpfs", small, 0o755).unwrap();
        let context = vfs::FsContext::new(vfs::View::new(&filesystem));
        for number in 0..4 {
            context.touch(&format!("/{number}")).unwrap();
        }
        assert_eq!(context.touch("/x").err(), Some(Error::NoSpace));
        context.unlink(None, b"/0").unwrap();
        assert!(context.touch("/x").is_ok());
    });
}

#[test]
fn a_further_name_is_an_inode_except_on_a_disk() {
    on_machine(|| {
        for (directory_pages, most) in [(0, 3), (1, 10 * hal::PAGE_SIZE / 16)] {
            let small = crate::Limits {
                pages: 10,
                inodes: 5,
                directory_pages,
                unpaid: false,
            };
            let filesystem: std::sync::Arc<dyn vfs::FileSystem> =
                crate::RamFs::with("tmpfs", small, 0o755).unwrap();
            let context = vfs::FsContext::new(vfs::View::new(&filesystem));
            let file = context.touch("/file").unwrap();
            let name = |number: usize| format!("/{number}").into_bytes();
            for _ in 0..2 {
                let mut names = 0;
                while context.link(file.path(), None, &name(names)).is_ok() {
                    names += 1;
                }
                assert_eq!(names, most);
                for number in 0..names {
                    context.unlink(None, &name(number)).unwrap();
                }
            }
            for number in 0..3 {
                context.touch(&format!("/{number}")).unwrap();
            }
            assert_eq!(context.touch("/x").err(), Some(Error::NoSpace));
        }
    });
}

#[test]
fn a_tree_deeper_than_a_stack_is_dropped() {
    on_machine(|| {
        let mut context = context();
        let root = context.working_directory.clone();
        for _ in 0..20_000 {
            if context.make_directory("d").is_err() {
                break;
            }
            context.change_directory(None, b"d").unwrap();
        }
        context.working_directory = root;
        drop(context);
    });
}
