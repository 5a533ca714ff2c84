//! Threads.

use crate::io;
use crate::sync::Arc;
use crate::sys;
use crate::time::Duration;
use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering};
use scarlet_abi::memory::Protection;
use scarlet_abi::thread::ThreadRequest;

const STACK: usize = 256 * 1024;
const GUARD: usize = 4096;

/// What a thread and its joiner share.
struct Packet<T> {
    /// 1 while the thread runs; the kernel makes it 0, and wakes the joiner, when it is gone.
    alive: AtomicU32,
    result: UnsafeCell<Option<T>>,
}

// SAFETY: the thread writes the result before the kernel clears `alive`; the joiner reads it after.
unsafe impl<T: Send> Sync for Packet<T> {}
// SAFETY: it owns its result.
unsafe impl<T: Send> Send for Packet<T> {}

/// A thread to wait for. Its stack is unmapped when it is joined; a thread that nobody joins keeps it
/// until the program ends.
pub struct JoinHandle<T> {
    packet: Arc<Packet<T>>,
    stack: usize,
}

impl<T> JoinHandle<T> {
    /// Waits until the thread is done; gives what its closure gave.
    pub fn join(self) -> T {
        while self.packet.alive.load(Ordering::Acquire) != 0 {
            let _ = sys::futex_wait(&self.packet.alive, 1, usize::MAX);
        }
        // SAFETY: the thread is gone, and with it the last use of its stack.
        let _ = unsafe { sys::unmap(self.stack, STACK) };
        // SAFETY: the thread is gone; this is the reference that it forgot.
        unsafe { Arc::decrement_strong_count(Arc::as_ptr(&self.packet)) };
        // SAFETY: the thread is gone, so nobody else touches the result.
        match unsafe { &mut *self.packet.result.get() }.take() {
            Some(value) => value,
            // A panic ends the whole program, so a thread that is gone has left its result.
            None => sys::exit(101),
        }
    }

    /// Whether the thread is done.
    pub fn is_finished(&self) -> bool {
        self.packet.alive.load(Ordering::Acquire) == 0
    }
}

type Start = Box<dyn FnOnce() + Send>;

/// The first code of a thread.
///
/// # Safety
///
/// `argument` must come from `Box::into_raw` of a [`Start`], and be given to one thread only.
unsafe extern "C" fn begin(argument: *mut Start) -> ! {
    // SAFETY: as the caller promises.
    let start = unsafe { Box::from_raw(argument) };
    start();
    sys::exit_thread()
}

/// Starts a thread.
pub fn spawn<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let stack = sys::map_anonymous(STACK)?;
    // SAFETY: the lowest page of the fresh stack is used by nobody; it becomes the guard.
    unsafe { sys::protect(stack, GUARD, Protection::empty()) }?;
    let packet = Arc::new(Packet {
        alive: AtomicU32::new(1),
        result: UnsafeCell::new(None),
    });
    let theirs = packet.clone();
    let start: Start = Box::new(move || {
        let value = body();
        // SAFETY: only this thread touches the result while `alive` is 1.
        unsafe { *theirs.result.get() = Some(value) };
        // The kernel clears `alive` after the last use of the stack. The packet must live until
        // then, so this reference stays: it is the joiner's to free.
        core::mem::forget(theirs);
    });
    let argument = Box::into_raw(Box::new(start));
    let request = ThreadRequest {
        size: size_of::<ThreadRequest>() as u32,
        flags: 0,
        entry: begin as *const () as usize as u64,
        stack: (stack + STACK) as u64,
        argument: argument.expose_provenance() as u64,
        thread_pointer: 0,
        clear_on_exit: packet.alive.as_ptr().expose_provenance() as u64,
    };
    // SAFETY: the stack lives until the join, the packet for ever (the forgotten reference).
    match unsafe { sys::create_thread(&request) } {
        Ok(_) => Ok(JoinHandle { packet, stack }),
        Err(error) => {
            // SAFETY: no thread began, so the box is still ours.
            drop(unsafe { Box::from_raw(argument) });
            // SAFETY: nobody uses the stack.
            let _ = unsafe { sys::unmap(stack, STACK) };
            Err(error.into())
        }
    }
}

/// Sleeps, however often it is interrupted.
pub fn sleep(duration: Duration) {
    let end = crate::time::Instant::now() + duration;
    loop {
        let left = end - crate::time::Instant::now();
        if left.is_zero() {
            return;
        }
        let _ = sys::sleep(crate::time::nanoseconds(Some(left)));
    }
}

/// Lets another thread run.
pub fn yield_now() {
    sys::yield_now();
}

/// This thread's number.
pub fn id() -> usize {
    sys::thread_id()
}
