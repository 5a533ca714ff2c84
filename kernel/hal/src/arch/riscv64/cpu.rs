//! CPUs: what each has of its own, and how the others are started.
//!
//! `tp` points to this CPU's [`CpuBlock`] whenever the kernel runs. OpenSBI starts one hart; the
//! others are started by it (SBI HSM) at `secondary_start`, which turns translation on with the
//! kernel's final tables and arrives at [`secondary_boot`].

use core::arch::{asm, global_asm};
use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::layout::{IMAGE_OFFSET, virtual_to_physical};
use super::{boot, csr, kernel_table, sbi, timer, trap};
use crate::arch::bare::Stack;
use crate::{MAX_CPUS, cpu};

/// What a CPU has of its own. Assembly knows the offsets of the first fields.
#[repr(C, align(64))]
pub(super) struct CpuBlock {
    /// The CPU's number.
    id: AtomicUsize,
    /// Where its first stack ends.
    stack_top: AtomicUsize,
    /// Its first `satp`.
    satp: AtomicUsize,
    /// The hardware's number for it.
    hart: AtomicUsize,
    /// Which floating point state is in its registers; see `user`.
    pub(super) floating_point: AtomicUsize,
    /// Whose state the unit is on for; 0 while it is off.
    pub(super) unit_is_for: AtomicUsize,
    /// How many such states it has numbered.
    stamps: AtomicUsize,
    /// Set when the CPU is up.
    started: AtomicBool,
    /// One past the end of the stack on which a stack overflow is reported.
    emergency_stack: AtomicUsize,
    /// See [`crate::cpu::mark`].
    mark: AtomicBool,
}

pub(super) static CPU_BLOCKS: [CpuBlock; MAX_CPUS] = [const {
    CpuBlock {
        id: AtomicUsize::new(0),
        stack_top: AtomicUsize::new(0),
        satp: AtomicUsize::new(0),
        hart: AtomicUsize::new(0),
        floating_point: AtomicUsize::new(0),
        unit_is_for: AtomicUsize::new(0),
        stamps: AtomicUsize::new(0),
        started: AtomicBool::new(false),
        emergency_stack: AtomicUsize::new(0),
        mark: AtomicBool::new(false),
    }
}; MAX_CPUS];

/// The offset of the emergency stack's address in a block.
pub(super) const EMERGENCY_STACK: usize = offset_of!(CpuBlock, emergency_stack);

const EMERGENCY_STACK_SIZE: usize = 8192;

/// Memory for the emergency stacks, written by nobody but the stack pointer.
#[repr(C, align(16))]
struct EmergencyStacks(core::cell::UnsafeCell<[[u8; EMERGENCY_STACK_SIZE]; MAX_CPUS]>);

// SAFETY: only ever used as an address; each CPU's stack pointer uses its own part.
unsafe impl Sync for EmergencyStacks {}

static EMERGENCY_STACKS: EmergencyStacks = EmergencyStacks(core::cell::UnsafeCell::new(
    [[0; EMERGENCY_STACK_SIZE]; MAX_CPUS],
));

impl CpuBlock {
    /// A number that no CPU has given before; never 0. Called by the block's own CPU.
    pub(super) fn next_stamp(&self) -> usize {
        let count = self.stamps.load(Ordering::Relaxed) + 1;
        self.stamps.store(count, Ordering::Relaxed);
        count * MAX_CPUS + self.id.load(Ordering::Relaxed)
    }
}

/// This CPU's block.
#[inline(always)]
pub(super) fn this() -> &'static CpuBlock {
    let block: *const CpuBlock;
    // SAFETY: reads a register. Not `pure`: a thread that switches may come back elsewhere.
    unsafe { asm!("mv {}, tp", out(reg) block, options(nomem, nostack, preserves_flags)) };
    // SAFETY: every path into Rust code sets `tp` to an element of CPU_BLOCKS first, and the
    // compiler never touches `tp`.
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

/// How many CPUs there are.
pub(crate) fn cpu_count() -> usize {
    boot::machine().cpu_count
}

/// Notes which harts there are; the one that booted becomes CPU 0, whose block `tp` holds.
pub(super) fn set_harts(harts: &[usize]) {
    for (id, (block, &hart)) in CPU_BLOCKS.iter().zip(harts).enumerate() {
        block.id.store(id, Ordering::Relaxed);
        block.hart.store(hart, Ordering::Relaxed);
        let bottom = EMERGENCY_STACKS.0.get() as usize + id * EMERGENCY_STACK_SIZE;
        block
            .emergency_stack
            .store(bottom + EMERGENCY_STACK_SIZE, Ordering::Relaxed);
    }
}

/// The hart of a CPU.
pub(crate) fn hart(cpu: usize) -> usize {
    CPU_BLOCKS[cpu].hart.load(Ordering::Relaxed)
}

/// The harts of a set of CPUs, this one left out; `None` if that leaves nobody.
pub(super) fn other_harts(cpus: usize) -> Option<sbi::HartSet> {
    let this = cpu_id();
    if cpus & !(1 << this) == 0 {
        return None;
    }
    let mut set = sbi::HartSet { mask: 0, base: 0 };
    for cpu in 0..cpu_count() {
        if cpu == this || cpus & (1 << cpu) == 0 || !is_started(cpu) {
            continue;
        }
        match 1usize.checked_shl(hart(cpu) as u32) {
            Some(bit) => set.mask |= bit,
            // A hart whose number does not fit the mask: tell everybody.
            None => {
                return Some(sbi::HartSet {
                    mask: 0,
                    base: usize::MAX,
                });
            }
        }
    }
    (set.mask != 0).then_some(set)
}

fn is_started(cpu: usize) -> bool {
    cpu == 0 || CPU_BLOCKS[cpu].started.load(Ordering::Acquire)
}

/// Makes another CPU take a software interrupt.
pub(crate) fn send_kick(cpu: usize) {
    if is_started(cpu) {
        sbi::send_ipi(hart(cpu));
    }
}

unsafe extern "C" {
    fn secondary_start();
}

/// The physical address of the block of the CPU that is being started; they are started one after another.
pub(super) static STARTING: AtomicUsize = AtomicUsize::new(0);

/// Starts every other CPU and waits until each is up (or the firmware refused).
pub(crate) fn start_cpus() {
    for (id, block) in CPU_BLOCKS.iter().enumerate().take(cpu_count()).skip(1) {
        let Ok(stack) = Stack::new() else { return };
        block.stack_top.store(stack.top(), Ordering::Relaxed);
        block
            .satp
            .store(kernel_table::kernel_satp(), Ordering::Relaxed);
        // The stack belongs to that CPU from now on, for ever.
        core::mem::forget(stack);
        let start = virtual_to_physical(secondary_start as *const () as usize);
        let opaque = virtual_to_physical(&raw const *block as usize);
        STARTING.store(opaque, Ordering::Relaxed);
        core::sync::atomic::fence(Ordering::SeqCst);
        // SAFETY: `secondary_start` is made for this, and the block it is handed is filled in.
        if !unsafe { sbi::start_hart(hart(id), start, opaque) } {
            continue;
        }
        while !block.started.load(Ordering::Acquire) {
            core::hint::spin_loop();
        }
    }
}

global_asm!(
    r#"
    .section .text
    .balign 4
    .globl secondary_start
secondary_start:
    // a1: physical address of this CPU's block; translation off, interrupts off.
    csrw    sie, zero
    li      t0, {image_offset}
    ld      t1, {satp}(a1)
    lla     t2, 1f
    add     t2, t2, t0
    csrw    stvec, t2
    add     tp, a1, t0
    sfence.vma
    csrw    satp, t1
    // The next fetch faults, because nothing is mapped at low addresses, and goes on at stvec.
    .balign 4
1:
    ld      sp, {stack_top}(tp)
    csrw    sscratch, zero
    li      s0, 0
    tail    {secondary_boot}
"#,
    image_offset = const IMAGE_OFFSET as isize,
    satp = const offset_of!(CpuBlock, satp),
    stack_top = const offset_of!(CpuBlock, stack_top),
    secondary_boot = sym secondary_boot,
);

/// Where a secondary CPU enters Rust.
extern "C" fn secondary_boot() -> ! {
    trap::init_cpu();
    timer::init_cpu();
    csr::enable_interrupts(csr::INTERRUPT_SOFTWARE | csr::INTERRUPT_TIMER);
    this().started.store(true, Ordering::Release);
    cpu::secondary_main()
}
