//! Which sleeping locks a thread holds, for the check of the lock order.
//!
//! The list is kept in the thread because a sleeping lock stays held across a switch to another
//! CPU. In builds that do not check, it is empty and costs nothing.

use crate::rank;
use hal::sync::{Rank, SpinLock};

/// Whether the order of sleeping locks is checked in this build.
const CHECKED: bool = cfg!(any(debug_assertions, not(target_os = "none")));

/// How many sleeping locks one thread can hold at once.
const DEPTH: usize = 24;

struct List {
    ranks: [u16; DEPTH],
    depth: usize,
}

/// The ranks of the sleeping locks that one thread holds.
pub(crate) struct HeldRanks {
    list: SpinLock<List>,
}

impl HeldRanks {
    pub(crate) const fn new() -> HeldRanks {
        HeldRanks {
            list: SpinLock::new(
                rank::THREAD,
                List {
                    ranks: [0; DEPTH],
                    depth: 0,
                },
            ),
        }
    }
}

/// Panics if a lock of `rank` may not be taken now by the current thread. `ordered` allows a
/// second lock of the same rank: the ordered-pair helpers use it.
#[inline]
pub(super) fn check(rank: Rank, ordered: bool) {
    if !CHECKED {
        return;
    }
    let Some(thread) = crate::thread::try_current() else {
        return;
    };
    let worst = {
        let list = thread.held.list.lock();
        list.ranks[..list.depth].iter().copied().max().unwrap_or(0)
    };
    assert!(
        worst < rank.0 || (ordered && worst == rank.0),
        "lock order: sleeping lock of rank {} wanted while rank {worst} is held",
        rank.0
    );
}

/// Notes that the current thread took a lock of `rank`.
#[inline]
pub(super) fn push(rank: Rank) {
    if !CHECKED {
        return;
    }
    let Some(thread) = crate::thread::try_current() else {
        return;
    };
    let mut list = thread.held.list.lock();
    let depth = list.depth;
    if depth < DEPTH {
        list.ranks[depth] = rank.0;
    }
    list.depth = (depth + 1).min(DEPTH);
}

/// Notes that the current thread gave back a lock of `rank`.
#[inline]
pub(super) fn pop(rank: Rank) {
    if !CHECKED {
        return;
    }
    let Some(thread) = crate::thread::try_current() else {
        return;
    };
    let mut list = thread.held.list.lock();
    let depth = list.depth;
    if let Some(position) = list.ranks[..depth].iter().rposition(|held| *held == rank.0) {
        list.ranks.copy_within(position + 1..depth, position);
        list.depth = depth - 1;
    }
}
