//! How often somebody had to wait for a lock, by the lock's rank.
//!
//! Counted only where a lock is already known to be taken, so a lock that nobody waits for costs
//! nothing.

use core::sync::atomic::{AtomicU64, Ordering};

use super::Rank;

/// Ranks from here on are counted together with the last one.
const RANKS: usize = 1024;

static WAITS: [AtomicU64; RANKS] = [const { AtomicU64::new(0) }; RANKS];

/// Somebody is going to wait for a lock of this rank.
#[cold]
#[inline(never)]
pub fn note_wait(rank: Rank) {
    WAITS[usize::from(rank.0).min(RANKS - 1)].fetch_add(1, Ordering::Relaxed);
}

/// How often somebody waited for a lock of this rank since boot.
pub fn waits(rank: Rank) -> u64 {
    WAITS[usize::from(rank.0).min(RANKS - 1)].load(Ordering::Relaxed)
}

/// All ranks that somebody waited for, lowest first, and how often.
pub fn all_waits() -> impl Iterator<Item = (Rank, u64)> {
    (0..RANKS)
        .map(|rank| Rank(rank as u16))
        .map(|rank| (rank, waits(rank)))
        .filter(|(_, count)| *count > 0)
}
