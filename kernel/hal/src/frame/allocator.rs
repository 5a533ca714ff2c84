//! The machine's frames: buddy below, a cache for each CPU above, watermarks between.
//!
//! Memory for user programs and other fallible allocations comes to an end while there is still a
//! reserve left, so that the small allocations of the kernel's own heap do not fail. Below a
//! second, higher mark a reclaimer is asked to give pages back.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::FrameStatistics;
use super::buddy::{Buddy, ORDERS};
use super::metadata::Metadata;
use crate::arch::{self, MemoryMap, PhysicalRange};
use crate::cpu_owned::{CpuOwned, Initial};
use crate::global::Global;
use crate::sync::{Once, Rank, SpinLock};
use crate::{MAX_CPUS, OutOfMemory, PAGE_SIZE};

const RANK: Rank = Rank(800);

/// Frames a CPU keeps at most, and how many move between it and the buddy at a time.
const CACHE: usize = 64;
const BATCH: usize = 32;

/// Whom an allocation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Programs, and whatever else can do without. A single frame is paid for.
    Ordinary,
    /// As ordinary, but nobody pays: kernel stacks, which one thread leaves to the next.
    #[cfg_attr(not(target_os = "none"), allow(dead_code))]
    Unpaid,
    /// The kernel's own small needs: may use the reserve.
    #[cfg_attr(not(target_os = "none"), allow(dead_code))]
    Reserve,
}

pub(super) struct FrameAllocator {
    /// The number of the frame at index 0.
    base: usize,
    metadata: *const Metadata,
    count: usize,
    buddy: SpinLock<Buddy>,
    /// The buddy's count of free frames, readable without its lock.
    free: AtomicUsize,
    cached: [AtomicUsize; MAX_CPUS],
    total: usize,
    reserved: usize,
    reserve: usize,
    low: usize,
    initramfs: PhysicalRange,
    initramfs_taken: AtomicBool,
    reclaimer: Once<fn(usize) -> usize>,
    /// Which CPUs are asking for memory back.
    reclaiming: [AtomicBool; MAX_CPUS],
}

// SAFETY: `metadata` points to an array that lives as long as the machine and is only ever read
// as shared atomics; the other fields are `Send` and `Sync` by themselves.
unsafe impl Send for FrameAllocator {}
// SAFETY: as above.
unsafe impl Sync for FrameAllocator {}

static FRAMES: Global<FrameAllocator> = Global::new(FrameAllocator::new);
static CACHES: CpuOwned<Cache> = CpuOwned::new();

struct Cache {
    length: usize,
    /// The account that this CPU pays from.
    payer: u32,
    frames: [u32; CACHE],
}

impl Initial for Cache {
    const INITIAL: Self = Self {
        length: 0,
        payer: 0,
        frames: [0; CACHE],
    };
}

/// Sets the account that this CPU pays from.
pub(super) fn set_payer(account: u32) {
    CACHES.with(|cache| cache.payer = account);
}

/// The machine's frames.
#[inline]
pub(super) fn frames() -> &'static FrameAllocator {
    // SAFETY: a `Global` in a static lives as long as its machine, and every thread that can
    // reach this runs on that machine.
    unsafe { &*core::ptr::from_ref::<FrameAllocator>(&*FRAMES) }
}

impl FrameAllocator {
    fn new() -> Self {
        let map = arch::memory_map();
        let ram = || map.ram.iter().filter(|range| range.start < range.end);
        let first = ram()
            .map(|range| range.start / PAGE_SIZE)
            .min()
            .unwrap_or(0);
        let last = ram().map(|range| range.end / PAGE_SIZE).max().unwrap_or(0);
        let base = first & !((1 << (ORDERS - 1)) - 1);
        let count = last - base;
        let size = (count * size_of::<Metadata>()).next_multiple_of(PAGE_SIZE);
        let place = place_for(&map, size);
        let array = arch::physical_to_virtual(place).cast::<Metadata>();
        for index in 0..count {
            // SAFETY: `place_for` found `size` bytes of RAM that nobody has, in the direct map,
            // page aligned.
            unsafe { array.add(index).write(Metadata::reserved()) };
        }
        // SAFETY: just initialised, and never written again except through its atomics.
        let all = unsafe { core::slice::from_raw_parts(array, count) };
        let mut buddy = Buddy::new();
        for range in ram() {
            let taken = PhysicalRange {
                start: place,
                end: place + size,
            };
            for_each_gap(&map, taken, *range, |start, end| {
                buddy.free_range(all, start / PAGE_SIZE - base, end / PAGE_SIZE - base);
            });
        }
        let initramfs = map.initramfs;
        let loaded = (initramfs.end - initramfs.start).div_ceil(PAGE_SIZE);
        let all_ram: usize = ram()
            .map(|range| (range.end - range.start) / PAGE_SIZE)
            .sum();
        let free = buddy.free_frames();
        Self {
            base,
            metadata: array,
            count,
            free: AtomicUsize::new(free),
            cached: [const { AtomicUsize::new(0) }; MAX_CPUS],
            total: free + loaded,
            reserved: all_ram - free - loaded,
            reserve: (free / 64).clamp(16, 1024),
            low: (free / 32).clamp(32, 4096),
            buddy: SpinLock::new(RANK, buddy),
            initramfs,
            initramfs_taken: AtomicBool::new(false),
            reclaimer: Once::new(),
            reclaiming: [const { AtomicBool::new(false) }; MAX_CPUS],
        }
    }

    #[inline]
    fn all(&self) -> &[Metadata] {
        // SAFETY: see the `Sync` argument; `count` entries were initialised by `new`.
        unsafe { core::slice::from_raw_parts(self.metadata, self.count) }
    }

    /// About the frame with this number; panics for what is not RAM.
    #[inline]
    pub(super) fn metadata(&self, number: usize) -> &Metadata {
        &self.all()[number.wrapping_sub(self.base)]
    }

    /// One frame, unowned, and the account that is to pay for it.
    #[inline]
    pub(super) fn allocate(&self, purpose: Purpose) -> Result<(usize, u32), OutOfMemory> {
        loop {
            let cached = CACHES.with(|cache| {
                cache.length = cache.length.checked_sub(1)?;
                self.note_cached(cache);
                Some((cache.frames[cache.length], cache.payer))
            });
            match cached {
                Some((number, payer)) => return Ok((number as usize, payer)),
                None => self.refill(purpose)?,
            }
        }
    }

    /// Puts an unowned frame back.
    #[inline]
    pub(super) fn release(&self, number: usize) {
        CACHES.with(|cache| {
            if cache.length == CACHE {
                self.spill(cache);
            }
            cache.frames[cache.length] = number as u32;
            cache.length += 1;
            self.note_cached(cache);
        });
    }

    /// A block of 2^`order` frames, unowned.
    pub(super) fn allocate_block(
        &self,
        order: usize,
        purpose: Purpose,
    ) -> Result<usize, OutOfMemory> {
        if order >= ORDERS {
            return Err(OutOfMemory);
        }
        self.admit(1 << order, purpose)?;
        let mut buddy = self.buddy.lock();
        let index = buddy.allocate(self.all(), order).ok_or(OutOfMemory)?;
        self.free.store(buddy.free_frames(), Ordering::Relaxed);
        Ok(index + self.base)
    }

    /// Puts a block back.
    pub(super) fn release_block(&self, number: usize, order: usize) {
        let mut buddy = self.buddy.lock();
        buddy.free(self.all(), number - self.base, order);
        self.free.store(buddy.free_frames(), Ordering::Relaxed);
    }

    #[cold]
    fn refill(&self, purpose: Purpose) -> Result<(), OutOfMemory> {
        self.admit(1, purpose)?;
        CACHES.with(|cache| {
            let mut buddy = self.buddy.lock();
            while cache.length < BATCH {
                let Some(index) = buddy.allocate(self.all(), 0) else {
                    break;
                };
                cache.frames[cache.length] = (index + self.base) as u32;
                cache.length += 1;
            }
            self.free.store(buddy.free_frames(), Ordering::Relaxed);
            self.note_cached(cache);
            if cache.length == 0 {
                Err(OutOfMemory)
            } else {
                Ok(())
            }
        })
    }

    #[cold]
    fn spill(&self, cache: &mut Cache) {
        let mut buddy = self.buddy.lock();
        for _ in 0..BATCH {
            cache.length -= 1;
            buddy.free(
                self.all(),
                cache.frames[cache.length] as usize - self.base,
                0,
            );
        }
        self.free.store(buddy.free_frames(), Ordering::Relaxed);
    }

    #[inline]
    fn note_cached(&self, cache: &Cache) {
        self.cached[arch::cpu_id()].store(cache.length, Ordering::Relaxed);
    }

    /// Whether `wanted` more frames may go out for this purpose; asks the reclaimer on the way.
    fn admit(&self, wanted: usize, purpose: Purpose) -> Result<(), OutOfMemory> {
        if self.free.load(Ordering::Relaxed) < self.low + wanted {
            self.reclaim(wanted);
        }
        let keep = if purpose == Purpose::Reserve {
            0
        } else {
            self.reserve
        };
        if self.free.load(Ordering::Relaxed) < wanted + keep {
            return Err(OutOfMemory);
        }
        Ok(())
    }

    /// Asks for memory back. Not where the caller may hold a spin lock or be an interrupt
    /// handler (both have interrupts disabled), and not from inside the reclaimer.
    fn reclaim(&self, wanted: usize) {
        if !arch::interrupts_enabled() {
            return;
        }
        // Whoever reclaims neither sleeps nor is preempted: it stays on its CPU.
        let reclaiming = &self.reclaiming[arch::cpu_id()];
        if reclaiming.swap(true, Ordering::Acquire) {
            return;
        }
        if let Some(reclaimer) = self.reclaimer.get() {
            let free = self.free.load(Ordering::Relaxed);
            reclaimer((self.low + wanted).saturating_sub(free).max(BATCH));
        }
        reclaiming.store(false, Ordering::Release);
    }

    /// The first one stays.
    pub(super) fn set_reclaimer(&self, reclaimer: fn(usize) -> usize) {
        let _ = self.reclaimer.set(reclaimer);
    }

    /// Whether an ordinary allocation would fail, or nearly so.
    pub(super) fn is_short(&self) -> bool {
        self.free.load(Ordering::Relaxed) < self.reserve + BATCH
    }

    /// The same, after asking for memory back.
    pub(super) fn stays_short(&self) -> bool {
        if self.is_short() {
            self.reclaim(BATCH);
        }
        self.is_short()
    }

    /// How many frames are missing to twice the mark below which a reclaimer is asked.
    pub(super) fn shortage(&self) -> usize {
        (2 * self.low + BATCH).saturating_sub(self.free.load(Ordering::Relaxed))
    }

    pub(super) fn statistics(&self) -> FrameStatistics {
        let cached: usize = self
            .cached
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum();
        FrameStatistics {
            total: self.total,
            free: self.free.load(Ordering::Relaxed) + cached,
            reserved_by_kernel: self.reserved,
        }
    }

    /// Whether a physical range touches RAM.
    pub(super) fn touches_ram(&self, physical: usize, length: usize) -> bool {
        let map = arch::memory_map();
        map.ram
            .iter()
            .any(|ram| physical < ram.end && ram.start < physical.saturating_add(length))
    }

    /// The initramfs' place, the first time only.
    pub(super) fn take_initramfs(&self) -> Option<PhysicalRange> {
        let range = self.initramfs;
        (range.start < range.end && !self.initramfs_taken.swap(true, Ordering::Relaxed))
            .then_some(range)
    }
}

/// What of the initramfs' first and last page belongs to it: whole pages around it.
fn whole_pages(range: PhysicalRange) -> PhysicalRange {
    PhysicalRange {
        start: range.start & !(PAGE_SIZE - 1),
        end: range.end.next_multiple_of(PAGE_SIZE),
    }
}

/// Calls `each` with every part of `range`, as whole pages, that is not taken.
fn for_each_gap(
    map: &MemoryMap,
    taken: PhysicalRange,
    range: PhysicalRange,
    mut each: impl FnMut(usize, usize),
) {
    let mut start = range.start;
    while start < range.end {
        let obstacles = || {
            map.reserved
                .iter()
                .chain([&map.initramfs, &taken])
                .filter(|obstacle| obstacle.start < obstacle.end)
                .map(|&obstacle| whole_pages(obstacle))
        };
        if let Some(inside) =
            obstacles().find(|obstacle| obstacle.start <= start && start < obstacle.end)
        {
            start = inside.end;
            continue;
        }
        let end = obstacles()
            .map(|obstacle| obstacle.start)
            .filter(|&obstacle| obstacle > start)
            .fold(range.end, usize::min);
        each(start, end);
        start = end;
    }
}

/// The first free place in RAM of `size` bytes.
fn place_for(map: &MemoryMap, size: usize) -> usize {
    let mut place = None;
    for range in map.ram.iter().filter(|range| range.start < range.end) {
        for_each_gap(map, PhysicalRange::default(), *range, |start, end| {
            if place.is_none() && end - start >= size {
                place = Some(start);
            }
        });
    }
    match place {
        Some(place) => place,
        None => panic!("no room in memory for the table of frames"),
    }
}
