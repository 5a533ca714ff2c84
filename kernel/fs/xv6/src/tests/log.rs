//! The log: what is done again at a mount, and what a write that fails leaves.

use base::Error;
use device::block::Operation;
use vfs::FileSystem;

use super::kit::*;
use crate::Xv6Fs;

/// An image in whose log lies the making of `/file`, which has happened and is not in its place.
fn unfinished() -> Vec<u8> {
    let (send, receive) = std::sync::mpsc::channel();
    on_machine(move || {
        let disk = disk(usual());
        let filesystem = mount(&disk);
        let context = context(&filesystem);
        // The log ends at block 32.
        disk.fail(Operation::Write, 64..4000);
        assert_eq!(context.touch("/file").err(), None);
        send.send(disk.contents()).unwrap();
        // What comes now waits for the last one.
        assert_eq!(context.touch("/other").err(), Some(Error::InputOutput));
        assert_eq!(context.status("/file").map(|status| status.size), Ok(0));
        assert_eq!(filesystem.sync(), Err(Error::InputOutput));
        disk.heal();
        context.put("/other", b"").unwrap();
        drop(context);
        filesystem.finish().unwrap();
        assert_clean(&disk.contents());
    });
    receive.recv().unwrap()
}

#[test]
fn what_is_in_the_log_has_happened() {
    let image = unfinished();
    assert_clean(&image);
    on_machine(move || {
        let read_only = disk(image.clone());
        let filesystem: std::sync::Arc<dyn FileSystem> =
            Xv6Fs::mount(read_only.clone(), true).unwrap();
        assert_eq!(context(&filesystem).get("/file"), Ok(Vec::new()));
        drop(filesystem);
        assert!(read_only.contents() == image, "nothing is written");
        let disk = disk(image);
        let filesystem = mount(&disk);
        assert_eq!(context(&filesystem).get("/file"), Ok(Vec::new()));
        // It is in its place, and the log says so.
        assert_eq!(disk.contents()[2048..2052], [0; 4]);
    });
}

#[test]
fn an_operation_whose_log_cannot_be_written_has_not_happened() {
    for sectors in [4..6, 6..8] {
        on_machine(move || {
            let disk = disk(usual());
            let filesystem = mount(&disk);
            let context = context(&filesystem);
            context.put("/kept", &[1; 3000]).unwrap();
            let before = filesystem.statistics();
            disk.fail(Operation::Write, sectors);
            assert_eq!(context.make_directory("/d"), Err(Error::InputOutput));
            assert_eq!(context.put("/kept", &[2; 5000]), Err(Error::InputOutput));
            assert_eq!(context.remove("/kept"), Err(Error::InputOutput));
            assert_eq!(context.error("/d"), Some(Error::NotFound));
            assert_eq!(filesystem.statistics(), before);
            disk.heal();
            context.make_directory("/d").unwrap();
            context.put("/kept", &[3; 5000]).unwrap();
            assert_eq!(context.get("/kept"), Ok(vec![3; 5000]));
            drop(context);
            filesystem.finish().unwrap();
            assert_clean(&disk.contents());
        });
    }
}

#[test]
fn a_log_that_makes_no_sense_is_refused() {
    for (count, place) in [(30, 40), (u32::MAX, 40), (1, 3), (1, 2000)] {
        let mut image = usual();
        image[2048..2052].copy_from_slice(&u32::to_le_bytes(count));
        image[2052..2056].copy_from_slice(&u32::to_le_bytes(place));
        on_machine(move || {
            assert_eq!(
                Xv6Fs::mount(disk(image), false).err(),
                Some(Error::InvalidArgument)
            );
        });
    }
}
