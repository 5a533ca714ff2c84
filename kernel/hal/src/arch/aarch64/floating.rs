//! Floating point and SIMD state of programs, saved on demand.
//!
//! The kernel itself uses no floating point (its target has none), so a program's registers stay
//! in the CPU while the kernel runs for it. User mode traps at its first use (CPACR_EL1); then its
//! state is loaded, and from then on the CPU's registers are the truth. They are written back when
//! the thread leaves this CPU ([`leave`], from the switch) or when somebody asks for them.
//!
//! Each state lives in a shared, locked [`Area`]; a CPU holds a share of the one that is live in it,
//! so a program may go away, or be copied, in any order.
//!
//! Whoever leaves a CPU leaves it so that user mode traps. So a thread that comes back to a program
//! in the middle of a system call has nothing to see to: either nobody else ran here, or its first
//! use of floating point will tell.

use alloc::sync::Arc;
use core::arch::asm;
use core::sync::atomic::Ordering;

use super::cpu::this;
use super::registers::{instruction_barrier, write_register};
use crate::cpu::CpuLocal;
use crate::sync::{Rank, SpinLock};

/// Taken inside a switch, under no other lock.
const RANK_LIVE: Rank = Rank(892);
const RANK_AREA: Rank = Rank(894);

/// CPACR_EL1.FPEN: user mode traps, the kernel does not.
pub(super) const TRAP_USER: u64 = 1 << 20;
/// CPACR_EL1.FPEN: nobody traps.
const TRAP_NONE: u64 = 3 << 20;

/// The floating point and SIMD registers of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct FloatingPointState {
    /// v0 to v31.
    pub v: [u128; 32],
    /// The status register.
    pub fpsr: u32,
    /// The control register.
    pub fpcr: u32,
}

/// A program's state while it is not in a CPU's registers, and the place for it while it is.
pub(super) struct Area {
    state: SpinLock<FloatingPointState>,
}

impl Area {
    fn new(state: FloatingPointState) -> Arc<Area> {
        Arc::new(Area {
            state: SpinLock::new(RANK_AREA, state),
        })
    }
}

/// Whose registers are in each CPU.
static LIVE: CpuLocal<SpinLock<Option<Arc<Area>>>> =
    CpuLocal::new(|| SpinLock::new(RANK_LIVE, None));

/// A program's share of its state; made at its first use of floating point.
#[derive(Default)]
pub(super) struct Registers {
    area: Option<Arc<Area>>,
}

impl Clone for Registers {
    fn clone(&self) -> Self {
        Self {
            area: self
                .area
                .as_ref()
                .map(|_| Area::new(self.with(Clone::clone))),
        }
    }
}

impl Registers {
    fn identity(&self) -> usize {
        self.area
            .as_ref()
            .map_or(0, |area| Arc::as_ptr(area).addr())
    }

    /// Whether this state is in this CPU's registers.
    fn is_live(&self) -> bool {
        let identity = self.identity();
        identity != 0 && this().floating_point.load(Ordering::Relaxed) == identity
    }

    /// Before user mode is entered, interrupts disabled: lets it use the registers if they hold its
    /// state, and makes it trap otherwise.
    #[inline]
    pub(super) fn prepare(&self) {
        // SAFETY: decides only whether user mode traps; if not, the registers are its own.
        unsafe {
            write_register!(
                "cpacr_el1",
                if self.is_live() { TRAP_NONE } else { TRAP_USER }
            )
        };
        // The return to user mode synchronises the write.
    }

    /// The program trapped: puts its state into the registers. Interrupts are disabled.
    pub(super) fn load(&mut self) {
        leave();
        let area = self
            .area
            .get_or_insert_with(|| Area::new(FloatingPointState::default()));
        restore(&area.state.lock());
        *LIVE.lock() = Some(area.clone());
        this()
            .floating_point
            .store(Arc::as_ptr(area).addr(), Ordering::Relaxed);
    }

    /// Looks at the state as it is now.
    pub(super) fn with<R>(&self, look: impl FnOnce(&FloatingPointState) -> R) -> R {
        let _guard = crate::interrupt::disable();
        if self.is_live() {
            leave();
        }
        match &self.area {
            Some(area) => look(&area.state.lock()),
            None => look(&FloatingPointState::default()),
        }
    }

    /// Changes the state.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut FloatingPointState)) {
        let _guard = crate::interrupt::disable();
        if self.is_live() {
            leave();
        }
        let area = self
            .area
            .get_or_insert_with(|| Area::new(FloatingPointState::default()));
        change(&mut area.state.lock());
    }
}

/// The thread leaves this CPU: writes back what is live in it. Interrupts are disabled.
#[inline]
pub(super) fn leave() {
    if this().floating_point.load(Ordering::Relaxed) != 0 {
        write_back();
    }
}

#[cold]
fn write_back() {
    this().floating_point.store(0, Ordering::Relaxed);
    let live = LIVE.lock().take();
    if let Some(area) = live {
        save(&mut area.state.lock());
    }
}

/// Copies the registers to memory.
fn save(state: &mut FloatingPointState) {
    // SAFETY: the registers are stored to the exclusive reference's memory, 528 bytes laid out as
    // the instructions expect. Whether the kernel's access traps was set to never.
    unsafe {
        write_register!("cpacr_el1", TRAP_USER);
        instruction_barrier();
        asm!(
            ".arch_extension fp",
            ".arch_extension simd",
            "stp q0, q1, [{0}]", "stp q2, q3, [{0}, #32]",
            "stp q4, q5, [{0}, #64]", "stp q6, q7, [{0}, #96]",
            "stp q8, q9, [{0}, #128]", "stp q10, q11, [{0}, #160]",
            "stp q12, q13, [{0}, #192]", "stp q14, q15, [{0}, #224]",
            "stp q16, q17, [{0}, #256]", "stp q18, q19, [{0}, #288]",
            "stp q20, q21, [{0}, #320]", "stp q22, q23, [{0}, #352]",
            "stp q24, q25, [{0}, #384]", "stp q26, q27, [{0}, #416]",
            "stp q28, q29, [{0}, #448]", "stp q30, q31, [{0}, #480]",
            "mrs {1}, fpsr", "str {1:w}, [{0}, #512]",
            "mrs {1}, fpcr", "str {1:w}, [{0}, #516]",
            ".arch_extension nosimd",
            ".arch_extension nofp",
            in(reg) &raw mut *state,
            out(reg) _,
            options(nostack),
        );
    }
}

/// Copies memory to the registers.
fn restore(state: &FloatingPointState) {
    // SAFETY: reads the reference's memory; the registers belong to no Rust code, because the
    // kernel is compiled without floating point.
    unsafe {
        write_register!("cpacr_el1", TRAP_USER);
        instruction_barrier();
        asm!(
            ".arch_extension fp",
            ".arch_extension simd",
            "ldp q0, q1, [{0}]", "ldp q2, q3, [{0}, #32]",
            "ldp q4, q5, [{0}, #64]", "ldp q6, q7, [{0}, #96]",
            "ldp q8, q9, [{0}, #128]", "ldp q10, q11, [{0}, #160]",
            "ldp q12, q13, [{0}, #192]", "ldp q14, q15, [{0}, #224]",
            "ldp q16, q17, [{0}, #256]", "ldp q18, q19, [{0}, #288]",
            "ldp q20, q21, [{0}, #320]", "ldp q22, q23, [{0}, #352]",
            "ldp q24, q25, [{0}, #384]", "ldp q26, q27, [{0}, #416]",
            "ldp q28, q29, [{0}, #448]", "ldp q30, q31, [{0}, #480]",
            "ldr {1:w}, [{0}, #512]", "msr fpsr, {1}",
            "ldr {1:w}, [{0}, #516]", "msr fpcr, {1}",
            ".arch_extension nosimd",
            ".arch_extension nofp",
            in(reg) &raw const *state,
            out(reg) _,
            options(nostack),
        );
    }
}
