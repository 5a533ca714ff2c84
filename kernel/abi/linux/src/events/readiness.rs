//! Between the kernel's readiness and Linux's event bits.

use alloc::sync::Arc;
use base::Result;
use base::time::Instant;
use base::wait::Waiter;
use object::Ready;

use crate::layout::*;

/// What the kernel is to look for, given `POLL*` bits.
pub(crate) fn interest(events: u32) -> Ready {
    let mut ready = Ready::ALWAYS;
    ready.set(Ready::READ, events & (POLLIN | POLLRDNORM) != 0);
    ready.set(Ready::WRITE, events & (POLLOUT | POLLWRNORM) != 0);
    ready.set(Ready::PRIORITY, events & (POLLPRI | POLLRDBAND) != 0);
    ready.set(Ready::READ_HANG_UP, events & POLLRDHUP != 0);
    ready
}

/// The `POLL*` bits of what the kernel found, of those asked for and those always told.
pub(crate) fn found(ready: Ready, events: u32) -> u32 {
    let mut bits = 0;
    if ready.contains(Ready::READ) {
        bits |= POLLIN | POLLRDNORM;
    }
    if ready.contains(Ready::WRITE) {
        bits |= POLLOUT | POLLWRNORM;
    }
    if ready.contains(Ready::PRIORITY) {
        bits |= POLLPRI | POLLRDBAND;
    }
    if ready.contains(Ready::READ_HANG_UP) {
        bits |= POLLRDHUP;
    }
    if ready.contains(Ready::ERROR) {
        bits |= POLLERR;
    }
    if ready.contains(Ready::HANG_UP) {
        bits |= POLLHUP;
    }
    bits & (events | POLLERR | POLLHUP)
}

/// Looks until something is found. `look` is told whether it must leave its registrations: the first
/// time, unless nobody is going to sleep. It returns how much it found. After a deadline that has
/// passed there is one look.
pub(crate) fn until_found(
    deadline: Option<Instant>,
    waiter: &Arc<Waiter>,
    mut look: impl FnMut(bool) -> Result<usize>,
) -> Result<usize> {
    let passed = || deadline.is_some_and(|deadline| deadline <= base::time::now());
    if passed() {
        return look(false);
    }
    let mut first = true;
    loop {
        let count = look(first)?;
        if count > 0 || passed() {
            return Ok(count);
        }
        first = false;
        match waiter.wait(deadline, true) {
            Ok(()) | Err(base::Error::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_there_and_back() {
        assert_eq!(interest(POLLIN), Ready::ALWAYS | Ready::READ);
        assert_eq!(found(Ready::READ | Ready::WRITE, POLLIN), POLLIN);
        assert_eq!(found(Ready::HANG_UP, 0), POLLHUP);
        assert_eq!(found(Ready::READ, POLLIN | POLLRDNORM), POLLIN | POLLRDNORM);
        assert_eq!(found(Ready::READ_HANG_UP, POLLIN), 0);
    }
}
