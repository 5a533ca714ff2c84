//! The line discipline: what typed bytes mean.
//!
//! A state machine over plain data, without locks, clocks or processes: bytes go in by
//! [`Discipline::receive`] and [`Discipline::write`], what must leave collects in an output queue
//! that the terminal sends to its wire, and what the rest of the kernel has to do (raise events,
//! wake readers) comes back as [`Effects`]. So all of it is tested on the host, byte by byte.
//!
//! The rules are POSIX's *General Terminal Interface* (XBD chapter 11) with the extensions of
//! `termios(3)`; where the two leave room, a program sees what Linux's N_TTY does.
//!
//! Nothing typed is lost: when the queue is full the discipline stops accepting
//! ([`Discipline::receive`] says how much it took) and the wire keeps the rest. One exception is
//! POSIX's own: an unfinished *line* longer than MAX_CANON could never be read, so the excess of
//! such a line is dropped (with a bell if IMAXBEL asks for it) until it is ended or edited.

use alloc::collections::VecDeque;

use bitflags::bitflags;

use crate::input::{InputQueue, Taken};
use crate::output::{Column, MOST_PER_BYTE, is_control};
use crate::settings::{Control, InputFlags, LocalFlags, Settings};

/// How many bytes written by programs may wait for the wire.
pub const OUTPUT_LIMIT: usize = 4096;

/// How much echo may wait on top of it while the output is stopped; beyond that echo (never input,
/// never what a program wrote) is dropped.
const ECHO_LIMIT: usize = 2 * OUTPUT_LIMIT;

bitflags! {
    /// What the terminal has to do after bytes were received.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Effects: u8 {
        /// Interrupt the foreground group.
        const INTERRUPT = 1;
        /// Quit the foreground group.
        const QUIT = 2;
        /// Stop the foreground group.
        const SUSPEND = 4;
        /// Something may be readable now.
        const READABLE = 8;
        /// Something is to be sent.
        const OUTPUT = 16;
        /// The output was thrown away: the wire should forget what it holds.
        const FLUSHED = 32;
        /// All that are sent to the foreground group.
        const EVENTS = 1 | 2 | 4;
    }
}

/// The state of one terminal's line.
#[derive(Debug)]
pub struct Discipline {
    pub(crate) settings: Settings,
    pub(crate) input: InputQueue,
    output: VecDeque<u8>,
    pub(crate) column: Column,
    /// The column at which the line under edit began on the screen.
    pub(crate) line_column: usize,
    /// The next byte is taken as it is (after VLNEXT).
    literal_next: bool,
    /// Inside an ECHOPRT sequence: a closing `/` is owed.
    pub(crate) erasing: bool,
    /// Stopped by VSTOP or by a program (TCOOFF).
    stopped: bool,
    /// Stopped by a program: typing does not start it again.
    stopped_by_program: bool,
}

impl Discipline {
    /// A fresh line.
    pub fn new(settings: Settings) -> Discipline {
        Discipline {
            settings,
            input: InputQueue::new(),
            output: VecDeque::new(),
            column: Column(0),
            line_column: 0,
            literal_next: false,
            erasing: false,
            stopped: false,
            stopped_by_program: false,
        }
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Puts new settings in force. What is queued stays readable across a change of mode.
    pub fn set_settings(&mut self, settings: Settings) -> Effects {
        let mut effects = Effects::empty();
        if settings.canonical() != self.settings.canonical() {
            self.input.change_mode(settings.canonical());
            self.line_column = self.column.0;
            self.erasing = false;
            self.literal_next = false;
            effects |= Effects::READABLE;
        }
        self.settings = settings;
        if self.stopped && !self.stopped_by_program && !self.has_input(InputFlags::IXON) {
            self.stopped = false;
            effects |= Effects::OUTPUT;
        }
        effects
    }

    pub(crate) fn has_input(&self, flag: InputFlags) -> bool {
        self.settings.input.contains(flag)
    }

    pub(crate) fn has_local(&self, flag: LocalFlags) -> bool {
        self.settings.local.contains(flag)
    }

    /// Whether a reader would get something now, given the least number of bytes a raw read wants.
    pub fn is_readable(&self, raw_minimum: usize) -> bool {
        if self.settings.canonical() {
            self.input.has_line()
        } else {
            self.input.len() >= raw_minimum.max(1)
        }
    }

    /// How many bytes a reader would get (FIONREAD).
    pub fn readable(&self) -> usize {
        self.input.readable(self.settings.canonical())
    }

    /// Takes what one read gets: at most one line, or in raw mode whatever is there.
    pub fn read(&mut self, most: usize) -> Taken {
        if self.settings.canonical() {
            self.input.take_line(most)
        } else {
            self.input.take_raw(most)
        }
    }

    /// Gives back what [`Discipline::read`] took and nobody got.
    pub fn put_back(&mut self, taken: &Taken, delivered: usize) {
        self.input
            .put_back(taken, delivered, self.settings.canonical());
    }

    /// Whether the next byte from the wire would be taken.
    pub fn accepts_input(&self) -> bool {
        !self.input.is_full() || (self.settings.canonical() && !self.input.has_line())
    }

    /// Takes bytes from the wire; says how many it took and what is to be done. It takes all,
    /// unless readers are behind, or up to one that raises an event: call again for the rest, so
    /// that events keep their order.
    pub fn receive(&mut self, bytes: &[u8]) -> (usize, Effects) {
        let mut effects = Effects::empty();
        for (index, &byte) in bytes.iter().enumerate() {
            if !self.accepts_input() && !self.is_urgent(byte) {
                return (index, effects);
            }
            self.receive_byte(byte, &mut effects);
            if effects.intersects(Effects::EVENTS) {
                return (index + 1, effects);
            }
        }
        (bytes.len(), effects)
    }

    /// Whether `byte` means something even when the queue is full: flow control and events must
    /// get through to a terminal whose reader is stuck.
    fn is_urgent(&self, byte: u8) -> bool {
        let flow = [Control::Start, Control::Stop];
        let events = [Control::Interrupt, Control::Quit, Control::Suspend];
        let among = |set: &[Control]| set.iter().any(|&control| self.settings.is(control, byte));
        !self.literal_next
            && ((self.has_input(InputFlags::IXON) && among(&flow))
                || (self.has_local(LocalFlags::ISIG) && among(&events)))
    }

    fn receive_byte(&mut self, byte: u8, effects: &mut Effects) {
        let mut byte = byte;
        if self.has_input(InputFlags::ISTRIP) {
            byte &= 0x7f;
        }
        if self.has_input(InputFlags::IUCLC) && self.has_local(LocalFlags::IEXTEN) {
            byte = byte.to_ascii_lowercase();
        }
        if core::mem::take(&mut self.literal_next) {
            self.ordinary(byte, effects);
            return;
        }
        if self.flow_control(byte, effects) || self.event(byte, effects) {
            return;
        }
        if self.stopped
            && !self.stopped_by_program
            && self.has_input(InputFlags::IXON | InputFlags::IXANY)
        {
            self.stopped = false;
            *effects |= Effects::OUTPUT;
        }
        match byte {
            b'\r' if self.has_input(InputFlags::IGNCR) => return,
            b'\r' if self.has_input(InputFlags::ICRNL) => byte = b'\n',
            b'\n' if self.has_input(InputFlags::INLCR) => byte = b'\r',
            _ => {}
        }
        if self.settings.canonical() && self.edit(byte, effects) {
            return;
        }
        self.ordinary(byte, effects);
    }

    /// VSTART and VSTOP.
    fn flow_control(&mut self, byte: u8, effects: &mut Effects) -> bool {
        if !self.has_input(InputFlags::IXON) {
            return false;
        }
        if self.settings.is(Control::Start, byte) {
            if !self.stopped_by_program {
                self.stopped = false;
                *effects |= Effects::OUTPUT;
            }
            return true;
        }
        if self.settings.is(Control::Stop, byte) {
            self.stopped = true;
            return true;
        }
        false
    }

    /// VINTR, VQUIT and VSUSP.
    fn event(&mut self, byte: u8, effects: &mut Effects) -> bool {
        if !self.has_local(LocalFlags::ISIG) {
            return false;
        }
        let event = if self.settings.is(Control::Interrupt, byte) {
            Effects::INTERRUPT
        } else if self.settings.is(Control::Quit, byte) {
            Effects::QUIT
        } else if self.settings.is(Control::Suspend, byte) {
            Effects::SUSPEND
        } else {
            return false;
        };
        *effects |= event | Effects::OUTPUT | Effects::READABLE;
        if !self.has_local(LocalFlags::NOFLSH) {
            self.flush_input();
            self.flush_output();
            *effects |= Effects::FLUSHED;
        }
        if self.has_input(InputFlags::IXON) && !self.stopped_by_program {
            self.stopped = false;
        }
        if self.has_local(LocalFlags::ECHO) {
            self.echo(byte);
        }
        true
    }

    /// The editing characters of canonical mode; `false` when the byte is none of them.
    fn edit(&mut self, byte: u8, effects: &mut Effects) -> bool {
        let extended = self.has_local(LocalFlags::IEXTEN);
        let echo = self.has_local(LocalFlags::ECHO);
        *effects |= Effects::OUTPUT;
        if self.settings.is(Control::Erase, byte) {
            self.erase_character();
        } else if self.settings.is(Control::Kill, byte) {
            self.kill_line();
        } else if extended && self.settings.is(Control::WordErase, byte) {
            self.erase_word();
        } else if extended && self.settings.is(Control::LiteralNext, byte) {
            self.literal_next = true;
            if echo {
                self.finish_erasing();
                if self.has_local(LocalFlags::ECHOCTL) {
                    self.show(b"^\x08");
                }
            }
        } else if extended && echo && self.settings.is(Control::Reprint, byte) {
            self.reprint(byte);
        } else if byte == b'\n' {
            if echo || self.has_local(LocalFlags::ECHONL) {
                self.finish_erasing();
                self.show(b"\n");
            }
            self.end_line(byte, effects);
        } else if self.settings.is(Control::EndOfFile, byte) {
            self.input.push_end_of_file();
            self.line_column = self.column.0;
            *effects |= Effects::READABLE;
        } else if self.settings.is(Control::EndOfLine, byte)
            || (extended && self.settings.is(Control::EndOfLine2, byte))
        {
            if echo {
                self.echo(byte);
            }
            self.end_line(byte, effects);
        } else {
            return false;
        }
        true
    }

    fn end_line(&mut self, byte: u8, effects: &mut Effects) {
        self.erasing = false;
        self.input.push_delimiter(byte);
        *effects |= Effects::READABLE;
    }

    /// A byte that is part of the text.
    fn ordinary(&mut self, byte: u8, effects: &mut Effects) {
        if self.input.is_full() {
            if self.has_input(InputFlags::IMAXBEL) {
                self.show(b"\x07");
                *effects |= Effects::OUTPUT;
            }
            return;
        }
        if self.has_local(LocalFlags::ECHO) {
            self.finish_erasing();
            if self.input.line_len() == 0 {
                self.line_column = self.column.0;
            }
            if byte == b'\n' {
                self.show(b"\n");
            } else {
                self.echo(byte);
            }
            *effects |= Effects::OUTPUT;
        }
        // PARMRK marks bad bytes by 0xff 0x00, so a good 0xff is doubled (termios(3)).
        if byte == 0xff && self.has_input(InputFlags::PARMRK) && !self.has_input(InputFlags::ISTRIP)
        {
            self.input.push(byte);
        }
        self.input.push(byte);
        if !self.settings.canonical() {
            *effects |= Effects::READABLE;
        }
    }

    /// Echoes one byte as it is shown: control characters as `^X` with ECHOCTL.
    pub(crate) fn echo(&mut self, byte: u8) {
        let caret = self.has_local(LocalFlags::ECHOCTL) && is_control(byte);
        if caret && byte != b'\t' {
            self.show(&[b'^', byte ^ 0x40]);
        } else {
            self.show(&[byte]);
        }
    }

    /// Sends the discipline's own output, through output processing.
    pub(crate) fn show(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.output.len() + MOST_PER_BYTE > ECHO_LIMIT {
                return;
            }
            let output = &mut self.output;
            self.column
                .process(byte, &self.settings, &mut |byte| output.push_back(byte));
        }
    }

    /// Takes what a program writes, as far as there is room; says how many bytes it took.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.output.len() + MOST_PER_BYTE > OUTPUT_LIMIT {
                return index;
            }
            let output = &mut self.output;
            self.column
                .process(byte, &self.settings, &mut |byte| output.push_back(byte));
        }
        bytes.len()
    }

    /// How many more bytes a program may write for certain.
    pub fn write_room(&self) -> usize {
        OUTPUT_LIMIT.saturating_sub(self.output.len()) / MOST_PER_BYTE
    }

    /// How many bytes wait for the wire (TIOCOUTQ).
    pub fn output_pending(&self) -> usize {
        self.output.len()
    }

    /// What may be sent now: the front part of the queue, nothing while stopped.
    pub fn output_front(&self) -> &[u8] {
        if self.stopped {
            &[]
        } else {
            self.output.as_slices().0
        }
    }

    /// Says that the wire took this many bytes of [`Discipline::output_front`].
    pub fn output_sent(&mut self, count: usize) {
        self.output.drain(..count.min(self.output.len()));
    }

    /// Forgets all input (TCIFLUSH).
    pub fn flush_input(&mut self) {
        self.input.clear();
        self.erasing = false;
        self.literal_next = false;
        self.line_column = self.column.0;
    }

    /// Forgets all output that the wire did not take (TCOFLUSH).
    pub fn flush_output(&mut self) {
        self.output.clear();
    }

    /// Stops or starts the output on a program's word (TCOOFF, TCOON).
    pub fn set_stopped(&mut self, stopped: bool) {
        self.stopped = stopped;
        self.stopped_by_program = stopped;
    }

    /// Sends the character that asks the other side to stop or to start (TCIOFF, TCION).
    pub fn send_flow_character(&mut self, stop: bool) {
        let control = if stop { Control::Stop } else { Control::Start };
        if let Some(byte) = self.settings.character(control) {
            self.output.push_front(byte);
        }
    }

    /// Whether output is stopped.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }
}
