//! Futexes: sleeping until a word of user memory changes and someone says so.
//!
//! What is slept on is not an address but a [`Key`]: private memory by address space and address,
//! shared memory by object and offset, so that processes that map it at different places meet.
//!
//! The word is compared and the sleeper entered under one lock, which a waker takes too. Whoever
//! changes the word and then wakes therefore either finds the sleeper, or the sleeper finds the
//! changed word. The comparison may fault; then the lock is let go, the page brought in, and all
//! begins again.
//!
//! Keys are spread over buckets, each with a lock of its own, so that programs that have nothing to
//! do with each other do not meet here. Moving sleepers from one key to another takes two buckets'
//! locks, the lower one first.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use base::sync::SpinLock;
use base::time::Instant;
use base::wait::Waiter;
use base::{Error, Result, rank};
use hal::Global;
use hal::sync::SpinLockGuard;
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
    /// What it sleeps on now; `None` once it was woken. Changed only under the lock of the bucket
    /// it is in.
    key: SpinLock<Option<Key>>,
}

/// How many buckets there are.
const BUCKETS: usize = 64;

/// The sleepers of all keys that belong here, longest first.
#[derive(Default)]
struct Bucket {
    sleepers: VecDeque<(Key, Arc<Sleeper>)>,
}

static TABLE: Global<[SpinLock<Bucket>; BUCKETS]> =
    Global::new(|| core::array::from_fn(|_| SpinLock::new(rank::FUTEX, Bucket::default())));

fn bucket(key: Key) -> SpinLockGuard<'static, Bucket> {
    table()[key.bucket()].lock()
}

impl Key {
    /// Which bucket it belongs to.
    fn bucket(self) -> usize {
        let (one, two) = match self {
            Key::Private { space, address } => (space, address as u64 >> 2),
            Key::Shared { object, offset } => (!object, offset >> 2),
        };
        // Fibonacci hashing: the upper bits of the product depend on all of the key.
        let mixed = (one.rotate_left(32) ^ two).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> (64 - BUCKETS.ilog2())) as usize
    }

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
    let sleeper = Arc::new(Sleeper {
        waiter: Waiter::new(),
        bits,
        key: SpinLock::new(rank::LEAF, Some(key)),
    });
    enter(key, address, expected, &sleeper)?;
    loop {
        let outcome = sleeper.waiter.wait(deadline, true);
        if sleeper.key.lock().is_none() {
            return Ok(());
        }
        if let Err(error) = outcome {
            return leave(&sleeper, error);
        }
    }
}

/// Puts the sleeper on its queue if the word is as expected.
fn enter(key: Key, address: usize, expected: u32, sleeper: &Arc<Sleeper>) -> Result<()> {
    loop {
        {
            let mut bucket = bucket(key);
            match hal::user::load_u32(address) {
                Ok(value) if value != expected => return Err(Error::WouldBlock),
                Ok(_) => {
                    bucket.sleepers.push_back((key, sleeper.clone()));
                    return Ok(());
                }
                Err(_) => {}
            }
        }
        mem::user::load_u32(address)?;
    }
}

/// Takes a sleeper off its queue that gives up for `error`, unless it was woken after all.
fn leave(sleeper: &Arc<Sleeper>, error: Error) -> Result<()> {
    loop {
        let now = *sleeper.key.lock();
        let Some(key) = now else {
            return Ok(());
        };
        let mut bucket = bucket(key);
        // Woken or moved meanwhile: look again.
        if *sleeper.key.lock() != Some(key) {
            continue;
        }
        *sleeper.key.lock() = None;
        let position = bucket
            .sleepers
            .iter()
            .position(|(_, other)| Arc::ptr_eq(other, sleeper));
        let gone = position.and_then(|position| bucket.sleepers.remove(position));
        drop(bucket);
        drop(gone);
        return Err(error);
    }
}

/// Wakes up to `count` sleepers whose bits meet `bits`, longest first; returns how many.
pub fn wake(key: Key, count: usize, bits: u32) -> usize {
    bucket(key).wake(key, count, bits)
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
            let (mut first, mut second) = lock_both(from, to);
            let word = expected.map(|(address, _)| hal::user::load_u32(address));
            match (word, expected) {
                (Some(Ok(value)), Some((_, expected))) if value != expected => {
                    return Err(Error::WouldBlock);
                }
                (Some(Err(_)), _) => {}
                _ => {
                    let woken = first.wake(from, wake_count, ANY);
                    let moved = first.shift(from, to, move_count, second.as_deref_mut());
                    return Ok((woken, moved));
                }
            }
        }
        if let Some((address, _)) = expected {
            mem::user::load_u32(address)?;
        }
    }
}

/// Locks the buckets of both keys; the second is `None` if it is the first.
fn lock_both(
    from: Key,
    to: Key,
) -> (
    SpinLockGuard<'static, Bucket>,
    Option<SpinLockGuard<'static, Bucket>>,
) {
    let (one, two) = (from.bucket(), to.bucket());
    if one == two {
        return (table()[one].lock(), None);
    }
    let lower = table()[one.min(two)].lock();
    // Everyone climbs from the lower to the higher, so whoever holds that one lets it go soon.
    let higher = loop {
        match table()[one.max(two)].try_lock() {
            Some(locked) => break locked,
            None => hal::cpu::relax(),
        }
    };
    if one < two {
        (lower, Some(higher))
    } else {
        (higher, Some(lower))
    }
}

fn table() -> &'static [SpinLock<Bucket>; BUCKETS] {
    &TABLE
}

impl Bucket {
    fn wake(&mut self, key: Key, count: usize, bits: u32) -> usize {
        if self.sleepers.is_empty() {
            return 0;
        }
        let mut woken = 0;
        self.sleepers.retain(|(own, sleeper)| {
            if woken == count || *own != key || sleeper.bits & bits == 0 {
                return true;
            }
            *sleeper.key.lock() = None;
            sleeper.waiter.notify();
            woken += 1;
            false
        });
        woken
    }

    /// Moves sleepers of `from`, which belongs here, to `to`, which belongs to `other` or here.
    fn shift(&mut self, from: Key, to: Key, count: usize, mut other: Option<&mut Bucket>) -> usize {
        if from == to {
            return 0;
        }
        let mut shifted = 0;
        let mut index = 0;
        while shifted < count && index < self.sleepers.len() {
            if self.sleepers[index].0 != from {
                index += 1;
                continue;
            }
            let Some((_, sleeper)) = self.sleepers.remove(index) else {
                break;
            };
            *sleeper.key.lock() = Some(to);
            // Behind those that sleep there already. In this bucket, `index` then stands at the
            // next one, and who was moved no longer belongs to `from`.
            match &mut other {
                Some(other) => other.sleepers.push_back((to, sleeper)),
                None => self.sleepers.push_back((to, sleeper)),
            }
            shifted += 1;
        }
        shifted
    }
}
