//! The name cache: (directory, name) → dentry, or the knowledge that there is none.
//!
//! A hash table of small buckets, each under its own lock, so that walks on different CPUs rarely
//! meet. Negative entries remember failed lookups (a shell looks along `$PATH`); they hold nothing
//! alive. The table is bounded: when it is full, a hand goes round the buckets and lets go what has
//! not been used since it last came by (second chance) and is in use by nobody but the cache. The same happens, to
//! a share of the entries, when memory runs short ([`mem::add_shrinker`]): with an entry its inode goes, and the pages
//! of a file with that.
//!
//! Why letting go is safe: a dentry of the cache with one reference is referenced by the cache
//! alone, and nobody can get at it without the bucket's lock, which the hand holds. No weak
//! references to cached dentries exist.
//!
//! A directory whose names have several spellings ([`crate::Inode::folds_names`]) gives the key that an
//! entry is kept by; the dentry has the name as it was asked for.
//!
//! Entries are only *added* under the directory's change lock (see [`crate::dentry`]), so an entry
//! can never bring back what a concurrent unlink has just taken away.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use base::rank;
use base::sync::SpinLock;
use hal::Global;

use crate::dentry::Dentry;
use crate::name::{Name, NameHash};

const BUCKETS: usize = 1024;

/// How many entries the cache keeps before it lets go of old ones.
const LIMIT: usize = 8192;

/// How many entries one sweep lets go.
const SWEEP: usize = 256;

/// What the cache knows of a name.
pub(crate) enum Cached {
    /// It leads here.
    Present(Arc<Dentry>),
    /// The directory does not have it.
    Absent,
}

struct Entry {
    key: u64,
    parent: u64,
    name: Arc<[u8]>,
    /// `None`: known to be absent.
    dentry: Option<Arc<Dentry>>,
    device: u64,
    used: AtomicBool,
}

struct Cache {
    buckets: Vec<SpinLock<Vec<Entry>>>,
    count: AtomicUsize,
    hand: AtomicUsize,
    /// How many entries are one too many.
    sweep_at: AtomicUsize,
}

static CACHE: Global<Cache> = Global::new(|| {
    mem::add_shrinker(shrink_share);
    Cache {
        buckets: (0..BUCKETS)
            .map(|_| SpinLock::new(rank::DENTRY, Vec::new()))
            .collect(),
        count: AtomicUsize::new(0),
        hand: AtomicUsize::new(0),
        sweep_at: AtomicUsize::new(LIMIT),
    }
});

/// Where an entry belongs: made of its name's hash and its directory's number. Entries with the same
/// key lie in the same bucket, and hardly ever are there two.
#[inline]
fn key_of(parent: u64, name_hash: u64) -> u64 {
    name_hash ^ parent.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn bucket(key: u64) -> &'static SpinLock<Vec<Entry>> {
    let cache: &'static Cache = &CACHE;
    &cache.buckets[(key ^ key >> 32) as usize % BUCKETS]
}

/// What the cache knows of `name` in `parent`; `None` if nothing.
#[inline(always)]
pub(crate) fn find(parent: &Dentry, name: Name<'_>) -> Option<Cached> {
    if parent.folds_names() {
        return find_folded(parent, name.as_bytes());
    }
    find_key(parent, name.as_bytes(), name.hash())
}

#[inline(never)]
fn find_folded(parent: &Dentry, name: &[u8]) -> Option<Cached> {
    let name = parent.inode().name_key(name);
    find_key(parent, &name, NameHash::of(&name))
}

#[inline(always)]
fn find_key(parent: &Dentry, name: &[u8], hash: u64) -> Option<Cached> {
    let key = key_of(parent.id(), hash);
    let entries = bucket(key).lock();
    let entry = entries
        .iter()
        .find(|entry| entry.key == key && entry.parent == parent.id() && *entry.name == *name)?;
    entry.used.store(true, Ordering::Relaxed);
    Some(match &entry.dentry {
        Some(dentry) => Cached::Present(dentry.clone()),
        None => Cached::Absent,
    })
}

/// Enters that `name` in `parent` is `dentry` (or absent), in place of what was known.
/// The caller holds the directory's change lock.
pub(crate) fn enter(parent: &Dentry, name: Arc<[u8]>, dentry: Option<Arc<Dentry>>) {
    let name = parent.cache_key(&name);
    let key = key_of(parent.id(), NameHash::of(&name));
    let entry = Entry {
        key,
        parent: parent.id(),
        name,
        dentry,
        device: parent.volume().device(),
        used: AtomicBool::new(true),
    };
    let mut entries = bucket(key).lock();
    let place = entries
        .iter()
        .position(|old| old.parent == entry.parent && old.name == entry.name);
    let old = match place.and_then(|place| entries.get_mut(place)) {
        Some(place) => Some(core::mem::replace(place, entry)),
        None => {
            entries.push(entry);
            None
        }
    };
    drop(entries);
    if old.is_none() {
        let count = CACHE.count.fetch_add(1, Ordering::Relaxed);
        if count >= CACHE.sweep_at.load(Ordering::Relaxed) {
            shrink(SWEEP);
            // What is in use cannot go: then it is not tried again for every new entry.
            CACHE
                .sweep_at
                .store((len() + SWEEP / 2).max(LIMIT), Ordering::Relaxed);
        }
    }
}

/// Forgets what is known of `name` in `parent`.
pub(crate) fn forget(parent: &Dentry, name: &Arc<[u8]>) {
    let name = parent.cache_key(name);
    let mut entries = bucket(key_of(parent.id(), NameHash::of(&name))).lock();
    let place = entries
        .iter()
        .position(|entry| entry.parent == parent.id() && entry.name == name);
    let old = place.map(|place| entries.swap_remove(place));
    drop(entries);
    if old.is_some() {
        CACHE.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets go of up to `wanted` entries that nobody uses; returns how many it let go.
pub fn shrink(wanted: usize) -> usize {
    let mut freed = 0;
    // Twice round: the first visit takes the second chance away.
    for _ in 0..2 * BUCKETS {
        if freed >= wanted {
            break;
        }
        let index = CACHE.hand.fetch_add(1, Ordering::Relaxed) % BUCKETS;
        let unused = |entry: &Entry| !entry.used.swap(false, Ordering::Relaxed);
        freed += sweep(&CACHE.buckets[index], unused, drop);
    }
    freed
}

/// Lets go of `part` of `whole` of the entries; returns how many it let go.
fn shrink_share(part: usize, whole: usize) -> usize {
    let wanted = len().saturating_mul(part).div_ceil(whole.max(1));
    if wanted == 0 { 0 } else { shrink(wanted) }
}

/// Lets go of all unused entries of a volume. One round is enough: who lets the last child of a
/// directory go looks at the directory next.
pub(crate) fn forget_volume(device: u64) {
    for bucket in &CACHE.buckets {
        sweep(bucket, |entry| entry.device == device, forget_upwards);
    }
    CACHE
        .sweep_at
        .store((len() + SWEEP / 2).max(LIMIT), Ordering::Relaxed);
}

/// Lets go of a dentry taken out of the cache, and of the directories above it that were only kept
/// for its sake.
fn forget_upwards(mut entry: Entry) {
    loop {
        let Some(parent) = entry.dentry.as_ref().and_then(|dentry| dentry.parent()) else {
            return;
        };
        drop(entry);
        let location = parent.location();
        let Some(above) = &location.parent else {
            return;
        };
        let key = key_of(above.id(), NameHash::of(&above.cache_key(&location.name)));
        let mut entries = bucket(key).lock();
        // Held by the cache and by us: nobody else can get at it while the bucket is locked.
        let place = entries.iter().position(|entry| {
            entry
                .dentry
                .as_ref()
                .is_some_and(|dentry| Arc::ptr_eq(dentry, &parent))
        });
        let Some(place) = place.filter(|_| Arc::strong_count(&parent) == 2) else {
            return;
        };
        entry = entries.swap_remove(place);
        drop(entries);
        CACHE.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many entries the cache has.
pub fn len() -> usize {
    CACHE.count.load(Ordering::Relaxed)
}

/// Takes out the chosen entries of a bucket that nobody uses, and gives each to `gone`.
fn sweep(
    bucket: &SpinLock<Vec<Entry>>,
    mut choose: impl FnMut(&Entry) -> bool,
    gone: impl FnMut(Entry),
) -> usize {
    let mut taken = Vec::new();
    let mut entries = bucket.lock();
    let mut index = 0;
    while let Some(entry) = entries.get(index) {
        let unused = entry
            .dentry
            .as_ref()
            .is_none_or(|dentry| Arc::strong_count(dentry) == 1);
        if unused && choose(entry) {
            taken.push(entries.swap_remove(index));
        } else {
            index += 1;
        }
    }
    if entries.len() < entries.capacity() / 4 {
        let room = entries.len() * 2;
        entries.shrink_to(room);
    }
    // Let go after the lock: a dentry's end may end an inode, and that may take other locks.
    drop(entries);
    let count = taken.len();
    CACHE.count.fetch_sub(count, Ordering::Relaxed);
    taken.into_iter().for_each(gone);
    count
}
