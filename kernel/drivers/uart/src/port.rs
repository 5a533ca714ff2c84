//! A serial port with buffers, whatever the chip.
//!
//! The chip holds a handful of bytes; a bounded buffer of our own stands on each side of it. The
//! receive interrupt is switched off while our buffer is full, so that bytes stay in the chip and
//! behind it on the wire; the transmit interrupt is on only while we have bytes to send.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;

use base::rank;
use base::sync::{Once, SpinLock};
use device::{DeviceNumber, LineParameters, SerialEvents, SerialPort};

/// How many bytes wait in each direction.
const BUFFER: usize = 2048;
/// A transmit buffer this empty is worth telling about.
const LOW_WATER: usize = BUFFER / 2;

/// What a port needs of its chip. All calls are made under the port's lock.
pub(crate) trait Chip: Send + Sync + 'static {
    /// What the log calls it.
    const KIND: &'static str;
    /// Takes a byte that came in.
    fn get(&self) -> Option<u8>;
    /// Sends a byte if there is room.
    fn put(&self, byte: u8) -> bool;
    /// Whether everything was sent.
    fn is_idle(&self) -> bool;
    /// Which interrupts to raise.
    fn set_interrupts(&self, receive: bool, transmit: bool);
    /// Takes back what was raised, where the chip needs to be told.
    fn acknowledge(&self);
    /// Sets speed and format.
    fn configure(&self, parameters: &LineParameters);
}

/// A serial port.
pub(crate) struct Port<C> {
    name: String,
    number: DeviceNumber,
    inner: SpinLock<Inner<C>>,
    events: Once<Arc<dyn SerialEvents>>,
}

struct Inner<C> {
    chip: C,
    received: VecDeque<u8>,
    to_send: VecDeque<u8>,
    /// Somebody had more to send than there was room for.
    refused: bool,
    /// What the chip was told last.
    interrupts: (bool, bool),
    /// Nobody listens before [`SerialPort::set_events`].
    listening: bool,
}

impl<C: Chip> Inner<C> {
    /// Takes bytes out of the chip. Only for those who look at `received` afterwards: the chip takes
    /// its interrupt back when it is empty, so nobody else would hear of these bytes.
    fn take_in(&mut self) {
        while self.listening && self.received.len() < BUFFER {
            let Some(byte) = self.chip.get() else { break };
            self.received.push_back(byte);
        }
    }

    /// Gives the chip what it takes, and sets the interrupts as is fit.
    fn send_out(&mut self) {
        while let Some(&byte) = self.to_send.front() {
            if !self.chip.put(byte) {
                break;
            }
            self.to_send.pop_front();
        }
        let wanted = (
            self.listening && self.received.len() < BUFFER,
            !self.to_send.is_empty(),
        );
        if wanted != self.interrupts {
            self.interrupts = wanted;
            self.chip.set_interrupts(wanted.0, wanted.1);
        }
    }
}

impl<C: Chip> Port<C> {
    /// A port on a chip that is switched on and raises no interrupts.
    pub(crate) fn new(name: String, number: DeviceNumber, chip: C) -> Arc<Port<C>> {
        Arc::new(Port {
            name,
            number,
            inner: SpinLock::new(
                rank::DEVICE,
                Inner {
                    chip,
                    received: VecDeque::with_capacity(BUFFER),
                    to_send: VecDeque::with_capacity(BUFFER),
                    refused: false,
                    interrupts: (false, false),
                    listening: false,
                },
            ),
            events: Once::new(),
        })
    }

    /// The chip raised its line.
    pub(crate) fn interrupt(&self) {
        let (received, room) = {
            let mut inner = self.inner.lock();
            inner.chip.acknowledge();
            inner.take_in();
            inner.send_out();
            let room = inner.refused && inner.to_send.len() <= LOW_WATER;
            inner.refused &= !room;
            (!inner.received.is_empty(), room)
        };
        let Some(events) = self.events.get() else {
            return;
        };
        if received {
            events.received();
        }
        if room {
            events.transmit_ready();
        }
    }
}

impl<C: Chip> SerialPort for Port<C> {
    fn name(&self) -> &str {
        &self.name
    }

    fn number(&self) -> DeviceNumber {
        self.number
    }

    fn transmit(&self, bytes: &[u8]) -> usize {
        let mut inner = self.inner.lock();
        let mut taken = 0;
        loop {
            let room = (BUFFER - inner.to_send.len()).min(bytes.len() - taken);
            inner.to_send.extend(&bytes[taken..taken + room]);
            taken += room;
            let before = inner.to_send.len();
            inner.send_out();
            // Go on while the chip takes bytes as fast as they come.
            if taken == bytes.len() || inner.to_send.len() == before {
                break;
            }
        }
        inner.refused |= taken < bytes.len();
        taken
    }

    fn receive(&self, into: &mut [u8]) -> usize {
        let mut inner = self.inner.lock();
        let mut count = 0;
        loop {
            while count < into.len()
                && let Some(byte) = inner.received.pop_front()
            {
                into[count] = byte;
                count += 1;
            }
            inner.take_in();
            if count == into.len() || inner.received.is_empty() {
                break;
            }
        }
        inner.send_out();
        count
    }

    fn is_drained(&self) -> bool {
        let mut inner = self.inner.lock();
        inner.send_out();
        inner.to_send.is_empty() && inner.chip.is_idle()
    }

    fn discard_transmit(&self) {
        let mut inner = self.inner.lock();
        inner.to_send.clear();
        inner.send_out();
    }

    fn configure(&self, parameters: &LineParameters) {
        self.inner.lock().chip.configure(parameters);
    }

    fn set_events(&self, events: Arc<dyn SerialEvents>) {
        if self.events.set(events).is_ok() {
            let received = {
                let mut inner = self.inner.lock();
                inner.listening = true;
                inner.take_in();
                inner.send_out();
                !inner.received.is_empty()
            };
            if received && let Some(events) = self.events.get() {
                events.received();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A chip with room for four bytes in each direction.
    #[derive(Default)]
    struct Wire {
        incoming: Mutex<VecDeque<u8>>,
        outgoing: Mutex<VecDeque<u8>>,
        interrupts: Mutex<(bool, bool)>,
    }

    impl Chip for Arc<Wire> {
        const KIND: &'static str = "test";
        fn get(&self) -> Option<u8> {
            self.incoming.lock().unwrap().pop_front()
        }
        fn put(&self, byte: u8) -> bool {
            let mut outgoing = self.outgoing.lock().unwrap();
            let room = outgoing.len() < 4;
            if room {
                outgoing.push_back(byte);
            }
            room
        }
        fn is_idle(&self) -> bool {
            self.outgoing.lock().unwrap().is_empty()
        }
        fn set_interrupts(&self, receive: bool, transmit: bool) {
            *self.interrupts.lock().unwrap() = (receive, transmit);
        }
        fn acknowledge(&self) {}
        fn configure(&self, _parameters: &LineParameters) {}
    }

    #[derive(Default)]
    struct Listener {
        received: AtomicUsize,
        ready: AtomicUsize,
    }

    impl SerialEvents for Listener {
        fn received(&self) {
            self.received.fetch_add(1, Ordering::Relaxed);
        }
        fn transmit_ready(&self) {
            self.ready.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn port() -> (Arc<Wire>, Arc<Listener>, Arc<Port<Arc<Wire>>>) {
        let (wire, listener) = (Arc::new(Wire::default()), Arc::new(Listener::default()));
        let port = Port::new("test".into(), DeviceNumber::new(4, 64), wire.clone());
        port.set_events(listener.clone());
        (wire, listener, port)
    }

    #[test]
    fn what_is_sent_arrives_whole_and_in_order() {
        let (wire, listener, port) = port();
        let message: Vec<u8> = (0..5000u32).map(|number| number as u8).collect();
        let (mut sent, mut seen) = (0, Vec::new());
        while seen.len() < message.len() {
            let ready_before = listener.ready.load(Ordering::Relaxed);
            sent += port.transmit(&message[sent..]);
            assert!(sent <= seen.len() + BUFFER + 4);
            let taken: Vec<u8> = wire.outgoing.lock().unwrap().drain(..).collect();
            seen.extend(taken);
            if wire.interrupts.lock().unwrap().1 {
                port.interrupt();
            }
            let _ = ready_before;
        }
        assert_eq!(seen, message);
        assert!(
            listener.ready.load(Ordering::Relaxed) > 0,
            "a refused writer is told"
        );
        assert!(port.is_drained());
        assert!(
            !wire.interrupts.lock().unwrap().1,
            "nothing to send, no interrupt"
        );
    }

    /// A chip lowers its line when it is empty, and an interrupt that nobody has taken yet is then gone.
    #[test]
    fn who_sends_takes_nothing_in_that_an_interrupt_announces() {
        let (wire, listener, port) = port();
        wire.incoming.lock().unwrap().push_back(b'x');
        port.transmit(b"echo");
        port.is_drained();
        port.discard_transmit();
        if !wire.incoming.lock().unwrap().is_empty() {
            port.interrupt();
        }
        assert_eq!(listener.received.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn who_receives_gets_all_there_is() {
        let (wire, _, port) = port();
        wire.incoming.lock().unwrap().extend(*b"abc");
        let mut buffer = [0; 2];
        assert_eq!(port.receive(&mut buffer), 2);
        assert_eq!(port.receive(&mut buffer), 1);
        wire.incoming.lock().unwrap().push_back(b'd');
        assert_eq!(port.receive(&mut buffer), 1);
        assert_eq!(port.receive(&mut buffer), 0);
    }

    #[test]
    fn a_full_buffer_leaves_bytes_on_the_wire() {
        let (wire, listener, port) = port();
        wire.incoming
            .lock()
            .unwrap()
            .extend((0..3000u32).map(|number| number as u8));
        port.interrupt();
        assert_eq!(listener.received.load(Ordering::Relaxed), 1);
        assert_eq!(wire.incoming.lock().unwrap().len(), 3000 - BUFFER);
        assert!(
            !wire.interrupts.lock().unwrap().0,
            "no more until there is room"
        );
        let mut all = Vec::new();
        let mut buffer = [0; 100];
        loop {
            let count = port.receive(&mut buffer);
            if count == 0 {
                break;
            }
            all.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(
            all,
            (0..3000u32).map(|number| number as u8).collect::<Vec<_>>()
        );
        assert!(wire.interrupts.lock().unwrap().0);
    }
}
