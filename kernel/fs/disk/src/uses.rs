//! What the pages of files do with their inodes at this moment.
//!
//! Memory brings pages in and stores them whenever it likes, and a file that loses its last name meanwhile stays until that
//! is over: its blocks are nobody else's yet. Who finds no room waits for what is [under way](Uses::wait), so that room
//! which was given back is there, as on Linux, where the one who removes a file waits.
//!
//! The uses that begin before and after somebody waits are counted apart, so who waits does so for those alone that were there
//! before, however many come later.

use alloc::sync::Arc;
use core::ops::Deref;
use core::sync::atomic::{AtomicUsize, Ordering};

use base::wait::WaitQueue;

/// Counts of the uses under way.
pub(crate) struct Uses {
    /// How often somebody has waited: those that begin now are counted in the place that its last bit names.
    turn: AtomicUsize,
    under_way: [AtomicUsize; 2],
    over: WaitQueue,
}

impl Uses {
    pub(crate) fn new() -> Self {
        Uses {
            turn: AtomicUsize::new(0),
            under_way: [AtomicUsize::new(0), AtomicUsize::new(0)],
            over: WaitQueue::new(),
        }
    }

    /// A use begins, of the inode that `find` finds.
    pub(crate) fn begin<N>(&self, find: impl FnOnce() -> Option<Arc<N>>) -> Option<Use<'_, N>> {
        let turn = Turn {
            uses: self,
            place: self.enter(),
        };
        find().map(|node| Use { node, _turn: turn })
    }

    fn enter(&self) -> usize {
        loop {
            let turn = self.turn.load(Ordering::SeqCst);
            let place = turn & 1;
            self.under_way[place].fetch_add(1, Ordering::SeqCst);
            if self.turn.load(Ordering::SeqCst) == turn {
                return place;
            }
            // Somebody began to wait in between.
            self.leave(place);
        }
    }

    fn leave(&self, place: usize) {
        let before = self.under_way[place].fetch_sub(1, Ordering::SeqCst);
        if before == 1 && self.turn.load(Ordering::SeqCst) & 1 != place {
            self.over.wake_all();
        }
    }

    /// Waits until the uses that are under way now are over; whether there were any. One caller at a time, who holds nothing
    /// that transfers between pages and disk take.
    pub(crate) fn wait(&self) -> bool {
        let place = self.turn.fetch_add(1, Ordering::SeqCst) & 1;
        let under_way = &self.under_way[place];
        if under_way.load(Ordering::SeqCst) == 0 {
            return false;
        }
        self.over
            .wait_until(|| (under_way.load(Ordering::SeqCst) == 0).then_some(()));
        true
    }
}

/// A use of an inode, which ends when it is dropped.
pub(crate) struct Use<'a, N> {
    /// Goes before the use is over: who waits looks for what its end leaves behind.
    node: Arc<N>,
    _turn: Turn<'a>,
}

impl<N> Deref for Use<'_, N> {
    type Target = Arc<N>;

    fn deref(&self) -> &Arc<N> {
        &self.node
    }
}

/// One that is counted.
struct Turn<'a> {
    uses: &'a Uses,
    place: usize,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.uses.leave(self.place);
    }
}
