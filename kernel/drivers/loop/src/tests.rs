//! Files as disks: what is written to one is in the other, and the device ends with its last use.

use std::sync::Arc;

use base::Error;
use device::block::{
    Batch, BlockCache, BlockDevice, BlockFile, MemoryDisk, Operation, Request, SECTOR, Segment,
};
use device::registry;
use filesystem_testkit::{Short, context, on_machine};
use fs_ram::{Limits, RamFs};
use mem::transfer::{Sink, Source};
use object::{File, FileAccess, StatusFlags};
use vfs::{FileSystem, FsContext, OpenOptions};

use crate::{LoopDevice, Registrar, Setup};

static REGISTRAR: Registrar = Registrar {
    register: |device| registry().add_block(device),
    remove: |device| {
        registry().remove_block(device.number());
        BlockCache::forget(device)
    },
    scan: |device| {
        let parts = device::block::partition::scan(device)?;
        parts
            .into_iter()
            .try_for_each(|part| registry().add_block(part))
    },
    forget_parts: |device| {
        let all = registry().block_devices().into_iter();
        let is_part = |part: &Arc<dyn BlockDevice>| {
            part.whole()
                .is_some_and(|whole| whole.number() == device.number())
        };
        for part in all.filter(is_part) {
            registry().remove_block(part.number());
            BlockCache::forget(&part)?;
        }
        Ok(())
    },
};

/// Runs a test with loop devices, and a directory for files.
fn with_loops(test: impl FnOnce(&FsContext) + 'static) {
    on_machine(move || {
        crate::start(&REGISTRAR).unwrap();
        let limits = Limits {
            pages: 1000,
            inodes: 100,
            directory_pages: 0,
            unpaid: false,
        };
        let ram: Arc<dyn FileSystem> = RamFs::with("tmpfs", limits, 0o755).unwrap();
        test(&context(&ram));
        for device in registry().block_devices() {
            let _ = BlockCache::forget(&device);
        }
        // The threads of what was detached end.
        for _ in 0..100 {
            base::thread::yield_now();
        }
    });
}

fn first() -> (Arc<LoopDevice>, Arc<dyn BlockDevice>) {
    let device = registry()
        .block(device::DeviceNumber::new(7, 0))
        .expect("there are eight from the start");
    (crate::find(device.number()).unwrap(), device)
}

fn open(device: &Arc<dyn BlockDevice>) -> Arc<BlockFile> {
    let access = FileAccess::READ | FileAccess::WRITE;
    BlockFile::open(device, access, StatusFlags::empty()).unwrap()
}

fn file(context: &FsContext, path: &str, length: u64) -> Arc<dyn File> {
    let file = context.touch(path).unwrap();
    file.truncate(length).unwrap();
    file
}

#[test]
fn what_is_written_to_the_device_is_in_the_file() {
    with_loops(|context| {
        let (device, block) = first();
        assert_eq!(block.geometry().sectors, 0);
        let opened = open(&block);
        let setup = Setup {
            offset: 1024,
            limit: 8192,
            ..Setup::default()
        };
        let backing = file(context, "/disk", 100_000);
        device.attach(&backing, setup.clone()).unwrap();
        assert_eq!(device.attach(&backing, setup.clone()), Err(Error::Busy));
        assert_eq!(block.geometry().sectors, 16);
        assert_eq!(
            opened.write_at(100, &mut Source::kernel(b"on the device")),
            Ok(13)
        );
        assert_eq!(
            opened.write_at(8192, &mut Source::kernel(b"x")),
            Err(Error::NoSpace)
        );
        opened.sync(true).unwrap();
        assert_eq!(&context.get("/disk").unwrap()[1124..1137], b"on the device");
        assert_eq!(device.setup().unwrap().0, setup);
        // Shown from elsewhere on.
        let moved = Setup {
            offset: 1124,
            ..Setup::default()
        };
        device.change(moved).unwrap();
        assert_eq!(block.geometry().sectors, (100_000 - 1124) / 512);
        let mut bytes = [0; 13];
        assert_eq!(opened.read_at(0, &mut Sink::kernel(&mut bytes)), Ok(13));
        assert_eq!(&bytes, b"on the device");
        backing.truncate(200_000).unwrap();
        device.update_size().unwrap();
        assert_eq!(block.geometry().sectors, (200_000 - 1124) / 512);
        device.detach(1).unwrap();
        assert_eq!(device.setup().err(), Some(Error::NoSuchDevice));
        assert_eq!(opened.read_at(0, &mut Sink::kernel(&mut bytes)), Ok(0));
    });
}

#[test]
fn what_is_read_ahead_of_a_device_does_not_wait_for_what_is_read_ahead_of_its_file() {
    with_loops(|_| {
        let (device, block) = first();
        let bytes: Vec<u8> = (0..1 << 20).map(|at: u32| (at >> 9) as u8).collect();
        let below: Arc<dyn BlockDevice> = MemoryDisk::new("below", 9, bytes.clone());
        let backing: Arc<dyn File> = open(&below);
        device.attach(&backing, Setup::default()).unwrap();
        let opened = open(&block);
        // One thread reads ahead, and now waits for the loop device's, which reads the file in order.
        opened.cache().pages().prefetch(0, 256);
        let mut all = vec![0; bytes.len()];
        assert_eq!(
            opened.read_at(0, &mut Sink::kernel(&mut all)),
            Ok(bytes.len())
        );
        assert!(all == bytes);
        drop(opened);
        device.detach(0).unwrap();
        drop(backing);
        BlockCache::forget(&below).unwrap();
    });
}

#[test]
fn the_file_goes_with_the_last_use() {
    with_loops(|context| {
        let (device, block) = first();
        let backing = file(context, "/disk", 8192);
        let setup = Setup {
            autoclear: true,
            ..Setup::default()
        };
        device.attach(&backing, setup).unwrap();
        let (one, two) = (open(&block), open(&block));
        one.write_at(0, &mut Source::kernel(b"kept")).unwrap();
        drop(one);
        assert!(device.is_attached());
        drop(two);
        assert!(!device.is_attached());
        assert_eq!(&context.get("/disk").unwrap()[..4], b"kept");
        // Taken away while it is open: that ends with the last use too.
        device.attach(&backing, Setup::default()).unwrap();
        let (one, two) = (open(&block), open(&block));
        device.detach(1).unwrap();
        assert!(device.is_attached() && device.setup().unwrap().0.autoclear);
        assert_eq!(crate::remove(0), Err(Error::Busy));
        drop((one, two));
        assert!(!device.is_attached());
        assert_eq!(crate::remove(0), Ok(0));
        assert_eq!(crate::remove(0), Err(Error::NotSupportedByDevice));
        assert_eq!(crate::free(), Ok(1));
        assert_eq!(crate::add(0), Ok(0));
        assert_eq!(crate::add(0), Err(Error::Exists));
    });
}

#[test]
fn the_file_is_let_go_before_the_device_is_detached() {
    with_loops(|context| {
        let (device, _) = first();
        for round in 0..20 {
            let backing = file(context, &format!("/disk{round}"), 8192);
            let held = Arc::downgrade(&backing);
            device.attach(&backing, Setup::default()).unwrap();
            drop(backing);
            device.detach(0).unwrap();
            assert!(held.upgrade().is_none());
        }
    });
}

#[test]
fn whoever_reads_while_the_file_is_replaced_has_it_from_one_or_the_other() {
    with_loops(|context| {
        let (device, block) = first();
        let files = ["/old", "/new"].map(|path| {
            let made = file(context, path, 8192);
            let bytes = [path.as_bytes()[1]; 8192];
            made.write_at(0, &mut Source::kernel(&bytes)).unwrap();
            made
        });
        let setup = Setup {
            read_only: true,
            ..Setup::default()
        };
        device.attach(&files[0], setup).unwrap();
        let opened = open(&block);
        let batch = Batch::new();
        let frame = hal::frame::Frame::allocate().unwrap();
        let read = |at: usize, batch: &Arc<Batch>| {
            let segment = Segment {
                frame: frame.clone(),
                offset: at * SECTOR,
                length: SECTOR,
            };
            Request::new(Operation::Read, at as u64, vec![segment], batch)
        };
        // One waits for the old file already; two are about to.
        block.submit(read(0, &batch));
        let (second, third) = (device.holder(), device.holder());
        device.replace(&files[1]).unwrap();
        device.hand(second, read(1, &batch));
        block.submit(read(2, &batch));
        assert_eq!(batch.wait(), Ok(()));
        let mut bytes = [0; 3 * SECTOR];
        frame.read(0, &mut bytes);
        let seen = [0, 1, 2].map(|at| bytes[at * SECTOR]);
        assert_eq!(seen, *b"onn");
        // Where none takes its place nobody has it, and nothing waits for being safe.
        device.detach(1).unwrap();
        let (late, flushed) = (Batch::new(), Batch::new());
        device.hand(third.clone(), read(0, &late));
        device.hand(
            third,
            Request::new(Operation::Flush, 0, Vec::new(), &flushed),
        );
        assert_eq!(late.wait(), Err(Error::InputOutput));
        assert_eq!(flushed.wait(), Ok(()));
        drop(opened);
    });
}

#[test]
fn what_cannot_be_a_disk_is_refused() {
    with_loops(|context| {
        let (device, block) = first();
        context.make_directory("/directory").unwrap();
        let options = OpenOptions::reading();
        let directory: Arc<dyn File> = context.open(b"/directory", &options).unwrap();
        let attached = device.attach(&directory, Setup::default());
        assert_eq!(attached, Err(Error::InvalidArgument));
        drop(file(context, "/disk", 4096));
        let reading: Arc<dyn File> = context.open(b"/disk", &options).unwrap();
        device.attach(&reading, Setup::default()).unwrap();
        assert!(block.geometry().read_only);
        let opened = open(&block);
        assert_eq!(
            opened.write_at(0, &mut Source::kernel(b"x")),
            Err(Error::NotPermitted)
        );
        // A device that lies on itself, by way of another.
        let second = registry().block(device::DeviceNumber::new(7, 1)).unwrap();
        let on_first: Arc<dyn File> = opened.clone();
        let (third, fourth) = (crate::find(second.number()).unwrap(), open(&second));
        third.attach(&on_first, Setup::default()).unwrap();
        let again = open(&block);
        device.detach(1).unwrap();
        assert!(device.is_attached(), "it is in use");
        let on_second: Arc<dyn File> = fourth.clone();
        assert_eq!(
            device.attach(&on_second, Setup::default()),
            Err(Error::Busy)
        );
        assert_eq!(third.attach(&on_second, Setup::default()), Err(Error::Busy));
        third.detach(1).unwrap();
        assert_eq!(
            third.attach(&on_second, Setup::default()),
            Err(Error::BadHandle)
        );
        drop((opened, again, on_first, fourth, on_second));
        for _ in 0..100 {
            base::thread::yield_now();
        }
        assert!(!device.is_attached());
    });
}

#[test]
fn errors_of_the_file_come_through() {
    with_loops(|_| {
        let (device, block) = first();
        let disk = MemoryDisk::new("below", 0, vec![0; 64 * SECTOR]);
        let below: Arc<dyn BlockDevice> = disk.clone();
        let backing: Arc<dyn File> = open(&below);
        device.attach(&backing, Setup::default()).unwrap();
        assert_eq!(block.geometry().sectors, 64);
        let opened = open(&block);
        disk.fail(Operation::Read, 0..8);
        let read = opened.read_at(0, &mut Sink::kernel(&mut [0; 8]));
        assert_eq!(read, Err(Error::InputOutput));
        disk.fail(Operation::Write, 8..16);
        opened
            .write_at(4096, &mut Source::kernel(&[4; 4096]))
            .unwrap();
        assert_eq!(opened.sync(false), Err(Error::InputOutput));
        disk.heal();
        opened
            .write_at(4096, &mut Source::kernel(&[5; 4096]))
            .unwrap();
        assert_eq!(opened.sync(false), Ok(()));
        assert_eq!(disk.contents()[4096..8192], [5; 4096]);
        device.detach(1).unwrap();
        drop((opened, backing));
        for _ in 0..100 {
            base::thread::yield_now();
        }
        BlockCache::forget(&below).unwrap();
    });
}

#[test]
fn parts_have_numbers_of_their_own_and_go_with_the_file() {
    with_loops(|context| {
        let (device, block) = first();
        let backing = file(context, "/disk", 100 * SECTOR as u64);
        // A master boot record with two entries: kind 0x83, sectors 10 to 29, and 40 to 99.
        let mut table = [0; SECTOR];
        for (index, start, count) in [(0, 10u32, 20u32), (1, 40, 60)] {
            let entry = &mut table[446 + index * 16..][..16];
            entry[4] = 0x83;
            entry[8..12].copy_from_slice(&start.to_le_bytes());
            entry[12..].copy_from_slice(&count.to_le_bytes());
        }
        table[510..].copy_from_slice(&[0x55, 0xaa]);
        backing.write_at(0, &mut Source::kernel(&table)).unwrap();
        let names = || -> Vec<(String, u32, u32)> {
            let parts = registry().block_devices().into_iter();
            let parts = parts.filter(|part| part.whole().is_some());
            parts
                .map(|part| (part.name().into(), part.number().major, part.number().minor))
                .collect()
        };
        device.attach(&backing, Setup::default()).unwrap();
        assert!(names().is_empty() && !block.is_scanned());
        let scanned = Setup {
            scanned: true,
            ..Setup::default()
        };
        device.change(scanned.clone()).unwrap();
        let both = [("loop0p1".into(), 259, 0), ("loop0p2".into(), 259, 1)];
        assert_eq!(names(), both);
        let part = registry().block(device::DeviceNumber::new(259, 1)).unwrap();
        assert_eq!(part.geometry().sectors, 60);
        let opened = open(&part);
        opened.write_at(5, &mut Source::kernel(b"inside")).unwrap();
        opened.sync(true).unwrap();
        let mut bytes = [0; 6];
        let place = 40 * SECTOR as u64 + 5;
        backing
            .read_at(place, &mut Sink::kernel(&mut bytes))
            .unwrap();
        assert_eq!(&bytes, b"inside");
        // Whoever has a part open uses the device, which ends with the last use.
        device.detach(0).unwrap();
        assert!(device.is_attached());
        drop(part);
        drop(opened);
        assert!(!device.is_attached() && names().is_empty());
        // Their numbers are free again.
        device.attach(&backing, scanned).unwrap();
        assert_eq!(names(), both);
        device.detach(0).unwrap();
        assert!(names().is_empty());
    });
}
