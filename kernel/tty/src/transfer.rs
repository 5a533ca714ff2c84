//! Reading and writing a terminal: the parts that sleep.

use core::time::Duration;

use base::time::{Instant, now};
use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{PollRegistration, Ready};

use crate::discipline::Effects;
use crate::job::{TerminalEvent, process_groups};
use crate::settings::LocalFlags;
use crate::terminal::{Opening, State, Terminal};

/// How many bytes move between user memory and the terminal at a time.
const CHUNK: usize = 512;
/// VTIME counts tenths of a second.
const VTIME_UNIT: Duration = Duration::from_millis(100);

/// Why a reader stopped waiting.
enum Wake {
    Readable,
    HungUp,
}

impl Terminal {
    /// Reads as the mode says: a line, or what VMIN and VTIME ask for. Zero is the end of file.
    pub(crate) fn read(
        &self,
        opening: Opening,
        into: &mut Sink<'_>,
        nonblocking: bool,
    ) -> Result<usize> {
        let mut done = 0;
        let mut deadline = None;
        while into.remaining() > 0 {
            self.check_background(TerminalEvent::TerminalInput)?;
            let (canonical, minimum, time) = self.read_mode();
            if !canonical && minimum == 0 && deadline.is_none() {
                deadline = Some(now() + VTIME_UNIT * time);
            }
            match self.wait_readable(opening, deadline, nonblocking) {
                Ok(Wake::Readable) => {}
                Ok(Wake::HungUp) | Err(Error::TimedOut) => break,
                // Without VMIN and VTIME a raw read never waits, so nothing is not "would block".
                Err(Error::WouldBlock) if done > 0 || (!canonical && minimum + time == 0) => break,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
            let taken = self.take_input(into.remaining().min(crate::input::INPUT_LIMIT));
            let delivered = deliver(into, &taken.bytes);
            self.wire().input_wanted();
            match delivered {
                Ok(count) if count == taken.bytes.len() => done += count,
                partly => {
                    let count = partly.unwrap_or(0);
                    self.put_back_input(&taken, count);
                    done += count;
                    return if done > 0 {
                        Ok(done)
                    } else {
                        Err(Error::BadAddress)
                    };
                }
            }
            if canonical {
                break;
            }
            if done >= (minimum as usize).max(1) {
                break;
            }
            deadline = (time > 0).then(|| now() + VTIME_UNIT * time);
        }
        Ok(done)
    }

    /// Canonical or not, VMIN, VTIME.
    fn read_mode(&self) -> (bool, u32, u32) {
        let state = self.state.lock();
        let settings = state.discipline.settings();
        let (minimum, time) = settings.raw_limits();
        (settings.canonical(), minimum.into(), time.into())
    }

    fn wait_readable(
        &self,
        opening: Opening,
        deadline: Option<Instant>,
        nonblocking: bool,
    ) -> Result<Wake> {
        let look = || {
            let state = self.state.lock();
            if state.is_hung_up(opening) {
                Some(Wake::HungUp)
            } else {
                state.discipline.is_readable(1).then_some(Wake::Readable)
            }
        };
        if nonblocking {
            return look().ok_or(Error::WouldBlock);
        }
        self.readable.wait_interruptible(deadline, look)
    }

    /// Writes everything, sleeping while the wire is slow; fewer bytes only when interrupted, when
    /// nothing may wait, or when the source ends.
    pub(crate) fn write(
        &self,
        opening: Opening,
        from: &mut Source<'_>,
        nonblocking: bool,
    ) -> Result<usize> {
        let stops_background = {
            let state = self.state.lock();
            state
                .discipline
                .settings()
                .local
                .contains(LocalFlags::TOSTOP)
        };
        if stops_background {
            self.check_background(TerminalEvent::TerminalOutput)?;
        }
        self.take_turn(nonblocking)?;
        let result = self.write_in_turn(opening, from, nonblocking);
        self.state.lock().writing = false;
        self.writable.wake_all();
        result
    }

    /// Waits until no other writer is at work.
    fn take_turn(&self, nonblocking: bool) -> Result<()> {
        let take = || {
            let mut state = self.state.lock();
            (!core::mem::replace(&mut state.writing, true)).then_some(())
        };
        if nonblocking {
            return { take }().ok_or(Error::WouldBlock);
        }
        self.writable.wait_interruptible(None, take)
    }

    fn write_in_turn(
        &self,
        opening: Opening,
        from: &mut Source<'_>,
        nonblocking: bool,
    ) -> Result<usize> {
        let mut buffer = [0; CHUNK];
        let mut done = 0;
        let partly = |done: usize, error| if done > 0 { Ok(done) } else { Err(error) };
        while from.remaining() > 0 {
            let want = from.remaining().min(CHUNK);
            let count = match from.read(&mut buffer[..want]) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return partly(done, error),
            };
            let mut rest = &buffer[..count];
            while !rest.is_empty() {
                let taken = match self.write_some(opening, rest) {
                    Ok(taken) => taken,
                    Err(error) => return partly(done, error),
                };
                done += taken;
                rest = &rest[taken..];
                if rest.is_empty() {
                    break;
                }
                if nonblocking {
                    return partly(done, Error::WouldBlock);
                }
                let room = |state: &State| state.discipline.write_room() > 0;
                let ready = || {
                    let state = self.state.lock();
                    (room(&state) || state.is_hung_up(opening)).then_some(())
                };
                if let Err(error) = self.writable.wait_interruptible(None, ready) {
                    return partly(done, error);
                }
            }
        }
        Ok(done)
    }

    /// Takes what fits and sends what the wire takes.
    fn write_some(&self, opening: Opening, bytes: &[u8]) -> Result<usize> {
        let mut state = self.state.lock();
        if state.is_hung_up(opening) {
            return Err(Error::InputOutput);
        }
        let mut taken = 0;
        while taken < bytes.len() {
            let count = state.discipline.write(&bytes[taken..]);
            self.pump(&mut state);
            taken += count;
            if count == 0 {
                break;
            }
        }
        Ok(taken)
    }

    /// Lets a process in the background pass, stops it, or refuses it (POSIX, *Terminal Access
    /// Control*). `Interrupted` means that the event was sent and the call should be made again
    /// when the process continues.
    pub(crate) fn check_background(&self, event: TerminalEvent) -> Result<()> {
        let groups = process_groups();
        let Some(caller) = groups.caller() else {
            return Ok(());
        };
        let in_background = {
            let state = self.state.lock();
            state.session == Some(caller.session)
                && state.foreground.is_some_and(|group| group != caller.group)
        };
        if !in_background {
            return Ok(());
        }
        let reading = event == TerminalEvent::TerminalInput;
        if groups.caller_ignores(event) {
            return if reading {
                Err(Error::InputOutput)
            } else {
                Ok(())
            };
        }
        if groups.is_orphaned(caller.group) {
            return Err(Error::InputOutput);
        }
        groups.signal_group(caller.group, event);
        Err(Error::Interrupted)
    }

    /// What the terminal is ready for.
    pub(crate) fn poll(
        &self,
        opening: Opening,
        interest: Ready,
        waiter: Option<&mut PollRegistration>,
    ) -> Ready {
        if let Some(waiter) = waiter {
            waiter.add(&self.readable);
            waiter.add(&self.writable);
        }
        let state = self.state.lock();
        if state.is_hung_up(opening) {
            return (interest & (Ready::READ | Ready::WRITE | Ready::READ_HANG_UP))
                | Ready::HANG_UP
                | Ready::ERROR;
        }
        let (minimum, time) = state.discipline.settings().raw_limits();
        let minimum = if time == 0 { minimum.into() } else { 1 };
        let mut ready = Ready::empty();
        ready.set(Ready::READ, state.discipline.is_readable(minimum));
        ready.set(Ready::WRITE, state.discipline.write_room() > 0);
        ready & interest
    }

    /// Waits until all output has left (`tcdrain`).
    pub(crate) fn drain(&self, opening: Opening) -> Result<()> {
        self.writable.wait_interruptible(None, || {
            let state = self.state.lock();
            (state.discipline.output_pending() == 0 || state.is_hung_up(opening)).then_some(())
        })?;
        while !self.wire().is_drained() {
            // What is left is in the device's own buffer, and it tells nobody when that is empty.
            let soon = Some(now() + Duration::from_millis(1));
            match self
                .writable
                .wait_interruptible(soon, || self.wire().is_drained().then_some(()))
            {
                Ok(()) | Err(Error::TimedOut) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Puts bytes into the input as if they had been typed (TIOCSTI).
    pub(crate) fn type_in(&self, bytes: &[u8]) -> usize {
        self.receive(bytes)
    }

    /// Does what `effects`, found under the lock by `change`, ask for.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State) -> Effects) {
        let effects = {
            let mut state = self.state.lock();
            let effects = change(&mut state);
            self.apply_output(&mut state, effects);
            effects
        };
        self.wake(effects);
    }
}

/// Copies `bytes` to the reader's memory and says how many arrived.
fn deliver(into: &mut Sink<'_>, bytes: &[u8]) -> Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match into.write(&bytes[done..]) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
