//! All caches of files on devices.
//!
//! A cache with pages that have not reached their device is kept alive here: its file may be closed
//! and its inode forgotten, the bytes are written all the same. The others are only known of, so that
//! their pages can be won back.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use base::sync::SpinLock;
use base::work::Work;
use hal::Global;
use hal::sync::Rank;

use super::PageCache;
use super::counts::COUNTS;

/// Below a cache's own: what is kept alive is decided with the state in view.
const RANK: Rank = Rank(409);

#[derive(Default)]
struct Registry {
    known: Vec<Weak<PageCache>>,
    pending: BTreeMap<u64, Arc<PageCache>>,
    /// Where the hand of reclaim stands.
    hand: usize,
    /// Caches whose last reference somebody held who must not run what their end runs.
    parked: Vec<PageCache>,
}

/// How often who cannot wait for the list looks whether it is free.
const LOOKS: usize = 100;

/// How many caches may be parked.
const PARKED: usize = 64;

static REGISTRY: Global<SpinLock<Registry>> = Global::new(|| {
    // Made first, so that it outlives the caches that are kept alive here.
    let _ = &COUNTS.cached;
    SpinLock::new(RANK, Registry::default())
});

/// Makes a cache known.
pub(super) fn enter(cache: &Arc<PageCache>) {
    let mut gone = Vec::new();
    let mut registry = REGISTRY.lock();
    if registry.parked.capacity() == 0 {
        registry.parked.reserve(PARKED);
    }
    if registry.known.len() == registry.known.capacity() {
        // Dead ones are let go before the list grows.
        let known = core::mem::take(&mut registry.known);
        let (living, dead) = known
            .into_iter()
            .partition(|cache: &Weak<PageCache>| cache.strong_count() > 0);
        registry.known = living;
        gone = dead;
        registry.hand = 0;
        let room = registry.known.len().max(16);
        registry.known.reserve(room);
    }
    registry.known.push(Arc::downgrade(cache));
    drop(registry);
    drop(gone);
}

/// Keeps a cache alive while something of it has not reached its device, and no longer. To be called
/// after whatever may have changed that; returns whether it is pending.
pub(super) fn settle(cache: &Weak<PageCache>) -> bool {
    let Some(cache) = cache.upgrade() else {
        return false;
    };
    let mut registry = REGISTRY.lock();
    let pending = cache
        .state
        .lock()
        .stored
        .as_ref()
        .is_some_and(|stored| stored.is_pending());
    let released = if pending {
        registry.pending.insert(cache.identity, cache.clone())
    } else {
        registry.pending.remove(&cache.identity)
    };
    drop(registry);
    drop(released);
    pending
}

/// The first cache with an identity above `after` of which something has not reached its device.
pub(super) fn next_pending(after: u64) -> Option<Arc<PageCache>> {
    let registry = REGISTRY.lock();
    let next = registry.pending.range(after + 1..).next();
    next.map(|(_, cache)| cache.clone())
}

/// The cache that the hand of reclaim comes to next; `None` if there is none. Who cannot `wait` gets none
/// either while the list is in use, and has to [`park`] what it got.
pub(super) fn next_to_reclaim(wait: bool) -> Option<Arc<PageCache>> {
    let mut registry = if wait {
        REGISTRY.lock()
    } else {
        // It is held for a moment only; that the caller holds it is not possible, another CPU may.
        let free = (0..LOOKS).find_map(|_| {
            let registry = REGISTRY.try_lock();
            if registry.is_none() {
                hal::cpu::relax();
            }
            registry
        });
        free.filter(|registry| registry.parked.len() < PARKED)?
    };
    for _ in 0..registry.known.len() {
        let hand = registry.hand;
        registry.hand = (hand + 1) % registry.known.len();
        if let Some(cache) = registry.known.get(hand).and_then(Weak::upgrade) {
            return Some(cache);
        }
    }
    None
}

/// How many caches there are, dead ones that are not yet forgotten included.
pub(super) fn count() -> usize {
    REGISTRY.lock().known.len()
}

/// Lets go of a reference. If it was the last one, the cache's end is left to the work thread, which holds nothing.
pub(super) fn park(cache: Arc<PageCache>) {
    if let Some(last) = Arc::into_inner(cache) {
        REGISTRY.lock().parked.push(last);
        DROPPER.queue();
    }
}

static DROPPER: Global<Work> = Global::new(|| Work::new(drop_parked));

fn drop_parked() {
    loop {
        let cache = REGISTRY.lock().parked.pop();
        match cache {
            Some(cache) => drop(cache),
            None => return,
        }
    }
}
