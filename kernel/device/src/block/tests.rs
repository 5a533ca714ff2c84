//! Requests, batches and the disk in memory.

use alloc::vec;

use base::Error;
use hal::frame::Frame;
use hal::hosted::Machine;

use super::*;

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
