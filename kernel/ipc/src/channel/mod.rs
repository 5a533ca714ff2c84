//! A byte channel: what all pipes are made of.
//!
//! The bytes lie in a [`Ring`] of pages behind a sleeping lock: data moves between user memory and
//! the pages while it is held, which may fault and sleep. How many bytes there are is mirrored in
//! an atomic, so that a sleeper's condition and a poll need no lock.
//!
//! A write of at most [`ATOMIC_WRITE`] bytes goes in as one piece or not at all. So a writer that
//! has to wait always waits for the same thing, that much room, and any one of several sleeping
//! writers can use the room that a wake-up announces. Whoever leaves something behind (bytes, or
//! room) passes the wake-up on to the next one of its kind.

mod ring;
mod splice;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use base::sync::Mutex;
use base::time::Instant;
use base::wait::WaitQueue;
use base::{Error, Result, rank};
use hal::PAGE_SIZE;
use mem::transfer::{Sink, Source};
use object::{Listener, Listeners, PollRegistration, Ready};

use ring::Ring;

use crate::allowance::{Charge, PipeMaker};
use crate::local::Ancillary;

/// How a read or write of a channel waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    /// It fails with `WouldBlock` instead of sleeping.
    pub nonblocking: bool,
    /// It fails with `TimedOut` at this moment.
    pub deadline: Option<Instant>,
}

impl From<bool> for Patience {
    fn from(nonblocking: bool) -> Self {
        Self {
            nonblocking,
            deadline: None,
        }
    }
}

/// Writes up to this size are not mixed with others, and not cut in two (`PIPE_BUF`).
pub const ATOMIC_WRITE: usize = 4096;

/// How much a channel holds unless told otherwise.
pub const DEFAULT_CAPACITY: usize = 16 * PAGE_SIZE;

/// The most that a channel may be made to hold, unless the super-user wants more.
pub const MAXIMUM_CAPACITY: usize = 1 << 20;

/// The most that anybody can make it hold.
const LARGEST: usize = 1 << 31;

/// What goes into a channel in one piece.
#[derive(Clone, Copy)]
enum Unit {
    /// Each byte for itself.
    Byte,
    /// All that there is to write.
    Whole,
    /// So many bytes, which a reader then gets for themselves.
    Packet(usize),
}

/// Bytes on their way from writers to readers.
pub struct Channel {
    ring: Mutex<Ring>,
    length: AtomicUsize,
    /// What packets take beyond their bytes.
    padding: AtomicUsize,
    /// Bytes that were taken out by somebody who may put them back: their room is not free.
    held: AtomicUsize,
    capacity: AtomicUsize,
    readers: AtomicUsize,
    writers: AtomicUsize,
    /// No more bytes will come although writers exist (a stream that was shut down).
    write_closed: AtomicBool,
    read_closed: AtomicBool,
    readable: WaitQueue,
    writable: WaitQueue,
    listeners: Listeners,
    /// What it counts against who made it.
    charge: Option<Charge>,
}

impl Default for Channel {
    fn default() -> Self {
        Self::new()
    }
}

impl Channel {
    /// An empty channel with nobody at either end.
    pub fn new() -> Self {
        Self {
            ring: Mutex::new(rank::PIPE, Ring::default()),
            length: AtomicUsize::new(0),
            padding: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            capacity: AtomicUsize::new(DEFAULT_CAPACITY),
            readers: AtomicUsize::new(0),
            writers: AtomicUsize::new(0),
            write_closed: AtomicBool::new(false),
            read_closed: AtomicBool::new(false),
            readable: WaitQueue::new(),
            writable: WaitQueue::new(),
            listeners: Listeners::new(),
            charge: None,
        }
    }

    /// The same, counted against who makes it.
    pub fn charged(maker: PipeMaker) -> Result<Self> {
        let (charge, capacity) = Charge::new(maker)?;
        let channel = Self {
            charge: Some(charge),
            ..Self::new()
        };
        if capacity != DEFAULT_CAPACITY {
            channel.set_capacity(capacity)?;
        }
        Ok(channel)
    }

    /// As [`Channel::set_capacity`], within what whoever asks may do: [`Error::NotPermitted`] beyond.
    pub fn change_capacity(&self, bytes: usize, maker: PipeMaker) -> Result<usize> {
        let wanted = Self::rounded(bytes)?;
        if let Some(charge) = &self.charge {
            charge.change(wanted, maker)?;
        }
        self.set_capacity(wanted)
    }

    fn rounded(bytes: usize) -> Result<usize> {
        if bytes > LARGEST {
            return Err(Error::InvalidArgument);
        }
        Ok(bytes.max(PAGE_SIZE).next_power_of_two())
    }

    /// `listener` hears, or no longer hears, what happens at the ends that `interest` names: bytes for readers
    /// (`Ready::READ`), room for writers (`Ready::WRITE`).
    pub fn report_to(&self, interest: Ready, listener: &Arc<dyn Listener>, on: bool) -> Result<()> {
        if on {
            return self.listeners.add(interest, listener);
        }
        self.listeners.remove(listener);
        Ok(())
    }

    /// How many bytes wait to be read.
    pub fn length(&self) -> usize {
        self.length.load(Ordering::SeqCst)
    }

    /// How many bytes it holds at most.
    pub fn capacity(&self) -> usize {
        self.capacity.load(Ordering::SeqCst)
    }

    fn free(&self) -> usize {
        let padding = self.padding.load(Ordering::Relaxed);
        let used = self.length() + self.held.load(Ordering::SeqCst) + padding;
        self.capacity().saturating_sub(used)
    }

    /// Whether anyone could still read what is written.
    pub fn has_readers(&self) -> bool {
        self.readers.load(Ordering::SeqCst) > 0 && !self.read_closed.load(Ordering::SeqCst)
    }

    /// Whether anyone could still write.
    pub fn has_writers(&self) -> bool {
        self.writers.load(Ordering::SeqCst) > 0 && !self.write_closed.load(Ordering::SeqCst)
    }

    /// One more reader.
    pub fn add_reader(&self) {
        self.readers.fetch_add(1, Ordering::SeqCst);
        self.writable.wake_all();
    }

    /// One more writer.
    pub fn add_writer(&self) {
        self.writers.fetch_add(1, Ordering::SeqCst);
        self.readable.wake_all();
    }

    /// One reader less. When it was the last one, writers learn that nobody listens.
    pub fn remove_reader(&self) {
        if self.readers.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.writable.wake_all();
            self.readable.wake_all();
            self.listeners.tell(Ready::WRITE);
            self.discard_if_abandoned();
        }
    }

    /// One writer less. When it was the last one, readers see the end after the last byte.
    pub fn remove_writer(&self) {
        if self.writers.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.readable.wake_all();
            self.writable.wake_all();
            self.listeners.tell(Ready::READ);
            self.discard_if_abandoned();
        }
    }

    /// Bytes that nobody can read any more do not wait for a next reader.
    fn discard_if_abandoned(&self) {
        let abandoned =
            || self.readers.load(Ordering::SeqCst) == 0 && self.writers.load(Ordering::SeqCst) == 0;
        if abandoned() {
            let mut ring = self.ring.lock();
            if abandoned() {
                ring.clear();
                let marks = ring.take_marks();
                self.publish(&ring);
                // What was sent along may be the last of some other socket.
                drop(ring);
                drop(marks);
            }
        }
    }

    /// No more bytes will be written, whoever holds the writing end.
    pub fn close_writing(&self) {
        self.write_closed.store(true, Ordering::SeqCst);
        self.readable.wake_all();
        self.writable.wake_all();
        self.listeners.tell(Ready::READ);
    }

    /// No more bytes will be read, whoever holds the reading end.
    pub fn close_reading(&self) {
        self.read_closed.store(true, Ordering::SeqCst);
        self.readable.wake_all();
        self.writable.wake_all();
    }

    fn publish(&self, ring: &Ring) {
        self.padding.store(ring.padding(), Ordering::Relaxed);
        self.length.store(ring.length(), Ordering::SeqCst);
    }

    /// Reads what is there, waiting for the first byte unless `nonblocking`. `Ok(0)` is the end:
    /// no bytes and no writers.
    pub fn read(&self, into: &mut Sink<'_>, nonblocking: bool) -> Result<usize> {
        Ok(self.receive(into, nonblocking.into(), false)?.0)
    }

    /// As [`Channel::read`], with what was sent along with the first byte. With `peek` everything
    /// stays where it is.
    pub fn receive(
        &self,
        into: &mut Sink<'_>,
        patience: Patience,
        peek: bool,
    ) -> Result<(usize, Option<Ancillary>)> {
        if into.remaining() == 0 {
            return Ok((0, None));
        }
        loop {
            {
                let mut ring = self.ring.lock();
                if ring.length() > 0 {
                    if peek {
                        return ring.peek(into);
                    }
                    let outcome = ring.read(into);
                    self.publish(&ring);
                    drop(ring);
                    self.after_read();
                    return outcome;
                }
            }
            // In this order: bytes that came before the last writer left are not missed.
            let ended = !self.has_writers() || self.read_closed.load(Ordering::SeqCst);
            if self.length() > 0 {
                continue;
            }
            if ended {
                return Ok((0, None));
            }
            if patience.nonblocking {
                return Err(Error::WouldBlock);
            }
            self.readable.wait_interruptible(patience.deadline, || {
                let ready = self.length() > 0
                    || !self.has_writers()
                    || self.read_closed.load(Ordering::SeqCst);
                ready.then_some(())
            })?;
        }
    }

    fn after_read(&self) {
        if self.free() >= ATOMIC_WRITE {
            self.writable.wake_one();
            self.listeners.tell(Ready::WRITE);
        }
        if self.length() > 0 {
            self.readable.wake_one();
        }
    }

    /// Writes everything, waiting for room unless `nonblocking`; returns how much went in when it
    /// was stopped on the way. Without readers: `Error::BrokenPipe`, for which the caller's ABI
    /// may also send an event.
    pub fn write(&self, from: &mut Source<'_>, nonblocking: bool) -> Result<usize> {
        self.send(from, nonblocking.into(), None)
    }

    /// As [`Channel::write`], in packets of at most [`ATOMIC_WRITE`] bytes: a read gets at most one, and what of that
    /// it has no room for is gone.
    pub fn write_packets(&self, from: &mut Source<'_>, nonblocking: bool) -> Result<usize> {
        let mut done = 0;
        while from.remaining() > 0 {
            let length = from.remaining().min(ATOMIC_WRITE);
            match self.write_some(from, Unit::Packet(length), nonblocking.into(), &mut None) {
                Ok(moved) => done += moved,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// As [`Channel::write`]; `ancillary` is received with the first byte.
    pub fn send(
        &self,
        from: &mut Source<'_>,
        patience: Patience,
        mut ancillary: Option<Ancillary>,
    ) -> Result<usize> {
        if from.remaining() == 0 {
            return Ok(0);
        }
        // What is atomic is decided by the whole request, not by what is left of it.
        let unit = match from.remaining() <= ATOMIC_WRITE {
            true => Unit::Whole,
            false => Unit::Byte,
        };
        let mut done = 0;
        let outcome = loop {
            match self.write_some(from, unit, patience, &mut ancillary) {
                Ok(moved) => done += moved,
                Err(error) => break Err(error),
            }
            if from.remaining() == 0 {
                break Ok(());
            }
        };
        match outcome {
            Err(error) if done == 0 => Err(error),
            _ => Ok(done),
        }
    }

    fn write_some(
        &self,
        from: &mut Source<'_>,
        unit: Unit,
        patience: Patience,
        ancillary: &mut Option<Ancillary>,
    ) -> Result<usize> {
        loop {
            if !self.has_readers() || self.write_closed.load(Ordering::SeqCst) {
                return Err(Error::BrokenPipe);
            }
            {
                let mut ring = self.ring.lock();
                let used = ring.length() + ring.padding() + self.held.load(Ordering::SeqCst);
                let free = self.capacity().saturating_sub(used);
                let (enough, most) = match unit {
                    Unit::Whole => (from.remaining(), free),
                    Unit::Byte => (1, free),
                    Unit::Packet(length) => (PAGE_SIZE, length),
                };
                if free >= enough {
                    let outcome = ring.write(from, most);
                    if let (Unit::Packet(_), Ok(count)) = (unit, outcome) {
                        ring.end_packet(count);
                    }
                    if let Ok(count) = outcome
                        && count > 0
                        && let Some(ancillary) = ancillary.take()
                    {
                        ring.mark(count, ancillary);
                    }
                    self.publish(&ring);
                    drop(ring);
                    self.after_write();
                    return outcome;
                }
            }
            if patience.nonblocking {
                return Err(Error::WouldBlock);
            }
            self.writable.wait_interruptible(patience.deadline, || {
                let closed = !self.has_readers() || self.write_closed.load(Ordering::SeqCst);
                (self.free() >= ATOMIC_WRITE || closed).then_some(())
            })?;
        }
    }

    fn after_write(&self) {
        if self.length() > 0 {
            self.readable.wake_one();
        }
        self.listeners.tell(Ready::READ);
        if self.free() >= ATOMIC_WRITE {
            self.writable.wake_one();
        }
    }

    /// Sets how many bytes it holds at most, rounded up to pages that are a power of two. Less
    /// than it holds now is `Error::Busy`.
    pub fn set_capacity(&self, bytes: usize) -> Result<usize> {
        let wanted = Self::rounded(bytes)?;
        let mut ring = self.ring.lock();
        if ring.length() + ring.padding() + self.held.load(Ordering::SeqCst) > wanted {
            return Err(Error::Busy);
        }
        ring.resize(wanted)?;
        self.capacity.store(wanted, Ordering::SeqCst);
        if let Some(charge) = &self.charge {
            charge.note(wanted);
        }
        drop(ring);
        self.after_read();
        Ok(wanted)
    }

    /// What the reading end is ready for.
    pub fn poll_read(&self, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(waiter) = waiter {
            waiter.add(&self.readable);
        }
        let mut ready = Ready::empty();
        let ended = !self.has_writers() || self.read_closed.load(Ordering::SeqCst);
        ready.set(Ready::HANG_UP, ended);
        ready.set(Ready::READ, self.length() > 0);
        ready
    }

    /// What the writing end is ready for.
    pub fn poll_write(&self, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(waiter) = waiter {
            waiter.add(&self.writable);
        }
        let mut ready = Ready::empty();
        let broken = !self.has_readers() || self.write_closed.load(Ordering::SeqCst);
        ready.set(Ready::ERROR, broken);
        ready.set(Ready::WRITE, self.free() >= ATOMIC_WRITE || broken);
        ready
    }

    /// Sleeps until someone reads, or until `condition` holds. For opening a named pipe.
    pub(crate) fn wait_for_reader(&self, mut condition: impl FnMut() -> bool) -> Result<()> {
        self.writable
            .wait_interruptible(None, || condition().then_some(()))
    }

    /// Sleeps until someone writes, or until `condition` holds. For opening a named pipe.
    pub(crate) fn wait_for_writer(&self, mut condition: impl FnMut() -> bool) -> Result<()> {
        self.readable
            .wait_interruptible(None, || condition().then_some(()))
    }
}
