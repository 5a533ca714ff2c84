//! Moving bytes from a channel to another file without losing any.
//!
//! Whoever moves bytes on does not know how many the other file takes. So they are taken out and their
//! room is kept ([`Channel::hold`]) until it is known ([`Channel::settle`]): what was not taken goes back
//! to the front.

use core::sync::atomic::Ordering;

use base::{Error, Result};
use mem::transfer::Sink;

use super::{ATOMIC_WRITE, Channel};

impl Channel {
    /// Waits until there are bytes, unless `nonblocking`; `false` if none will come.
    pub fn wait_for_bytes(&self, nonblocking: bool) -> Result<bool> {
        let look = || {
            // In this order: bytes that came before the last writer left are not missed.
            let ended = !self.has_writers() || self.read_closed.load(Ordering::SeqCst);
            match self.length() > 0 {
                true => Some(true),
                false => ended.then_some(false),
            }
        };
        match look() {
            Some(found) => Ok(found),
            None if nonblocking => Err(Error::WouldBlock),
            None => self.readable.wait_interruptible(None, look),
        }
    }

    /// Waits until a writer would find room, unless `nonblocking`; how much there is. Without readers:
    /// `Error::BrokenPipe`.
    pub fn wait_for_room(&self, nonblocking: bool) -> Result<usize> {
        let look = || {
            if !self.has_readers() || self.write_closed.load(Ordering::SeqCst) {
                return Some(Err(Error::BrokenPipe));
            }
            let free = self.free();
            (free >= ATOMIC_WRITE).then_some(Ok(free))
        };
        match look() {
            Some(found) => found,
            None if nonblocking => Err(Error::WouldBlock),
            None => self.writable.wait_interruptible(None, look)?,
        }
    }

    /// Copies what is there, up to the length of `into`; it stays.
    pub fn look_at(&self, into: &mut [u8]) -> Result<usize> {
        let mut ring = self.ring.lock();
        if ring.length() == 0 {
            return Ok(0);
        }
        Ok(ring.peek(&mut Sink::kernel(into))?.0)
    }

    /// Takes out what is there, up to the length of `into`; its room stays taken until
    /// [`Channel::settle`].
    pub fn hold(&self, into: &mut [u8]) -> Result<usize> {
        let mut ring = self.ring.lock();
        if ring.length() == 0 || into.is_empty() {
            return Ok(0);
        }
        let (count, _) = ring.read(&mut Sink::kernel(into))?;
        self.held.fetch_add(count, Ordering::SeqCst);
        self.publish(&ring);
        Ok(count)
    }

    /// Ends a [`Channel::hold`]: the first `used` bytes have gone on, the others go back.
    pub fn settle(&self, held: &[u8], used: usize) -> Result<()> {
        let mut ring = self.ring.lock();
        let outcome = ring.put_back(held.get(used..).unwrap_or_default());
        self.held.fetch_sub(held.len(), Ordering::SeqCst);
        self.publish(&ring);
        drop(ring);
        self.after_read();
        outcome
    }
}
