//! The thread that wins pages back when frames run short.
//!
//! It is not the one that stores dirty pages: that waits for devices, and meanwhile there may be more than enough clean
//! pages to take. What there is to win, and in which order, is in [`super::reclaim`].

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use base::wait::WaitQueue;
use base::{thread, time};
use hal::Global;

use super::reclaim;
use super::threads::Once;

/// How long who needs a page waits for the thread, each time.
const PATIENCE: Duration = Duration::from_millis(10);

/// How long it looks for no pages after it has found none: looking again at once would find nothing.
const REST: Duration = Duration::from_millis(20);

struct Reclaimer {
    thread: Once,
    number: AtomicU64,
    called: WaitQueue,
    /// Frames run short.
    short: AtomicBool,
    rounds: AtomicU64,
    progress: WaitQueue,
}

static RECLAIMER: Global<Reclaimer> = Global::new(|| Reclaimer {
    thread: Once::new(),
    number: AtomicU64::new(0),
    called: WaitQueue::new(),
    short: AtomicBool::new(false),
    rounds: AtomicU64::new(0),
    progress: WaitQueue::new(),
});

/// Starts the thread if it does not run yet. Where threads begin to be possible.
pub(super) fn start() -> bool {
    RECLAIMER.thread.start("reclaim", run)
}

/// Frames run short.
pub(super) fn call() {
    if !RECLAIMER.short.swap(true, Ordering::AcqRel) {
        RECLAIMER.called.wake_one();
    }
}

/// Waits a little for what the thread wins back.
pub(super) fn wait() {
    let before = RECLAIMER.rounds.load(Ordering::Acquire);
    call();
    let _ = RECLAIMER
        .progress
        .wait_deadline(time::now() + PATIENCE, || {
            (RECLAIMER.rounds.load(Ordering::Acquire) != before).then_some(())
        });
}

/// Whether the current thread is this one, which cannot wait for itself.
pub(super) fn is_current() -> bool {
    RECLAIMER.number.load(Ordering::Relaxed) == thread::current().id()
}

fn run() {
    RECLAIMER
        .number
        .store(thread::current().id(), Ordering::Relaxed);
    loop {
        RECLAIMER
            .called
            .wait_until(|| RECLAIMER.short.load(Ordering::Acquire).then_some(()));
        RECLAIMER.short.store(false, Ordering::Release);
        let enough = reclaim::until_enough();
        RECLAIMER.rounds.fetch_add(1, Ordering::AcqRel);
        RECLAIMER.progress.wake_all();
        if !enough {
            let _ = thread::sleep_until(time::now() + REST);
        }
    }
}
