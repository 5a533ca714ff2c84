//! What happens when memory runs out.
//!
//! Allocations that a program drives (its pages, its page tables, its file data) fail while the
//! kernel still has a reserve for itself. A system call then returns `Error::OutOfMemory`. A page
//! fault has nobody to return an error to: it asks here for relief and tries again. Relief is the
//! end of the biggest process, which only `proc` can bring about; it registers how.

use base::sync::SpinLock;
use base::{log, rank};
use hal::Global;

/// What asking for relief came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relief {
    /// Memory is being freed: try again.
    Expected,
    /// The caller's own process was chosen: stop trying and let it end.
    ChosenSelf,
    /// Nothing can be done.
    None,
}

/// Chooses a process and ends it.
pub type Reliever = fn() -> Relief;

static RELIEVER: Global<SpinLock<Option<Reliever>>> =
    Global::new(|| SpinLock::new(rank::LEAF, None));

/// Registers how memory is won back when none is left.
pub fn set_reliever(reliever: Reliever) {
    *RELIEVER.lock() = Some(reliever);
}

/// Asks for memory on behalf of a page fault that found none. May sleep.
pub(crate) fn relieve() -> Relief {
    let reliever = *RELIEVER.lock();
    let relief = reliever.map_or(Relief::None, |reliever| reliever());
    if relief == Relief::None {
        log::warn!("out of memory, and nothing to win it back from");
    }
    relief
}
