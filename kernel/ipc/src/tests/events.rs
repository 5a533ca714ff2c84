//! Event counters.

use base::Error;
use mem::transfer::{Sink, Source};
use object::{File, Ready, StatusFlags};

use super::{in_machine, start};
use crate::event::Event;

fn read(event: &Event) -> base::Result<u64> {
    let mut bytes = [0; 8];
    event.read(&mut Sink::kernel(&mut bytes))?;
    Ok(u64::from_ne_bytes(bytes))
}

fn write(event: &Event, amount: u64) -> base::Result<usize> {
    event.write(&mut Source::kernel(&amount.to_ne_bytes()))
}

#[test]
fn a_counter_gives_all_and_a_semaphore_one() {
    in_machine(1, 1, || {
        let counter = Event::new(3, false, StatusFlags::NONBLOCK);
        assert_eq!(write(&counter, 4), Ok(8));
        assert_eq!(read(&counter), Ok(7));
        assert_eq!(read(&counter), Err(Error::WouldBlock));
        let semaphore = Event::new(2, true, StatusFlags::NONBLOCK);
        assert_eq!((read(&semaphore), read(&semaphore)), (Ok(1), Ok(1)));
        assert_eq!(read(&semaphore), Err(Error::WouldBlock));
    });
}

#[test]
fn a_full_counter_refuses_more() {
    in_machine(1, 1, || {
        let counter = Event::new(0, false, StatusFlags::NONBLOCK);
        assert_eq!(write(&counter, u64::MAX), Err(Error::InvalidArgument));
        assert_eq!(write(&counter, u64::MAX - 1), Ok(8));
        assert_eq!(write(&counter, 1), Err(Error::WouldBlock));
        assert_eq!(counter.poll(Ready::all(), None), Ready::READ);
    });
}

#[test]
fn sleepers_wake_one_for_each_post() {
    for seed in 1..=40 {
        in_machine(seed, 3, || {
            let semaphore = Event::new(0, true, StatusFlags::empty());
            let takers: [_; 4] = core::array::from_fn(|_| {
                let semaphore = semaphore.clone();
                start(move || {
                    for _ in 0..5 {
                        assert_eq!(read(&semaphore), Ok(1));
                    }
                })
            });
            for _ in 0..10 {
                assert_eq!(write(&semaphore, 2), Ok(8));
                base::thread::yield_now();
            }
            takers.iter().for_each(|thread| thread.join());
            assert_eq!(semaphore.poll(Ready::READ, None), Ready::empty());
        });
    }
}
