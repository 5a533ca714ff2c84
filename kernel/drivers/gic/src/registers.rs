//! Register offsets (Arm IHI 0048B, chapter 4).

/// The distributor's registers.
pub(crate) mod distributor {
    /// GICD_CTLR: bit 0 switches forwarding on.
    pub(crate) const CONTROL: usize = 0x000;
    /// GICD_TYPER: bits 4 to 0 are the number of lines / 32 - 1.
    pub(crate) const TYPE: usize = 0x004;
    /// GICD_ISENABLER: one bit a line; writing 1 enables.
    pub(crate) const ENABLE: usize = 0x100;
    /// GICD_ICENABLER: one bit a line; writing 1 disables.
    pub(crate) const DISABLE: usize = 0x180;
    /// GICD_ICPENDR: one bit a line; writing 1 makes it no longer pending.
    pub(crate) const CLEAR_PENDING: usize = 0x280;
    /// GICD_IPRIORITYR: one byte a line.
    pub(crate) const PRIORITY: usize = 0x400;
    /// GICD_ITARGETSR: one byte a line, one bit a CPU.
    pub(crate) const TARGETS: usize = 0x800;
    /// GICD_SGIR: bits 23 to 16 are the targets, bits 3 to 0 the line.
    pub(crate) const SOFTWARE_INTERRUPT: usize = 0xf00;
    /// Bytes of the registers above.
    pub(crate) const LENGTH: usize = SOFTWARE_INTERRUPT + 4;
}

/// The CPU interface's registers.
pub(crate) mod cpu_interface {
    /// GICC_CTLR: bit 0 switches it on.
    pub(crate) const CONTROL: usize = 0x00;
    /// GICC_PMR: only lines of higher priority (a lower number) interrupt.
    pub(crate) const PRIORITY_MASK: usize = 0x04;
    /// GICC_BPR: which bits of the priority preempt.
    pub(crate) const BINARY_POINT: usize = 0x08;
    /// GICC_IAR: reading takes the next pending line.
    pub(crate) const ACKNOWLEDGE: usize = 0x0c;
    /// GICC_EOIR: writing completes it.
    pub(crate) const END: usize = 0x10;
    /// Bytes of the registers above.
    pub(crate) const LENGTH: usize = END + 4;
}
