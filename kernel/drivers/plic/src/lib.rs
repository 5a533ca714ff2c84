//! RISC-V's platform-level interrupt controller.
//!
//! Devices raise numbered lines; the PLIC hands each pending line to one of the *contexts* that
//! want it (a context is one privilege mode of one hart), by priority. This driver gives every
//! line the same priority and lets the first CPU take all of them: the handlers are short, and
//! the threads that they wake run anywhere.
//!
//! Source: "RISC-V Platform-Level Interrupt Controller Specification", version 1.0.0; the device
//! tree binding `sifive,plic-1.0.0` (also `riscv,plic0`).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod contexts;

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::sync::SpinLock;
use base::{Error, Result, rank};
use device::tree::HardwareNode;
use hal::interrupt::Controller;
use hal::mmio::{Mmio, MmioError};

/// One word a line; 0 means never.
const PRIORITY: usize = 0x0000;
/// A bit a line, a block a context.
const ENABLE: usize = 0x2000;
const ENABLE_STRIDE: usize = 0x80;
/// Lines of at most this priority do not interrupt the context.
const THRESHOLD: usize = 0x20_0000;
const CLAIM: usize = 0x20_0004;
const CONTEXT_STRIDE: usize = 0x1000;
/// The largest number of lines that the layout has room for.
const MOST_LINES: u32 = 1024;

/// A PLIC.
pub struct Plic {
    registers: Mmio,
    /// The supervisor context of each CPU.
    contexts: Vec<usize>,
    /// Enable bits are read, changed and written.
    enabling: SpinLock<()>,
}

impl Plic {
    /// The machine's PLIC, if it has one. `hardware_ids` are the hart numbers of the CPUs, in the
    /// kernel's order.
    pub fn probe(
        tree: &[u8],
        devices: &[HardwareNode],
        hardware_ids: &[usize],
    ) -> Result<Option<Arc<Plic>>> {
        let known = ["sifive,plic-1.0.0", "riscv,plic0"];
        let node = devices
            .iter()
            .find(|node| known.iter().any(|name| node.is_compatible(name)));
        let Some(node) = node else { return Ok(None) };
        let &(address, length) = node.registers.first().ok_or(Error::InvalidArgument)?;
        let contexts = contexts::of_cpus(tree, hardware_ids)?;
        let furthest = contexts.iter().max().copied().unwrap_or(0);
        let needs = CLAIM + furthest * CONTEXT_STRIDE + 4;
        let registers = Mmio::claim(address, length, needs).map_err(|error| match error {
            MmioError::TooShort => Error::InvalidArgument,
            _ => Error::Busy,
        })?;
        Ok(Some(Arc::new(Plic {
            registers,
            contexts,
            enabling: SpinLock::new(rank::DEVICE, ()),
        })))
    }

    fn context(&self, cpu: usize) -> Option<usize> {
        self.contexts.get(cpu).copied()
    }

    fn set_enabled(&self, line: u32, enabled: bool) {
        let Some(context) = self.context(0) else {
            return;
        };
        if line == 0 || line >= MOST_LINES {
            return;
        }
        let line = line as usize;
        let word = ENABLE + context * ENABLE_STRIDE + line / 32 * 4;
        let bit = 1u32 << (line % 32);
        let _enabling = self.enabling.lock();
        let bits = self.registers.read32(word);
        let bits = if enabled { bits | bit } else { bits & !bit };
        self.registers.write32(word, bits);
        self.registers
            .write32(PRIORITY + line * 4, u32::from(enabled));
    }
}

impl Controller for Plic {
    fn enable(&self, line: u32) {
        self.set_enabled(line, true);
    }

    fn disable(&self, line: u32) {
        self.set_enabled(line, false);
    }

    fn claim(&self) -> Option<u32> {
        let context = self.context(hal::cpu::id())?;
        match self.registers.read32(CLAIM + context * CONTEXT_STRIDE) {
            0 => None,
            line => Some(line),
        }
    }

    fn complete(&self, line: u32) {
        if let Some(context) = self.context(hal::cpu::id()) {
            self.registers
                .write32(CLAIM + context * CONTEXT_STRIDE, line);
        }
    }

    fn init_cpu(&self) {
        if let Some(context) = self.context(hal::cpu::id()) {
            self.registers
                .write32(THRESHOLD + context * CONTEXT_STRIDE, 0);
        }
    }
}
