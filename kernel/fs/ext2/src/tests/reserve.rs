//! The last blocks are kept for the super-user, or for whom the superblock names.

use std::cell::RefCell;

use base::Error;
use mem::transfer::Source;
use object::File;
use vfs::{Credentials, FileSystem, FsContext, OpenOptions};

use super::kit::*;

std::thread_local! {
    static ASKER: RefCell<Option<Credentials>> = const { RefCell::new(None) };
}

/// From now on `who` asks.
fn ask_as(who: Option<Credentials>) {
    vfs::set_asker(|| ASKER.with_borrow(Clone::clone));
    ASKER.set(who);
}

/// Writes as much as there is room for to a new file; gives the number of bytes.
fn fill(on: &FsContext, name: &[u8]) -> usize {
    let file = on.open(name, &OpenOptions::creating(0o666)).unwrap();
    let mut all = 0;
    loop {
        match file.write(&mut Source::kernel(&[7; 1024])) {
            Ok(written) => all += written,
            Err(error) => {
                assert_eq!(error, Error::NoSpace);
                return all;
            }
        }
    }
}

#[test]
fn the_last_blocks_are_the_super_users() {
    on_machine(|| {
        let disk = disk(make_image(2048, &["-m", "20", "-b", "1024"]));
        let ext2 = mount(&disk);
        let on = context(&ext2);
        let reserved = 2048 / 5;
        let left = || {
            let statistics = ext2.statistics();
            (statistics.blocks_free, statistics.blocks_available)
        };
        ask_as(Some(Credentials::user(1000, 1000)));
        assert!(fill(&on, b"/own") > 100_000);
        let (free, available) = left();
        assert_eq!(available, 0);
        // Less than what a block of the file's map takes is left over.
        assert_eq!(free / 4, reserved / 4);
        assert_eq!(on.mkdir(None, b"/d", 0o777).err(), Some(Error::NoSpace));
        assert_eq!(left().0, free);

        ask_as(Some(Credentials::root()));
        on.mkdir(None, b"/d", 0o777).unwrap();
        assert_eq!(left().0, free - 1);
        ask_as(Some(Credentials::user(1000, 1000)));
        assert_eq!(fill(&on, b"/d/more"), 0);
        // The kernel itself, which stores what was promised.
        ask_as(None);
        assert!(fill(&on, b"/d/most") > 300_000);
        assert_eq!(left(), (0, 0));

        // What is freed is the super-user's first.
        on.unlink(None, b"/d/most").unwrap();
        ask_as(Some(Credentials::user(1000, 1000)));
        assert_eq!(fill(&on, b"/d/again"), 0);
        on.unlink(None, b"/own").unwrap();
        assert!(fill(&on, b"/d/again") > 100_000);
        ask_as(None);
        drop(on);
        ext2.unmount().unwrap();
        assert_clean(&disk.contents());
    });
}

#[test]
fn a_user_and_a_group_may_be_named() {
    on_machine(|| {
        let image = make_image(1024, &["-m", "30", "-b", "1024"]);
        let (_, image) = debugfs(
            &image,
            &[
                "set_super_value def_resuid 500",
                "set_super_value def_resgid 600",
            ],
        );
        let disk = disk(image);
        let ext2 = mount(&disk);
        let on = context(&ext2);
        ask_as(Some(Credentials::user(1000, 1000)));
        fill(&on, b"/own");
        assert_eq!(fill(&on, b"/none"), 0);
        let in_group = Credentials {
            groups: [7, 600].into(),
            ..Credentials::user(1000, 1000)
        };
        for named in [
            Credentials::user(500, 1),
            in_group,
            Credentials::user(1, 600),
        ] {
            ask_as(Some(named));
            assert!(fill(&on, b"/theirs") > 50_000);
            on.unlink(None, b"/theirs").unwrap();
            ask_as(Some(Credentials::user(1000, 1000)));
            assert_eq!(fill(&on, b"/none"), 0);
        }
        ask_as(None);
    });
}
