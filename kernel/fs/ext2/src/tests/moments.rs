//! The power goes at any moment of a few operations that depend on each other: whatever of one commit is on the disk,
//! e2fsck repairs it by itself, and each file is under one of its names.

use std::sync::{Arc, Mutex};

use mem::transfer::Source;
use object::File;
use vfs::{FileSystem, FsContext};

use super::kit::*;
use super::power::{Promise, judge};
use crate::Ext2;

/// What each of some files is to be found under, and with which bytes.
type Names<'a> = &'a [(&'a [&'a str], &'a [u8])];

/// What was written by `act` after `prepare` is cut before each write, with everything before it and with parts of what
/// was written since the last flush.
#[track_caller]
fn at_every_moment(
    prepare: impl FnOnce(&FsContext) + 'static,
    act: impl FnOnce(&FsContext, &Ext2) + 'static,
    names: Names<'_>,
) {
    let result = Arc::new(Mutex::new(None));
    let given = result.clone();
    on_machine(move || {
        let image = make_image(2048, &["-b", "1024", "-N", "256", "-I", "128"]);
        let disk = disk(image);
        let ext2 = mount(&disk);
        let context = context(&ext2);
        prepare(&context);
        ext2.sync().unwrap();
        let mut history = History::new(&disk, 1024);
        act(&context, &ext2);
        ext2.sync().unwrap();
        drop(context);
        ext2.unmount().unwrap();
        history.collect(&disk);
        *given.lock().unwrap() = Some(history);
        assert_clean(&disk.contents());
    });
    let history = result.lock().unwrap().take().expect("it ran");
    judge_every_cut(&history, names);
}

/// Parts of what was written since the last flush before the cut are there, too.
#[track_caller]
fn judge_every_cut(history: &History, names: Names<'_>) {
    let promises: Vec<Promise> = names
        .iter()
        .map(|(paths, bytes)| Promise {
            since: 0,
            until: usize::MAX,
            either: paths
                .iter()
                .map(|path| (path.to_string(), bytes.to_vec()))
                .collect(),
        })
        .collect();
    let mut random = Random::new(7);
    for cut in 0..history.length() {
        for round in 0..4 {
            let left = history.cut(cut, || match round {
                0 => true,
                1 => false,
                _ => random.below(2) == 0,
            });
            let words = judge(&left, "-p", cut, &promises);
            assert_eq!(words, None, "cut {cut} of {}", history.length());
        }
    }
}

#[test]
fn what_leaves_a_directory_that_goes_has_a_name_all_the_time() {
    at_every_moment(
        |context| {
            for directory in ["/one", "/two", "/three", "/four", "/to"] {
                context.make_directory(directory).unwrap();
            }
            context.put("/one/file", b"first").unwrap();
            context.put("/two/file", b"second").unwrap();
        },
        |context, _| {
            context.move_to("/one/file", "/to/first").unwrap();
            context.rmdir(None, b"/one").unwrap();
            context.move_to("/two/file", "/to/second").unwrap();
            context.move_to("/three", "/two").unwrap();
        },
        &[
            (&["/one/file", "/to/first"], b"first"),
            (&["/two/file", "/to/second"], b"second"),
        ],
    );
}

/// As editors do that keep what was there under a second name.
#[test]
fn who_is_replaced_and_has_a_new_name_too_has_one_all_the_time() {
    at_every_moment(
        |context| {
            context.make_directory("/one").unwrap();
            context.make_directory("/two").unwrap();
            context.put("/one/file", b"old").unwrap();
            context.put("/one/new", b"new").unwrap();
        },
        |context, _| {
            let file = context.touch("/one/file").unwrap();
            context.link(file.path(), None, b"/two/kept").unwrap();
            context.move_to("/one/new", "/one/file").unwrap();
        },
        &[
            (&["/one/file", "/two/kept"], b"old"),
            (&["/one/new", "/one/file"], b"new"),
        ],
    );
}

#[test]
fn of_several_new_names_each_is_there_before_an_old_one_goes() {
    at_every_moment(
        |context| {
            for directory in ["/one", "/two", "/three"] {
                context.make_directory(directory).unwrap();
            }
            context.put("/two/file", b"file").unwrap();
            context.put("/three/other", b"other").unwrap();
        },
        |context, _| {
            // The block of /three is written behind that of /two.
            context.move_to("/three/other", "/two/other").unwrap();
            let file = context.touch("/two/file").unwrap();
            context.link(file.path(), None, b"/three/kept").unwrap();
            context.link(file.path(), None, b"/one/gone").unwrap();
            context.remove("/one/gone").unwrap();
            context.remove("/two/file").unwrap();
        },
        &[
            (&["/two/file", "/three/kept"], b"file"),
            (&["/three/other", "/two/other"], b"other"),
        ],
    );
}

#[test]
fn what_is_new_is_born_after_the_new_directory_that_it_went_to() {
    at_every_moment(
        |_| (),
        |context, _| {
            // Their numbers lie in one block, the directory's in another.
            for name in ["/moved", "/linked", "/b", "/c", "/d", "/e", "/f", "/g"] {
                context.put(name, &[1; 3000]).unwrap();
            }
            context.make_directory("/to").unwrap();
            context.make_directory("/to/below").unwrap();
            context.move_to("/moved", "/to/moved").unwrap();
            let linked = context.touch("/linked").unwrap();
            context
                .link(linked.path(), None, b"/to/below/linked")
                .unwrap();
            context.remove("/linked").unwrap();
        },
        &[],
    );
}

#[test]
fn a_new_directory_that_moves_has_one_name() {
    at_every_moment(
        |context| {
            for directory in ["/from", "/to"] {
                context.make_directory(directory).unwrap();
            }
        },
        |context, _| {
            context.make_directory("/from/new").unwrap();
            context.move_to("/from/new", "/to/new").unwrap();
            context.put("/to/new/file", &[1; 3000]).unwrap();
            context.make_directory("/deep").unwrap();
            context.make_directory("/deep/er").unwrap();
            context.make_directory("/other").unwrap();
            context.move_to("/other", "/deep/er/other").unwrap();
            context.put("/deep/er/other/file", &[1; 3000]).unwrap();
        },
        &[],
    );
}

#[test]
fn who_gets_a_name_again_leaves_the_list_of_orphans_whole() {
    at_every_moment(
        |context| context.put("/kept", b"kept").unwrap(),
        |context, ext2| {
            let files: Vec<_> = (0..4).map(|_| context.nameless("/").unwrap()).collect();
            ext2.sync().unwrap();
            context.link(files[0].path(), None, b"/first").unwrap();
            context.link(files[2].path(), None, b"/third").unwrap();
            ext2.sync().unwrap();
            context.remove("/third").unwrap();
            ext2.sync().unwrap();
        },
        &[(&["/kept"], b"kept")],
    );
}

/// Who mounts the disk after a loss of power, without having it checked, clears orphans away; and the power goes again.
#[test]
fn orphans_are_cleared_away_one_after_the_other() {
    let result = Arc::new(Mutex::new(None));
    let given = result.clone();
    on_machine(move || {
        let image = make_image(2048, &["-b", "1024", "-N", "256", "-I", "128"]);
        let disk = disk(image);
        let ext2 = mount(&disk);
        let context = context(&ext2);
        context.put("/kept", b"kept").unwrap();
        // Their numbers lie in different blocks.
        let files: Vec<_> = (0..30)
            .map(|number| {
                let path = format!("/{number}");
                context.put(&path, &[number; 3000]).unwrap();
                let file = context.touch(&path).unwrap();
                context.remove(&path).unwrap();
                file
            })
            .collect();
        ext2.sync().unwrap();
        *given.lock().unwrap() = Some(disk.contents());
        drop(files);
    });
    let image = result.lock().unwrap().take().expect("it ran");
    let result = Arc::new(Mutex::new(None));
    let given = result.clone();
    on_machine(move || {
        let disk = disk(image);
        let mut history = History::new(&disk, 1024);
        mount(&disk).unmount().unwrap();
        history.collect(&disk);
        *given.lock().unwrap() = Some(history);
        let (code, words, _) = check(&disk.contents(), "-p");
        assert!(code <= 1 && !words.contains("orphan"), "{words}");
    });
    let history = result.lock().unwrap().take().expect("it ran");
    judge_every_cut(&history, &[(&["/kept"], b"kept")]);
}

/// e2fsck takes the attributes from whom it finds in the list of orphans.
#[test]
fn who_has_a_name_again_is_in_the_list_of_orphans_no_longer() {
    let held = Arc::new(Mutex::new(Vec::new()));
    let given = held.clone();
    let value = [5; 300];
    at_every_moment(
        move |context| {
            let mut files = given.lock().unwrap();
            files.extend((0..3).map(|_| context.nameless("/").unwrap()));
            let any = Default::default();
            context
                .set_extended_attribute(files[0].path(), b"user.a", &value, any)
                .unwrap();
            files[0].write(&mut Source::kernel(b"bytes")).unwrap();
            files[0].sync(true).unwrap();
            context.link(files[0].path(), None, b"/file").unwrap();
        },
        move |context, ext2| {
            context.put("/other", b"other").unwrap();
            ext2.sync().unwrap();
            held.lock().unwrap().clear();
        },
        &[(&["/file"], b"bytes"), (&["/file@user.a"], &value)],
    );
}
