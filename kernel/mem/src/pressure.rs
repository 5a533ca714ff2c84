//! What happens when memory runs out.
//!
//! Allocations that a program drives (its pages, its page tables, its file data) fail while the
//! kernel still has a reserve for itself. A system call then returns `Error::OutOfMemory`. A page
//! fault has nobody to return an error to: it asks here for relief and tries again. Relief is the
//! end of the biggest process, which only `proc` can bring about; it registers how.
//!
//! Where it was not the machine's memory that ran out but what an account allows the thread, only
//! processes that pay from that account are chosen from.

//! The thread that faults may hold locks (a pipe's, a file's), so it does not look for a victim
//! itself: the work thread does, which holds none, and the faulting thread sleeps meanwhile.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use core::time::Duration;

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{rank, thread, time, work};
use hal::Global;

use crate::cache::reclaim;

/// What looking for relief came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relief {
    /// Memory is being freed: try again.
    Expected,
    /// Nothing can be done.
    None,
}

/// Chooses a process and ends it, or sees that one chosen before is still ending. Called by a
/// kernel thread that holds no locks; it may sleep a little. The argument is the number of the
/// account that is full, 0 if it is the machine.
pub type Reliever = fn(u32) -> Relief;

/// How long the chosen process is given before the fault tries again.
const PATIENCE: Duration = Duration::from_millis(10);

/// So often, and so long each time, a fault waits for a full account before it asks for a victim: a call that finds no
/// memory half-way gives back at once what it had got so far.
const CALM_ROUNDS: usize = 5;
const CALM: Duration = Duration::from_millis(2);

struct Pressure {
    reliever: SpinLock<Option<Reliever>>,
    running: AtomicBool,
    rounds: AtomicU64,
    fruitless: AtomicBool,
    /// The account that the last round was, or is, about; 0: the machine.
    account: AtomicU32,
    done: WaitQueue,
}

static PRESSURE: Global<Pressure> = Global::new(|| Pressure {
    reliever: SpinLock::new(rank::LEAF, None),
    running: AtomicBool::new(false),
    rounds: AtomicU64::new(0),
    fruitless: AtomicBool::new(false),
    account: AtomicU32::new(0),
    done: WaitQueue::new(),
});

/// Registers how memory is won back when none is left.
pub fn set_reliever(reliever: Reliever) {
    *PRESSURE.reliever.lock() = Some(reliever);
}

/// Asks for memory on behalf of a page fault that found none, and sleeps a little. `false` if the
/// fault should give up: nothing can be done, or the thread itself is asked to end. `round` says how
/// often the same fault asked before.
pub(crate) fn relieve(round: usize) -> bool {
    let payer = thread::payer();
    let account = hal::frame::full_account(payer).unwrap_or(0);
    if payer != 0 && account == 0 && !hal::frame::is_short() {
        // The account has frames again, and the machine never lacked any.
        return !thread::is_interrupted();
    }
    if account != 0 && round < CALM_ROUNDS {
        return thread::sleep_until(time::now() + CALM).is_ok();
    }
    let before = PRESSURE.rounds.load(Ordering::SeqCst);
    if !PRESSURE.running.swap(true, Ordering::SeqCst) {
        PRESSURE.account.store(account, Ordering::SeqCst);
        work::defer(look_for_relief);
    }
    let deadline = time::now() + PATIENCE;
    let _ = PRESSURE.done.wait_deadline(deadline, || {
        (PRESSURE.rounds.load(Ordering::SeqCst) != before).then_some(())
    });
    // A round about somebody else's memory says nothing about ours.
    let ours = PRESSURE.account.load(Ordering::SeqCst) == account;
    if ours && PRESSURE.fruitless.load(Ordering::SeqCst) || thread::is_interrupted() {
        return false;
    }
    thread::sleep_until(deadline).is_ok()
}

fn look_for_relief() {
    let reliever = *PRESSURE.reliever.lock();
    let account = PRESSURE.account.load(Ordering::SeqCst);
    // What files on devices occupy goes before any process does.
    let found = account == 0 && reclaim::win_back() > 0
        || reliever.is_some_and(|reliever| reliever(account) == Relief::Expected);
    PRESSURE.fruitless.store(!found, Ordering::SeqCst);
    PRESSURE.rounds.fetch_add(1, Ordering::SeqCst);
    PRESSURE.running.store(false, Ordering::SeqCst);
    PRESSURE.done.wake_all();
}
