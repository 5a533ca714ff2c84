//! The handle table against the simplest model, and what closing means.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicUsize, Ordering};

use base::{Error, Result};
use hal::hosted::Machine;

use crate::{File, FileAccess, FileStatus, Handle, HandleTable, Rights};

fn in_machine(seed: u64, body: impl FnOnce() + 'static) {
    let outcome = Machine::new(seed).cpus(1).run_with(move |_| {
        assert!(base::init().is_ok());
        body();
    });
    if let Some(complaint) = outcome.complaint() {
        panic!("seed {seed}: {complaint}");
    }
}

/// A file that counts how many of its kind are open.
struct Counted {
    open: Arc<AtomicUsize>,
    access: FileAccess,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl File for Counted {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(FileStatus::default())
    }
}

/// A file that is another one.
struct Wrapper(Arc<dyn File>);

impl File for Wrapper {
    fn as_file_any(&self) -> &dyn Any {
        self.0.as_file_any()
    }

    fn status(&self) -> Result<FileStatus> {
        self.0.status()
    }
}

fn handle(open: &Arc<AtomicUsize>, access: FileAccess) -> Handle {
    open.fetch_add(1, Ordering::Relaxed);
    Handle::from_file(Arc::new(Counted {
        open: open.clone(),
        access,
    }))
}

#[test]
fn the_lowest_free_slot_is_given_out() {
    for seed in 1..50u64 {
        in_machine(seed, move || {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut below = |bound: usize| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                (random % bound as u64) as usize
            };
            let open = Arc::new(AtomicUsize::new(0));
            let table = HandleTable::new(20);
            let mut model = [false; 20];
            for _ in 0..200 {
                let slot = below(20);
                match below(4) {
                    0 | 1 => {
                        let expected = (slot..20).find(|&slot| !model[slot]);
                        let given = table.insert(handle(&open, FileAccess::READ), slot);
                        assert_eq!(given, expected.ok_or(Error::TooManyHandles));
                        if let Some(slot) = expected {
                            model[slot] = true;
                        }
                    }
                    2 => {
                        assert_eq!(table.remove(slot).is_ok(), model[slot]);
                        model[slot] = false;
                    }
                    _ => {
                        let old = table
                            .insert_at(slot, handle(&open, FileAccess::READ))
                            .unwrap();
                        assert_eq!(old.is_some(), model[slot]);
                        model[slot] = true;
                    }
                }
                let used = model.iter().filter(|used| **used).count();
                assert_eq!(open.load(Ordering::Relaxed), used);
            }
            table.close_all();
            assert_eq!(open.load(Ordering::Relaxed), 0);
        });
    }
}

#[test]
fn exec_closes_what_is_marked() {
    in_machine(1, || {
        let open = Arc::new(AtomicUsize::new(0));
        let table = HandleTable::new(8);
        let kept = table.insert(handle(&open, FileAccess::READ), 0).unwrap();
        let marked = handle(&open, FileAccess::READ).with_close_on_exec(true);
        let closed = table.insert(marked, 0).unwrap();
        let copy = table.fork().unwrap();
        table.close_where(|_, handle| handle.close_on_exec);
        assert!(table.get(kept).is_ok());
        assert_eq!(table.get(closed).err(), Some(Error::BadHandle));
        assert_eq!(open.load(Ordering::Relaxed), 2, "the copy still holds it");
        drop(copy);
        assert_eq!(open.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn rights_are_what_the_file_was_opened_for() {
    in_machine(1, || {
        let open = Arc::new(AtomicUsize::new(0));
        let table = HandleTable::new(8);
        let slot = table.insert(handle(&open, FileAccess::READ), 0).unwrap();
        assert!(table.file(slot, Rights::READ | Rights::STATUS).is_ok());
        assert_eq!(
            table.file(slot, Rights::WRITE).err(),
            Some(Error::BadHandle)
        );
    });
}

#[test]
fn two_handles_find_room_or_neither_does() {
    in_machine(1, || {
        let open = Arc::new(AtomicUsize::new(0));
        let table = HandleTable::new(3);
        let pair = || {
            (
                handle(&open, FileAccess::READ),
                handle(&open, FileAccess::WRITE),
            )
        };
        let (one, two) = pair();
        assert_eq!(table.insert_pair(one, two), Ok((0, 1)));
        let (one, two) = pair();
        assert_eq!(table.insert_pair(one, two), Err(Error::TooManyHandles));
        assert_eq!(open.load(Ordering::Relaxed), 2);
        assert_eq!(
            table.insert_below(handle(&open, FileAccess::READ), 2),
            Err(Error::TooManyHandles)
        );
        assert_eq!(
            table.insert_below(handle(&open, FileAccess::READ), 3),
            Ok(2)
        );
    });
}

#[test]
fn a_wrapped_file_is_found_by_its_own_type() {
    in_machine(1, || {
        let open = Arc::new(AtomicUsize::new(1));
        let inner = Arc::new(Counted {
            open,
            access: FileAccess::READ,
        });
        let outer: Arc<dyn File> = Arc::new(Wrapper(inner));
        assert!(outer.downcast::<Counted>().is_some());
        assert!(outer.downcast::<Wrapper>().is_some());
    });
}
