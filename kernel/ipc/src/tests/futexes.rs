//! Futexes, on real user memory that several threads share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use base::{Error, time};
use mem::user::{compare_exchange_u32, load_u32, store_u32};
use mem::{AddressSpace, MapRequest, Placement, Protection, Sharing};

use super::{in_machine, start};
use crate::futex::{self, ANY, Key};

fn space_with_page(sharing: Sharing) -> (Arc<AddressSpace>, usize) {
    let space = AddressSpace::new().unwrap();
    let data = Protection::READ | Protection::WRITE;
    let request = MapRequest::anonymous(Placement::Anywhere(0), 4096, data);
    let at = space.map(MapRequest { sharing, ..request }).unwrap();
    (space, at)
}

fn key(space: &AddressSpace, at: usize) -> Key {
    Key::new(space, at, false).unwrap()
}

/// The three-state mutex that C libraries use: 0 free, 1 taken, 2 taken and waited for.
fn lock(space: &AddressSpace, at: usize) {
    if compare_exchange_u32(at, 0, 1).unwrap().is_ok() {
        return;
    }
    loop {
        let was = load_u32(at).unwrap();
        if was == 0 {
            if compare_exchange_u32(at, 0, 2).unwrap().is_ok() {
                return;
            }
            continue;
        }
        if was == 1 && compare_exchange_u32(at, 1, 2).unwrap().is_err() {
            continue;
        }
        match futex::wait(key(space, at), at, 2, ANY, None) {
            Ok(()) | Err(Error::WouldBlock) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn unlock(space: &AddressSpace, at: usize) {
    let was = load_u32(at).unwrap();
    if compare_exchange_u32(at, was, 0).unwrap().is_err() {
        return unlock(space, at);
    }
    if was == 2 {
        futex::wake(key(space, at), 1, ANY);
    }
}

#[test]
fn a_lock_made_of_a_futex_excludes_and_lets_everyone_in() {
    for seed in 1..=40 {
        in_machine(seed, 3, || {
            let (space, at) = space_with_page(Sharing::Private);
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let space = space.clone();
                    start(move || {
                        space.attach();
                        for _ in 0..10 {
                            lock(&space, at);
                            let count = load_u32(at + 64).unwrap();
                            base::thread::yield_now();
                            store_u32(at + 64, count + 1).unwrap();
                            unlock(&space, at);
                        }
                    })
                })
                .collect();
            threads.iter().for_each(|thread| thread.join());
            space.attach();
            assert_eq!(load_u32(at + 64), Ok(40));
            AddressSpace::detach();
        });
    }
}

#[test]
fn a_wait_ends_by_value_by_time_or_by_a_matching_wake() {
    in_machine(2, 1, || {
        let (space, at) = space_with_page(Sharing::Private);
        space.attach();
        let key = key(&space, at);
        assert_eq!(futex::wait(key, at, 1, ANY, None), Err(Error::WouldBlock));
        let soon = time::now() + Duration::from_millis(5);
        assert_eq!(
            futex::wait(key, at, 0, ANY, Some(soon)),
            Err(Error::TimedOut)
        );
        assert_eq!(futex::wake(key, 1, ANY), 0, "who gave up is on no queue");
        assert_eq!(
            futex::wait(key, at, 0, 0, None),
            Err(Error::InvalidArgument)
        );

        let sleeper = start({
            let space = space.clone();
            move || {
                space.attach();
                assert_eq!(futex::wait(key, at, 0, 0b10, None), Ok(()));
            }
        });
        while futex::wake(key, 1, 0b100) == 0 && futex::wake(key, 1, 0b10) == 0 {
            base::thread::yield_now();
        }
        sleeper.join();
        AddressSpace::detach();
    });
}

#[test]
fn requeued_sleepers_wake_where_they_were_sent() {
    for seed in 1..=30 {
        in_machine(seed, 2, || {
            let (space, at) = space_with_page(Sharing::Private);
            space.attach();
            let (from, to) = (key(&space, at), key(&space, at + 4));
            let sleepers: Vec<_> = (0..5)
                .map(|_| {
                    let space = space.clone();
                    start(move || {
                        space.attach();
                        assert_eq!(futex::wait(from, at, 0, ANY, None), Ok(()));
                    })
                })
                .collect();
            let wrong = futex::requeue(from, to, 1, 9, Some((at, 7)));
            assert_eq!(wrong, Err(Error::WouldBlock));
            let mut met = 0;
            while met < 5 {
                let (woken, moved) = futex::requeue(from, to, 1, 2, Some((at, 0))).unwrap();
                met += woken + moved;
                base::thread::yield_now();
            }
            let mut woken = futex::wake(to, 1, ANY);
            woken += futex::wake(to, 9, ANY);
            assert!((1..5).contains(&woken), "{woken} were sent on");
            sleepers.iter().for_each(|thread| thread.join());
            AddressSpace::detach();
        });
    }
}

#[test]
fn processes_meet_in_shared_memory() {
    for seed in 1..=30 {
        in_machine(seed, 2, || {
            let (space, at) = space_with_page(Sharing::Shared);
            let child = space.fork().unwrap();
            let sleeper = start(move || {
                child.attach();
                let key = Key::new(&child, at, true).unwrap();
                match futex::wait(key, at, 0, ANY, None) {
                    Ok(()) | Err(Error::WouldBlock) => {}
                    Err(error) => panic!("{error}"),
                }
                assert_eq!(load_u32(at), Ok(1));
            });
            space.attach();
            base::thread::yield_now();
            store_u32(at, 1).unwrap();
            futex::wake(Key::new(&space, at, true).unwrap(), 1, ANY);
            sleeper.join();
            AddressSpace::detach();
        });
    }
}
