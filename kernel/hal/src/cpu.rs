//! The CPUs of the machine, and values of which each CPU has its own.

use core::ops::Deref;

use crate::global::Global;
use crate::sync::Once;
use crate::{MAX_CPUS, arch};

pub use crate::cpu_slot::CpuSlot;

/// The number of the CPU that runs this, from 0. May be stale at once where interrupts are
/// enabled and the thread may move.
#[inline]
pub fn id() -> usize {
    arch::cpu_id()
}

/// How many CPUs the machine has (at most [`MAX_CPUS`]).
#[inline]
pub fn count() -> usize {
    arch::cpu_count()
}

/// What the machine's description calls CPU number `cpu`: its hart on RISC-V, elsewhere the number itself.
pub fn hardware_id(cpu: usize) -> usize {
    #[cfg(all(target_arch = "riscv64", target_os = "none"))]
    return if cpu < count() {
        arch::hardware_id(cpu)
    } else {
        cpu
    };
    #[cfg(not(all(target_arch = "riscv64", target_os = "none")))]
    cpu
}

static SECONDARY_ENTRY: Global<Once<fn()>> = Global::new(Once::new);

/// Starts every other CPU; each calls `entry` with interrupts disabled on a stack of its own.
/// `entry` should not return; a CPU whose entry returns sleeps for ever. A second call does
/// nothing.
pub fn start_others(entry: fn()) {
    if SECONDARY_ENTRY.set(entry).is_ok() {
        arch::start_cpus();
    }
}

/// Where a backend's secondary CPU arrives once its stack and traps are in place.
pub(crate) fn secondary_main() -> ! {
    if let Some(entry) = SECONDARY_ENTRY.get() {
        entry();
    }
    loop {
        arch::interrupts_save_disable();
        arch::wait_for_interrupt();
    }
}

/// Makes `cpu` take an interrupt soon; its kick handler runs there.
/// A number beyond the machine's CPUs does nothing.
pub fn kick(cpu: usize) {
    if cpu < count() {
        arch::send_kick(cpu);
    }
}

/// Marks `cpu` as one on which the kernel wants to do something before it goes on with the program
/// it runs, or takes the mark away. What that is, is the caller's; [`is_marked`] reads it. The mark
/// lies where a CPU reaches it with one load. A number beyond the machine's CPUs does nothing.
#[inline]
pub fn mark(cpu: usize, marked: bool) {
    arch::mark_cpu(cpu, marked);
}

/// Whether this CPU is marked.
#[inline]
pub fn is_marked() -> bool {
    arch::is_cpu_marked()
}

/// One turn of a loop that waits for another CPU.
#[inline]
pub fn relax() {
    arch::spin_relax();
}

/// Sleeps until an interrupt is pending, then lets it be handled. Call it with interrupts
/// disabled, after looking for work: a kick that comes in between still ends the sleep.
/// Interrupts are enabled on return.
pub fn halt_until_interrupt() {
    arch::wait_for_interrupt();
    arch::interrupts_restore(true);
}

/// A value of which each CPU has its own; dereferences to this CPU's.
///
/// It may be shared between CPUs ([`CpuLocal::of`]), so it must be `Sync`, and it does not matter
/// for soundness if the thread moves while it holds the reference.
pub struct CpuLocal<T: Send + Sync + 'static> {
    initialise: fn() -> T,
    each: Each<T>,
}

/// One machine: the values lie in the static itself.
#[cfg(target_os = "none")]
type Each<T> = [Once<T>; MAX_CPUS];
/// Many machines: each has its own values.
#[cfg(not(target_os = "none"))]
type Each<T> = Global<[Once<T>; MAX_CPUS]>;

impl<T: Send + Sync + 'static> CpuLocal<T> {
    /// A value that each CPU makes with `initialise` at its first use.
    pub const fn new(initialise: fn() -> T) -> Self {
        Self {
            initialise,
            #[cfg(target_os = "none")]
            each: [const { Once::new() }; MAX_CPUS],
            #[cfg(not(target_os = "none"))]
            each: Global::new(|| [const { Once::new() }; MAX_CPUS]),
        }
    }

    /// The value of CPU number `cpu`. Panics beyond [`MAX_CPUS`].
    #[inline]
    pub fn of(&self, cpu: usize) -> &T {
        self.each[cpu].get_or_init(self.initialise)
    }
}

impl<T: Send + Sync + 'static> Deref for CpuLocal<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.of(arch::cpu_id())
    }
}
