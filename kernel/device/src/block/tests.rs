//! Requests, batches and the disk in memory.

use alloc::vec;

use base::Error;
use hal::frame::Frame;
use hal::hosted::Machine;

use super::partition::{Entry, Partition};
use super::*;
use mem::transfer::{Sink, Source};
use object::{File, FileAccess, SeekFrom, StatusFlags};

fn in_machine(body: impl FnOnce() + 'static) {
    let outcome = Machine::new(1).cpus(1).run_with(move |_| {
        assert!(base::init().is_ok());
        body();
    });
    if let Some(complaint) = outcome.complaint() {
        panic!("{complaint}");
    }
}

fn page(value: u8) -> Segment {
    let frame = Frame::allocate().expect("a frame");
    frame.fill(0, 4096, value);
    Segment {
        frame,
        offset: 0,
        length: 4096,
    }
}

#[test]
fn what_was_written_is_read_and_recorded() {
    in_machine(|| {
        let disk = MemoryDisk::new("test", 0, vec![0; 64 * SECTOR]);
        assert!(disk.record().is_empty());
        let halves = [
            Segment {
                length: 512,
                ..page(1)
            },
            Segment {
                offset: 1024,
                length: 1024,
                ..page(2)
            },
        ];
        assert_eq!(transfer(&*disk, Operation::Write, 3, &halves), Ok(()));
        assert_eq!(flush(&*disk), Ok(()));
        let back = page(9);
        assert_eq!(
            transfer(&*disk, Operation::Read, 2, core::slice::from_ref(&back)),
            Ok(())
        );
        let mut bytes = [0; 4096];
        back.frame.read(0, &mut bytes);
        assert!(bytes[..512].iter().all(|byte| *byte == 0));
        assert!(bytes[512..1024].iter().all(|byte| *byte == 1));
        assert!(bytes[1024..2048].iter().all(|byte| *byte == 2));
        assert!(bytes[2048..].iter().all(|byte| *byte == 0));
        let record = disk.record();
        assert_eq!(record.len(), 2);
        assert!(matches!(&record[0], Recorded::Write(3, bytes) if bytes.len() == 1536));
        assert_eq!(record[1], Recorded::Flush);
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    in_machine(|| {
        let disk = MemoryDisk::new("test", 0, vec![0; 64 * SECTOR]);
        let one = [page(1)];
        let beyond = transfer(&*disk, Operation::Write, 60, &one);
        assert_eq!(beyond, Err(Error::InputOutput));
        let far = transfer(&*disk, Operation::Read, u64::MAX - 2, &one);
        assert_eq!(far, Err(Error::InputOutput));
        let odd = Segment {
            offset: 100,
            length: 512,
            ..page(1)
        };
        let crooked = transfer(&*disk, Operation::Read, 0, &[odd]);
        assert_eq!(crooked, Err(Error::InvalidArgument));
    });
}

#[test]
fn more_than_a_request_holds_goes_in_several() {
    in_machine(|| {
        let disk = MemoryDisk::new("test", 0, vec![0; 512 * SECTOR]);
        disk.record();
        let many: Vec<Segment> = (0..40).map(page).collect();
        assert_eq!(transfer(&*disk, Operation::Write, 0, &many), Ok(()));
        assert_eq!(disk.record().len(), 2);
        let contents = disk.contents();
        assert!((0..40).all(|index| contents[index * 4096 + 5] == index as u8));
    });
}

#[test]
fn an_error_reaches_who_waits_and_so_does_a_request_that_nobody_answers() {
    in_machine(|| {
        let disk = MemoryDisk::new("test", 0, vec![0; 64 * SECTOR]);
        disk.fail(Operation::Read, 8..9);
        let one = [page(1)];
        assert_eq!(transfer(&*disk, Operation::Read, 0, &one), Ok(()));
        let failed = transfer(&*disk, Operation::Read, 8, &one);
        assert_eq!(failed, Err(Error::InputOutput));
        disk.heal();
        assert_eq!(transfer(&*disk, Operation::Read, 8, &one), Ok(()));
        let batch = Batch::new();
        drop(Request::new(Operation::Flush, 0, Vec::new(), &batch));
        assert_eq!(batch.wait(), Err(Error::InputOutput));
    });
}

fn open(device: &Arc<dyn BlockDevice>, flags: StatusFlags) -> Arc<BlockFile> {
    let access = FileAccess::READ | FileAccess::WRITE;
    BlockFile::open(device, access, flags).unwrap()
}

#[test]
fn a_file_on_a_device_ends_where_the_device_ends() {
    in_machine(|| {
        // Not a whole number of pages.
        let disk = MemoryDisk::new("test", 0, vec![7; 9 * SECTOR]);
        let device: Arc<dyn BlockDevice> = disk.clone();
        let file = open(&device, StatusFlags::empty());
        assert_eq!(file.seek(SeekFrom::End(-3)), Ok(9 * 512 - 3));
        let mut bytes = [1; 10];
        assert_eq!(file.read(&mut Sink::kernel(&mut bytes)), Ok(3));
        assert_eq!(file.read(&mut Sink::kernel(&mut bytes)), Ok(0));
        assert_eq!(file.write(&mut Source::kernel(&[8])), Err(Error::NoSpace));
        assert_eq!(file.seek(SeekFrom::End(1)), Err(Error::InvalidArgument));
        assert_eq!(file.seek(SeekFrom::Current(-2)), Ok(9 * 512 - 2));
        assert_eq!(file.write(&mut Source::kernel(&[8; 5])), Ok(2));
        assert_eq!(file.cache().pages().size(), 9 * 512);
        // Another file sees it, the device not before it is synced.
        let other = open(&device, StatusFlags::empty());
        let mut end = [0; 2];
        assert_eq!(other.read_at(4606, &mut Sink::kernel(&mut end)), Ok(2));
        assert_eq!(end, [8, 8]);
        disk.record();
        assert!(disk.contents().iter().all(|byte| *byte == 7));
        assert_eq!(file.sync(true), Ok(()));
        assert!(disk.contents().ends_with(&[7, 8, 8]));
        assert_eq!(disk.record().last(), Some(&Recorded::Flush));
        assert!(BlockCache::is_in_use(&device));
        drop((file, other));
        assert!(!BlockCache::is_in_use(&device));
        assert_eq!(BlockCache::forget(&device), Ok(()));
    });
}

#[test]
fn direct_and_synchronous_writes_are_on_the_device_when_they_return() {
    in_machine(|| {
        let disk = MemoryDisk::new("test", 0, vec![0; 64 * SECTOR]);
        let device: Arc<dyn BlockDevice> = disk.clone();
        let direct = open(&device, StatusFlags::DIRECT);
        let crooked = direct.write_at(100, &mut Source::kernel(&[1; 512]));
        assert_eq!(crooked, Err(Error::InvalidArgument));
        let short = direct.read_at(0, &mut Sink::kernel(&mut [0; 100]));
        assert_eq!(short, Err(Error::InvalidArgument));
        let last = direct.read_at(63 * 512, &mut Sink::kernel(&mut [0; 700]));
        assert_eq!(last, Ok(512));
        let behind = direct.read_at(64 * 512 + 1, &mut Sink::kernel(&mut [0; 100]));
        assert_eq!(behind, Ok(0));
        assert_eq!(
            direct.write_at(512, &mut Source::kernel(&[1; 512])),
            Ok(512)
        );
        assert_eq!(disk.contents()[512..1024], [1; 512]);
        disk.record();
        let safe = open(&device, StatusFlags::SYNC);
        assert_eq!(safe.write_at(5, &mut Source::kernel(&[2; 3])), Ok(3));
        assert_eq!(disk.contents()[5..8], [2; 3]);
        assert_eq!(disk.record().last(), Some(&Recorded::Flush));
        assert_eq!(BlockCache::forget(&device), Ok(()));
    });
}

#[test]
fn nobody_writes_where_that_is_forbidden() {
    in_machine(|| {
        let disk = MemoryDisk::new("test", 0, vec![0; 64 * SECTOR]);
        let device: Arc<dyn BlockDevice> = disk.clone();
        let file = open(&device, StatusFlags::empty());
        let settings = device.settings().expect("settings");
        assert!(!device.is_protected());
        settings.protect(true);
        assert!(device.is_protected());
        let refused = file.write_at(0, &mut Source::kernel(&[1; 8]));
        assert_eq!(refused, Err(Error::NotPermitted));
        let refused = file.writable_memory_object();
        assert_eq!(refused.err(), Some(Error::AccessDenied));
        assert_eq!(file.read_at(0, &mut Sink::kernel(&mut [1; 8])), Ok(8));
        settings.protect(false);
        assert_eq!(file.write_at(0, &mut Source::kernel(&[1; 8])), Ok(8));
        drop(file);
        assert_eq!(BlockCache::forget(&device), Ok(()));
    });
}

#[test]
fn what_is_read_ahead_can_be_set() {
    in_machine(|| {
        let requests = |pages| {
            let disk = MemoryDisk::new("test", 0, vec![0; 1024 * SECTOR]);
            let device: Arc<dyn BlockDevice> = disk.clone();
            device.ahead().expect("a limit").set_pages(pages);
            let file = open(&device, StatusFlags::empty());
            for page in 0..16 {
                let mut bytes = [1; 512];
                assert_eq!(
                    file.read_at(page * 4096, &mut Sink::kernel(&mut bytes)),
                    Ok(512)
                );
            }
            drop(file);
            assert_eq!(BlockCache::forget(&device), Ok(()));
            device.counters().map_or(0, |counters| counters.fields()[0])
        };
        assert_eq!(requests(0), 16);
        assert!(requests(64) < 8);
    });
}

#[test]
fn a_failing_device_is_an_error_that_is_told_once() {
    in_machine(|| {
        let disk = MemoryDisk::new("test", 0, vec![3; 64 * SECTOR]);
        let device: Arc<dyn BlockDevice> = disk.clone();
        let file = open(&device, StatusFlags::empty());
        disk.fail(Operation::Read, 0..8);
        disk.fail(Operation::Write, 8..16);
        let read = file.read_at(0, &mut Sink::kernel(&mut [0; 8]));
        assert_eq!(read, Err(Error::InputOutput));
        assert_eq!(file.write_at(4096, &mut Source::kernel(&[4; 8])), Ok(8));
        // Another file, which somebody opened before, hears of it too.
        let other = open(&device, StatusFlags::empty());
        assert_eq!(file.sync(false), Err(Error::InputOutput));
        assert_eq!(file.sync(false), Ok(()));
        assert_eq!(other.sync(false), Err(Error::InputOutput));
        disk.heal();
        assert_eq!(file.write_at(4096, &mut Source::kernel(&[4; 8])), Ok(8));
        assert_eq!(file.sync(false), Ok(()));
        assert_eq!(disk.contents()[4096..4104], [4; 8]);
        assert_eq!(file.read_at(0, &mut Sink::kernel(&mut [0; 8])), Ok(8));
        assert_eq!(BlockCache::forget(&device), Ok(()));
    });
}

#[test]
fn a_partition_keeps_requests_inside() {
    in_machine(|| {
        let disk = MemoryDisk::new("disk", 0, vec![0; 64 * SECTOR]);
        let whole: Arc<dyn BlockDevice> = disk.clone();
        let entry = Entry {
            number: 2,
            start: 16,
            sectors: 16,
        };
        let part = Partition::new(&whole, &entry).unwrap();
        assert_eq!((part.name(), part.number().minor), ("disk2", 2));
        let two = [page(1), page(2)];
        assert_eq!(transfer(&part, Operation::Write, 0, &two), Ok(()));
        assert_eq!(flush(&part), Ok(()));
        let beyond = transfer(&part, Operation::Write, 8, &two);
        assert_eq!(beyond, Err(Error::InputOutput));
        let contents = disk.contents();
        assert!(contents[..16 * 512].iter().all(|byte| *byte == 0));
        assert_eq!(contents[16 * 512], 1);
        assert_eq!(contents[32 * 512 - 1], 2);
        assert!(contents[32 * 512..].iter().all(|byte| *byte == 0));
        let outside = Entry {
            sectors: 49,
            ..entry
        };
        assert!(Partition::new(&whole, &outside).is_none());
    });
}
