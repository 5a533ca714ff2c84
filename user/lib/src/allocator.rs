//! The heap: power-of-two classes with free lists, and whole mappings for what is bigger.
//!
//! Small blocks are cut from chunks and go back to their class's list, never to the system; a block
//! above [`LARGEST_CLASS`] is a mapping of its own and is unmapped when freed. That is enough for
//! programs that live for seconds, and simple enough to be obviously right.

use crate::sync::Mutex;
use crate::sys;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};

/// The smallest block, in bytes: room for the link of its free list.
const SMALLEST_CLASS: usize = 16;
/// The largest block that is cut from a chunk.
const LARGEST_CLASS: usize = 64 * 1024;
/// How many classes there are: 16, 32, … 65536.
const CLASSES: usize = (LARGEST_CLASS / SMALLEST_CLASS).ilog2() as usize + 1;
/// What is asked from the system at once.
const CHUNK: usize = 256 * 1024;
const PAGE: usize = 4096;

/// A free block: its first word links to the next.
struct FreeBlock {
    next: Option<NonNull<FreeBlock>>,
}

struct Heap {
    free: [Option<NonNull<FreeBlock>>; CLASSES],
    chunk_start: usize,
    chunk_end: usize,
}

// SAFETY: the free blocks belong to the heap alone, whatever thread holds it.
unsafe impl Send for Heap {}

impl Heap {
    fn take(&mut self, class: usize) -> *mut u8 {
        if let Some(block) = self.free[class] {
            // SAFETY: a block in a free list is unused memory of the heap with a valid link.
            self.free[class] = unsafe { block.as_ref() }.next;
            return block.as_ptr().cast();
        }
        let size = SMALLEST_CLASS << class;
        // Blocks are aligned to their size, as the chunk's start is to a page, larger ones to a page.
        let aligned = self.chunk_start.next_multiple_of(size.min(PAGE));
        if aligned + size > self.chunk_end {
            let Ok(chunk) = sys::map_anonymous(CHUNK) else {
                return ptr::null_mut();
            };
            // What is left of the old chunk is given up: at most one block of this class.
            self.chunk_start = chunk + size;
            self.chunk_end = chunk + CHUNK;
            return ptr::with_exposed_provenance_mut(chunk);
        }
        self.chunk_start = aligned + size;
        ptr::with_exposed_provenance_mut(aligned)
    }

    /// Puts a block back.
    ///
    /// # Safety
    ///
    /// `block` must be a block of this class that `take` gave and that nobody uses.
    unsafe fn give_back(&mut self, class: usize, block: *mut u8) {
        let block = block.cast::<FreeBlock>();
        // SAFETY: it is unused memory of at least 16 bytes, aligned to 16.
        unsafe {
            block.write(FreeBlock {
                next: self.free[class],
            })
        };
        self.free[class] = NonNull::new(block);
    }
}

static HEAP: Mutex<Heap> = Mutex::new(Heap {
    free: [None; CLASSES],
    chunk_start: 0,
    chunk_end: 0,
});

/// Which class serves a layout, if one does.
fn class_of(layout: Layout) -> Option<usize> {
    let size = layout.size().max(layout.align()).max(SMALLEST_CLASS);
    if size > LARGEST_CLASS || layout.align() > PAGE {
        return None;
    }
    Some((size.next_power_of_two() / SMALLEST_CLASS).ilog2() as usize)
}

struct ScarletAllocator;

// SAFETY: blocks are disjoint, at least as large and as aligned as the layout asks, and stay so until
// freed.
unsafe impl GlobalAlloc for ScarletAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class_of(layout) {
            Some(class) => HEAP.lock().take(class),
            None if layout.align() > PAGE => ptr::null_mut(),
            None => match sys::map_anonymous(layout.size().next_multiple_of(PAGE)) {
                Ok(address) => ptr::with_exposed_provenance_mut(address),
                Err(_) => ptr::null_mut(),
            },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class_of(layout) {
            // SAFETY: the caller gives back a block of this layout, hence of this class.
            Some(class) => unsafe { HEAP.lock().give_back(class, block) },
            None => {
                let length = layout.size().next_multiple_of(PAGE);
                // SAFETY: the block was a mapping of its own, and nobody uses it any more.
                let _ = unsafe { sys::unmap(block.expose_provenance(), length) };
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size with this alignment is a valid layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        if class_of(layout).is_some() && class_of(layout) == class_of(wanted) {
            return block;
        }
        // SAFETY: as the caller of `realloc` promises for `alloc`, `dealloc` and the old block's size.
        unsafe {
            let fresh = self.alloc(wanted);
            if !fresh.is_null() {
                ptr::copy_nonoverlapping(block, fresh, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            fresh
        }
    }
}

#[cfg_attr(target_os = "none", global_allocator)]
#[cfg_attr(not(target_os = "none"), allow(dead_code))]
static ALLOCATOR: ScarletAllocator = ScarletAllocator;
