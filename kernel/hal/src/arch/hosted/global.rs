//! `hal::Global` on the hosted backend: one instance per machine.
//!
//! Each global gets a number at its first use in the process; a machine's table maps the number
//! to its own instance. The instances are dropped, youngest first, when the machine ends: a
//! reference to one is good for the machine's run, and code of a machine must not carry it out.

use super::state::machine;
use crate::sync::Once;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::boxed::Box;
use std::cell::RefCell;
use std::vec::Vec;

static NEXT: AtomicUsize = AtomicUsize::new(1);

/// A value that exists once per machine.
pub(crate) struct GlobalCell<T: 'static> {
    initialise: fn() -> T,
    /// Its number in every machine's table; 0 before the first use.
    number: AtomicUsize,
}

impl<T: Send + Sync + 'static> GlobalCell<T> {
    /// A global that `initialise` will fill, machine by machine.
    pub(crate) const fn new(initialise: fn() -> T) -> Self {
        Self {
            initialise,
            number: AtomicUsize::new(0),
        }
    }

    fn number(&self) -> usize {
        let number = self.number.load(Ordering::Relaxed);
        if number != 0 {
            return number;
        }
        let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
        match self
            .number
            .compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => fresh,
            Err(other) => other,
        }
    }

    /// The current machine's instance.
    pub(crate) fn get(&self) -> &T {
        let number = self.number();
        let globals = &machine().globals;
        let mut slot = globals.slot(number);
        if slot.is_null() {
            let place: *const Once<T> = Box::into_raw(Box::new(Once::new()));
            slot = place.cast();
            globals.add(number, slot, drop_place::<T>);
        }
        // SAFETY: the number belongs to this cell alone, so the slot holds a `Once<T>`; it lives
        // until the machine's teardown, which the module's essay makes the bound of the borrow.
        let place = unsafe { &*slot.cast::<Once<T>>() };
        place.get_or_init(self.initialise)
    }
}

/// Drops a slot.
///
/// # Safety
///
/// `slot` was made by `GlobalCell::<T>::get`, and nobody uses it any more.
unsafe fn drop_place<T>(slot: *const ()) {
    // SAFETY: as the caller says.
    drop(unsafe { Box::from_raw(slot.cast::<Once<T>>().cast_mut()) });
}

struct Entry {
    number: usize,
    slot: *const (),
    drop: unsafe fn(*const ()),
}

/// A machine's instances.
pub(super) struct Globals {
    slots: RefCell<Vec<*const ()>>,
    /// In the order of their making.
    entries: RefCell<Vec<Entry>>,
}

impl Globals {
    pub(super) fn new() -> Globals {
        Globals {
            slots: RefCell::new(Vec::new()),
            entries: RefCell::new(Vec::new()),
        }
    }

    fn slot(&self, number: usize) -> *const () {
        self.slots
            .borrow()
            .get(number)
            .copied()
            .unwrap_or(core::ptr::null())
    }

    fn add(&self, number: usize, slot: *const (), drop: unsafe fn(*const ())) {
        let mut slots = self.slots.borrow_mut();
        if slots.len() <= number {
            slots.resize(number + 1, core::ptr::null());
        }
        slots[number] = slot;
        self.entries.borrow_mut().push(Entry { number, slot, drop });
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Drops all but the `keep` oldest, youngest first. Dropping one may use or even make others.
    pub(super) fn drop_down_to(&self, keep: usize) {
        loop {
            let entry = {
                let mut entries = self.entries.borrow_mut();
                if entries.len() <= keep {
                    return;
                }
                entries.pop()
            };
            let Some(entry) = entry else { return };
            // SAFETY: the machine is being torn down: no fiber of it is left to use the value,
            // and it is out of the entries, so nobody drops it again. Its slot is cleared
            // *after* the drop, because its own destructors may use it.
            unsafe { (entry.drop)(entry.slot) };
            self.slots.borrow_mut()[entry.number] = core::ptr::null();
        }
    }
}
