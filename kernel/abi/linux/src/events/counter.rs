//! eventfd: the kernel's event counter as a descriptor (eventfd(2)).

use base::Result;
use ipc::event::Event;
use object::StatusFlags;

use crate::arguments::flags_argument;
use crate::call::Call;

flags_argument! {
    /// `EFD_*`.
    pub struct CounterFlags: u32 {
        /// Each read takes one.
        const SEMAPHORE = 1;
        /// Nothing waits.
        const NONBLOCK = 0o4000;
        /// Closed by exec.
        const CLOSE_ON_EXEC = 0o2000000;
    }
}

/// eventfd2(2).
pub(crate) fn eventfd2(call: &mut Call<'_>, initial: u32, flags: CounterFlags) -> Result<usize> {
    let mut status = StatusFlags::empty();
    status.set(
        StatusFlags::NONBLOCK,
        flags.contains(CounterFlags::NONBLOCK),
    );
    let semaphore = flags.contains(CounterFlags::SEMAPHORE);
    let counter = Event::new(initial.into(), semaphore, status);
    call.install(counter, flags.contains(CounterFlags::CLOSE_ON_EXEC))
}
