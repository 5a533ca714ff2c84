//! Arm generic interrupt controller, version 2 (Arm IHI 0048B).
//!
//! One *distributor* for the machine decides which line goes to which CPU; each CPU sees its own
//! *CPU interface* at one and the same address. Lines 0 to 15 are software generated (a CPU
//! interrupts another), 16 to 31 are each CPU's private ones (its timer), all from 32 on are shared.
//! Registers of the first 32 lines are banked: each CPU sees its own.
//!
//! The driver is safe code: it plugs into [`hal::interrupt`] as a [`Controller`], and all it can
//! break by a wrong write is the delivery of interrupts.
//!
//! ```text
//! arm,cortex-a15-gic  reg = <distributor>, <CPU interface>
//! ```
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod registers;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use base::sync::SpinLock;
use base::{Error, Result, rank};
use device::tree::HardwareNode;
use hal::MAX_CPUS;
use hal::cpu::CpuLocal;
use hal::interrupt::Controller;
use hal::mmio::{Mmio, MmioError};

use registers::{cpu_interface, distributor};

/// What the device tree calls a controller that this driver knows.
const COMPATIBLE: &[&str] = &[
    "arm,cortex-a15-gic",
    "arm,cortex-a9-gic",
    "arm,gic-400",
    "arm,cortex-a7-gic",
];

/// The first line that is not banked.
const FIRST_SHARED: u32 = 32;
/// The lines that software generates.
const SOFTWARE_LINES: u32 = 16;
/// Acknowledging with nothing pending gives a line from here on.
const SPURIOUS: u32 = 1020;
/// One priority for all: in the middle.
const PRIORITY: u8 = 0xa0;

/// What this CPU acknowledged last: software interrupts must be completed with the number of the
/// CPU that sent them. Handlers do not nest, so one is enough.
static ACKNOWLEDGED: CpuLocal<AtomicU32> = CpuLocal::new(|| AtomicU32::new(SPURIOUS));

/// The controller.
pub struct Gic {
    distributor: Mmio,
    cpu: Mmio,
    /// How many lines there are.
    lines: u32,
    /// Each CPU's bit in the distributor's target registers; 0 until it is up.
    targets: [AtomicU32; MAX_CPUS],
    /// Which private lines are wanted, so that a CPU that starts later enables them too.
    private: AtomicU32,
    /// Held while a register that several CPUs change is read and written.
    change: SpinLock<()>,
}

impl Gic {
    /// The machine's GIC, if it has one that this driver knows.
    pub fn probe(devices: &[HardwareNode]) -> Result<Option<Arc<Gic>>> {
        let known = |node: &&HardwareNode| COMPATIBLE.iter().any(|name| node.is_compatible(name));
        let Some(node) = devices.iter().find(known) else {
            return Ok(None);
        };
        let &[distributor, cpu, ..] = node.registers.as_slice() else {
            return Err(Error::InvalidArgument);
        };
        let gic = Gic::new(distributor, cpu).map_err(|_| Error::Busy)?;
        base::info!("gic: version 2, {} lines", gic.lines);
        Ok(Some(gic))
    }

    /// Claims the controller's registers and switches the distributor on, with every shared line
    /// off.
    fn new(
        distributor: (usize, usize),
        cpu: (usize, usize),
    ) -> core::result::Result<Arc<Gic>, MmioError> {
        let distributor = Mmio::claim(distributor.0, distributor.1, distributor::LENGTH)?;
        let cpu = Mmio::claim(cpu.0, cpu.1, cpu_interface::LENGTH)?;
        let lines = 32 * ((distributor.read32(distributor::TYPE) & 0x1f) + 1);
        let gic = Gic {
            distributor,
            cpu,
            lines: lines.min(SPURIOUS),
            targets: [const { AtomicU32::new(0) }; MAX_CPUS],
            private: AtomicU32::new(0),
            change: SpinLock::new(rank::DEVICE, ()),
        };
        gic.init_distributor();
        Ok(Arc::new(gic))
    }

    fn init_distributor(&self) {
        let registers = &self.distributor;
        registers.write32(distributor::CONTROL, 0);
        for line in (FIRST_SHARED..self.lines).step_by(32) {
            registers.write32(distributor::DISABLE + bit_register(line), u32::MAX);
            registers.write32(distributor::CLEAR_PENDING + bit_register(line), u32::MAX);
        }
        for line in FIRST_SHARED..self.lines {
            registers.write8(distributor::PRIORITY + line as usize, PRIORITY);
        }
        registers.write32(distributor::CONTROL, 1);
    }

    /// This CPU's bit in the target registers: what a read of a banked one shows.
    fn own_target(&self) -> u32 {
        let seen = self.distributor.read32(distributor::TARGETS);
        let own = (seen | seen >> 8 | seen >> 16 | seen >> 24) & 0xff;
        // A controller for one CPU has no target registers.
        if own == 0 { 1 } else { own }
    }
}

/// The offset of the register with this line's bit, in an array of one bit a line.
fn bit_register(line: u32) -> usize {
    (line / 32 * 4) as usize
}

impl Controller for Gic {
    fn enable(&self, line: u32) {
        if line >= self.lines {
            return;
        }
        if line < FIRST_SHARED {
            self.private.fetch_or(1 << line, Ordering::Relaxed);
        } else {
            // Devices interrupt the first CPU; it wakes whom they concern.
            let target = self.targets[0].load(Ordering::Relaxed).max(1) as u8;
            self.distributor
                .write8(distributor::TARGETS + line as usize, target);
        }
        self.distributor
            .write32(distributor::ENABLE + bit_register(line), 1 << (line % 32));
    }

    fn disable(&self, line: u32) {
        if line < self.lines {
            if line < FIRST_SHARED {
                self.private.fetch_and(!(1 << line), Ordering::Relaxed);
            }
            self.distributor
                .write32(distributor::DISABLE + bit_register(line), 1 << (line % 32));
        }
    }

    fn claim(&self) -> Option<u32> {
        let acknowledged = self.cpu.read32(cpu_interface::ACKNOWLEDGE);
        let line = acknowledged & 0x3ff;
        if line >= SPURIOUS {
            return None;
        }
        ACKNOWLEDGED.store(acknowledged, Ordering::Relaxed);
        Some(line)
    }

    fn complete(&self, line: u32) {
        let acknowledged = ACKNOWLEDGED.load(Ordering::Relaxed);
        let sender = if line < SOFTWARE_LINES {
            acknowledged & !0x3ff
        } else {
            0
        };
        self.cpu.write32(cpu_interface::END, line | sender);
    }

    fn init_cpu(&self) {
        let _change = self.change.lock();
        self.targets[hal::cpu::id()].store(self.own_target(), Ordering::Relaxed);
        let registers = &self.distributor;
        registers.write32(distributor::DISABLE, !0xffff);
        for line in 0..FIRST_SHARED {
            registers.write8(distributor::PRIORITY + line as usize, PRIORITY);
        }
        let wanted = self.private.load(Ordering::Relaxed) | 0xffff;
        registers.write32(distributor::ENABLE, wanted);
        self.cpu.write32(cpu_interface::PRIORITY_MASK, 0xf0);
        self.cpu.write32(cpu_interface::BINARY_POINT, 0);
        self.cpu.write32(cpu_interface::CONTROL, 1);
    }

    fn send_ipi(&self, cpu: usize) {
        let target = self
            .targets
            .get(cpu)
            .map_or(0, |target| target.load(Ordering::Relaxed));
        if target != 0 {
            self.distributor
                .write32(distributor::SOFTWARE_INTERRUPT, target << 16);
        }
    }
}
