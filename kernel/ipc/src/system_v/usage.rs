//! What the objects of a namespace cost, and how much that may be.
//!
//! Objects outlive their makers, so killing somebody does not give back what they take. Segments are
//! therefore refused when all of them together could fill most of the machine, and what semaphores and
//! messages take of the kernel's own memory is a small part of it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use base::{Error, Result, room};
use hal::PAGE_SIZE;

/// The sums of one namespace.
#[derive(Default)]
pub(super) struct Totals {
    pages: AtomicUsize,
    kernel_bytes: AtomicUsize,
}

impl Totals {
    pub(super) fn pages(&self) -> usize {
        self.pages.load(Ordering::Relaxed)
    }

    pub(super) fn kernel_bytes(&self) -> usize {
        self.kernel_bytes.load(Ordering::Relaxed)
    }

    fn sum(&self, what: What) -> &AtomicUsize {
        match what {
            What::Pages => &self.pages,
            What::KernelBytes => &self.kernel_bytes,
        }
    }
}

#[derive(Clone, Copy)]
enum What {
    Pages,
    KernelBytes,
}

/// A part of the sums, given back when dropped.
pub(super) struct Charge {
    totals: Arc<Totals>,
    what: What,
    amount: usize,
}

impl Charge {
    /// Takes pages that a segment may come to have: three quarters of the machine's at most.
    pub(super) fn pages(totals: &Arc<Totals>, pages: usize) -> Result<Charge> {
        let total = hal::frame::statistics().total;
        Self::take(totals, What::Pages, pages, total - total / 4)
    }

    /// Takes kernel memory, of which a sixteenth of the machine's may go this way.
    pub(super) fn kernel_bytes(totals: &Arc<Totals>, bytes: usize) -> Result<Charge> {
        let bound = hal::frame::statistics().total * PAGE_SIZE / 16;
        Self::take(totals, What::KernelBytes, bytes, bound)
    }

    fn take(totals: &Arc<Totals>, what: What, amount: usize, bound: usize) -> Result<Charge> {
        room::for_one_more()?;
        let more = |sum: usize| sum.checked_add(amount).filter(|&sum| sum <= bound);
        totals
            .sum(what)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .map_err(|_| Error::OutOfMemory)?;
        Ok(Charge {
            totals: totals.clone(),
            what,
            amount,
        })
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let sum = self.totals.sum(self.what);
        sum.fetch_sub(self.amount, Ordering::Relaxed);
    }
}
