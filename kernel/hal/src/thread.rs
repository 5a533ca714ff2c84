//! Kernel threads: a stack, and a place to switch to.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::OutOfMemory;

/// A thread of the kernel, from the machine's point of view. What it waits for, and who is next,
/// is the scheduler's business.
pub struct KernelThread {
    name: String,
    on_cpu: AtomicBool,
}

impl KernelThread {
    /// A thread that will run `entry` when it is first switched to, on a stack of its own with a
    /// guard page below, with interrupts disabled. `entry` must not return; it ends by switching
    /// away for ever.
    pub fn new(
        name: &str,
        entry: Box<dyn FnOnce() + Send>,
    ) -> Result<Arc<KernelThread>, OutOfMemory> {
        let _ = (name, entry);
        Err(OutOfMemory)
    }

    /// The thread that this CPU has been running since it started.
    pub fn adopt_boot() -> Arc<KernelThread> {
        Arc::new(Self {
            name: String::from("boot"),
            on_cpu: AtomicBool::new(true),
        })
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether some CPU runs it, or is still leaving it.
    pub fn is_on_cpu(&self) -> bool {
        self.on_cpu.load(Ordering::Acquire)
    }
}

/// Leaves the current thread and continues `next`; returns when somebody switches back, maybe on
/// another CPU. The CPU owns `next` while it runs it, so the stack that is left keeps nothing
/// alive: a thread that ends may leave for good. Waits until `next` has left its CPU; switching to the current thread does
/// nothing. Interrupts are disabled meanwhile and put back as they were. No spin lock may be held.
pub fn switch_to(next: Arc<KernelThread>) {
    let _ = next;
}
