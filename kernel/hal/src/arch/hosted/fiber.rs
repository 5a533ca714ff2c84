//! Fibers: host stacks that run one at a time.
//!
//! Every kernel thread and every running program of a simulated machine has a host stack of its
//! own. All fibers of a machine live on the one host thread that called `Machine::run`; exactly
//! one of them runs, and [`switch_stacks`] goes from it to another in a few nanoseconds. So
//! nothing of the host's scheduler shows inside a machine: one seed decides everything.
//!
//! A fiber's first function never returns; unwinding ends in a `catch_unwind` at its base.

use core::arch::naked_asm;
use std::cell::RefCell;

/// Bytes of a fiber's stack. The host commits only what is touched; debug builds and panic
/// messages need far more than the 32 KiB of a bare-metal kernel stack.
const STACK_BYTES: usize = 512 * 1024;

/// Unmapped bytes below each stack: an overflow is a fault, not a corrupted neighbour.
const GUARD_BYTES: usize = 16 * 1024;

/// How many free stacks a host thread keeps for later machines.
const POOL: usize = 256;

/// A host stack.
pub(super) struct HostStack {
    base: *mut u8,
}

std::thread_local! {
    static FREE: RefCell<Vec<HostStack>> = const { RefCell::new(Vec::new()) };
}

impl HostStack {
    /// A stack with a guard below it, fresh or used before.
    pub(super) fn new() -> Option<HostStack> {
        if let Some(stack) = FREE.with_borrow_mut(Vec::pop) {
            return Some(stack);
        }
        let length = STACK_BYTES + GUARD_BYTES;
        // SAFETY: a new private anonymous mapping at an address of the host's choice touches
        // nothing that exists.
        let base = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return None;
        }
        // SAFETY: the first pages of the mapping just made, which nobody uses yet.
        unsafe { libc::mprotect(base, GUARD_BYTES, libc::PROT_NONE) };
        Some(HostStack { base: base.cast() })
    }

    /// One past the highest byte.
    fn top(&self) -> *mut u8 {
        // SAFETY: the end of the mapping made in `new`.
        unsafe { self.base.add(STACK_BYTES + GUARD_BYTES) }
    }

    /// Lays out the stack so that the first switch to the returned stack pointer calls `entry`.
    pub(super) fn prepare(&self, entry: extern "C" fn() -> !) -> *mut u8 {
        let frame = frame_for(entry);
        // SAFETY: the words lie below the top of the mapping, which is page aligned, and nobody
        // runs on this stack.
        unsafe {
            let pointer = self.top().cast::<usize>().sub(frame.len());
            core::ptr::copy_nonoverlapping(frame.as_ptr(), pointer, frame.len());
            pointer.cast()
        }
    }

    /// Gives the stack back for later use.
    pub(super) fn recycle(self) {
        // At the end of the host thread the pool may be gone: then the stack is unmapped.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < POOL {
                free.push(HostStack { base: self.base });
                core::mem::forget(self);
            }
        });
    }
}

impl Drop for HostStack {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new`, and its owner says nobody runs on it.
        unsafe { libc::munmap(self.base.cast(), STACK_BYTES + GUARD_BYTES) };
    }
}

/// What `switch_stacks` expects at the stack pointer, for a fiber that has not started: zeros for
/// the saved registers, `entry` as the return address, and above it the end of all callers.
#[cfg(target_arch = "x86_64")]
fn frame_for(entry: extern "C" fn() -> !) -> [usize; 10] {
    // Six registers, the entry; then a zero return address that leaves the stack pointer as the
    // System V ABI wants it at a function's start (8 modulo 16), and padding above it.
    let mut frame = [0; 10];
    frame[6] = entry as *const () as usize;
    frame
}

/// Saves the callee's registers on the current stack, stores its stack pointer to `save`, and
/// continues at the stack pointer `load`.
///
/// # Safety
///
/// `load` was stored by an earlier call or made by [`HostStack::prepare`], its stack is mapped,
/// nobody runs on it, and it is used this one time. `save` is valid for a write.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub(super) unsafe extern "C" fn switch_stacks(save: *mut *mut u8, load: *mut u8) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// As above; on AArch64 the entry goes into the saved link register.
#[cfg(target_arch = "aarch64")]
fn frame_for(entry: extern "C" fn() -> !) -> [usize; 22] {
    let mut frame = [0; 22];
    frame[11] = entry as *const () as usize;
    frame
}

/// Saves the callee's registers on the current stack, stores its stack pointer to `save`, and
/// continues at the stack pointer `load`.
///
/// # Safety
///
/// `load` was stored by an earlier call or made by [`HostStack::prepare`], its stack is mapped,
/// nobody runs on it, and it is used this one time. `save` is valid for a write.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub(super) unsafe extern "C" fn switch_stacks(save: *mut *mut u8, load: *mut u8) {
    naked_asm!(
        "sub sp, sp, #176",
        "stp x19, x20, [sp]",
        "stp x21, x22, [sp, #16]",
        "stp x23, x24, [sp, #32]",
        "stp x25, x26, [sp, #48]",
        "stp x27, x28, [sp, #64]",
        "stp x29, x30, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x9, sp",
        "str x9, [x0]",
        "mov sp, x1",
        "ldp x19, x20, [sp]",
        "ldp x21, x22, [sp, #16]",
        "ldp x23, x24, [sp, #32]",
        "ldp x25, x26, [sp, #48]",
        "ldp x27, x28, [sp, #64]",
        "ldp x29, x30, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "add sp, sp, #176",
        "ret",
    )
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the hosted backend knows how to switch stacks on x86-64 and AArch64 hosts");

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    std::thread_local! {
        static HOST: Cell<*mut u8> = const { Cell::new(core::ptr::null_mut()) };
        static FIBER: Cell<*mut u8> = const { Cell::new(core::ptr::null_mut()) };
        static COUNT: Cell<usize> = const { Cell::new(0) };
    }

    extern "C" fn counting() -> ! {
        loop {
            COUNT.set(COUNT.get() + 1);
            let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(1)));
            assert!(caught.is_err());
            // SAFETY: the host's pointer was stored by the switch that came here.
            unsafe { switch_stacks(FIBER.with(Cell::as_ptr), HOST.get()) };
        }
    }

    #[test]
    fn goes_there_and_back_and_unwinds_inside() {
        let stack = HostStack::new().expect("memory");
        FIBER.set(stack.prepare(counting));
        for _ in 0..1000 {
            // SAFETY: the fiber's pointer was prepared, or stored by its last switch.
            unsafe { switch_stacks(HOST.with(Cell::as_ptr), FIBER.get()) };
        }
        assert_eq!(COUNT.get(), 1000);
        stack.recycle();
    }
}
