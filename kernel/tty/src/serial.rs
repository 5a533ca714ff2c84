//! A terminal on a serial port.
//!
//! Between the port's interrupt handler and the terminal stands one kernel thread for each port:
//! bytes that arrive may raise events, and whoever raises events takes locks that an interrupt
//! handler must not. The handler only wakes the thread; the port buffers meanwhile.

use alloc::string::ToString;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use base::Result;
use base::sync::Once;
use base::wait::WaitQueue;
use device::{LineParameters, Parity, SerialEvents, SerialPort};
use hal::Global;

use crate::settings::{InputFlags, Settings};
use crate::terminal::Terminal;
use crate::wire::Wire;

/// How many bytes the thread moves at a time.
const CHUNK: usize = 256;

/// The terminal's wire, and the port's listener.
struct SerialWire {
    port: Arc<dyn SerialPort>,
    terminal: Once<Weak<Terminal>>,
    /// The thread has something to do.
    work: AtomicBool,
    wanted: WaitQueue,
}

impl SerialWire {
    fn call_thread(&self) {
        self.work.store(true, Ordering::SeqCst);
        self.wanted.wake_all();
    }

    /// The thread: moves bytes from the port to the terminal for ever. What the terminal refuses
    /// stays in `held` until readers make room, and the port fills up behind it.
    fn run(&self, terminal: &Terminal) -> ! {
        let mut held: Vec<u8> = Vec::new();
        loop {
            self.wanted
                .wait_until(|| self.work.swap(false, Ordering::SeqCst).then_some(()));
            loop {
                if held.is_empty() {
                    let mut buffer = [0; CHUNK];
                    let count = self.port.receive(&mut buffer);
                    held.extend_from_slice(&buffer[..count]);
                }
                let taken = terminal.receive(&held);
                held.drain(..taken);
                if taken == 0 {
                    break;
                }
            }
        }
    }
}

impl Wire for SerialWire {
    fn transmit(&self, bytes: &[u8]) -> usize {
        self.port.transmit(bytes)
    }

    fn input_wanted(&self) {
        self.call_thread();
    }

    fn is_drained(&self) -> bool {
        self.port.is_drained()
    }

    fn discard(&self) {
        self.port.discard_transmit();
    }

    fn configure(&self, settings: &Settings) {
        self.port.configure(&line_parameters(settings));
    }
}

impl SerialEvents for SerialWire {
    fn received(&self) {
        self.call_thread();
    }

    fn transmit_ready(&self) {
        if let Some(terminal) = self.terminal.get().and_then(Weak::upgrade) {
            terminal.wire_ready();
        }
    }
}

/// Speed and format from the control flags (`asm-generic/termbits.h`).
fn line_parameters(settings: &Settings) -> LineParameters {
    let control = settings.control;
    LineParameters {
        speed: settings.output_speed,
        data_bits: 5 + (control >> 4 & 3) as u8,
        two_stop_bits: control & 0o100 != 0,
        parity: match (control & 0o400 != 0, control & 0o1000 != 0) {
            (false, _) => Parity::None,
            (true, false) => Parity::Even,
            (true, true) => Parity::Odd,
        },
    }
}

/// The settings of a serial terminal: those of Linux, with UTF-8 input, 115,200 baud, and no modem.
pub fn serial_settings() -> Settings {
    let mut settings = Settings::new();
    settings.input |= InputFlags::IUTF8;
    // B115200 | CS8 | CREAD | HUPCL | CLOCAL
    settings.control = 0o010002 | 0o060 | 0o200 | 0o2000 | 0o4000;
    settings.input_speed = 115_200;
    settings.output_speed = 115_200;
    settings
}

static CONSOLE: Global<Once<Arc<Terminal>>> = Global::new(Once::new);

/// The machine's console, once there is one.
pub fn console() -> Option<Arc<Terminal>> {
    CONSOLE.get().cloned()
}

/// Makes `terminal` the console; the first one stays.
pub fn set_console(terminal: Arc<Terminal>) {
    let _ = CONSOLE.set(terminal);
}

/// Puts a terminal on a serial port and starts its thread.
pub fn attach(port: Arc<dyn SerialPort>) -> Result<Arc<Terminal>> {
    let wire = Arc::new(SerialWire {
        port: port.clone(),
        terminal: Once::new(),
        work: AtomicBool::new(true),
        wanted: WaitQueue::new(),
    });
    let terminal = Terminal::new(
        port.name().to_string(),
        port.number(),
        serial_settings(),
        wire.clone(),
    );
    let _ = wire.terminal.set(Arc::downgrade(&terminal));
    let (runner, its_terminal) = (wire.clone(), terminal.clone());
    base::thread::spawn(port.name(), move || runner.run(&its_terminal))?;
    port.set_events(wire);
    Ok(terminal)
}
