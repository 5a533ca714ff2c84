//! Files on a device against a vector of bytes: written, mapped, cut, stored and reclaimed at once, on
//! a device that is slow, small, and may fail.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use base::{Error, thread, time};
use hal::PAGE_SIZE;
use hal::hosted::Machine;

use super::stored_kit::{PAGE, Stored, map};
use super::*;
use crate::testing::{Random, in_machine};

use crate::user::{read_bytes, write_bytes};
use crate::{AddressSpace, Sharing};

#[test]
fn a_stored_file_agrees_with_a_vector_whatever_goes_on_beside() {
    const PAGES: usize = 12;
    for seed in 1..=40 {
        in_machine(seed, 1 + seed as usize % 3, move || {
            let grain = PAGE_SIZE >> (seed % 4);
            let file = Stored::by_grains(seed as usize % 5, usize::MAX, grain);
            let done = Arc::new(AtomicBool::new(false));
            let others: Vec<_> = (0..3)
                .map(|number| {
                    let (file, done) = (file.clone(), done.clone());
                    let work = move || {
                        let mut random = Random::new(seed * 7 + number);
                        while !done.load(Ordering::Relaxed) {
                            let first = random.below(PAGES) as u64;
                            let count = random.below(PAGES) as u64;
                            match number {
                                0 => file.cache.write_back(first, count).unwrap(),
                                1 => {
                                    file.cache.drop_clean(first, count);
                                    reclaim::win_back();
                                }
                                _ => file.cache.prefetch(first, count),
                            }
                            thread::yield_now();
                        }
                    };
                    thread::spawn("other", work).unwrap()
                })
                .collect();

            let space = AddressSpace::new().unwrap();
            space.attach();
            let shared = map(&space, &file.cache, PAGES, Sharing::Shared);
            let mut random = Random::new(seed);
            let mut model: Vec<u8> = Vec::new();
            for _ in 0..120 {
                let offset = random.below((PAGES - 3) * PAGE_SIZE);
                let length = random.below(3 * PAGE_SIZE);
                let inside = offset.min(model.len())..(offset + length).min(model.len());
                let value = random.below(0xed) as u8 + 1;
                match random.below(8) {
                    0..=2 => {
                        let bytes = vec![value; length];
                        assert_eq!(file.write(offset as u64, &bytes), Ok(length));
                        if length > 0 {
                            model.resize(model.len().max(offset + length), 0);
                            model[offset..offset + length].copy_from_slice(&bytes);
                        }
                    }
                    3 => {
                        file.truncate(offset as u64);
                        model.resize(offset, 0);
                    }
                    4 => {
                        file.punch(offset as u64, length as u64);
                        if !inside.is_empty() {
                            model[inside].fill(0);
                        }
                    }
                    5 if !inside.is_empty() => {
                        let bytes = vec![value; inside.len()];
                        write_bytes(shared + inside.start, &bytes).unwrap();
                        model[inside].fill(value);
                    }
                    6 if !inside.is_empty() => {
                        let mut bytes = vec![0; inside.len()];
                        read_bytes(shared + inside.start, &mut bytes).unwrap();
                        assert!(bytes == model[inside]);
                    }
                    _ => {
                        let expected = &model[offset.min(model.len())..];
                        let expected = &expected[..length.min(expected.len())];
                        assert!(file.read(offset as u64, length) == expected);
                    }
                }
                assert_eq!(file.cache.size(), model.len() as u64);
            }
            done.store(true, Ordering::Relaxed);
            others.iter().for_each(|thread| thread.join());
            file.cache.write_back(0, u64::MAX).unwrap();
            assert!(file.source.bytes(model.len() as u64) == model);
            assert_eq!(cache_statistics().dirty, 0);
            assert_eq!(cache_statistics().writing, 0);
            AddressSpace::detach();
        });
    }
}

#[test]
fn a_private_copy_survives_write_back_and_reclaim() {
    in_machine(3, 1, || {
        let file = Stored::new(0, usize::MAX);
        file.write(0, &[7; 2 * PAGE_SIZE]).unwrap();
        let space = AddressSpace::new().unwrap();
        space.attach();
        let at = map(&space, &file.cache, 2, Sharing::Private);
        write_bytes(at, &[1]).unwrap();
        let mut byte = [0];
        read_bytes(at + PAGE_SIZE, &mut byte).unwrap();
        file.write(5, &[8]).unwrap();
        file.cache.write_back(0, 2).unwrap();
        for _ in 0..10 {
            reclaim::win_back();
        }
        assert_eq!(file.cache.resident_pages(), 0, "mapped pages go, too");
        read_bytes(at, &mut byte).unwrap();
        assert_eq!(byte, [1]);
        read_bytes(at + PAGE_SIZE, &mut byte).unwrap();
        assert_eq!(byte, [7]);
        AddressSpace::detach();
    });
}

#[test]
fn a_full_device_is_heard_of_before_anything_changes() {
    in_machine(4, 1, || {
        let file = Stored::new(1, 2);
        assert_eq!(
            file.write(0, &[1; 3 * PAGE_SIZE]),
            Ok(2 * PAGE_SIZE),
            "what fits is written"
        );
        assert_eq!(file.cache.size(), 2 * PAGE);
        assert_eq!(file.write(2 * PAGE, &[1]), Err(Error::NoSpace));
        file.truncate(4 * PAGE);
        let space = AddressSpace::new().unwrap();
        space.attach();
        let at = map(&space, &file.cache, 4, Sharing::Shared);
        let mut byte = [9];
        read_bytes(at + 3 * PAGE_SIZE, &mut byte).unwrap();
        assert_eq!(byte, [0]);
        assert_eq!(
            space.handle_fault(at + 3 * PAGE_SIZE, Access::Write),
            Err(crate::FaultKind::Bus)
        );
        assert_eq!(space.handle_fault(at, Access::Write), Ok(()));
        file.cache.write_back(0, u64::MAX).unwrap();
        AddressSpace::detach();
    });
}

#[test]
fn the_last_page_is_prepared_anew_when_the_file_grew() {
    in_machine(8, 1, || {
        let file = Stored::new(1, usize::MAX);
        file.write(0, &[1; 100]).unwrap();
        let space = AddressSpace::new().unwrap();
        space.attach();
        let at = map(&space, &file.cache, 1, Sharing::Shared);
        let prepared = || file.source.device.lock().prepared;
        write_bytes(at + 50, &[2]).unwrap();
        let before = prepared();
        write_bytes(at + 51, &[2]).unwrap();
        assert_eq!(prepared(), before);
        file.truncate(2000);
        write_bytes(at + 1500, &[3]).unwrap();
        assert_eq!(prepared(), before + 1);
        file.write(2000, &[4]).unwrap();
        write_bytes(at + 1600, &[3]).unwrap();
        assert!(prepared() > before + 1);
        file.cache.write_back(0, 1).unwrap();
        AddressSpace::detach();
    });
}

#[test]
fn room_is_found_and_given_back_by_grains() {
    in_machine(9, 1, || {
        let file = Stored::by_grains(1, usize::MAX, 1024);
        let rooms = || {
            file.cache.write_back(0, u64::MAX).unwrap();
            let device = file.source.device.lock();
            assert!(device.pages.keys().eq(&device.rooms));
            device.rooms.iter().copied().collect::<Vec<_>>()
        };
        file.truncate(4 * PAGE);
        file.write(PAGE + 1500, &[1; 100]).unwrap();
        assert_eq!(rooms(), [5]);
        file.write(PAGE + 2000, &[2; 100]).unwrap();
        assert_eq!(rooms(), [5, 6]);
        // What a mapping changes is a whole page, however little of it is cut out before.
        let space = AddressSpace::new().unwrap();
        space.attach();
        let at = map(&space, &file.cache, 4, Sharing::Shared);
        write_bytes(at + PAGE_SIZE + 10, &[3]).unwrap();
        assert_eq!(rooms(), [4, 5, 6, 7]);
        write_bytes(at + PAGE_SIZE + 11, &[3]).unwrap();
        file.punch(PAGE + 500, 2000);
        assert_eq!(rooms(), [4, 6, 7]);
        write_bytes(at + PAGE_SIZE + 1600, &[4]).unwrap();
        assert_eq!(rooms(), [4, 5, 6, 7]);
        let mut bytes = [9; 700];
        read_bytes(at + PAGE_SIZE + 1300, &mut bytes).unwrap();
        assert!((0..700).all(|step| bytes[step] == if step == 300 { 4 } else { 0 }));
        // Parts of two pages and all between them; then a cut.
        file.write(0, &[5; 4 * PAGE_SIZE]).unwrap();
        file.punch(3000, 2 * PAGE);
        assert_eq!(rooms(), [0, 1, 2, 10, 11, 12, 13, 14, 15]);
        file.truncate(3 * PAGE + 1000);
        assert_eq!(rooms(), [0, 1, 2, 10, 11, 12]);
        file.truncate(4 * PAGE);
        write_bytes(at + 4 * PAGE_SIZE - 1, &[6]).unwrap();
        assert_eq!(rooms(), [0, 1, 2, 10, 11, 12, 13, 14, 15]);
        AddressSpace::detach();
    });
}

#[test]
fn an_error_is_told_once_to_each_who_asks() {
    in_machine(5, 1, || {
        let file = Stored::new(0, usize::MAX);
        let before = file.cache.error_mark();
        file.write(0, &[1; 4 * PAGE_SIZE]).unwrap();
        file.source.device.lock().bad_writes.insert(2);
        assert_eq!(file.cache.write_back(0, 4), Err(Error::InputOutput));
        assert_eq!(
            file.source.device.lock().pages.len(),
            3,
            "one bad place does not cost its neighbours"
        );
        // Opened after the error, and before anybody heard of it.
        let after = file.cache.error_mark();
        assert_eq!(file.cache.error_since(&before), Err(Error::InputOutput));
        assert_eq!(file.cache.error_since(&before), Ok(()));
        assert_eq!(file.cache.error_since(&after), Err(Error::InputOutput));
        let late = file.cache.error_mark();
        assert_eq!(file.cache.error_since(&late), Ok(()));
        assert_eq!(
            file.cache.write_back(0, 4),
            Ok(()),
            "nothing is dirty any more"
        );
    });
}

#[test]
fn what_is_old_is_written_by_itself_and_together() {
    in_machine(6, 1, || {
        let source = {
            let file = Stored::new(0, usize::MAX);
            for page in 0..20 {
                file.write(page * PAGE, &[3; PAGE_SIZE]).unwrap();
            }
            // The file is closed and forgotten; its bytes are not.
            file.source.clone()
        };
        thread::sleep_until(time::now() + Duration::from_secs(20)).unwrap();
        assert!(source.device.lock().writes.is_empty());
        thread::sleep_until(time::now() + Duration::from_secs(20)).unwrap();
        assert_eq!(source.device.lock().writes, [(0, 20)]);
        assert_eq!(Arc::strong_count(&source), 1, "and then it is let go");
        assert_eq!(cache_statistics().cached, 0);
    });
}

#[test]
fn a_read_in_order_finds_everything_there() {
    in_machine(7, 1, || {
        let file = Stored::new(0, usize::MAX);
        file.write(0, &vec![5; 400 * PAGE_SIZE]).unwrap();
        file.cache.write_back(0, u64::MAX).unwrap();
        assert_eq!(file.cache.drop_clean(0, u64::MAX), 400);
        for page in 0..400 {
            assert_eq!(file.read(page * PAGE, PAGE_SIZE), [5; PAGE_SIZE]);
            thread::yield_now();
        }
        let reads = core::mem::take(&mut file.source.device.lock().reads);
        let pages: usize = reads.iter().map(|(_, count)| count).sum();
        assert_eq!(pages, 400, "{reads:?}");
        assert!(reads.len() < 14, "{reads:?}");
        assert_eq!(reads[0], (0, 4));
        // Here and there: only what is asked for.
        file.cache.drop_clean(0, u64::MAX);
        for page in [300, 17, 200, 90, 350, 7] {
            file.read(page * PAGE, 10);
        }
        let reads = core::mem::take(&mut file.source.device.lock().reads);
        assert!(reads.iter().all(|&(_, count)| count == 1), "{reads:?}");
        // One bad page costs only who needs it.
        file.cache.drop_clean(0, u64::MAX);
        file.source.device.lock().bad_reads.insert(2);
        assert_eq!(file.read(0, 4 * PAGE_SIZE).len(), 2 * PAGE_SIZE);
        assert_eq!(file.read(3 * PAGE, 1), [5]);
    });
}

#[test]
fn ten_times_the_memory_goes_through_a_small_machine() {
    const MEMORY: usize = 3 << 20;
    for seed in 1..=3 {
        let outcome = Machine::new(seed)
            .cpus(2)
            .memory_bytes(MEMORY)
            .step_limit(200_000_000)
            .run_with(move |_| {
                assert!(base::init().is_ok());
                let file = Stored::new(seed as usize, usize::MAX);
                let pages = 10 * MEMORY as u64 / PAGE;
                let value = |page: u64| (page * 31 + seed) as u8 | 1;
                let mut chunk = vec![0; 4 * PAGE_SIZE];
                for page in (0..pages).step_by(4) {
                    for part in 0..4 {
                        let at = part as usize * PAGE_SIZE;
                        chunk[at..at + PAGE_SIZE].fill(value(page + part));
                    }
                    assert_eq!(file.write(page * PAGE, &chunk), Ok(chunk.len()));
                }
                for page in (0..pages).step_by(4) {
                    let bytes = file.read(page * PAGE, chunk.len());
                    assert_eq!(bytes.len(), chunk.len());
                    for part in 0..4 {
                        let at = part as usize * PAGE_SIZE;
                        assert!(
                            bytes[at..at + PAGE_SIZE]
                                .iter()
                                .all(|&byte| byte == value(page + part)),
                            "page {} of {pages}",
                            page + part
                        );
                    }
                }
                assert!(cache_statistics().reclaimed > pages as usize);
                drop(file);
                thread::sleep_until(time::now() + Duration::from_secs(100)).unwrap();
                assert_eq!(cache_statistics().cached, 0);
            });
        assert_eq!(outcome.complaint(), None, "seed {seed}");
    }
}

#[test]
fn a_machine_may_end_in_the_middle() {
    for seed in 1..=20 {
        in_machine(seed, 2, move || {
            let file = Stored::new(3, usize::MAX);
            file.write(0, &[1; 40 * PAGE_SIZE]).unwrap();
            file.cache.prefetch(0, 40);
            for _ in 0..seed {
                file.cache.drop_clean(0, 20);
                reclaim::direct(10);
                file.read(0, 8 * PAGE_SIZE);
                reclaimer::call();
            }
            if seed % 2 == 0 {
                file.cache.start_write_back(0, 30).unwrap();
            }
        });
    }
}
