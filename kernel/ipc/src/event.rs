//! A counter that can be waited for like a file (`eventfd`).
//!
//! Writing adds eight bytes' worth to it; reading takes all of it, or, for a semaphore, one. A
//! read waits while it is zero, a write while the sum would overflow.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Error, Result, rank};
use mem::transfer::{Sink, Source};
use object::{File, FileKind, FileStatus, PollRegistration, Ready, StatusFlags};

use crate::anonymous;

/// The largest value; one more is reserved for an overflow that a write can never cause.
const MAXIMUM: u64 = u64::MAX - 1;

/// An event counter.
pub struct Event {
    value: SpinLock<u64>,
    semaphore: bool,
    flags: AtomicU32,
    readable: WaitQueue,
    writable: WaitQueue,
    status: FileStatus,
}

impl Event {
    /// A counter that begins with `value`.
    pub fn new(value: u64, semaphore: bool, flags: StatusFlags) -> Arc<Self> {
        Arc::new(Self {
            value: SpinLock::new(rank::PIPE, value.min(MAXIMUM)),
            semaphore,
            flags: AtomicU32::new(flags.bits()),
            readable: WaitQueue::new(),
            writable: WaitQueue::new(),
            status: anonymous::status(FileKind::Anonymous, anonymous::next_inode()),
        })
    }

    /// Adds to the counter from within the kernel; it stops at its maximum.
    pub fn signal(&self, amount: u64) {
        {
            let mut value = self.value.lock();
            *value = value.saturating_add(amount).min(MAXIMUM);
        }
        self.readable.wake_one();
    }

    fn try_take(&self) -> Option<u64> {
        let mut value = self.value.lock();
        let taken = if self.semaphore {
            (*value).min(1)
        } else {
            *value
        };
        *value -= taken;
        (taken > 0).then_some(taken)
    }

    fn try_add(&self, amount: u64) -> Option<()> {
        let mut value = self.value.lock();
        let sum = value.checked_add(amount).filter(|&sum| sum <= MAXIMUM)?;
        *value = sum;
        Some(())
    }

    fn nonblocking(&self) -> bool {
        self.status_flags().contains(StatusFlags::NONBLOCK)
    }
}

impl File for Event {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn kind_name(&self) -> &'static str {
        "eventfd"
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        if into.remaining() < 8 {
            return Err(Error::InvalidArgument);
        }
        let taken = match self.try_take() {
            Some(taken) => taken,
            None if self.nonblocking() => return Err(Error::WouldBlock),
            None => self.readable.wait_interruptible(None, || self.try_take())?,
        };
        self.writable.wake_one();
        if *self.value.lock() > 0 {
            self.readable.wake_one();
        }
        into.write(&taken.to_ne_bytes())
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        if from.remaining() < 8 {
            return Err(Error::InvalidArgument);
        }
        let mut bytes = [0; 8];
        from.read(&mut bytes)?;
        let amount = u64::from_ne_bytes(bytes);
        if amount == u64::MAX {
            return Err(Error::InvalidArgument);
        }
        match self.try_add(amount) {
            Some(()) => {}
            None if self.nonblocking() => return Err(Error::WouldBlock),
            None => self
                .writable
                .wait_interruptible(None, || self.try_add(amount))?,
        }
        if amount > 0 {
            self.readable.wake_one();
        }
        Ok(8)
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(waiter) = waiter {
            waiter.add(&self.readable);
            waiter.add(&self.writable);
        }
        let value = *self.value.lock();
        let mut ready = Ready::empty();
        ready.set(Ready::READ, value > 0);
        ready.set(Ready::WRITE, value < MAXIMUM);
        ready & (interest | Ready::ALWAYS)
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(self.status)
    }

    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        self.flags.store(flags.bits(), Ordering::Relaxed);
        Ok(())
    }
}
