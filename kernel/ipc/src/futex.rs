//! Futexes: sleeping until a word of user memory changes and someone says so.
//!
//! What is slept on is not an address but a [`Key`]: private memory by address space and address,
//! shared memory by object and offset, so that processes that map it at different places meet.
//!
//! The word is compared and the sleeper entered under one lock, which a waker takes too. Whoever
//! changes the word and then wakes therefore either finds the sleeper, or the sleeper finds the
//! changed word. The comparison may fault; then the lock is let go, the page brought in, and all
//! begins again.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use base::sync::SpinLock;
use base::time::Instant;
use base::wait::Waiter;
use base::{Error, Result, rank};
use hal::Global;
use mem::AddressSpace;

/// What a futex is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A word that one address space alone has.
    Private {
        /// The address space.
        space: u64,
        /// Where the word is.
        address: usize,
    },
    /// A word that others may map too.
    Shared {
        /// The memory object.
        object: u64,
        /// Where in it the word is.
        offset: u64,
    },
}

/// Wakes and sleeps with this set match all others.
pub const ANY: u32 = u32::MAX;

struct Sleeper {
    waiter: Arc<Waiter>,
    bits: u32,
    /// Which queue it is on now; `None` once it was woken.
    key: Arc<SpinLock<Option<Key>>>,
}

#[derive(Default)]
struct Table {
    queues: BTreeMap<Key, VecDeque<Sleeper>>,
}

static TABLE: Global<SpinLock<Table>> =
    Global::new(|| SpinLock::new(rank::FUTEX, Table::default()));

impl Key {
    /// The key of the word at `address` of `space`, the caller's own. With `shared`, a shared mapping
    /// is known by its object; everything else by the space. A word that `shared` would have to look
    /// for must be there, one of the space's own need only be where a program's memory can be: else
    /// `Error::BadAddress`.
    pub fn new(space: &AddressSpace, address: usize, shared: bool) -> Result<Key> {
        if !address.is_multiple_of(4) {
            return Err(Error::InvalidArgument);
        }
        if address >= hal::USER_END {
            return Err(Error::BadAddress);
        }
        if shared {
            mem::user::load_u32(address)?;
        }
        if shared && let Some((object, offset)) = space.shared_place(address) {
            return Ok(Key::Shared {
                object: object.identity(),
                offset,
            });
        }
        Ok(Key::Private {
            space: space.identity(),
            address,
        })
    }
}

/// Sleeps on `key` while the word at `address` is `expected`, until a wake whose bits meet `bits`.
/// `Error::WouldBlock` if the word is something else already.
pub fn wait(
    key: Key,
    address: usize,
    expected: u32,
    bits: u32,
    deadline: Option<Instant>,
) -> Result<()> {
    if bits == 0 {
        return Err(Error::InvalidArgument);
    }
    let waiter = Waiter::new();
    let place = Arc::new(SpinLock::new(rank::LEAF, Some(key)));
    let sleeper = Sleeper {
        waiter: waiter.clone(),
        bits,
        key: place.clone(),
    };
    enter(key, address, expected, sleeper)?;
    loop {
        let outcome = waiter.wait(deadline, true);
        if place.lock().is_none() {
            return Ok(());
        }
        if let Err(error) = outcome {
            return leave(&place, error);
        }
    }
}

/// Puts the sleeper on its queue if the word is as expected.
fn enter(key: Key, address: usize, expected: u32, sleeper: Sleeper) -> Result<()> {
    loop {
        {
            let mut table = TABLE.lock();
            match hal::user::load_u32(address) {
                Ok(value) if value != expected => return Err(Error::WouldBlock),
                Ok(_) => {
                    table.queues.entry(key).or_default().push_back(sleeper);
                    return Ok(());
                }
                Err(_) => {}
            }
        }
        mem::user::load_u32(address)?;
    }
}

/// Takes a sleeper off its queue that gives up for `error`, unless it was woken after all.
fn leave(place: &Arc<SpinLock<Option<Key>>>, error: Error) -> Result<()> {
    let gone = {
        let mut table = TABLE.lock();
        let Some(key) = place.lock().take() else {
            return Ok(());
        };
        let queue = table.queues.get_mut(&key);
        let gone = queue.and_then(|queue| {
            let position = queue
                .iter()
                .position(|sleeper| Arc::ptr_eq(&sleeper.key, place))?;
            queue.remove(position)
        });
        table.tidy(key);
        gone
    };
    drop(gone);
    Err(error)
}

/// Wakes up to `count` sleepers whose bits meet `bits`, longest first; returns how many.
pub fn wake(key: Key, count: usize, bits: u32) -> usize {
    TABLE.lock().wake(key, count, bits)
}

/// Wakes up to `count` sleepers on the word at `address` of the current thread's memory, by
/// whichever key they sleep on; returns how many.
pub fn wake_word(address: usize, count: usize) -> usize {
    let Some(space) = AddressSpace::current() else {
        return 0;
    };
    let mut woken = 0;
    for shared in [false, true] {
        if let Ok(key) = Key::new(&space, address, shared)
            && !(shared && matches!(key, Key::Private { .. }))
        {
            woken += wake(key, count - woken, ANY);
        }
    }
    woken
}

/// Wakes up to `wake_count` sleepers of `from` and moves up to `move_count` others to `to`, where
/// they sleep on. With `expected`, only if the word at that address is that value
/// (`Error::WouldBlock` else). Returns how many were woken and how many moved.
pub fn requeue(
    from: Key,
    to: Key,
    wake_count: usize,
    move_count: usize,
    expected: Option<(usize, u32)>,
) -> Result<(usize, usize)> {
    loop {
        {
            let mut table = TABLE.lock();
            let word = expected.map(|(address, _)| hal::user::load_u32(address));
            match (word, expected) {
                (Some(Ok(value)), Some((_, expected))) if value != expected => {
                    return Err(Error::WouldBlock);
                }
                (Some(Err(_)), _) => {}
                _ => {
                    let woken = table.wake(from, wake_count, ANY);
                    return Ok((woken, table.shift(from, to, move_count)));
                }
            }
        }
        if let Some((address, _)) = expected {
            mem::user::load_u32(address)?;
        }
    }
}

impl Table {
    fn wake(&mut self, key: Key, count: usize, bits: u32) -> usize {
        let Some(queue) = self.queues.get_mut(&key) else {
            return 0;
        };
        let mut woken = 0;
        queue.retain(|sleeper| {
            if woken == count || sleeper.bits & bits == 0 {
                return true;
            }
            *sleeper.key.lock() = None;
            sleeper.waiter.notify();
            woken += 1;
            false
        });
        self.tidy(key);
        woken
    }

    fn shift(&mut self, from: Key, to: Key, count: usize) -> usize {
        if from == to {
            return 0;
        }
        let Some(queue) = self.queues.get_mut(&from) else {
            return 0;
        };
        let moved: VecDeque<Sleeper> = queue.drain(..count.min(queue.len())).collect();
        self.tidy(from);
        let shifted = moved.len();
        for sleeper in &moved {
            *sleeper.key.lock() = Some(to);
        }
        if shifted > 0 {
            self.queues.entry(to).or_default().extend(moved);
        }
        shifted
    }

    fn tidy(&mut self, key: Key) {
        if self.queues.get(&key).is_some_and(VecDeque::is_empty) {
            self.queues.remove(&key);
        }
    }
}
