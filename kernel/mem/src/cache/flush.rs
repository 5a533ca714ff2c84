//! The thread that writes dirty pages in the background, and what happens when it falls behind.
//!
//! Every five seconds it stores what has been dirty for thirty. It starts earlier when more than a
//! tenth of what could be dirty is; above a fifth, whoever makes more pages dirty has to store some
//! itself, so a writer is never faster for long than its device. While nothing is dirty it sleeps without a
//! deadline.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use base::wait::WaitQueue;
use base::{Result, thread, time};
use hal::Global;

use super::counts::{COUNTS, dirty_limits};
use super::threads::Once;
use super::{PageCache, registry};

/// How often it looks for old pages, and what is old.
const PERIOD: Duration = Duration::from_secs(5);
const OLD: Duration = Duration::from_secs(30);

/// How long who has made too many pages dirty waits for others to store theirs, each time and how often.
const PATIENCE: Duration = Duration::from_millis(10);
const ROUNDS: usize = 20;

struct Flusher {
    thread: Once,
    called: WaitQueue,
    /// Something may be dirty.
    begun: AtomicBool,
    /// There are too many dirty pages.
    hurry: AtomicBool,
    rounds: AtomicU64,
    progress: WaitQueue,
}

static FLUSHER: Global<Flusher> = Global::new(|| Flusher {
    thread: Once::new(),
    called: WaitQueue::new(),
    begun: AtomicBool::new(false),
    hurry: AtomicBool::new(false),
    rounds: AtomicU64::new(0),
    progress: WaitQueue::new(),
});

/// Starts the thread if it does not run yet. Where threads begin to be possible.
pub(super) fn start() -> bool {
    FLUSHER.thread.start("write-back", run)
}

/// Something became dirty.
pub(super) fn begin() {
    if !FLUSHER.begun.swap(true, Ordering::AcqRel) && start() {
        FLUSHER.called.wake_one();
    }
}

/// To be called after pages of `cache` became dirty, with no lock held that storing pages takes.
pub(super) fn throttle(cache: &PageCache) {
    let dirty = || COUNTS.dirty.load(Ordering::Relaxed);
    if dirty() < 32 {
        return;
    }
    let (background, limit) = dirty_limits();
    if dirty() <= background {
        return;
    }
    if !FLUSHER.hurry.swap(true, Ordering::AcqRel) {
        FLUSHER.called.wake_one();
    }
    if cache.is_metadata() {
        return;
    }
    for _ in 0..ROUNDS {
        if dirty() + COUNTS.writing.load(Ordering::Relaxed) <= limit || thread::is_interrupted() {
            return;
        }
        if cache.write_some() == 0 {
            let before = FLUSHER.rounds.load(Ordering::Acquire);
            FLUSHER.hurry.store(true, Ordering::Release);
            FLUSHER.called.wake_one();
            let _ = FLUSHER.progress.wait_deadline(time::now() + PATIENCE, || {
                (FLUSHER.rounds.load(Ordering::Acquire) != before).then_some(())
            });
        }
    }
}

/// Stores whatever is dirty now, of all files; the first error, if there was one.
pub fn store_everything() -> Result<()> {
    let mut outcome = Ok(());
    let mut after = 0;
    while let Some(cache) = registry::next_pending(after) {
        after = cache.identity;
        let written = cache.write_back(0, u64::MAX);
        outcome = outcome.and(written);
    }
    outcome
}

fn run() {
    let mut next = time::now() + PERIOD;
    loop {
        let called = || FLUSHER.hurry.load(Ordering::Acquire).then_some(());
        if FLUSHER.begun.load(Ordering::Acquire) {
            let _ = FLUSHER.called.wait_deadline(next, called);
        } else {
            FLUSHER.called.wait_until(|| {
                let begun = FLUSHER.begun.load(Ordering::Acquire).then_some(());
                begun.or_else(called)
            });
            next = next.max(time::now() + PERIOD);
        }
        let hurry = FLUSHER.hurry.swap(false, Ordering::AcqRel);
        if hurry || time::now() >= next {
            FLUSHER.begun.store(false, Ordering::Release);
            if pass() {
                FLUSHER.begun.store(true, Ordering::Release);
            }
            next = time::now() + PERIOD;
        }
        FLUSHER.rounds.fetch_add(1, Ordering::AcqRel);
        FLUSHER.progress.wake_all();
    }
}

/// Stores what is old, or whatever is dirty as long as there is too much of it. Returns whether
/// anything is left.
fn pass() -> bool {
    let now = time::now();
    let mut after = 0;
    let mut left = false;
    while let Some(cache) = registry::next_pending(after) {
        after = cache.identity;
        let since = match &cache.state.lock().stored {
            Some(stored) => stored.dirty_since,
            None => now,
        };
        if since + OLD <= now || COUNTS.dirty.load(Ordering::Relaxed) > dirty_limits().0 {
            // Errors are kept with the file.
            let _ = cache.start_write_back(0, u64::MAX);
            FLUSHER.rounds.fetch_add(1, Ordering::AcqRel);
            FLUSHER.progress.wake_all();
        }
        left |= registry::settle(&cache.me);
    }
    left
}
