//! Memory: an arena that grows by `sbrk` and is given back when the process ends.
//!
//! xv6 programs are short; the newest allocation can be grown or freed, older ones stay. That
//! keeps the part that must be `unsafe` small enough to see through.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
};

const STEP: usize = 16 * 4096;

struct Arena {
    next: UnsafeCell<usize>,
    end: UnsafeCell<usize>,
}

// SAFETY: an xv6 process has one thread.
unsafe impl Sync for Arena {}

#[global_allocator]
static ARENA: Arena = Arena {
    next: UnsafeCell::new(0),
    end: UnsafeCell::new(0),
};

// SAFETY: `alloc` hands out ranges below `end`, which `sbrk` has given to this process, aligned as
// asked, and never a range twice while it is in use: `next` goes back only over the newest one.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and no reference into the cells outlives this function.
        let (next, end) = unsafe { (&mut *self.next.get(), &mut *self.end.get()) };
        let start = next.next_multiple_of(layout.align());
        let Some(stop) = start.checked_add(layout.size()) else {
            return core::ptr::null_mut();
        };
        if stop > *end || *next == 0 {
            let wanted = layout.size() + layout.align() + STEP;
            let Ok(old_end) = crate::grow(wanted as isize) else {
                return core::ptr::null_mut();
            };
            if old_end != *end {
                // Somebody else moved the break: what lay between is not ours.
                *next = old_end;
            }
            *end = old_end + wanted;
            let start = next.next_multiple_of(layout.align());
            *next = start + layout.size();
            return start as *mut u8;
        }
        *next = stop;
        start as *mut u8
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        let next = unsafe { &mut *self.next.get() };
        if pointer as usize + layout.size() == *next {
            *next = pointer as usize;
        }
    }
}
