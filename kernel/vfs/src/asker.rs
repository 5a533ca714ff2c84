//! Who asks, for file systems that keep something for some.
//!
//! Rights are checked by the vfs, before a file system hears of anything. But what is left on a device only the file
//! system knows, and a part of it may be kept for the super-user. So it can ask who the calling thread acts as, at the
//! moment when that matters. Processes lie above the vfs: they plug in how this is found ([`set_asker`]).

use base::rank;
use base::sync::SpinLock;
use hal::Global;

use crate::credentials::Credentials;

/// Finds the calling thread's credentials; `None` for the kernel's own threads. It is called with locks of file
/// systems held, so it takes none of the processes' but [`rank::PLACE`].
pub type Asker = fn() -> Option<Credentials>;

static ASKER: Global<SpinLock<Option<Asker>>> = Global::new(|| SpinLock::new(rank::LEAF, None));

/// Plugs in who knows.
pub fn set_asker(asker: Asker) {
    *ASKER.lock() = Some(asker);
}

/// Who the calling thread acts as; `None` for the kernel itself.
pub fn who_asks() -> Option<Credentials> {
    let asker = *ASKER.lock();
    asker.and_then(|asker| asker())
}
