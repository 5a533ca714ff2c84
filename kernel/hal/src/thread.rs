//! Kernel threads: a stack, and a place to switch to.
//!
//! A thread is *claimed* by the CPU that runs it. [`switch_to`] claims the next thread, leaves
//! the current one, and gives up the claim on it only when its registers are saved and its stack
//! is no longer in use: two CPUs can never run on one stack, whatever the caller does.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::cpu_owned::{CpuOwned, Initial};
use crate::sync::{Rank, SpinLock};
use crate::{OutOfMemory, arch, interrupt, sync};

/// Taken once in a thread's life, inside whatever its first switch happens under.
const RANK_ENTRY: Rank = Rank(770);

type Entry = Box<dyn FnOnce() + Send>;

/// A thread of the kernel, from the machine's point of view. What it waits for, and who is next,
/// is the scheduler's business.
pub struct KernelThread {
    name: String,
    /// The claim: some CPU runs it, or is still leaving it, or is about to enter it.
    on_cpu: AtomicBool,
    entry: SpinLock<Option<Entry>>,
    context: UnsafeCell<arch::ThreadContext>,
    /// Owned for its lifetime only; `None` for a CPU's first thread.
    _stack: Option<arch::Stack>,
}

// SAFETY: `context` is touched only by the CPU that holds the claim; the rest is `Send`/`Sync`.
unsafe impl Send for KernelThread {}
// SAFETY: as above.
unsafe impl Sync for KernelThread {}

impl KernelThread {
    /// A thread that will run `entry` when it is first switched to, on a stack of its own with a
    /// guard page below, with interrupts disabled. `entry` must not return (that panics); it ends
    /// by switching away for ever.
    pub fn new(name: &str, entry: Entry) -> Result<Arc<KernelThread>, OutOfMemory> {
        let stack = arch::Stack::new()?;
        #[cfg(not(target_os = "none"))]
        stack.set_name(name);
        Ok(Arc::new(Self {
            name: String::from(name),
            on_cpu: AtomicBool::new(false),
            entry: SpinLock::new(RANK_ENTRY, Some(entry)),
            context: UnsafeCell::new(arch::ThreadContext::new(&stack)),
            _stack: Some(stack),
        }))
    }

    /// The thread that this CPU has been running since it started. Always the same one.
    pub fn adopt_boot() -> Arc<KernelThread> {
        CURRENT.with(|current| {
            let boot = current.boot.get_or_insert_with(|| {
                Arc::new(Self {
                    name: String::from("boot"),
                    on_cpu: AtomicBool::new(true),
                    entry: SpinLock::new(RANK_ENTRY, None),
                    context: UnsafeCell::new(arch::ThreadContext::boot()),
                    _stack: None,
                })
            });
            let boot = boot.clone();
            current.thread.get_or_insert_with(|| boot.clone());
            boot
        })
    }

    /// The thread that runs this.
    pub fn current() -> Arc<KernelThread> {
        match CURRENT.with(|current| current.thread.clone()) {
            Some(thread) => thread,
            None => Self::adopt_boot(),
        }
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether some CPU runs it, or is still leaving it.
    #[inline]
    pub fn is_on_cpu(&self) -> bool {
        self.on_cpu.load(Ordering::Acquire)
    }
}

/// What a CPU runs.
struct Current {
    /// What it has run since it started.
    boot: Option<Arc<KernelThread>>,
    /// What it runs; `None` stands for `boot` before anybody asked for it.
    thread: Option<Arc<KernelThread>>,
    /// What it just left, until it is on the other side.
    previous: Option<Arc<KernelThread>>,
}

impl Initial for Current {
    const INITIAL: Self = Self {
        boot: None,
        thread: None,
        previous: None,
    };
}

static CURRENT: CpuOwned<Current> = CpuOwned::new();

/// Leaves the current thread and continues `next`; returns when somebody switches back, maybe on
/// another CPU. The CPU owns `next` while it runs it, so the stack that is left keeps nothing
/// alive: a thread that ends may leave for good. Waits until `next` has left its CPU; switching to the current thread does
/// nothing. Interrupts are disabled meanwhile and put back as they were. No spin lock may be held.
pub fn switch_to(next: Arc<KernelThread>) {
    let _interrupts = interrupt::disable();
    assert!(
        sync::held_locks() == 0,
        "a thread switch with a spin lock held"
    );
    let current = CURRENT.with(|current| current.thread.as_ref().map(Arc::as_ptr));
    let current = current.unwrap_or_else(|| Arc::as_ptr(&KernelThread::adopt_boot()));
    if current == Arc::as_ptr(&next) {
        return;
    }
    while next
        .on_cpu
        .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
        .is_err()
    {
        arch::spin_relax();
    }
    let to = next.context.get();
    let from = CURRENT.with(|current| {
        let leaving = current.thread.replace(next);
        let from = leaving.as_ref().map(|thread| thread.context.get());
        current.previous = leaving;
        from
    });
    // `thread` was set above, so there is a context to save into.
    let Some(from) = from else { return };
    // SAFETY: interrupts are disabled. `from` is the current thread's context, which this CPU
    // holds the claim of and `previous` keeps alive until `finish_switch`; `to` was claimed just
    // now and `thread` keeps it alive while it runs.
    unsafe { arch::switch(from, to) };
    finish_switch();
}

/// On the other side: nobody runs on the previous thread's stack any more.
fn finish_switch() {
    let previous = CURRENT.with(|current| current.previous.take());
    if let Some(previous) = previous {
        previous.on_cpu.store(false, Ordering::Release);
        // Dropped here, with this CPU on another stack; it may be the last owner.
    }
}

/// Where a new thread begins, on its own stack, with interrupts disabled.
pub(crate) fn first_switch() -> ! {
    finish_switch();
    let entry = CURRENT
        .with(|current| current.thread.clone())
        .and_then(|thread| thread.entry.lock().take());
    if let Some(entry) = entry {
        entry();
    }
    panic!("a kernel thread returned from its entry");
}
