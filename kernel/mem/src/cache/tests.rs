//! The page cache against a vector of bytes, under a slow source, and cut short under the feet of
//! those who map it.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use base::sync::SpinLock;
use base::{Error, Result, rank, thread};
use hal::PAGE_SIZE;
use hal::frame::Frame;

use super::*;
use crate::testing::{Random, in_machine};
use crate::transfer::{Sink, Source};
use crate::user::{read_bytes, write_bytes};
use crate::{AddressSpace, AreaKind, Backing, MapRequest, Placement, Protection, Sharing};

const LENGTH: usize = 6 * PAGE_SIZE;

#[test]
fn a_cache_agrees_with_a_vector() {
    for seed in 1..=40 {
        in_machine(seed, 1, move || {
            let mut random = Random::new(seed);
            let cache = PageCache::memory("file");
            let mut model: Vec<u8> = Vec::new();
            for _ in 0..150 {
                let offset = random.below(LENGTH);
                let length = random.below(2 * PAGE_SIZE);
                match random.below(5) {
                    0 | 1 => {
                        let bytes = vec![random.below(255) as u8 + 1; length];
                        let done = cache.write_at(offset as u64, &mut Source::kernel(&bytes));
                        assert_eq!(done, Ok(length));
                        if length > 0 {
                            model.resize(model.len().max(offset + length), 0);
                            model[offset..offset + length].copy_from_slice(&bytes);
                        }
                    }
                    2 => {
                        cache.truncate(offset as u64).unwrap();
                        model.resize(offset, 0);
                    }
                    3 => {
                        cache.punch_hole(offset as u64, length as u64).unwrap();
                        let end = (offset + length).min(model.len());
                        if offset < end {
                            model[offset..end].fill(0);
                        }
                    }
                    _ => {
                        let mut bytes = vec![0xaa; length];
                        let done = cache.read_at(offset as u64, &mut Sink::kernel(&mut bytes));
                        let expected = length.min(model.len().saturating_sub(offset));
                        assert_eq!(done, Ok(expected));
                        let start = offset.min(model.len());
                        assert_eq!(&bytes[..expected], &model[start..start + expected]);
                    }
                }
                assert_eq!(cache.size(), model.len() as u64);
            }
        });
    }
}

/// A device that takes its time, counts, and may fail.
struct Slow {
    reads: [AtomicUsize; 8],
    fails: AtomicBool,
    written: SpinLock<Vec<(u64, u8)>>,
}

impl Slow {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            reads: [const { AtomicUsize::new(0) }; 8],
            fails: AtomicBool::new(false),
            written: SpinLock::new(rank::LEAF, Vec::new()),
        })
    }
}

impl PageSource for Slow {
    fn read_page(&self, index: u64, frame: &Frame) -> Result<()> {
        for _ in 0..5 {
            thread::yield_now();
        }
        self.reads[index as usize].fetch_add(1, Ordering::Relaxed);
        if self.fails.load(Ordering::Relaxed) {
            return Err(Error::InputOutput);
        }
        frame.fill(0, PAGE_SIZE, index as u8 + 1);
        Ok(())
    }

    fn write_page(&self, index: u64, frame: &Frame) -> Result<()> {
        let mut byte = [0];
        frame.read(0, &mut byte);
        self.written.lock().push((index, byte[0]));
        Ok(())
    }
}

#[test]
fn a_page_is_brought_in_once_however_many_ask() {
    for seed in 1..=40 {
        in_machine(seed, 2, move || {
            let source = Slow::new();
            let cache = PageCache::with_source("file", source.clone(), 8 * PAGE_SIZE as u64);
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    let cache = cache.clone();
                    let ask = move || {
                        let mut random = Random::new(seed * 31 + number);
                        for _ in 0..12 {
                            let index = random.below(8) as u64;
                            let mut byte = [0];
                            cache.page(index, Access::Read).unwrap().read(99, &mut byte);
                            assert_eq!(byte[0], index as u8 + 1);
                        }
                    };
                    thread::spawn("reader", ask).unwrap()
                })
                .collect();
            threads.iter().for_each(|thread| thread.join());
            assert!(
                source
                    .reads
                    .iter()
                    .all(|reads| reads.load(Ordering::Relaxed) <= 1)
            );
            assert_eq!(cache.page(8, Access::Read).err(), Some(Error::OutOfRange));
        });
    }
}

#[test]
fn a_failed_read_is_tried_again_by_the_next() {
    in_machine(1, 1, || {
        let source = Slow::new();
        let cache = PageCache::with_source("file", source.clone(), PAGE_SIZE as u64);
        source.fails.store(true, Ordering::Relaxed);
        assert_eq!(cache.page(0, Access::Read).err(), Some(Error::InputOutput));
        source.fails.store(false, Ordering::Relaxed);
        assert!(cache.page(0, Access::Read).is_ok());
    });
}

fn map(space: &AddressSpace, cache: &Arc<PageCache>, pages: usize) -> usize {
    let object: Arc<dyn MemoryObject> = cache.clone();
    let request = MapRequest {
        placement: Placement::Anywhere(0),
        length: pages * PAGE_SIZE,
        protection: Protection::READ | Protection::WRITE,
        sharing: Sharing::Shared,
        backing: Backing::Object {
            object,
            offset: 0,
            maximum: Protection::all(),
        },
        kind: AreaKind::Normal,
    };
    space.map(request).unwrap()
}

#[test]
fn every_write_through_a_mapping_reaches_the_device() {
    in_machine(2, 1, || {
        let source = Slow::new();
        let cache = PageCache::with_source("file", source.clone(), 4 * PAGE_SIZE as u64);
        let space = AddressSpace::new().unwrap();
        space.attach();
        let at = map(&space, &cache, 4);
        let mut byte = [0];
        read_bytes(at + PAGE_SIZE, &mut byte).unwrap();
        cache.write_back(0, 4).unwrap();
        assert!(
            source.written.lock().is_empty(),
            "reading makes nothing dirty"
        );
        for value in [50, 60] {
            // The second write has to fault again, or nobody would know of it.
            write_bytes(at + PAGE_SIZE, &[value]).unwrap();
            space.sync(at, 4 * PAGE_SIZE).unwrap();
        }
        assert_eq!(*source.written.lock(), [(1, 50), (1, 60)]);
        AddressSpace::detach();
    });
}

#[test]
fn what_was_cut_off_is_never_seen_again() {
    for seed in 1..=60 {
        in_machine(seed, 2, move || {
            let cache = PageCache::memory("file");
            let space = AddressSpace::new().unwrap();
            cache.truncate(PAGE_SIZE as u64).unwrap();
            let at = map(&space, &cache, 1);
            let cut = Arc::new(AtomicU64::new(0));
            let reader = {
                let (space, cut) = (space.clone(), cut.clone());
                let read = move || {
                    space.attach();
                    for _ in 0..40 {
                        let before = cut.load(Ordering::SeqCst);
                        let mut byte = [0];
                        if read_bytes(at, &mut byte).is_ok() && byte[0] != 0 {
                            assert!(u64::from(byte[0]) > before, "{byte:?} was cut off");
                        }
                        thread::yield_now();
                    }
                };
                thread::spawn("reader", read).unwrap()
            };
            for value in 1..40u8 {
                cache.write_at(0, &mut Source::kernel(&[value])).unwrap();
                thread::yield_now();
                cache.truncate(0).unwrap();
                cut.store(value.into(), Ordering::SeqCst);
            }
            reader.join();
        });
    }
}
