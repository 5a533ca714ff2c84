//! Pipes and what is made of the same channels.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use base::Error;
use base::thread;
use base::wait::Waiter;
use hal::PAGE_SIZE;
use mem::transfer::{Sink, Source};
use object::{File, FileAccess, FileStatus, PollRegistration, Ready, StatusFlags};

use super::{Random, in_machine, start};
use crate::channel::{ATOMIC_WRITE, DEFAULT_CAPACITY};
use crate::fifo::Fifo;
use crate::pipe::{PipeFile, pipe};

fn write(file: &dyn File, bytes: &[u8]) -> base::Result<usize> {
    file.write(&mut Source::kernel(bytes))
}

fn read(file: &dyn File, most: usize) -> base::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let count = file.read(&mut Sink::kernel(&mut bytes))?;
    bytes.truncate(count);
    Ok(bytes)
}

#[test]
fn bytes_arrive_in_order_whatever_the_sizes() {
    for seed in 1..=40 {
        in_machine(seed, 2, move || {
            let (reader, writer) = pipe(StatusFlags::empty());
            const TOTAL: usize = 200_000;
            let sender = start(move || {
                let mut random = Random::new(seed);
                let mut sent = 0;
                while sent < TOTAL {
                    let length = (1 + random.below(30_000)).min(TOTAL - sent);
                    let bytes: Vec<u8> = (sent..sent + length).map(|at| (at % 251) as u8).collect();
                    assert_eq!(write(&*writer, &bytes), Ok(length));
                    sent += length;
                }
            });
            let mut random = Random::new(seed + 1000);
            let mut received = 0;
            loop {
                let bytes = read(&*reader, 1 + random.below(40_000)).unwrap();
                if bytes.is_empty() {
                    break;
                }
                for byte in bytes {
                    assert_eq!(byte, (received % 251) as u8, "at {received}");
                    received += 1;
                }
            }
            assert_eq!(received, TOTAL);
            sender.join();
        });
    }
}

#[test]
fn small_writes_are_never_mixed() {
    for seed in 1..=40 {
        in_machine(seed, 3, move || {
            let (reader, writer) = pipe(StatusFlags::empty());
            reader.channel().set_capacity(4096).unwrap();
            let writers: Vec<_> = (0..4u8)
                .map(|number| {
                    let writer = writer.clone();
                    start(move || {
                        let mut random = Random::new(seed * 7 + u64::from(number));
                        for _ in 0..12 {
                            // Its own length in two bytes, then its writer's number, again and again.
                            let length = 3 + random.below(ATOMIC_WRITE - 2);
                            let mut bytes = vec![number; length];
                            bytes[..2].copy_from_slice(&(length as u16).to_le_bytes());
                            assert_eq!(write(&*writer, &bytes), Ok(length));
                        }
                    })
                })
                .collect();
            drop(writer);
            let mut all = Vec::new();
            loop {
                let bytes = read(&*reader, 5000).unwrap();
                if bytes.is_empty() {
                    break;
                }
                all.extend(bytes);
            }
            let mut messages = 0;
            let mut rest = &all[..];
            while rest.len() > 2 {
                let length = u16::from_le_bytes([rest[0], rest[1]]) as usize;
                let number = rest[2];
                assert!(rest[2..length].iter().all(|&byte| byte == number), "mixed");
                rest = &rest[length..];
                messages += 1;
            }
            assert_eq!((messages, rest.len()), (4 * 12, 0));
            writers.iter().for_each(|thread| thread.join());
        });
    }
}

#[test]
fn every_byte_goes_to_exactly_one_of_many_readers() {
    for seed in 1..=40 {
        in_machine(seed, 3, move || {
            let (reader, writer) = pipe(StatusFlags::empty());
            let total = Arc::new(AtomicUsize::new(0));
            let readers: Vec<_> = (0..4)
                .map(|number| {
                    let (reader, total) = (reader.clone(), total.clone());
                    start(move || {
                        let mut random = Random::new(seed * 11 + number);
                        loop {
                            let bytes = read(&*reader, 1 + random.below(50)).unwrap();
                            if bytes.is_empty() {
                                return;
                            }
                            total.fetch_add(bytes.len(), Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            let mut random = Random::new(seed);
            let mut sent = 0;
            for _ in 0..60 {
                let length = 1 + random.below(200);
                sent += write(&*writer, &vec![1; length]).unwrap();
                if random.below(4) == 0 {
                    thread::yield_now();
                }
            }
            drop(writer);
            readers.iter().for_each(|thread| thread.join());
            assert_eq!(total.load(Ordering::Relaxed), sent);
        });
    }
}

#[test]
fn nothing_waits_that_should_not() {
    in_machine(1, 1, || {
        let (reader, writer) = pipe(StatusFlags::NONBLOCK);
        assert_eq!(read(&*reader, 10), Err(Error::WouldBlock));
        assert_eq!(
            write(&*writer, &vec![0; DEFAULT_CAPACITY + 5]),
            Ok(DEFAULT_CAPACITY)
        );
        assert_eq!(write(&*writer, &[0]), Err(Error::WouldBlock));
        assert_eq!(read(&*reader, 100).unwrap().len(), 100);
        assert_eq!(
            write(&*writer, &[0; 200]),
            Err(Error::WouldBlock),
            "whole or not at all"
        );
        assert_eq!(write(&*writer, &[0; 100]), Ok(100));
        drop(writer);
        let mut rest = 0;
        while let bytes @ [_, ..] = &read(&*reader, 5000).unwrap()[..] {
            rest += bytes.len();
        }
        assert_eq!(rest, DEFAULT_CAPACITY);
        assert_eq!(read(&*reader, 1), Ok(vec![]), "the end");
    });
}

#[test]
fn a_writer_learns_that_nobody_reads() {
    for seed in 1..=30 {
        in_machine(seed, 2, || {
            let (reader, writer) = pipe(StatusFlags::empty());
            let sender = start(move || {
                let sent = write(&*writer, &vec![0; DEFAULT_CAPACITY * 3]);
                assert!(sent.is_ok_and(|sent| sent < DEFAULT_CAPACITY * 3));
                assert_eq!(write(&*writer, &[0]), Err(Error::BrokenPipe));
            });
            read(&*reader, 1000).unwrap();
            drop(reader);
            sender.join();
        });
    }
}

#[test]
fn a_poller_hears_of_every_change() {
    for seed in 1..=40 {
        in_machine(seed, 2, || {
            let (reader, writer) = pipe(StatusFlags::NONBLOCK);
            let sender = start(move || {
                for _ in 0..10 {
                    assert_eq!(write(&*writer, b"x"), Ok(1));
                    thread::yield_now();
                }
            });
            let mut received = 0;
            loop {
                let waiter = Waiter::new();
                let mut registration = PollRegistration::new(waiter.clone());
                let ready = reader.poll(Ready::READ, Some(&mut registration));
                if ready.contains(Ready::READ) {
                    received += read(&*reader, 3).unwrap().len();
                } else if ready.contains(Ready::HANG_UP) {
                    break;
                } else {
                    waiter.wait(None, true).unwrap();
                }
            }
            assert_eq!(received, 10);
            sender.join();
        });
    }
}

#[test]
fn a_resized_pipe_keeps_its_bytes() {
    in_machine(3, 1, || {
        let (reader, writer) = pipe(StatusFlags::NONBLOCK);
        let bytes: Vec<u8> = (0..10_000).map(|at| (at % 241) as u8).collect();
        // Begin in the middle of the ring, so that the bytes wrap around its end.
        write(&*writer, &vec![0; DEFAULT_CAPACITY - 3000]).unwrap();
        let mut left = DEFAULT_CAPACITY - 3000 - 1;
        while left > 0 {
            left -= read(&*reader, left).unwrap().len();
        }
        write(&*writer, &bytes).unwrap();
        assert_eq!(reader.channel().set_capacity(8192), Err(Error::Busy));
        assert_eq!(reader.channel().set_capacity(9 * 4096), Ok(16 * 4096));
        assert_eq!(reader.channel().set_capacity(1 << 20), Ok(1 << 20));
        assert_eq!(read(&*reader, 1).unwrap(), [0]);
        assert_eq!(read(&*reader, 20_000).unwrap(), bytes);
    });
}

#[test]
fn the_ends_of_a_named_pipe_find_each_other() {
    for seed in 1..=60 {
        in_machine(seed, 2, || {
            let fifo = Arc::new(Fifo::new());
            let open = |fifo: &Fifo, access| {
                fifo.open(access, StatusFlags::empty(), FileStatus::default())
                    .unwrap()
            };
            let other = fifo.clone();
            // It opens, writes, and is gone again before the reader may have run at all.
            let writer = start(move || {
                let file = open(&other, FileAccess::WRITE);
                assert_eq!(write(&*file, b"hello"), Ok(5));
            });
            let file = open(&fifo, FileAccess::READ);
            assert_eq!(read(&*file, 9), Ok(b"hello".to_vec()));
            assert_eq!(read(&*file, 9), Ok(vec![]));
            writer.join();
            drop(file);
            let nonblocking =
                |access| fifo.open(access, StatusFlags::NONBLOCK, FileStatus::default());
            assert_eq!(
                nonblocking(FileAccess::WRITE).err(),
                Some(Error::NoSuchDevice)
            );
            assert!(nonblocking(FileAccess::READ).is_ok());
        });
    }
}

#[test]
fn an_end_does_only_what_it_is_for() {
    in_machine(5, 1, || {
        let (reader, writer): (Arc<PipeFile>, _) = pipe(StatusFlags::NONBLOCK);
        assert_eq!(write(&*reader, b"x"), Err(Error::BadHandle));
        assert_eq!(read(&*writer, 1), Err(Error::BadHandle));
        assert_eq!(writer.poll(Ready::all(), None), Ready::WRITE);
        assert_eq!(reader.poll(Ready::all(), None), Ready::empty());
    });
}

/// Each has a page for itself, or what there is to remember of them would have no bound.
#[test]
fn small_packets_fill_a_pipe() {
    in_machine(5, 1, || {
        let flags = StatusFlags::DIRECT | StatusFlags::NONBLOCK;
        let (reader, writer) = pipe(flags);
        let put = |bytes: &[u8]| writer.write(&mut Source::kernel(bytes));
        let get = || reader.read(&mut Sink::kernel(&mut [0; 8]));
        for _ in 0..16 {
            assert_eq!(put(b"x"), Ok(1));
        }
        assert_eq!(put(b"x"), Err(Error::WouldBlock));
        assert!(!writer.poll(Ready::WRITE, None).contains(Ready::WRITE));
        assert_eq!(writer.channel().set_capacity(PAGE_SIZE), Err(Error::Busy));
        assert_eq!(get(), Ok(1));
        assert!(writer.poll(Ready::WRITE, None).contains(Ready::WRITE));
        assert_eq!(put(b"yes"), Ok(3));
        assert_eq!(put(b"no"), Err(Error::WouldBlock));
        for _ in 0..16 {
            assert!(get().is_ok());
        }
        assert_eq!(get(), Err(Error::WouldBlock));
        let page = vec![7; PAGE_SIZE];
        assert_eq!(put(&page.repeat(20)), Ok(16 * PAGE_SIZE));
    });
}
