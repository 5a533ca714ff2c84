//! The PrimeCell UART PL011 (Arm DDI 0183).

use device::LineParameters;
use hal::mmio::Mmio;

use crate::port::Chip;

const DATA: usize = 0x00;
const FLAGS: usize = 0x18;
const LINE_CONTROL: usize = 0x2c;
const CONTROL: usize = 0x30;
const INTERRUPT_MASK: usize = 0x38;
const INTERRUPT_CLEAR: usize = 0x44;
/// Bytes of the registers above.
pub(crate) const LENGTH: usize = INTERRUPT_CLEAR + 4;

const BUSY: u32 = 1 << 3;
const RECEIVE_EMPTY: u32 = 1 << 4;
const TRANSMIT_FULL: u32 = 1 << 5;
const TRANSMIT_EMPTY: u32 = 1 << 7;
/// FIFOs on.
const FIFO: u32 = 1 << 4;
/// The chip, its transmitter and its receiver are on.
const ALL_ON: u32 = 1 | 1 << 8 | 1 << 9;
const RECEIVE: u32 = 1 << 4;
const TRANSMIT: u32 = 1 << 5;
const RECEIVE_TIMEOUT: u32 = 1 << 6;
const ALL_INTERRUPTS: u32 = 0x7ff;

/// The chip.
pub(crate) struct Pl011 {
    registers: Mmio,
}

impl Pl011 {
    /// Switches it on: eight bits, FIFOs, no interrupts. The speed stays as firmware set it.
    pub(crate) fn new(registers: Mmio) -> Pl011 {
        registers.write32(INTERRUPT_MASK, 0);
        registers.write32(INTERRUPT_CLEAR, ALL_INTERRUPTS);
        registers.write32(LINE_CONTROL, 3 << 5 | FIFO);
        registers.write32(CONTROL, ALL_ON);
        Pl011 { registers }
    }
}

impl Chip for Pl011 {
    const KIND: &'static str = "PL011";

    fn get(&self) -> Option<u8> {
        let there = self.registers.read32(FLAGS) & RECEIVE_EMPTY == 0;
        there.then(|| self.registers.read32(DATA) as u8)
    }

    fn put(&self, byte: u8) -> bool {
        let room = self.registers.read32(FLAGS) & TRANSMIT_FULL == 0;
        if room {
            self.registers.write32(DATA, byte.into());
        }
        room
    }

    fn is_idle(&self) -> bool {
        self.registers.read32(FLAGS) & (BUSY | TRANSMIT_EMPTY) == TRANSMIT_EMPTY
    }

    fn set_interrupts(&self, receive: bool, transmit: bool) {
        let receive = if receive {
            RECEIVE | RECEIVE_TIMEOUT
        } else {
            0
        };
        let transmit = if transmit { TRANSMIT } else { 0 };
        self.registers.write32(INTERRUPT_MASK, receive | transmit);
    }

    fn acknowledge(&self) {
        self.registers
            .write32(INTERRUPT_CLEAR, RECEIVE | TRANSMIT | RECEIVE_TIMEOUT);
    }

    fn configure(&self, parameters: &LineParameters) {
        use device::Parity;
        let bits = u32::from(parameters.data_bits.clamp(5, 8) - 5);
        let stop = if parameters.two_stop_bits { 1 << 3 } else { 0 };
        let parity = match parameters.parity {
            Parity::None => 0,
            Parity::Odd => 1 << 1,
            Parity::Even => 3 << 1,
        };
        self.registers
            .write32(LINE_CONTROL, bits << 5 | FIFO | stop | parity);
    }
}
