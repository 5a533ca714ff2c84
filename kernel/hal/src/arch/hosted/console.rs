//! The machine's console, from the kernel's side: bytes typed, and the interrupt that says so.

use super::engine::CONSOLE_LINE;
use super::state::machine;
use crate::interrupt::Controller;

/// The interrupt line that is raised when bytes were typed: once for all that came together.
pub const CONSOLE_INTERRUPT: u32 = CONSOLE_LINE;

/// Takes typed bytes; returns how many there were.
pub fn console_input(into: &mut [u8]) -> usize {
    let machine = machine();
    let mut input = machine.input.borrow_mut();
    let count = into.len().min(input.len());
    for (place, byte) in into.iter_mut().zip(input.drain(..count)) {
        *place = byte;
    }
    if input.is_empty() {
        machine
            .lines
            .set(machine.lines.get() & !(1 << CONSOLE_LINE));
    }
    count
}

/// The simulated interrupt controller: up to 64 lines, of which the console has one.
pub(super) struct Lines;

impl Controller for Lines {
    fn enable(&self, line: u32) {
        let machine = machine();
        machine
            .lines_enabled
            .set(machine.lines_enabled.get() | 1 << line);
    }

    fn disable(&self, line: u32) {
        let machine = machine();
        machine
            .lines_enabled
            .set(machine.lines_enabled.get() & !(1 << line));
    }

    fn claim(&self) -> Option<u32> {
        let machine = machine();
        let waiting = machine.lines.get() & machine.lines_enabled.get();
        if waiting == 0 {
            return None;
        }
        machine
            .lines
            .set(machine.lines.get() & !(1 << waiting.trailing_zeros()));
        Some(waiting.trailing_zeros())
    }

    fn complete(&self, _line: u32) {}

    fn init_cpu(&self) {}
}
