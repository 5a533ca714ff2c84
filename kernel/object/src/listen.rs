//! Being told, not woken: who asked to hear of it when a file becomes ready.
//!
//! A program that sleeps leaves a [`PollRegistration`](crate::PollRegistration) and is woken. One that does not sleep,
//! and wants an event instead (a Linux program with `O_ASYNC`), leaves a [`Listener`] with the file
//! ([`File::report_to`](crate::File::report_to)). The object behind the file keeps a [`Listeners`] and tells them each time
//! something comes or goes. While nobody listens, that is the test of one word.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use base::sync::{Once, SpinLock};
use base::{Result, Room, rank};

use crate::Ready;

/// Who wants to hear that a file became ready.
pub trait Listener: Send + Sync {
    /// Something came that may be read (`Ready::READ`), or went and made room (`Ready::WRITE`). Called without any
    /// lock of the object; may take those of processes, must not sleep.
    fn ready(&self, what: Ready);
}

struct Entry {
    interest: Ready,
    listener: Weak<dyn Listener>,
}

/// Those who listen to one object.
#[derive(Default)]
pub struct Listeners {
    entries: Once<Box<SpinLock<Vec<Entry>>>>,
}

impl Listeners {
    /// Nobody yet.
    pub const fn new() -> Self {
        Self {
            entries: Once::new(),
        }
    }

    /// From now on `listener` hears of `interest`, until [`Listeners::remove`] or its own end.
    /// [`base::Error::OutOfMemory`] if there is no room to note it.
    pub fn add(&self, interest: Ready, listener: &Arc<dyn Listener>) -> Result<()> {
        let listener = Arc::downgrade(listener);
        let entries = self
            .entries
            .get_or_init(|| Box::new(SpinLock::new(rank::FILE, Vec::new())));
        let mut entries = entries.lock();
        entries
            .retain(|entry| entry.listener.strong_count() > 0 && !entry.listener.ptr_eq(&listener));
        entries.make_room(1)?;
        entries.push(Entry { interest, listener });
        Ok(())
    }

    /// `listener` hears nothing any more.
    pub fn remove(&self, listener: &Arc<dyn Listener>) {
        let Some(entries) = self.entries.get() else {
            return;
        };
        let listener = Arc::downgrade(listener);
        entries
            .lock()
            .retain(|entry| !entry.listener.ptr_eq(&listener));
    }

    /// Who listens, in the order in which they began.
    pub fn all(&self) -> Vec<Arc<dyn Listener>> {
        let Some(entries) = self.entries.get() else {
            return Vec::new();
        };
        let entries = entries.lock();
        let listeners = entries.iter().map(|entry| entry.listener.upgrade());
        listeners.flatten().collect()
    }

    /// Tells who wants to hear of `what`.
    #[inline]
    pub fn tell(&self, what: Ready) {
        if let Some(entries) = self.entries.get() {
            Self::tell_each(entries, what);
        }
    }

    #[inline(never)]
    fn tell_each(entries: &SpinLock<Vec<Entry>>, what: Ready) {
        // One at a time, without the lock: a listener takes the locks of processes.
        let mut index = entries.lock().len();
        while index > 0 {
            index -= 1;
            let listener = match entries.lock().get(index) {
                Some(entry) if entry.interest.intersects(what) => entry.listener.upgrade(),
                _ => None,
            };
            if let Some(listener) = listener {
                listener.ready(what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Listener for Counter {
        fn ready(&self, _: Ready) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn they_hear_what_they_asked_for_until_they_go() {
        let listeners = Listeners::new();
        listeners.tell(Ready::READ);
        let counter = Arc::new(Counter::default());
        let listener: Arc<dyn Listener> = counter.clone();
        listeners.add(Ready::READ, &listener).expect("room");
        listeners.add(Ready::READ, &listener).expect("room");
        listeners.tell(Ready::READ);
        listeners.tell(Ready::WRITE);
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
        listeners.remove(&listener);
        listeners.tell(Ready::READ);
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
        listeners.add(Ready::READ, &listener).expect("room");
        drop(listener);
        let weak = Arc::downgrade(&counter);
        drop(counter);
        assert!(weak.upgrade().is_none());
        listeners.tell(Ready::READ);
    }
}
