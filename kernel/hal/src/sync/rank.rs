//! The lock order, and the check of it.

use core::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use crate::cpu::CpuLocal;

/// A lock's place in the kernel's lock order. While a lock is held, only locks of a strictly
/// higher rank may be taken on the same CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(pub u16);

/// Whether the order is checked in this build.
pub(crate) const CHECKED: bool = cfg!(any(debug_assertions, not(target_os = "none")));

/// How many spin locks one CPU can hold at once.
const DEPTH: usize = 16;

/// The ranks of the locks that a CPU holds, outermost first. Only its own CPU touches it, with
/// interrupts disabled; the atomics are there to make it shareable without `unsafe`.
struct Held {
    depth: AtomicUsize,
    ranks: [AtomicU16; DEPTH],
}

static HELD: CpuLocal<Held> = CpuLocal::new(|| Held {
    depth: AtomicUsize::new(0),
    ranks: [const { AtomicU16::new(0) }; DEPTH],
});

/// Called with interrupts disabled before a lock of `rank` is waited for.
pub(crate) fn check(rank: Rank) {
    let held = &*HELD;
    let depth = held.depth.load(Ordering::Relaxed);
    for entry in held.ranks.iter().take(depth) {
        let outer = entry.load(Ordering::Relaxed);
        assert!(
            outer < rank.0,
            "lock order: rank {} taken while rank {outer} is held",
            rank.0
        );
    }
}

/// Called with interrupts disabled after a lock of `rank` was taken.
pub(crate) fn push(rank: Rank) {
    let held = &*HELD;
    let depth = held.depth.load(Ordering::Relaxed);
    assert!(depth < DEPTH, "more than {DEPTH} spin locks held at once");
    held.ranks[depth].store(rank.0, Ordering::Relaxed);
    held.depth.store(depth + 1, Ordering::Relaxed);
}

/// Called with interrupts disabled before a lock of `rank` is released (in any order).
pub(crate) fn pop(rank: Rank) {
    let held = &*HELD;
    let depth = held.depth.load(Ordering::Relaxed);
    let position = (0..depth)
        .rev()
        .find(|&index| held.ranks[index].load(Ordering::Relaxed) == rank.0);
    let Some(position) = position else {
        panic!(
            "a spin lock of rank {} released on a CPU that did not take it",
            rank.0
        );
    };
    for index in position..depth - 1 {
        let next = held.ranks[index + 1].load(Ordering::Relaxed);
        held.ranks[index].store(next, Ordering::Relaxed);
    }
    held.depth.store(depth - 1, Ordering::Relaxed);
}

/// How many spin locks this CPU holds; always 0 where the order is not checked.
pub(crate) fn depth() -> usize {
    if CHECKED {
        HELD.depth.load(Ordering::Relaxed)
    } else {
        0
    }
}
