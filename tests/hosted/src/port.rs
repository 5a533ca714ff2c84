//! The simulated machine's serial port: what it sends is the console's output, what it receives
//! is what the test types.

use base::sync::{Once, SpinLock};
use device::{DeviceNumber, SerialEvents, SerialPort};
use hal::hosted::{CONSOLE_INTERRUPT, console_input};
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

/// The console's port.
pub struct ConsolePort {
    own: Weak<ConsolePort>,
    events: Once<Arc<dyn SerialEvents>>,
    received: SpinLock<VecDeque<u8>>,
}

impl ConsolePort {
    /// Offers the port to the kernel that starts on this machine.
    pub fn register() {
        device::registry().add_serial(Arc::new_cyclic(|own| ConsolePort {
            own: own.clone(),
            events: Once::new(),
            received: SpinLock::new(base::rank::DEVICE, VecDeque::new()),
        }));
    }

    fn fetch(&self) {
        let mut bytes = [0; 64];
        loop {
            let count = console_input(&mut bytes);
            if count == 0 {
                return;
            }
            self.received.lock().extend(&bytes[..count]);
        }
    }
}

impl SerialPort for ConsolePort {
    fn name(&self) -> &str {
        "ttyS0"
    }

    fn number(&self) -> DeviceNumber {
        DeviceNumber::new(4, 64)
    }

    fn transmit(&self, bytes: &[u8]) -> usize {
        hal::console::early_write(bytes);
        bytes.len()
    }

    fn receive(&self, into: &mut [u8]) -> usize {
        let mut received = self.received.lock();
        let count = into.len().min(received.len());
        for (place, byte) in into.iter_mut().zip(received.drain(..count)) {
            *place = byte;
        }
        count
    }

    fn is_drained(&self) -> bool {
        true
    }

    fn set_events(&self, events: Arc<dyn SerialEvents>) {
        if self.events.set(events).is_err() {
            return;
        }
        let own = self.own.clone();
        hal::interrupt::set_handler(
            CONSOLE_INTERRUPT,
            Arc::new(move || {
                if let Some(port) = own.upgrade() {
                    port.fetch();
                    if let Some(events) = port.events.get() {
                        events.received();
                    }
                }
            }),
        );
    }
}
