//! Full disks, full tables, long names, and disks that are none.

use base::Error;
use mem::transfer::Source;
use object::File;

use super::kit::*;
use crate::Xv6Fs;
use crate::format::superblock::Superblock;

#[test]
fn a_full_disk_takes_what_fits_and_goes_on_when_there_is_room() {
    on_image(made((500, 60, 11)), |disk, context| {
        let mut written = 0;
        for number in 0.. {
            let file = context.touch(&format!("/f{number}")).unwrap();
            match file.write(&mut Source::kernel(&vec![1; 100_000])) {
                Ok(done) => written += done,
                Err(error) => {
                    assert_eq!(error, Error::NoSpace);
                    break;
                }
            }
        }
        assert!(written > 400 * 1024, "{written}");
        assert_eq!(context.statfs(b"/").unwrap().blocks_free, 0);
        assert_eq!(context.make_directory("/d"), Err(Error::NoSpace));
        assert_clean(&disk.contents());
        context.remove("/f0").unwrap();
        context.make_directory("/d").unwrap();
        context.put("/d/x", &[2; 90_000]).unwrap();
    });
}

#[test]
fn a_full_table_of_inodes() {
    on_image(made((500, 20, 11)), |_, context| {
        for number in 0..18 {
            context.put(&format!("/{number}"), b"").unwrap();
        }
        assert_eq!(context.put("/more", b""), Err(Error::NoSpace));
        assert_eq!(context.make_directory("/more"), Err(Error::NoSpace));
        assert_eq!(context.statfs(b"/").unwrap().inodes_free, 0);
        context.remove("/7").unwrap();
        context.put("/more", b"").unwrap();
    });
}

#[test]
fn names_have_fourteen_bytes() {
    on_image(usual(), |_, context| {
        context.put("/fifteen...bytes", b"x").unwrap_err();
        context.put("/fourteen.bytes", b"x").unwrap();
        assert_eq!(
            context.names("/").unwrap().last().unwrap(),
            "fourteen.bytes"
        );
        assert_eq!(context.error("/fifteen...bytes"), Some(Error::NameTooLong));
        assert_eq!(
            context.move_to("/fourteen.bytes", "/and.even.longer"),
            Err(Error::NameTooLong)
        );
    });
}

#[test]
fn a_directory_is_shown_in_parts_while_it_changes() {
    on_image(usual(), |_, context| {
        context.make_directory("/d").unwrap();
        for number in 0..150 {
            context.put(&format!("/d/n{number}"), b"").unwrap();
        }
        let names = context.names("/d").unwrap();
        let shown = names.iter().filter(|name| name.starts_with('n'));
        assert_eq!(shown.count(), 150);
        for number in 0..150 {
            context.remove(&format!("/d/n{number}")).unwrap();
        }
        context.rmdir(None, b"/d").unwrap();
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    let sound = Superblock::new(2000, 200, 30);
    let broken = [
        Superblock {
            size: 2001,
            ..sound
        },
        Superblock {
            data: 2000,
            ..sound
        },
        Superblock {
            inodes: 1 << 20,
            ..sound
        },
        Superblock { log: 10, ..sound },
        Superblock {
            log_start: 1,
            ..sound
        },
        Superblock {
            inode_start: 31,
            ..sound
        },
        Superblock {
            bitmap_start: 40,
            ..sound
        },
        Superblock {
            bitmap_start: 46,
            ..sound
        },
        Superblock {
            log: u32::MAX,
            ..sound
        },
    ];
    for superblock in broken {
        let mut image = usual();
        image[1024..2048].copy_from_slice(&superblock.write());
        on_machine(move || {
            let refused = Xv6Fs::mount(disk(image), false).err();
            assert_eq!(refused, Some(Error::InvalidArgument), "{superblock:?}");
        });
    }
    for length in [0, 512, 1024, 2048, 1_000_000] {
        on_machine(move || {
            let image = usual()[..length].to_vec();
            assert_eq!(
                Xv6Fs::mount(disk(image), false).err(),
                Some(Error::InvalidArgument)
            );
        });
    }
}

#[test]
fn a_larger_disk_is_fine() {
    let mut image = usual();
    image.resize(image.len() + 5000 * 512, 0xff);
    on_machine(move || {
        let disk = disk(image);
        let filesystem = mount(&disk);
        assert_eq!(filesystem.statistics().blocks, 1954);
        filesystem.finish().unwrap();
    });
}
