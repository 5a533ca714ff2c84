//! The control and status registers this backend uses.

use core::arch::asm;

/// `sstatus`: interrupts enabled.
pub(super) const STATUS_SIE: usize = 1 << 1;
/// `sstatus`: the trap came from (or returns to) supervisor mode.
pub(super) const STATUS_SPP: usize = 1 << 8;
/// `sstatus`: state of the floating point unit, two bits.
pub(super) const STATUS_FS: usize = 3 << 13;
/// `sstatus.FS`: on, and registers unchanged since they were loaded or saved.
pub(super) const STATUS_FS_CLEAN: usize = 2 << 13;
/// `sstatus.FS`: on, and registers changed.
pub(super) const STATUS_FS_DIRTY: usize = 3 << 13;
/// `sstatus`: state of the vector unit, two bits.
pub(super) const STATUS_VS: usize = 3 << 9;
/// `sstatus`: supervisor mode may touch user pages.
pub(super) const STATUS_SUM: usize = 1 << 18;

/// `sie`/`sip`: software, timer and external interrupt.
pub(super) const INTERRUPT_SOFTWARE: usize = 1 << 1;
pub(super) const INTERRUPT_TIMER: usize = 1 << 5;
pub(super) const INTERRUPT_EXTERNAL: usize = 1 << 9;

/// `satp`: Sv39.
pub(super) const SATP_SV39: usize = 8 << 60;

/// Reads a register by name.
macro_rules! read_csr {
    ($name:literal) => {{
        let value: usize;
        // SAFETY: reading this register has no side effect.
        unsafe { core::arch::asm!(concat!("csrr {}, ", $name), out(reg) value, options(nostack)) };
        value
    }};
}
pub(super) use read_csr;

/// Disables interrupts; returns whether they were enabled.
#[inline(always)]
pub(crate) fn interrupts_save_disable() -> bool {
    let status: usize;
    // SAFETY: only clears the interrupt enable bit. Without `nomem` it orders memory accesses,
    // as a critical section must.
    unsafe { asm!("csrrci {}, sstatus, 2", out(reg) status, options(nostack)) };
    status & STATUS_SIE != 0
}

/// Disables interrupts.
#[inline(always)]
pub(super) fn interrupts_disable() {
    // SAFETY: as above.
    unsafe { asm!("csrci sstatus, 2", options(nostack)) };
}

/// Enables interrupts if `enabled`.
#[inline(always)]
pub(crate) fn interrupts_restore(enabled: bool) {
    if enabled {
        // SAFETY: interrupt handlers are sound at any point of safe code; traps are set up before
        // the first call.
        unsafe { asm!("csrsi sstatus, 2", options(nostack)) };
    }
}

/// Whether interrupts are enabled.
#[inline(always)]
pub(crate) fn interrupts_enabled() -> bool {
    read_csr!("sstatus") & STATUS_SIE != 0
}

/// Sleeps until an interrupt is pending, enabled or not in `sstatus`.
pub(crate) fn wait_for_interrupt() {
    // SAFETY: does nothing but wait.
    unsafe { asm!("wfi", options(nostack)) };
}

/// Lets the external interrupt through.
pub(crate) fn external_interrupts_enable() {
    enable_interrupts(INTERRUPT_EXTERNAL);
}

/// Lets the given kinds of interrupts through.
pub(super) fn enable_interrupts(mask: usize) {
    // SAFETY: every kind of interrupt has a handler in `trap`.
    unsafe { asm!("csrs sie, {}", in(reg) mask, options(nostack)) };
}

/// One turn of a waiting loop.
#[inline(always)]
pub(crate) fn spin_relax() {
    core::hint::spin_loop();
}
