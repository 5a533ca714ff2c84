//! A terminal: the line discipline with everything around it that sleeps, wakes and signals.
//!
//! One spin lock holds the whole state. Bytes come in from the wire by [`Terminal::receive`],
//! readers sleep on one queue and writers on another. Events for processes are decided under the
//! lock and sent after it is released.
//!
//! Output is never dropped: a writer whose bytes do not fit in the bounded queue sleeps until the
//! wire has taken enough, and can be interrupted there, with the count of bytes that went.
//!
//! *Hang-up* makes every file that is open on the terminal dead, while a later open may work
//! again: each open file remembers the [generation](Terminal::generation) it was opened in.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Error, Result, rank};
use device::DeviceNumber;
use object::{Listeners, Ready};

use crate::discipline::{Discipline, Effects};
use crate::input::Taken;
use crate::job::{GroupId, SessionId, TerminalEvent, process_groups};
use crate::settings::{Settings, WindowSize};
use crate::wire::Wire;

/// Output room at which sleeping writers are woken: less would wake them for every byte.
const WAKE_WRITERS_ROOM: usize = 64;

/// A terminal.
pub struct Terminal {
    name: String,
    number: DeviceNumber,
    wire: Arc<dyn Wire>,
    pub(crate) state: SpinLock<State>,
    /// Readers, and pollers of both directions.
    pub(crate) readable: WaitQueue,
    /// Writers, and who waits for the output to drain.
    pub(crate) writable: WaitQueue,
    /// Told when there is something to read.
    pub(crate) listeners: Listeners,
}

/// What the terminal's lock protects.
pub(crate) struct State {
    pub(crate) discipline: Discipline,
    pub(crate) size: WindowSize,
    pub(crate) session: Option<SessionId>,
    pub(crate) foreground: Option<GroupId>,
    /// Counts hang-ups.
    pub(crate) generation: u64,
    /// The wire is gone for good: opening fails too.
    pub(crate) dead: bool,
    /// A writer is at work; others wait, so that one write stays in one piece.
    pub(crate) writing: bool,
}

/// What a file that is open on the terminal has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The generation at the time of opening; `None` for the console, which survives hang-ups.
    pub(crate) generation: Option<u64>,
}

impl State {
    pub(crate) fn is_hung_up(&self, opening: Opening) -> bool {
        self.dead
            || opening
                .generation
                .is_some_and(|generation| generation != self.generation)
    }
}

impl Terminal {
    /// A terminal on `wire`.
    pub fn new(
        name: String,
        number: DeviceNumber,
        settings: Settings,
        wire: Arc<dyn Wire>,
    ) -> Arc<Terminal> {
        Arc::new(Terminal {
            name,
            number,
            wire,
            state: SpinLock::new(
                rank::TTY,
                State {
                    discipline: Discipline::new(settings),
                    size: WindowSize::default(),
                    session: None,
                    foreground: None,
                    generation: 0,
                    dead: false,
                    writing: false,
                },
            ),
            readable: WaitQueue::new(),
            writable: WaitQueue::new(),
            listeners: Listeners::new(),
        })
    }

    /// Its name below `/dev`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its device number.
    pub fn number(&self) -> DeviceNumber {
        self.number
    }

    pub(crate) fn wire(&self) -> &Arc<dyn Wire> {
        &self.wire
    }

    /// How often it was hung up.
    pub fn generation(&self) -> u64 {
        self.state.lock().generation
    }

    /// Takes bytes from the wire and says how many; the wire keeps the others and offers them
    /// again after [`Wire::input_wanted`]. May send events, so the caller holds no lock and is not
    /// an interrupt handler.
    pub fn receive(&self, bytes: &[u8]) -> usize {
        let mut done = 0;
        while done < bytes.len() {
            let (taken, effects, foreground) = {
                let mut state = self.state.lock();
                let (taken, effects) = state.discipline.receive(&bytes[done..]);
                self.apply_output(&mut state, effects);
                (taken, effects, state.foreground)
            };
            if let (Some(event), Some(group)) = (event_of(effects), foreground) {
                process_groups().signal_group(group, event);
            }
            self.wake(effects);
            if taken == 0 {
                break;
            }
            done += taken;
        }
        done
    }

    /// The wire can take bytes again. May be called from an interrupt handler.
    pub fn wire_ready(&self) {
        let room = {
            let mut state = self.state.lock();
            self.pump(&mut state);
            state.discipline.write_room()
        };
        if room >= WAKE_WRITERS_ROOM {
            self.writable.wake_all();
        }
    }

    /// Takes up to `most` bytes of output away, for a wire that fetches (a pseudo-terminal's
    /// master). Nothing while the output is stopped.
    pub fn take_output(&self, most: usize) -> Vec<u8> {
        let mut taken = Vec::new();
        {
            let mut state = self.state.lock();
            while taken.len() < most {
                let front = state.discipline.output_front();
                let count = front.len().min(most - taken.len());
                if count == 0 {
                    break;
                }
                taken.extend_from_slice(&front[..count]);
                state.discipline.output_sent(count);
            }
        }
        if !taken.is_empty() {
            self.writable.wake_all();
        }
        taken
    }

    /// Whether [`Terminal::take_output`] would give something.
    pub fn has_output(&self) -> bool {
        !self.state.lock().discipline.output_front().is_empty()
    }

    /// Whether [`Terminal::receive`] would take something.
    pub fn accepts_input(&self) -> bool {
        self.state.lock().discipline.accepts_input()
    }

    /// Sends what the wire takes.
    pub(crate) fn pump(&self, state: &mut State) {
        loop {
            let front = state.discipline.output_front();
            if front.is_empty() {
                return;
            }
            let offered = front.len();
            let sent = self.wire.transmit(front);
            state.discipline.output_sent(sent);
            if sent < offered {
                return;
            }
        }
    }

    /// Does under the lock what `effects` ask of the output.
    pub(crate) fn apply_output(&self, state: &mut State, effects: Effects) {
        if effects.contains(Effects::FLUSHED) {
            self.wire.discard();
        }
        if effects.intersects(Effects::OUTPUT | Effects::FLUSHED) {
            self.pump(state);
        }
    }

    /// Wakes whom `effects` concern; called without the lock.
    pub(crate) fn wake(&self, effects: Effects) {
        if effects.contains(Effects::READABLE) {
            // First: who sleeps and wakes finds that the others were told.
            self.listeners.tell(Ready::READ);
            self.readable.wake_all();
        }
        if effects.intersects(Effects::OUTPUT | Effects::FLUSHED) {
            self.writable.wake_all();
        }
        if effects.contains(Effects::FLUSHED) {
            self.wire.input_wanted();
        }
    }

    /// Takes what one read gets, if there is anything.
    pub(crate) fn take_input(&self, most: usize) -> Taken {
        self.state.lock().discipline.read(most)
    }

    /// Gives back what a reader could not deliver.
    pub(crate) fn put_back_input(&self, taken: &Taken, delivered: usize) {
        self.state.lock().discipline.put_back(taken, delivered);
        self.readable.wake_all();
    }

    /// Opens the terminal; fails when the wire is gone for good.
    pub(crate) fn open(&self, survives_hang_up: bool) -> Result<Opening> {
        let opening = {
            let state = self.state.lock();
            if state.dead {
                return Err(Error::InputOutput);
            }
            Opening {
                generation: (!survives_hang_up).then_some(state.generation),
            }
        };
        self.wire.opened();
        Ok(opening)
    }

    /// Hangs up: all open files but the console's become dead, the session loses its terminal, its
    /// leader is told. `for_good` says that the wire will not come back.
    pub fn hang_up(&self, for_good: bool) {
        let (session, foreground) = {
            let mut state = self.state.lock();
            state.generation += 1;
            state.dead |= for_good;
            state.discipline.flush_input();
            if for_good {
                state.discipline.flush_output();
            }
            state.discipline.set_stopped(false);
            (state.session.take(), state.foreground.take())
        };
        let groups = process_groups();
        if let Some(session) = session {
            groups.set_terminal_of_session(session, None);
            groups.signal_leader(session, TerminalEvent::HangUp);
            groups.signal_leader(session, TerminalEvent::Continue);
        }
        if let Some(group) = foreground {
            groups.signal_group(group, TerminalEvent::HangUp);
        }
        self.readable.wake_all();
        self.writable.wake_all();
        self.listeners.tell(Ready::READ);
    }
}

/// The event among `effects`; there is at most one.
fn event_of(effects: Effects) -> Option<TerminalEvent> {
    if effects.contains(Effects::INTERRUPT) {
        Some(TerminalEvent::Interrupt)
    } else if effects.contains(Effects::QUIT) {
        Some(TerminalEvent::Quit)
    } else if effects.contains(Effects::SUSPEND) {
        Some(TerminalEvent::Suspend)
    } else {
        None
    }
}
