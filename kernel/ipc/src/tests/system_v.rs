//! System V's objects: identifiers, what is counted, who is woken, what is left.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use mem::{AddressSpace, AreaKind, Backing, MapRequest, Placement, Protection, Sharing};

use super::{Random, in_machine, start};
use crate::system_v::messages::{Reception, Wanted};
use crate::system_v::semaphores::Operation;
use crate::system_v::{Access, Caller, Namespace, PRIVATE, Request, Segment};

const PAGE: usize = hal::PAGE_SIZE;

fn caller(process: u32, user: u32) -> Caller {
    Caller {
        process,
        user,
        group: user,
        groups: Arc::new([]),
        superuser: user == 0,
    }
}

fn new(key: i32, mode: u32) -> Request {
    Request {
        key,
        create: true,
        exclusive: false,
        mode,
    }
}

fn namespace() -> Arc<Namespace> {
    Namespace::new(|| 7)
}

fn segment(namespace: &Arc<Namespace>, pages: usize) -> Arc<Segment> {
    let root = caller(1, 0);
    let id = namespace.segment(&root, new(PRIVATE, 0o600), (pages * PAGE) as u64);
    namespace.segments().find(id.unwrap()).unwrap()
}

fn attach(space: &AddressSpace, segment: &Arc<Segment>) -> Result<usize> {
    space.map(MapRequest {
        placement: Placement::Anywhere(0),
        length: segment.bytes() as usize,
        protection: Protection::READ | Protection::WRITE,
        sharing: Sharing::Shared,
        backing: Backing::Object {
            object: segment.attach(&caller(1, 0), Access::READ_WRITE)?,
            offset: 0,
            maximum: Protection::all(),
        },
        kind: AreaKind::Normal,
    })
}

#[test]
fn identifiers_of_what_is_gone_mean_nothing() {
    in_machine(1, 1, || {
        let namespace = namespace();
        let root = caller(1, 0);
        let mut seen = alloc::collections::BTreeSet::new();
        for _ in 0..500 {
            let id = namespace.queue(&root, new(PRIVATE, 0o600)).unwrap();
            assert!(seen.insert(id), "{id} again");
            let queue = namespace.queues().find(id).unwrap();
            namespace.remove_queue(&root, &queue).unwrap();
            assert_eq!(
                namespace.queues().find(id).err(),
                Some(Error::InvalidArgument)
            );
            let again = namespace.remove_queue(&root, &queue);
            assert_eq!(again, Err(Error::IdentifierRemoved));
        }
        assert_eq!(namespace.queues().count(), 0);
        assert_eq!(namespace.kernel_bytes(), 0);
    });
}

#[test]
fn keys_lead_to_one_object_and_permissions_hold() {
    in_machine(2, 1, || {
        let namespace = namespace();
        let (root, user) = (caller(1, 0), caller(2, 1000));
        let absent = Request {
            create: false,
            ..new(5, 0)
        };
        assert_eq!(namespace.set(&root, absent, 2), Err(Error::NotFound));
        let id = namespace.set(&root, new(5, 0o604), 2).unwrap();
        assert_eq!(namespace.set(&user, absent, 2), Ok(id));
        assert_eq!(namespace.set(&user, absent, 3), Err(Error::InvalidArgument));
        let writing = Request { mode: 2, ..absent };
        assert_eq!(namespace.set(&user, writing, 2), Err(Error::AccessDenied));
        let exclusive = Request {
            exclusive: true,
            ..new(5, 0)
        };
        assert_eq!(namespace.set(&root, exclusive, 2), Err(Error::Exists));
        let set = namespace.sets().find(id).unwrap();
        assert_eq!(namespace.remove_set(&user, &set), Err(Error::NotPermitted));
        assert_eq!(set.set_value(&user, 0, 1), Err(Error::AccessDenied));
        assert_eq!(set.change(&root, 1000, 0, 0o600), Ok(()));
        assert_eq!(set.set_value(&user, 0, 1), Ok(()));
        assert_eq!(namespace.remove_set(&user, &set), Ok(()));
        assert_eq!(namespace.set(&root, absent, 2), Err(Error::NotFound));
    });
}

#[test]
fn a_table_is_full_at_its_limit() {
    in_machine(3, 1, || {
        let namespace = namespace();
        let root = caller(1, 0);
        let make = || namespace.segment(&root, new(PRIVATE, 0o600), 1);
        for _ in 0..4096 {
            if make().is_err() {
                // A small machine refuses the pages before the number.
                return;
            }
        }
        assert_eq!(make(), Err(Error::NoSpace));
    });
}

#[test]
fn areas_are_counted_and_the_last_takes_a_removed_segment_along() {
    in_machine(4, 1, || {
        let namespace = namespace();
        let root = caller(1, 0);
        let segment = segment(&namespace, 4);
        let count = |segment: &Segment| segment.status().attached;
        let space = AddressSpace::new().unwrap();
        let one = attach(&space, &segment).unwrap();
        let two = attach(&space, &segment).unwrap();
        assert_eq!(count(&segment), 2);
        let child = space.fork().unwrap();
        assert_eq!(count(&segment), 4);
        assert_eq!(segment.status().last, 7);
        child.unmap(one + PAGE, PAGE).unwrap();
        assert_eq!(count(&segment), 5);
        child.detach_object(one).unwrap();
        assert_eq!(count(&segment), 3);
        assert_eq!(child.detach_object(one), Err(Error::InvalidArgument));
        namespace.remove_segment(&root, &segment).unwrap();
        assert_eq!(namespace.segments().count(), 1);
        drop(child);
        assert_eq!(count(&segment), 2);
        let read = Protection::READ;
        space.protect(two + PAGE, PAGE, read).unwrap();
        assert_eq!(count(&segment), 4);
        let both = Protection::READ | Protection::WRITE;
        space.protect(two + PAGE, PAGE, both).unwrap();
        assert_eq!(count(&segment), 2);
        space.detach_object(two).unwrap();
        assert_eq!(namespace.segments().count(), 1);
        space.clear();
        assert_eq!(count(&segment), 0);
        assert_eq!(namespace.segments().count(), 0);
        let late = segment.attach(&root, Access::READ).err();
        assert_eq!(late, Some(Error::IdentifierRemoved));
        assert_eq!(namespace.reserved_pages(), 4);
        drop(segment);
        assert_eq!(namespace.reserved_pages(), 0);
    });
}

#[test]
fn segments_cannot_fill_the_machine() {
    in_machine(5, 1, || {
        let namespace = namespace();
        let root = caller(1, 0);
        let total = hal::frame::statistics().total;
        let make =
            |pages: usize| namespace.segment(&root, new(PRIVATE, 0o600), (pages * PAGE) as u64);
        assert_eq!(make(total), Err(Error::OutOfMemory));
        let half = make(total / 2).unwrap();
        assert_eq!(make(total / 2), Err(Error::OutOfMemory));
        let half = namespace.segments().find(half).unwrap();
        namespace.remove_segment(&root, &half).unwrap();
        drop(half);
        assert!(make(total / 2).is_ok());
    });
}

fn operations(list: &[(u16, i16, bool)]) -> Arc<[Operation]> {
    let one = |&(semaphore, change, undo): &(u16, i16, bool)| Operation {
        semaphore,
        change,
        no_wait: false,
        undo,
    };
    list.iter().map(one).collect::<Vec<_>>().into()
}

#[test]
fn operations_happen_together_or_not_at_all() {
    for seed in 0..20 {
        in_machine(seed, 2, move || {
            let namespace = namespace();
            let root = caller(1, 0);
            let id = namespace.set(&root, new(PRIVATE, 0o600), 3).unwrap();
            let set = namespace.sets().find(id).unwrap();
            set.set_all(&root, &[2, 2, 2]).unwrap();
            let threads: Vec<_> = (0..4u16)
                .map(|number| {
                    let (set, own) = (set.clone(), caller(10 + u32::from(number), 0));
                    let (one, two) = (number % 3, (number + 1) % 3);
                    start(move || {
                        let take = operations(&[(one, -1, true), (two, -2, false)]);
                        let give = operations(&[(two, 2, false), (one, 1, true)]);
                        for _ in 0..10 {
                            set.operate(&own, &take, None).unwrap();
                            set.operate(&own, &give, None).unwrap();
                        }
                    })
                })
                .collect();
            threads.iter().for_each(|thread| thread.join());
            assert_eq!(set.values(&root).unwrap(), [2, 2, 2]);
            for process in 10..14 {
                namespace.undo_adjustments(process);
            }
            assert_eq!(set.values(&root).unwrap(), [2, 2, 2]);
        });
    }
}

#[test]
fn what_a_process_did_is_undone_and_wakes() {
    for seed in 0..20 {
        in_machine(seed, 2, move || {
            let namespace = namespace();
            let (root, other) = (caller(1, 0), caller(2, 0));
            let id = namespace.set(&root, new(PRIVATE, 0o600), 2).unwrap();
            let set = namespace.sets().find(id).unwrap();
            set.set_value(&root, 0, 1).unwrap();
            set.operate(&root, &operations(&[(0, -1, true), (1, 3, true)]), None)
                .unwrap();
            let waiting = set.clone();
            let thread = start(move || {
                let wanted = operations(&[(0, -1, false), (1, 0, false)]);
                waiting.operate(&other, &wanted, None).unwrap();
            });
            namespace.undo_adjustments(1);
            thread.join();
            assert_eq!(set.values(&root).unwrap(), [0, 0]);
            assert_eq!(set.semaphore(&root, 1).unwrap().process, 2);
            namespace.remove_set(&root, &set).unwrap();
            drop(set);
            assert_eq!(namespace.kernel_bytes(), 0);
        });
    }
}

#[test]
fn a_removed_set_wakes_who_waits_for_it() {
    for seed in 0..20 {
        in_machine(seed, 2, move || {
            let namespace = namespace();
            let root = caller(1, 0);
            let id = namespace.set(&root, new(PRIVATE, 0o600), 1).unwrap();
            let set = namespace.sets().find(id).unwrap();
            let waiting = set.clone();
            let thread = start(move || {
                let root = caller(2, 0);
                let outcome = waiting.operate(&root, &operations(&[(0, -1, true)]), None);
                assert_eq!(outcome, Err(Error::IdentifierRemoved));
            });
            namespace.remove_set(&root, &set).unwrap();
            thread.join();
        });
    }
}

#[test]
fn a_wait_with_a_deadline_ends() {
    in_machine(6, 1, || {
        let namespace = namespace();
        let root = caller(1, 0);
        let id = namespace.set(&root, new(PRIVATE, 0o600), 1).unwrap();
        let set = namespace.sets().find(id).unwrap();
        let deadline = base::time::now() + core::time::Duration::from_millis(5);
        let outcome = set.operate(&root, &operations(&[(0, -1, false)]), Some(deadline));
        assert_eq!(outcome, Err(Error::WouldBlock));
        assert_eq!(set.semaphore(&root, 0).unwrap().waiting_for_more, 0);
    });
}

fn any(wanted: Wanted) -> Reception {
    Reception {
        wanted,
        room: 100,
        truncate: false,
    }
}

#[test]
fn every_message_arrives_once_and_in_order() {
    for seed in 0..20 {
        in_machine(seed, 2, move || {
            let namespace = namespace();
            let root = caller(1, 0);
            let id = namespace.queue(&root, new(PRIVATE, 0o600)).unwrap();
            let queue = namespace.queues().find(id).unwrap();
            let mut random = Random::new(seed + 1);
            let length = 1 + random.below(100);
            let mut threads = Vec::new();
            for kind in 1..=3i64 {
                let (queue, namespace) = (queue.clone(), namespace.clone());
                threads.push(start(move || {
                    for number in 0..60u8 {
                        let message = namespace.message(kind, alloc::vec![number; length]);
                        let own = caller(kind as u32, 0);
                        queue.send(&own, message.unwrap(), true).unwrap();
                    }
                }));
            }
            for kind in 1..=3i64 {
                let queue = queue.clone();
                threads.push(start(move || {
                    for number in 0..60u8 {
                        let own = caller(kind as u32, 0);
                        let wanted = any(Wanted::Kind(kind));
                        let message = queue.receive(&own, wanted, true).unwrap();
                        assert_eq!((message.kind, message.bytes[0]), (kind, number));
                    }
                }));
            }
            threads.iter().for_each(|thread| thread.join());
            let status = queue.status();
            assert_eq!((status.bytes, status.messages), (0, 0));
            namespace.remove_queue(&root, &queue).unwrap();
            drop(queue);
            assert_eq!(namespace.kernel_bytes(), 0);
        });
    }
}

#[test]
fn types_choose_and_lengths_are_respected() {
    in_machine(7, 1, || {
        let namespace = namespace();
        let root = caller(1, 0);
        let id = namespace.queue(&root, new(PRIVATE, 0o600)).unwrap();
        let queue = namespace.queues().find(id).unwrap();
        for kind in [5, 3, 9, 3] {
            let bytes = alloc::vec![kind as u8; kind as usize];
            let message = namespace.message(kind, bytes).unwrap();
            queue.send(&root, message, false).unwrap();
        }
        let take = |reception| {
            let received = queue.receive(&root, reception, false);
            received.map(|message| (message.kind, message.bytes.len()))
        };
        let short = Reception {
            room: 2,
            ..any(Wanted::Any)
        };
        assert_eq!(take(short), Err(Error::ArgumentListTooLong));
        assert_eq!(take(any(Wanted::UpTo(4))), Ok((3, 3)));
        assert_eq!(take(any(Wanted::Except(5))), Ok((9, 9)));
        assert_eq!(take(any(Wanted::Kind(4))), Err(Error::NoMessage));
        assert_eq!(take(any(Wanted::UpTo(i64::MAX))), Ok((3, 3)));
        assert_eq!(take(any(Wanted::Any)), Ok((5, 5)));
        assert_eq!(take(any(Wanted::Any)), Err(Error::NoMessage));
    });
}

#[test]
fn messages_cannot_fill_the_kernel() {
    in_machine(8, 1, || {
        let namespace = namespace();
        let root = caller(1, 0);
        let bound = hal::frame::statistics().total * PAGE / 16;
        let mut queues = Vec::new();
        let refused = loop {
            let id = match namespace.queue(&root, new(PRIVATE, 0o600)) {
                Ok(id) => id,
                Err(error) => break error,
            };
            let queue = namespace.queues().find(id).unwrap();
            let message = match namespace.message(1, alloc::vec![0; 8000]) {
                Ok(message) => message,
                Err(error) => break error,
            };
            queue.send(&root, message, false).unwrap();
            queues.push(queue);
        };
        assert_eq!(refused, Error::OutOfMemory);
        assert!(namespace.kernel_bytes() <= bound);
        for queue in queues {
            namespace.remove_queue(&root, &queue).unwrap();
        }
    });
}
