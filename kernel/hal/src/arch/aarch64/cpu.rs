//! CPUs: what each has of its own, and how the others are started.
//!
//! TPIDR_EL1 points to this CPU's [`CpuBlock`] whenever the kernel runs. The loader starts one CPU;
//! the others are started by PSCI at `scarlet_secondary_start`, which turns translation on with the
//! kernel's final tables and arrives at [`secondary_boot`].

use core::arch::asm;
use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::layout::virtual_to_physical;
use super::{boot, kernel_table, psci, timer, trap};
use crate::arch::bare::Stack;
use crate::{MAX_CPUS, cpu, interrupt};

/// What a CPU has of its own. Assembly knows the offsets of some fields.
#[repr(C, align(64))]
pub(super) struct CpuBlock {
    /// The CPU's number.
    id: AtomicUsize,
    /// Where its first stack ends.
    stack_top: AtomicUsize,
    /// The physical address of the kernel's root.
    root: AtomicUsize,
    /// Where this block is once translation is on.
    address: AtomicUsize,
    /// The firmware's number for it (MPIDR affinity).
    identifier: AtomicUsize,
    /// Which program's floating point state is in its registers; see `floating`.
    pub(super) floating_point: AtomicUsize,
    /// One past the end of the stack on which a stack overflow is reported.
    emergency_stack: AtomicUsize,
    /// Set when the CPU is up.
    started: AtomicBool,
    /// See [`crate::cpu::mark`].
    mark: AtomicBool,
}

pub(super) static CPU_BLOCKS: [CpuBlock; MAX_CPUS] = [const {
    CpuBlock {
        id: AtomicUsize::new(0),
        stack_top: AtomicUsize::new(0),
        root: AtomicUsize::new(0),
        address: AtomicUsize::new(0),
        identifier: AtomicUsize::new(0),
        floating_point: AtomicUsize::new(0),
        emergency_stack: AtomicUsize::new(0),
        started: AtomicBool::new(false),
        mark: AtomicBool::new(false),
    }
}; MAX_CPUS];

/// Offsets in a block.
pub(super) const BLOCK_STACK: usize = offset_of!(CpuBlock, stack_top);
pub(super) const BLOCK_ROOT: usize = offset_of!(CpuBlock, root);
pub(super) const BLOCK_VIRTUAL: usize = offset_of!(CpuBlock, address);
pub(super) const BLOCK_EMERGENCY: usize = offset_of!(CpuBlock, emergency_stack);

const EMERGENCY_STACK_SIZE: usize = 8192;

/// Memory for the emergency stacks, written by nobody but the stack pointer.
#[repr(C, align(16))]
struct EmergencyStacks(core::cell::UnsafeCell<[[u8; EMERGENCY_STACK_SIZE]; MAX_CPUS]>);

// SAFETY: only ever used as an address; each CPU's stack pointer uses its own part.
unsafe impl Sync for EmergencyStacks {}

static EMERGENCY_STACKS: EmergencyStacks = EmergencyStacks(core::cell::UnsafeCell::new(
    [[0; EMERGENCY_STACK_SIZE]; MAX_CPUS],
));

/// This CPU's block.
#[inline(always)]
pub(super) fn this() -> &'static CpuBlock {
    let block: *const CpuBlock;
    // SAFETY: reads a register. Not `pure`: a thread that switches may come back elsewhere.
    unsafe { asm!("mrs {}, tpidr_el1", out(reg) block, options(nomem, nostack, preserves_flags)) };
    // SAFETY: every path into Rust code sets TPIDR_EL1 to an element of CPU_BLOCKS first, and
    // nothing writes it afterwards.
    unsafe { &*block }
}

/// This CPU's number.
#[inline(always)]
pub(crate) fn cpu_id() -> usize {
    this().id.load(Ordering::Relaxed)
}

/// Sets or clears the mark of a CPU.
pub(crate) fn mark_cpu(cpu: usize, marked: bool) {
    if let Some(block) = CPU_BLOCKS.get(cpu) {
        block.mark.store(marked, Ordering::Relaxed);
    }
}

/// Whether this CPU's mark is set.
#[inline(always)]
pub(crate) fn is_cpu_marked() -> bool {
    this().mark.load(Ordering::Relaxed)
}

/// Notes which CPUs there are; the one that booted is the first.
pub(super) fn set_identifiers(identifiers: &[usize]) {
    for (id, (block, &identifier)) in CPU_BLOCKS.iter().zip(identifiers).enumerate() {
        block.id.store(id, Ordering::Relaxed);
        block.identifier.store(identifier, Ordering::Relaxed);
        block
            .address
            .store(&raw const *block as usize, Ordering::Relaxed);
        let bottom = EMERGENCY_STACKS.0.get() as usize + id * EMERGENCY_STACK_SIZE;
        block
            .emergency_stack
            .store(bottom + EMERGENCY_STACK_SIZE, Ordering::Relaxed);
    }
    this().started.store(true, Ordering::Release);
}

/// The line of the software interrupt that is a kick.
pub(super) const KICK_LINE: u32 = 0;

/// Makes another CPU take an interrupt, by the interrupt controller.
pub(crate) fn send_kick(cpu: usize) {
    if CPU_BLOCKS[cpu].started.load(Ordering::Acquire)
        && let Some(controller) = interrupt::controller()
    {
        controller.send_ipi(cpu);
    }
}

/// Starts every other CPU and waits until each is up (or the firmware refused).
pub(crate) fn start_cpus() {
    for block in CPU_BLOCKS.iter().take(boot::cpu_count()).skip(1) {
        let Ok(stack) = Stack::new() else { return };
        block.stack_top.store(stack.top(), Ordering::Relaxed);
        block
            .root
            .store(kernel_table::kernel_root(), Ordering::Relaxed);
        // SAFETY: cleaning lines changes no memory's value. The CPU reads its block with caches
        // off, so what was written must reach memory itself.
        unsafe {
            asm!("dc civac, {}", "dsb sy", in(reg) &raw const *block, options(nostack));
        }
        let entry = virtual_to_physical(boot::secondary_start as *const () as usize);
        let context = virtual_to_physical(&raw const *block as usize);
        let identifier = block.identifier.load(Ordering::Relaxed);
        // SAFETY: the entry expects translation off and its block's address, and the block names a
        // stack that nobody else uses.
        if !unsafe { psci::cpu_on(identifier, entry, context) } {
            continue;
        }
        // The stack belongs to that CPU from now on, for ever.
        core::mem::forget(stack);
        wait_for(block);
    }
}

/// Waits until a CPU is up; a second is for ever on any machine that will do it at all.
fn wait_for(block: &CpuBlock) {
    let deadline = timer::now_ns() + 1_000_000_000;
    while !block.started.load(Ordering::Acquire) && timer::now_ns() < deadline {
        core::hint::spin_loop();
    }
}

/// Where another CPU enters Rust, on a stack of its own.
pub(super) extern "C" fn secondary_boot() -> ! {
    kernel_table::leave_identity();
    trap::init_cpu();
    timer::init_cpu();
    this().started.store(true, Ordering::Release);
    cpu::secondary_main()
}
