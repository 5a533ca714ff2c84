//! What happens when memory runs out.
//!
//! Allocations that a program drives (its pages, its page tables, its file data) fail while the
//! kernel still has a reserve for itself. A system call then returns `Error::OutOfMemory`. A page
//! fault has nobody to return an error to: it asks here for relief and tries again. Relief is the
//! end of the biggest process, which only `proc` can bring about; it registers how.

//! The thread that faults may hold locks (a pipe's, a file's), so it does not look for a victim
//! itself: the work thread does, which holds none, and the faulting thread sleeps meanwhile.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{rank, thread, time, work};
use hal::Global;

/// What looking for relief came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relief {
    /// Memory is being freed: try again.
    Expected,
    /// Nothing can be done.
    None,
}

/// Chooses a process and ends it, or sees that one chosen before is still ending. Called by a
/// kernel thread that holds no locks; it may sleep a little.
pub type Reliever = fn() -> Relief;

/// How long the chosen process is given before the fault tries again.
const PATIENCE: Duration = Duration::from_millis(10);

struct Pressure {
    reliever: SpinLock<Option<Reliever>>,
    running: AtomicBool,
    rounds: AtomicU64,
    fruitless: AtomicBool,
    done: WaitQueue,
}

static PRESSURE: Global<Pressure> = Global::new(|| Pressure {
    reliever: SpinLock::new(rank::LEAF, None),
    running: AtomicBool::new(false),
    rounds: AtomicU64::new(0),
    fruitless: AtomicBool::new(false),
    done: WaitQueue::new(),
});

/// Registers how memory is won back when none is left.
pub fn set_reliever(reliever: Reliever) {
    *PRESSURE.reliever.lock() = Some(reliever);
}

/// Asks for memory on behalf of a page fault that found none, and sleeps a little. `false` if the
/// fault should give up: nothing can be done, or the thread itself is asked to end.
pub(crate) fn relieve() -> bool {
    let before = PRESSURE.rounds.load(Ordering::SeqCst);
    if !PRESSURE.running.swap(true, Ordering::SeqCst) {
        work::defer(round);
    }
    let deadline = time::now() + PATIENCE;
    let _ = PRESSURE.done.wait_deadline(deadline, || {
        (PRESSURE.rounds.load(Ordering::SeqCst) != before).then_some(())
    });
    if PRESSURE.fruitless.load(Ordering::SeqCst) || thread::is_interrupted() {
        return false;
    }
    thread::sleep_until(deadline).is_ok()
}

fn round() {
    let reliever = *PRESSURE.reliever.lock();
    let found = reliever.is_some_and(|reliever| reliever() == Relief::Expected);
    PRESSURE.fruitless.store(!found, Ordering::SeqCst);
    PRESSURE.rounds.fetch_add(1, Ordering::SeqCst);
    PRESSURE.running.store(false, Ordering::SeqCst);
    PRESSURE.done.wake_all();
}
