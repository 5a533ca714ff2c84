//! Serial ports: the wire of a terminal.
//!
//! A port never sleeps and never blocks: [`SerialPort::transmit`] and [`SerialPort::receive`] move
//! what fits now. When that changes the port calls its [`SerialEvents`] from the interrupt handler,
//! and the terminal above goes on. Bytes that came in wait in the port's own bounded buffer until
//! they are taken; when that fills up the port stops taking bytes from the wire, so that the other
//! side's flow control (in QEMU: the host's pipe) holds the rest.

use alloc::sync::Arc;

/// What a port tells about itself, from an interrupt handler.
pub trait SerialEvents: Send + Sync {
    /// Bytes can be received.
    fn received(&self);
    /// There is room to transmit again.
    fn transmit_ready(&self);
}

/// A serial port.
pub trait SerialPort: Send + Sync {
    /// Its name below `/dev`, such as `ttyS0`.
    fn name(&self) -> &str;

    /// Its device number.
    fn number(&self) -> crate::DeviceNumber;

    /// Takes bytes to send, as many as fit, and says how many. When it takes less than all it
    /// calls [`SerialEvents::transmit_ready`] once there is room.
    fn transmit(&self, bytes: &[u8]) -> usize;

    /// Gives bytes that came in, as many as there are, and says how many. When it fills less than
    /// all of `into` it calls [`SerialEvents::received`] at the next byte.
    fn receive(&self, into: &mut [u8]) -> usize;

    /// Whether all that was taken has left on the wire.
    fn is_drained(&self) -> bool;

    /// Forgets what was taken and not sent yet.
    fn discard_transmit(&self) {}

    /// Sets speed and format, where the hardware has such a thing.
    fn configure(&self, parameters: &LineParameters) {
        let _ = parameters;
    }

    /// Whom to tell; the port's interrupts start with the first call.
    fn set_events(&self, events: Arc<dyn SerialEvents>);
}

/// The parity bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// There is none.
    None,
    /// It makes the number of ones even.
    Even,
    /// It makes the number of ones odd.
    Odd,
}

/// Speed and format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineParameters {
    /// Bits a second; zero leaves the speed as it is.
    pub speed: u32,
    /// 5 to 8.
    pub data_bits: u8,
    /// Two stop bits instead of one.
    pub two_stop_bits: bool,
    /// The parity bit.
    pub parity: Parity,
}
