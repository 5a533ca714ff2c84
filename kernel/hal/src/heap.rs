//! The kernel's heap on bare metal: slabs for small objects, blocks of frames for large ones.
//!
//! A small object belongs to one of a few size classes. Each CPU keeps a chain of free objects of
//! each class, so that most allocations and frees touch nothing shared. Behind the chains are
//! slabs: single frames cut into objects of one class. What a slab needs to know about itself
//! (its first free object, how many are in use, its neighbours in the list of slabs with free
//! objects) is kept in the frame's metadata, so a slab is all objects. A large object is a block
//! from the buddy.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr;
use core::sync::atomic::Ordering;

use crate::cpu_owned::{CpuOwned, Initial};
use crate::frame::{self, Metadata, ORDERS, Purpose};
use crate::sync::{Rank, SpinLock};
use crate::{PAGE_SIZE, arch};

/// The sizes of small objects. All are multiples of 16, and each power of two up to 2048 is
/// among them, which is what alignment needs.
const SIZES: [usize; 14] = [
    16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1344, 2048,
];
const CLASSES: usize = SIZES.len();
const LARGEST: usize = 2048;
const RANK: Rank = Rank(810);
/// No frame, no object.
const NONE: u32 = u32::MAX;

/// The class for each size in steps of 16.
static CLASS_OF: [u8; LARGEST / 16 + 1] = {
    let mut table = [0; LARGEST / 16 + 1];
    let mut class = 0;
    let mut step = 0;
    while step < table.len() {
        if step * 16 > SIZES[class] {
            class += 1;
        }
        table[step] = class as u8;
        step += 1;
    }
    table
};

/// A free object; the next one of its chain is written in its first bytes.
#[derive(Clone, Copy)]
struct Chain {
    head: *mut u8,
    length: usize,
}

impl Chain {
    const EMPTY: Self = Self {
        head: ptr::null_mut(),
        length: 0,
    };

    #[inline(always)]
    fn pop(&mut self) -> Option<*mut u8> {
        if self.head.is_null() {
            return None;
        }
        let object = self.head;
        // SAFETY: every object in a chain is free, aligned to 16, and holds the next one's
        // address, written by `push`.
        self.head = unsafe { object.cast::<*mut u8>().read() };
        self.length = self.length.wrapping_sub(1);
        Some(object)
    }

    /// # Safety
    /// `object` is a free object of this chain's class, in no other chain.
    #[inline(always)]
    unsafe fn push(&mut self, object: *mut u8) {
        // SAFETY: the caller's object is at least 16 bytes, aligned, and nobody's.
        unsafe { object.cast::<*mut u8>().write(self.head) };
        self.head = object;
        self.length = self.length.wrapping_add(1);
    }
}

struct Chains([Chain; CLASSES]);

// SAFETY: free objects belong to whoever holds the chain, on whichever CPU.
unsafe impl Send for Chains {}

impl Initial for Chains {
    const INITIAL: Self = Self([Chain::EMPTY; CLASSES]);
}

static CHAINS: CpuOwned<Chains> = CpuOwned::new();

/// How many free objects of each class a CPU keeps, at most; it moves half of them at a time.
static LIMITS: [u8; CLASSES] = {
    let mut limits = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let limit = 8192 / SIZES[class];
        limits[class] = if limit > 64 {
            64
        } else if limit < 8 {
            8
        } else {
            limit as u8
        };
        class += 1;
    }
    limits
};

/// The limit of a class.
#[inline]
fn chain_limit(class: usize) -> usize {
    usize::from(LIMITS[class])
}

/// The slabs of one class that have free objects, and how many of them are wholly free.
struct Slabs {
    /// The page number of the first slab with free objects.
    partial: u32,
    /// How many slabs in the list have no object in use.
    empty: usize,
}

static SLABS: [SpinLock<Slabs>; CLASSES] = [const {
    SpinLock::new(
        RANK,
        Slabs {
            partial: NONE,
            empty: 0,
        },
    )
}; CLASSES];

/// A slab's note in its metadata: the index of its first free object, and how many are in use.
/// Both fit 16 bits: a page has at most 256 objects.
fn note(metadata: &Metadata) -> (u32, u32) {
    let word = metadata.slab.load(Ordering::Relaxed);
    (word >> 16, word & 0xffff)
}

fn set_note(metadata: &Metadata, first: u32, used: u32) {
    metadata.slab.store(first << 16 | used, Ordering::Relaxed);
}

/// "No object" in a note.
const NO_OBJECT: u32 = 0xffff;

impl Slabs {
    fn link(&mut self, number: u32, metadata: &Metadata) {
        metadata.next.store(self.partial, Ordering::Relaxed);
        metadata.previous.store(NONE, Ordering::Relaxed);
        if self.partial != NONE {
            slab(self.partial).previous.store(number, Ordering::Relaxed);
        }
        self.partial = number;
    }

    fn unlink(&mut self, metadata: &Metadata) {
        let next = metadata.next.load(Ordering::Relaxed);
        let previous = metadata.previous.load(Ordering::Relaxed);
        if next != NONE {
            slab(next).previous.store(previous, Ordering::Relaxed);
        }
        if previous == NONE {
            self.partial = next;
        } else {
            slab(previous).next.store(next, Ordering::Relaxed);
        }
    }

    /// Moves up to `count` objects of the class from slabs to the chain.
    fn take(&mut self, class: usize, count: usize, chain: &mut Chain) {
        for _ in 0..count {
            let number = self.partial;
            if number == NONE {
                return;
            }
            let metadata = slab(number);
            let (first, used) = note(metadata);
            let object = page(number).wrapping_add(first as usize * SIZES[class]);
            // SAFETY: `first` is a free object of this slab; its first bytes hold the index of
            // the slab's next one.
            let next = unsafe { object.cast::<u32>().read() };
            set_note(metadata, next, used + 1);
            if used == 0 {
                self.empty -= 1;
            }
            if next == NO_OBJECT {
                self.unlink(metadata);
            }
            // SAFETY: the object left its slab just now, so it is in no list.
            unsafe { chain.push(object) };
        }
    }

    /// Puts an object back into its slab; returns the slab's page if it is to be given back.
    ///
    /// # Safety
    /// `object` is free, of this class, and in no chain.
    unsafe fn put(&mut self, class: usize, object: *mut u8) -> Option<usize> {
        let physical = arch::bare::direct_map_physical(object);
        let number = (physical / PAGE_SIZE) as u32;
        let metadata = slab(number);
        let (first, used) = note(metadata);
        let index = (physical % PAGE_SIZE / SIZES[class]) as u32;
        // SAFETY: the object is free and ours.
        unsafe { object.cast::<u32>().write(first) };
        set_note(metadata, index, used - 1);
        if first == NO_OBJECT {
            self.link(number, metadata);
        }
        if used > 1 {
            return None;
        }
        if self.empty > 0 {
            self.unlink(metadata);
            return Some(physical & !(PAGE_SIZE - 1));
        }
        self.empty += 1;
        None
    }

    /// Adds a page, cut into objects.
    fn add(&mut self, class: usize, physical: usize) {
        let number = (physical / PAGE_SIZE) as u32;
        let base = page(number);
        let count = PAGE_SIZE / SIZES[class];
        for index in 0..count {
            let next = if index + 1 == count {
                NO_OBJECT
            } else {
                index as u32 + 1
            };
            // SAFETY: the page is RAM in the direct map, nobody else's, and has room for
            // `count` objects.
            unsafe { base.add(index * SIZES[class]).cast::<u32>().write(next) };
        }
        let metadata = slab(number);
        set_note(metadata, 0, 0);
        self.link(number, metadata);
        self.empty += 1;
    }
}

fn slab(number: u32) -> &'static Metadata {
    frame::metadata(number as usize * PAGE_SIZE)
}

fn page(number: u32) -> *mut u8 {
    arch::physical_to_virtual(number as usize * PAGE_SIZE)
}

/// Fetches objects of a class into this CPU's chain and takes one.
#[cold]
#[inline(never)]
fn refill(class: usize) -> *mut u8 {
    loop {
        let object = CHAINS.with(|chains| {
            let chain = &mut chains.0[class];
            SLABS[class]
                .lock()
                .take(class, chain_limit(class) / 2, chain);
            chain.pop()
        });
        if let Some(object) = object {
            return object;
        }
        // The reserve is for exactly this; and no lock of the heap is held here.
        let Ok(physical) = frame::allocate_block(0, Purpose::Reserve) else {
            return ptr::null_mut();
        };
        frame::usage::HEAP.add(1);
        SLABS[class].lock().add(class, physical);
    }
}

/// Puts half of an overfull chain back into slabs.
#[cold]
#[inline(never)]
fn spill(class: usize) {
    for _ in 0..chain_limit(class) / 2 {
        let Some(object) = CHAINS.with(|chains| chains.0[class].pop()) else {
            return;
        };
        // SAFETY: it was free in this class's chain, and was taken out.
        let page = unsafe { SLABS[class].lock().put(class, object) };
        if let Some(physical) = page {
            // SAFETY: the page came from `allocate_block(0)`, and all its objects are free and
            // in no chain.
            unsafe { frame::release_block(physical, 0) };
            frame::usage::HEAP.remove(1);
        }
    }
}

/// The class for a layout, unless it is large.
#[inline(always)]
fn class_of(layout: Layout) -> Option<usize> {
    if layout.size() > LARGEST || layout.align() > LARGEST {
        return None;
    }
    let class = usize::from(CLASS_OF[layout.size().div_ceil(16)]);
    if layout.align() <= 16 {
        Some(class)
    } else {
        Some(aligned_class(class, layout.align()))
    }
}

/// The first class from `class` on whose objects are all aligned: a page's objects lie at
/// multiples of their size, and each power of two up to the largest is a size.
#[cold]
fn aligned_class(class: usize, align: usize) -> usize {
    (class..CLASSES)
        .find(|&class| SIZES[class].is_multiple_of(align))
        .unwrap_or(CLASSES - 1)
}

/// The order of a block for a large layout.
fn order_of(layout: Layout) -> usize {
    let pages = layout.size().max(layout.align()).div_ceil(PAGE_SIZE);
    pages.next_power_of_two().trailing_zeros() as usize
}

/// A block for a large layout.
#[inline(never)]
fn allocate_large(layout: Layout) -> *mut u8 {
    let order = order_of(layout);
    if order >= ORDERS {
        return ptr::null_mut();
    }
    let purpose = if order == 0 {
        Purpose::Reserve
    } else {
        Purpose::Ordinary
    };
    match frame::allocate_block(order, purpose) {
        Ok(physical) => {
            frame::usage::HEAP.add(1 << order);
            arch::physical_to_virtual(physical)
        }
        Err(_) => ptr::null_mut(),
    }
}

/// # Safety
/// `allocate_large` gave the block out for this layout, and nobody uses it any more.
#[inline(never)]
unsafe fn free_large(pointer: *mut u8, layout: Layout) {
    let physical = arch::bare::direct_map_physical(pointer);
    // SAFETY: the caller's promise.
    unsafe { frame::release_block(physical, order_of(layout)) };
    frame::usage::HEAP.remove(1 << order_of(layout));
}

struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

// SAFETY: each object handed out is RAM that the buddy gave to the heap alone, of at least the
// size and alignment asked for (a slab's objects of a power-of-two size are aligned to it, others
// to 16), and is in nobody's hands before `dealloc` puts it back.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class_of(layout) else {
            return allocate_large(layout);
        };
        match CHAINS.with(|chains| chains.0[class].pop()) {
            Some(object) => object,
            None => refill(class),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let Some(class) = class_of(layout) else {
            // SAFETY: the caller gives up what `allocate_large` gave out for this layout.
            return unsafe { free_large(pointer, layout) };
        };
        let overfull = CHAINS.with(|chains| {
            let chain = &mut chains.0[class];
            // SAFETY: `alloc` took the object from this class, and the caller gives it up.
            unsafe { chain.push(pointer) };
            chain.length > chain_limit(class)
        });
        if overfull {
            spill(class);
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller guarantees that the new size is valid with the old alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let stays = match (class_of(layout), class_of(new_layout)) {
            (Some(old), Some(new)) => old == new,
            (None, None) => order_of(layout) == order_of(new_layout),
            _ => false,
        };
        if stays {
            return pointer;
        }
        // SAFETY: as the trait's own default: allocate, copy what fits, free.
        unsafe {
            let new = self.alloc(new_layout);
            if !new.is_null() {
                ptr::copy_nonoverlapping(pointer, new, layout.size().min(new_size));
                self.dealloc(pointer, layout);
            }
            new
        }
    }
}
