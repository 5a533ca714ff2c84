//! Interrupts: disabling them on this CPU, and what runs when one comes.
//!
//! Kernel code runs with interrupts enabled, except under a spin lock or an [`InterruptGuard`].
//! A handler runs on the interrupted thread's kernel stack: it may take spin locks, wake, queue
//! and set flags; it never sleeps.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::arch;
use crate::cpu::CpuLocal;
use crate::global::Global;
use crate::sync::{Once, Rank, SpinLock};

/// The rank of the handler table: handlers are installed by drivers under their own locks.
const RANK_HANDLERS: Rank = Rank(700);

/// While it lives, this CPU takes no interrupts. Guards nest, and may be dropped in any order
/// that ends with the outermost.
#[must_use = "interrupts are put back as they were when the guard is dropped"]
pub struct InterruptGuard {
    were_enabled: bool,
    not_send: PhantomData<*mut ()>,
}

/// Disables interrupts on this CPU.
#[inline]
pub fn disable() -> InterruptGuard {
    InterruptGuard {
        were_enabled: arch::interrupts_save_disable(),
        not_send: PhantomData,
    }
}

impl Drop for InterruptGuard {
    #[inline]
    fn drop(&mut self) {
        arch::interrupts_restore(self.were_enabled);
    }
}

/// Whether this CPU takes interrupts at this moment.
#[inline]
pub fn are_enabled() -> bool {
    arch::interrupts_enabled()
}

/// Enables interrupts on this CPU for the first time: a CPU starts with them disabled, and a new
/// kernel thread too when it was switched to from inside the scheduler.
pub fn enable_at_start() {
    arch::interrupts_restore(true);
}

/// What a driver wants run when its line raises.
pub type Handler = Arc<dyn Fn() + Send + Sync>;

/// An interrupt controller, as a driver for it looks to the dispatcher.
pub trait Controller: Send + Sync {
    /// Lets `line` interrupt.
    fn enable(&self, line: u32);
    /// Keeps `line` from interrupting.
    fn disable(&self, line: u32);
    /// Takes the next pending line of this CPU.
    fn claim(&self) -> Option<u32>;
    /// Says that `line`, claimed before, was handled.
    fn complete(&self, line: u32);
    /// Readies this CPU's part of the controller; called once on each CPU.
    fn init_cpu(&self);
    /// Interrupts `cpu`, where the controller is what does this (the GIC; on RISC-V the firmware
    /// does, and this is not called).
    fn send_ipi(&self, cpu: usize) {
        let _ = cpu;
    }
}

struct Dispatch {
    controller: Once<Arc<dyn Controller>>,
    handlers: SpinLock<BTreeMap<u32, Handler>>,
    tick: Once<fn()>,
    kick: Once<fn()>,
}

static DISPATCH: Global<Dispatch> = Global::new(|| Dispatch {
    controller: Once::new(),
    handlers: SpinLock::new(RANK_HANDLERS, BTreeMap::new()),
    tick: Once::new(),
    kick: Once::new(),
});

/// Sets the machine's interrupt controller and readies this CPU's part of it. The first one
/// stays; a later one is ignored.
pub fn set_controller(controller: Arc<dyn Controller>) {
    if DISPATCH.controller.set(controller).is_ok() {
        init_cpu();
    }
}

/// Readies this CPU's part of the interrupt controller; other CPUs than the first call it when
/// they start.
pub fn init_cpu() {
    if let Some(controller) = DISPATCH.controller.get() {
        controller.init_cpu();
        arch::external_interrupts_enable();
    }
}

/// The machine's interrupt controller, once there is one.
pub fn controller() -> Option<Arc<dyn Controller>> {
    DISPATCH.controller.get().cloned()
}

/// Runs `handler`, too, whenever `line` interrupts, behind those that it has: several devices may
/// pull one line, and each looks whether it was its own.
pub fn add_handler(line: u32, handler: Handler) {
    {
        let mut handlers = DISPATCH.handlers.lock();
        let both: Handler = match handlers.remove(&line) {
            None => handler,
            Some(others) => Arc::new(move || {
                others();
                handler();
            }),
        };
        handlers.insert(line, both);
    }
    if let Some(controller) = DISPATCH.controller.get() {
        controller.enable(line);
    }
}

/// Runs `handler` whenever `line` interrupts, from now on, and lets it interrupt.
pub fn set_handler(line: u32, handler: Handler) {
    DISPATCH.handlers.lock().insert(line, handler);
    if let Some(controller) = DISPATCH.controller.get() {
        controller.enable(line);
    }
}

/// Sets what runs when this CPU's timer deadline passes. The first one stays.
pub fn set_tick_handler(handler: fn()) {
    let _ = DISPATCH.tick.set(handler);
}

/// Sets what runs on a CPU that was kicked. The first one stays.
pub fn set_kick_handler(handler: fn()) {
    let _ = DISPATCH.kick.set(handler);
}

static IN_HANDLER: CpuLocal<AtomicBool> = CpuLocal::new(|| AtomicBool::new(false));

/// Whether this CPU is handling an interrupt: what runs is then nothing of the current thread's
/// doing.
#[inline]
pub fn in_handler() -> bool {
    IN_HANDLER.load(Ordering::Relaxed)
}

/// Runs `handle` as an interrupt's handler. Handlers may nest: a line of the controller may stand
/// for the tick.
fn as_handler(handle: impl FnOnce()) {
    let before = IN_HANDLER.swap(true, Ordering::Relaxed);
    handle();
    IN_HANDLER.store(before, Ordering::Relaxed);
}

/// Called by a backend with interrupts disabled: a device line is pending on this CPU.
pub(crate) fn dispatch_external() {
    let dispatch = &*DISPATCH;
    let Some(controller) = dispatch.controller.get() else {
        return;
    };
    while let Some(line) = controller.claim() {
        let handler = dispatch.handlers.lock().get(&line).cloned();
        match handler {
            Some(handler) => as_handler(|| handler()),
            // Nobody asked for it: it must not come again at once and for ever.
            None => controller.disable(line),
        }
        controller.complete(line);
    }
}

/// Called by a backend with interrupts disabled: this CPU's deadline has passed.
pub(crate) fn dispatch_tick() {
    if let Some(handler) = DISPATCH.tick.get() {
        as_handler(handler);
    }
}

/// Called by a backend with interrupts disabled: another CPU kicked this one.
pub(crate) fn dispatch_kick() {
    if let Some(handler) = DISPATCH.kick.get() {
        as_handler(handler);
    }
}
