//! Extended attributes: those that e2fsprogs writes are read, and the reverse.

use base::Error;
use vfs::{FileSystem, FsContext, ResolveFlags};

use super::kit::*;

const SMALL: &[&str] = &["-b", "1024", "-I", "128"];
const LARGE: &[&str] = &["-b", "4096", "-I", "256"];

/// A list: the owner, user 1000, the group, the mask, others.
fn list(rights: u16) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, rights, number) in [
        (1u16, 6u16, u32::MAX),
        (2, rights, 1000),
        (4, 4, u32::MAX),
        (0x10, 6, u32::MAX),
        (0x20, 4, u32::MAX),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(number.to_le_bytes());
    }
    bytes
}

fn remove(context: &FsContext, path: &str, name: &str) -> Result<(), Error> {
    let place = context.resolve(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)?;
    context.remove_extended_attribute(&place, name.as_bytes())
}

fn names(context: &FsContext, path: &str) -> Vec<String> {
    let place = context
        .resolve(None, path.as_bytes(), ResolveFlags::NO_FOLLOW)
        .unwrap();
    let list = context.list_extended_attributes(&place).unwrap();
    let mut names: Vec<String> = String::from_utf8(list)
        .unwrap()
        .split_terminator('\0')
        .map(String::from)
        .collect();
    names.sort();
    names
}

#[test]
fn times_are_shown_as_they_are_stored() {
    let whole = |seconds| object::Timestamp {
        seconds,
        nanoseconds: 0,
    };
    let parts = |seconds| object::Timestamp {
        seconds,
        nanoseconds: 7,
    };
    let (first, last) = (i64::from(i32::MIN), i64::from(i32::MAX));
    let end = last + (3 << 32);
    let small = [
        (first - 1, whole(first)),
        (5, whole(5)),
        (last + 1, whole(last)),
    ];
    let large = [
        (first - 1, whole(first)),
        (5, parts(5)),
        (last + 1, parts(last + 1)),
        (end + 1, whole(end)),
    ];
    for (arguments, cases) in [(SMALL, &small[..]), (LARGE, &large[..])] {
        for &(seconds, shown) in cases {
            on_machine(move || {
                let disk = disk(make_image(4096, arguments));
                let ext2 = mount(&disk);
                let worker = context(&ext2);
                worker.put("/file", b"x").unwrap();
                if arguments == SMALL {
                    let made = worker.status("/file").unwrap();
                    assert_eq!(made.modification_time.nanoseconds, 0);
                    assert_eq!(made.change_time.nanoseconds, 0);
                }
                let place = worker.resolve(None, b"/file", ResolveFlags::empty());
                let change = vfs::AttributeChange {
                    modification_time: Some(parts(seconds)),
                    ..vfs::AttributeChange::default()
                };
                place.unwrap().inode().set_attributes(&change).unwrap();
                let moment = |worker: &FsContext| worker.status("/file").unwrap().modification_time;
                assert_eq!(moment(&worker), shown);
                drop(worker);
                ext2.unmount().unwrap();
                drop(ext2);
                assert_eq!(moment(&context(&mount(&disk))), shown);
            });
        }
    }
}

#[test]
fn what_e2fsprogs_sets_is_read() {
    for arguments in [SMALL, LARGE] {
        let image = make_image(4096, arguments);
        let long = "v".repeat(300);
        let set = format!("ea_set /lost+found user.long {long}");
        let (_, image) = debugfs(
            &image,
            &[
                "ea_set /lost+found user.short value",
                &set,
                "ea_set /lost+found security.empty \"\"",
                "ea_set /lost+found trusted.t 1",
            ],
        );
        assert_clean(&image);
        on_machine(move || {
            let ext2 = mount(&disk(image));
            let context = context(&ext2);
            assert_eq!(
                attribute(&context, "/lost+found", "user.short").unwrap(),
                b"value"
            );
            let found = attribute(&context, "/lost+found", "user.long").unwrap();
            assert_eq!(found, long.as_bytes());
            let found = attribute(&context, "/lost+found", "trusted.t").unwrap();
            assert_eq!(found, b"1");
            let missing = attribute(&context, "/lost+found", "user.none");
            assert_eq!(missing, Err(Error::NoData));
            assert!(names(&context, "/lost+found").contains(&String::from("user.long")));
        });
    }
}

#[test]
fn what_is_set_here_is_read_by_e2fsprogs() {
    for arguments in [SMALL, LARGE] {
        let image = make_image(4096, arguments);
        on_machine(move || {
            let disk = disk(image);
            let ext2 = mount(&disk);
            let worker = context(&ext2);
            worker.put("/file", b"bytes").unwrap();
            worker.make_directory("/d").unwrap();
            let before = worker.status("/file").unwrap().blocks;
            let long = "w".repeat(500);
            set_attribute(&worker, "/file", "user.small", b"1").unwrap();
            set_attribute(&worker, "/file", "user.long", long.as_bytes()).unwrap();
            set_attribute(&worker, "/file", "security.capability", &[1, 2, 3]).unwrap();
            set_attribute(&worker, "/file", "user.empty", b"").unwrap();
            set_attribute(&worker, "/file", "system.posix_acl_access", &list(6)).unwrap();
            set_attribute(&worker, "/d", "system.posix_acl_default", &list(4)).unwrap();
            let found = attribute(&worker, "/file", "system.posix_acl_access");
            assert_eq!(found.unwrap(), list(6));
            let block = worker.status("/file").unwrap().blocks - before;
            assert_eq!(block, ext2.volume().block_size as u64 / 512);
            ext2.sync().unwrap();
            let image = disk.contents();
            let (words, _) = debugfs(&image, &["ea_list /file", "ea_get /file user.long"]);
            for name in [
                "user.small",
                "user.long",
                "security.capability",
                "user.empty",
                "system.posix_acl_access",
                long.as_str(),
            ] {
                assert!(words.contains(name), "{name}: {words}");
            }
            assert_eq!(remove(&worker, "/file", "user.none"), Err(Error::NoData));
            for name in names(&worker, "/file") {
                remove(&worker, "/file", &name).unwrap();
            }
            assert_eq!(worker.status("/file").unwrap().blocks, before);
            drop(worker);
            ext2.unmount().unwrap();
            assert_clean(&disk.contents());
        });
    }
}

#[test]
fn files_that_share_a_block_part() {
    let image = make_image(4096, SMALL);
    let value = "s".repeat(600);
    let set = format!("ea_set /f0 user.same {value}");
    let (words, image) = debugfs(
        &image,
        &[
            "write /dev/null f0",
            "write /dev/null f1",
            "write /dev/null f2",
            "write /dev/null f3",
            set.as_str(),
            "stat /f0",
        ],
    );
    let block = words
        .split("File ACL: ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .expect("a block of attributes");
    let share = ["f1", "f2", "f3"].map(|name| format!("sif /{name} file_acl {block}"));
    let (_, image) = debugfs(&image, &share.each_ref().map(String::as_str));
    let (_, _, image) = check(&image, "-y");
    assert_clean(&image);
    on_machine(move || {
        let disk = disk(image);
        let ext2 = mount(&disk);
        let worker = context(&ext2);
        let all = |name: &str| attribute(&worker, name, "user.same");
        assert_eq!(all("/f3").unwrap(), value.as_bytes());
        set_attribute(&worker, "/f0", "user.same", &[1; 600]).unwrap();
        remove(&worker, "/f1", "user.same").unwrap();
        worker.remove("/f2").unwrap();
        ext2.sync().unwrap();
        assert_clean(&disk.contents());
        assert_eq!(all("/f0").unwrap(), [1; 600]);
        assert_eq!(all("/f1"), Err(Error::NoData));
        assert_eq!(all("/f3").unwrap(), value.as_bytes());
        worker.remove("/f3").unwrap();
        drop(worker);
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn what_has_no_room_changes_nothing() {
    let image = make_image(1024, SMALL);
    on_machine(move || {
        let disk = disk(image);
        let ext2 = mount(&disk);
        let worker = context(&ext2);
        worker.touch("/file").unwrap();
        set_attribute(&worker, "/file", "user.a", &[1; 500]).unwrap();
        let long = set_attribute(&worker, "/file", "user.b", &[2; 600]);
        assert_eq!(long, Err(Error::NoSpace));
        let _ = worker.put("/filler", &vec![1; 1_000_000]);
        let mut number = 0;
        let full = loop {
            let path = format!("/file-{number}");
            if let Err(error) = worker.touch(&path) {
                break error;
            }
            if let Err(error) = set_attribute(&worker, &path, "user.n", &[number as u8; 700]) {
                break error;
            }
            number += 1;
        };
        assert_eq!(full, Error::NoSpace);
        assert_eq!(attribute(&worker, "/file", "user.a").unwrap(), [1; 500]);
        drop(worker);
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}
