//! A device for tests that complains about whatever a cache promises not to do, and a file on it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

use base::sync::{Mutex, SpinLock};
use base::{Error, Result, rank, thread};
use hal::PAGE_SIZE;
use hal::frame::Frame;

use super::*;
use crate::transfer::{Sink, Source};
use crate::{AddressSpace, AreaKind, Backing, MapRequest, Placement, Protection, Sharing};

pub(super) const PAGE: u64 = PAGE_SIZE as u64;

/// A device of one file, which complains about whatever a cache promises not to do.
#[derive(Default)]
pub(super) struct Device {
    /// By grains, as is the room.
    pub(super) pages: BTreeMap<u64, Vec<u8>>,
    pub(super) rooms: BTreeSet<u64>,
    pub(super) capacity: usize,
    pub(super) writing: BTreeSet<u64>,
    pub(super) preparing: Vec<u64>,
    pub(super) prepared: usize,
    pub(super) bad_reads: BTreeSet<u64>,
    pub(super) bad_writes: BTreeSet<u64>,
    pub(super) reads: Vec<(u64, usize)>,
    pub(super) writes: Vec<(u64, usize)>,
}

pub(super) struct Slow {
    pub(super) device: SpinLock<Device>,
    pub(super) delay: AtomicUsize,
    pub(super) grain: usize,
}

impl Slow {
    pub(super) fn new(delay: usize, capacity: usize, grain: usize) -> Arc<Self> {
        let device = Device {
            capacity,
            ..Device::default()
        };
        Arc::new(Self {
            device: SpinLock::new(rank::DEVICE, device),
            delay: AtomicUsize::new(delay),
            grain,
        })
    }

    /// The grains of a page: where they begin in it, and their numbers.
    pub(super) fn places(&self, index: u64) -> impl Iterator<Item = (usize, u64)> + use<> {
        let (grain, first) = (self.grain, index * PAGE / self.grain as u64);
        (0..PAGE_SIZE / grain).map(move |step| (step * grain, first + step as u64))
    }

    pub(super) fn dawdle(&self) {
        for _ in 0..self.delay.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    }

    /// What a file system does after a truncation.
    pub(super) fn give_back(&self, size: u64) {
        let first = size.div_ceil(PAGE);
        self.wait_for_page(size);
        let mut device = self.device.lock();
        assert!(device.writing.range(first..).next().is_none());
        assert!(device.preparing.iter().all(|&index| index < first));
        let first = size.div_ceil(self.grain as u64);
        device.rooms.split_off(&first);
        device.pages.split_off(&first);
    }

    /// What a file system does after it made a hole.
    pub(super) fn give_back_hole(&self, bytes: Range<u64>) {
        self.wait_for_page(bytes.start);
        self.wait_for_page(bytes.end);
        let mut device = self.device.lock();
        for index in bytes.start.div_ceil(PAGE)..bytes.end / PAGE {
            assert!(!device.writing.contains(&index));
        }
        let grain = self.grain as u64;
        assert!(bytes.start.is_multiple_of(grain) && bytes.end.is_multiple_of(grain));
        for place in bytes.start / grain..bytes.end / grain {
            device.rooms.remove(&place);
            device.pages.remove(&place);
        }
    }

    /// Nothing is given back of a page that stays while it is written, as under a file system's lock.
    pub(super) fn wait_for_page(&self, at: u64) {
        while !at.is_multiple_of(PAGE) && self.device.lock().writing.contains(&(at / PAGE)) {
            thread::yield_now();
        }
    }

    pub(super) fn bytes(&self, size: u64) -> Vec<u8> {
        let device = self.device.lock();
        let mut bytes = vec![0; size.next_multiple_of(PAGE) as usize];
        for (&index, page) in &device.pages {
            let at = index as usize * self.grain;
            if at < bytes.len() {
                bytes[at..at + self.grain].copy_from_slice(page);
            }
        }
        bytes.truncate(size as usize);
        bytes
    }
}

impl PageSource for Slow {
    fn read_page(&self, index: u64, frame: &Frame) -> Result<()> {
        self.read_pages(index, core::slice::from_ref(frame))
    }

    fn write_page(&self, index: u64, frame: &Frame) -> Result<()> {
        self.write_pages(index, core::slice::from_ref(frame))
    }

    fn read_pages(&self, first: u64, frames: &[Frame]) -> Result<()> {
        self.dawdle();
        let mut device = self.device.lock();
        device.reads.push((first, frames.len()));
        for (index, frame) in (first..).zip(frames) {
            if device.writing.contains(&index) {
                // Who reads what is being written has nothing to expect.
                frame.fill(0, PAGE_SIZE, 0xee);
                continue;
            }
            if device.bad_reads.contains(&index) {
                return Err(Error::InputOutput);
            }
            for (at, place) in self.places(index) {
                match device.pages.get(&place) {
                    Some(page) => frame.write(at, page),
                    None => frame.fill(at, self.grain, 0),
                }
            }
        }
        Ok(())
    }

    fn write_pages(&self, first: u64, frames: &[Frame]) -> Result<()> {
        {
            let mut device = self.device.lock();
            device.writes.push((first, frames.len()));
            for index in first..first + frames.len() as u64 {
                assert!(
                    device.writing.insert(index),
                    "{index} is written twice at once"
                );
            }
        }
        self.dawdle();
        let mut device = self.device.lock();
        let mut outcome = Ok(());
        for (index, frame) in (first..).zip(frames) {
            device.writing.remove(&index);
            if device.bad_writes.contains(&index) {
                outcome = Err(Error::InputOutput);
                continue;
            }
            for (at, place) in self.places(index) {
                let mut page = vec![0; self.grain];
                frame.read(at, &mut page);
                if device.rooms.contains(&place) {
                    device.pages.insert(place, page);
                } else {
                    let is_zero = page.iter().all(|&byte| byte == 0);
                    assert!(is_zero, "no room was found for {place}");
                }
            }
        }
        outcome
    }

    fn grain(&self) -> usize {
        self.grain
    }

    fn prepare_write(&self, index: u64, within: Range<usize>) -> Result<()> {
        assert!(within.start.is_multiple_of(self.grain) && within.end.is_multiple_of(self.grain));
        {
            let mut device = self.device.lock();
            device.preparing.push(index);
            device.prepared += 1;
        }
        self.dawdle();
        let mut device = self.device.lock();
        if let Some(place) = device.preparing.iter().position(|&other| other == index) {
            device.preparing.swap_remove(place);
        }
        for (at, place) in self.places(index) {
            if !within.contains(&at) || device.rooms.contains(&place) {
                continue;
            }
            if device.rooms.len() == device.capacity {
                return Err(Error::NoSpace);
            }
            device.rooms.insert(place);
        }
        Ok(())
    }
}

/// As a file system keeps it: writers and truncations one after the other.
pub(super) struct Stored {
    pub(super) source: Arc<Slow>,
    pub(super) cache: Arc<PageCache>,
    pub(super) writer: Mutex<()>,
}

impl Stored {
    pub(super) fn new(delay: usize, capacity: usize) -> Arc<Self> {
        Stored::by_grains(delay, capacity, PAGE_SIZE)
    }

    pub(super) fn by_grains(delay: usize, capacity: usize, grain: usize) -> Arc<Self> {
        let source = Slow::new(delay, capacity, grain);
        Arc::new(Self {
            cache: PageCache::with_source("file", source.clone(), 0),
            source,
            writer: Mutex::new(rank::INODE_BYTES, ()),
        })
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> Result<usize> {
        let _writer = self.writer.lock();
        self.cache.write_at(offset, &mut Source::kernel(bytes))
    }

    pub(super) fn truncate(&self, size: u64) {
        let _writer = self.writer.lock();
        self.cache.truncate(size).unwrap();
        self.source.give_back(size);
    }

    pub(super) fn punch(&self, offset: u64, length: u64) {
        let _writer = self.writer.lock();
        self.cache
            .punch_hole_with(offset, length, |bytes| {
                self.source.give_back_hole(bytes);
                Ok(())
            })
            .unwrap();
    }

    pub(super) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0xaa; length];
        let done = self
            .cache
            .read_at(offset, &mut Sink::kernel(&mut bytes))
            .unwrap();
        bytes.truncate(done);
        bytes
    }
}

pub(super) fn map(
    space: &AddressSpace,
    cache: &Arc<PageCache>,
    pages: usize,
    sharing: Sharing,
) -> usize {
    let object: Arc<dyn MemoryObject> = cache.clone();
    space
        .map(MapRequest {
            placement: Placement::Anywhere(0),
            length: pages * PAGE_SIZE,
            protection: Protection::READ | Protection::WRITE,
            sharing,
            backing: Backing::Object {
                object,
                offset: 0,
                maximum: Protection::all(),
            },
            kind: AreaKind::Normal,
        })
        .unwrap()
}
