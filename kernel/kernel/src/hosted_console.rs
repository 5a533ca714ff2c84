//! The console of the hosted machine: a serial port without a wire.
//!
//! What is sent appears in the test's captured output at once; what the test types raises an interrupt.

use alloc::sync::Arc;
use base::rank;
use base::sync::SpinLock;
use device::{DeviceNumber, SerialEvents, SerialPort, registry};

struct HostedConsole {
    events: SpinLock<Option<Arc<dyn SerialEvents>>>,
}

impl SerialPort for HostedConsole {
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
        hal::hosted::console_input(into)
    }

    fn is_drained(&self) -> bool {
        true
    }

    fn set_events(&self, events: Arc<dyn SerialEvents>) {
        *self.events.lock() = Some(events);
    }
}

/// Offers the port and connects its interrupt.
pub(crate) fn start() {
    let port = Arc::new(HostedConsole {
        events: SpinLock::new(rank::DEVICE, None),
    });
    let interrupted = port.clone();
    let handler = move || {
        let events = interrupted.events.lock().clone();
        if let Some(events) = events {
            events.received();
        }
    };
    hal::interrupt::set_handler(hal::hosted::CONSOLE_INTERRUPT, Arc::new(handler));
    registry().add_serial(port);
}
