//! The 16550A (National Semiconductor PC16550D data sheet).

use device::LineParameters;
use hal::mmio::Mmio;

use crate::port::Chip;

/// Receive buffer (read), transmit holding (write).
const DATA: usize = 0;
const INTERRUPT_ENABLE: usize = 1;
/// Identification (read), FIFO control (write).
const INTERRUPT_IDENTIFICATION: usize = 2;
const FIFO_CONTROL: usize = 2;
const LINE_CONTROL: usize = 3;
const MODEM_CONTROL: usize = 4;
const LINE_STATUS: usize = 5;

/// Bytes of the registers, each `1 << shift` from the next (at most 16: see the device tree).
pub(crate) fn length(shift: u32) -> usize {
    (LINE_STATUS << shift) + 1
}

const ENABLE_RECEIVE: u8 = 1 << 0;
const ENABLE_TRANSMIT: u8 = 1 << 1;
const EIGHT_BITS: u8 = 3;
/// FIFOs on, both emptied, interrupt at one byte.
const FIFO_ON: u8 = 0x07;
/// Data terminal ready, request to send, and the line that lets the interrupt out.
const MODEM_READY: u8 = 0x0b;
const DATA_READY: u8 = 1 << 0;
const HOLDING_EMPTY: u8 = 1 << 5;
const ALL_EMPTY: u8 = 1 << 6;

/// The chip.
pub(crate) struct Ns16550 {
    registers: Mmio,
    shift: u32,
}

impl Ns16550 {
    /// Switches it on: eight bits, FIFOs, no interrupts. The speed stays as firmware set it.
    pub(crate) fn new(registers: Mmio, shift: u32) -> Ns16550 {
        let chip = Ns16550 { registers, shift };
        chip.write(INTERRUPT_ENABLE, 0);
        chip.write(LINE_CONTROL, EIGHT_BITS);
        chip.write(FIFO_CONTROL, FIFO_ON);
        chip.write(MODEM_CONTROL, MODEM_READY);
        chip
    }

    fn read(&self, register: usize) -> u8 {
        self.registers.read8(register << self.shift)
    }

    fn write(&self, register: usize, value: u8) {
        self.registers.write8(register << self.shift, value);
    }
}

impl Chip for Ns16550 {
    const KIND: &'static str = "16550";

    fn get(&self) -> Option<u8> {
        (self.read(LINE_STATUS) & DATA_READY != 0).then(|| self.read(DATA))
    }

    fn put(&self, byte: u8) -> bool {
        // The flag says that the whole FIFO is empty. Asking before each byte wastes its other
        // fifteen places but never loses a byte on a chip without one.
        let room = self.read(LINE_STATUS) & HOLDING_EMPTY != 0;
        if room {
            self.write(DATA, byte);
        }
        room
    }

    fn is_idle(&self) -> bool {
        self.read(LINE_STATUS) & ALL_EMPTY != 0
    }

    fn set_interrupts(&self, receive: bool, transmit: bool) {
        let receive = if receive { ENABLE_RECEIVE } else { 0 };
        let transmit = if transmit { ENABLE_TRANSMIT } else { 0 };
        self.write(INTERRUPT_ENABLE, receive | transmit);
    }

    fn acknowledge(&self) {
        // Reading it takes a transmit interrupt back.
        let _ = self.read(INTERRUPT_IDENTIFICATION);
    }

    fn configure(&self, parameters: &LineParameters) {
        use device::Parity;
        let bits = parameters.data_bits.clamp(5, 8) - 5;
        let stop = if parameters.two_stop_bits { 1 << 2 } else { 0 };
        let parity = match parameters.parity {
            Parity::None => 0,
            Parity::Odd => 1 << 3,
            Parity::Even => 3 << 3,
        };
        self.write(LINE_CONTROL, bits | stop | parity);
    }
}
