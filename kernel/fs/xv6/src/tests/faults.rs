//! Disks that cannot be read, and images that make no sense.

use super::kit::*;
use crate::Xv6Fs;

#[test]
fn a_disk_that_cannot_be_read_gives_errors_and_the_rest_goes_on() {
    on_machine(|| {
        let disk = disk(usual());
        fails_to_read(&disk, &mount).finish().unwrap();
        assert_clean(&disk.contents());
    });
}

/// An image with a bit of everything in it.
fn sample() -> Vec<u8> {
    let (send, receive) = std::sync::mpsc::channel();
    on_image(made((1000, 100, 30)), move |disk, context| {
        for path in ["/a", "/a/b", "/a/b/c", "/many"] {
            context.make_directory(path).unwrap();
        }
        for (name, size) in [
            ("/one", 1),
            ("/empty", 0),
            ("/two", 100_000),
            ("/three", 200_000),
        ] {
            context.put(name, &vec![3; size]).unwrap();
        }
        for number in 0..70 {
            context.put(&format!("/many/{number}"), b"x").unwrap();
        }
        send.send(disk.contents()).unwrap();
    });
    receive.recv().unwrap()
}

#[test]
fn images_that_make_no_sense_end_in_errors() {
    let sample = sample();
    // All but what files hold: their blocks are full of threes.
    let records: Vec<usize> = (1..sample.len() / 1024)
        .filter(|block| sample[block * 1024..][..1024] != [3; 1024])
        .filter(|block| *block < 60 || sample[block * 1024..][..1024] != [0; 1024])
        .collect();
    for seed in 0..rounds("SCARLET_IMAGES", 80) {
        let mut image = sample.clone();
        let mut random = Random::new(seed);
        mutate(&mut image, &mut random, |random| {
            let block = records[random.below(records.len())];
            block * 1024 + random.below(if block == 1 { 32 } else { 1024 })
        });
        let _ = crate::check::check(&image);
        on_machine(move || {
            if let Ok(filesystem) = Xv6Fs::mount(disk(image), seed % 4 == 0) {
                stir(filesystem);
            }
        });
    }
}

#[test]
fn the_checker_sees_what_is_wrong() {
    let sample = sample();
    assert_clean(&sample);
    let inode = |number: usize| 32 * 1024 + number * 64;
    // Root, a, b, c, many, one: number 6 is a file of one byte.
    for (at, byte) in [
        (inode(6) + 6, 2),
        (inode(6), 9),
        (inode(6) + 12, 99),
        (inode(2) + 6, 1),
        (39 * 1024 + 40, 0),
        (39 * 1024 + 124, 0xff),
    ] {
        let mut image = sample.clone();
        image[at] = byte;
        assert!(!crate::check::check(&image).damage.is_empty(), "{at}");
    }
}

#[test]
fn what_a_mapping_changes_again_is_stored() {
    on_machine(|| stores_what_mappings_change(&disk(usual()), &mount));
}
