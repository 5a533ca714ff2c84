//! What other rooms keep in memory only to be quick: names, and the inodes behind them.
//!
//! A room that keeps such things says so once ([`add_shrinker`]). When frames run short, the threads that win pages
//! back ask it to let go of a share of them, as large as the share of the pages that goes: what is used often stays in
//! both. Where no page is to be had any more, a larger share goes.

use alloc::vec::Vec;

use base::rank;
use base::sync::SpinLock;
use hal::Global;

/// The share that goes when nothing else does.
const LARGE: (usize, usize) = (1, 4);

/// Lets go of `part` of `whole` of what is kept, what is used least first; returns how many objects went. Called by
/// threads that hold nothing; it may sleep.
pub type Shrinker = fn(part: usize, whole: usize) -> usize;

static SHRINKERS: Global<SpinLock<Vec<Shrinker>>> =
    Global::new(|| SpinLock::new(rank::LEAF, Vec::new()));

/// Has a room asked from now on.
pub fn add_shrinker(shrinker: Shrinker) {
    SHRINKERS.lock().push(shrinker);
}

/// Asks all; returns how many objects went.
pub(super) fn shrink(part: usize, whole: usize) -> usize {
    let shrinkers = SHRINKERS.lock().clone();
    shrinkers.iter().map(|shrinker| shrinker(part, whole)).sum()
}

/// Asks for a large share.
pub(super) fn shrink_much() -> usize {
    shrink(LARGE.0, LARGE.1)
}
