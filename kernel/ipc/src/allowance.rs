//! How much memory the pipes of one user may ask for (pipe(7), "/proc files").
//!
//! Each pipe counts with its whole capacity against the user who made it, whether or not bytes lie in it. Who has too
//! much already gets the smallest pipes, and cannot make one larger; the super-user is asked for nothing.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicUsize, Ordering};

use base::sync::SpinLock;
use base::{Error, Result, rank};
use hal::{Global, PAGE_SIZE};

use crate::channel::{DEFAULT_CAPACITY, MAXIMUM_CAPACITY};

/// The kernel's settings for the pipes of all users.
pub struct PipeLimits {
    /// To how many bytes an ordinary user may enlarge a pipe.
    pub size: AtomicUsize,
    /// How many pages all pipes of a user may hold before new ones are small; 0 for any number.
    pub soft_pages: AtomicUsize,
    /// How many pages before there are no new ones; 0 for any number.
    pub hard_pages: AtomicUsize,
}

/// The limits.
pub static PIPE_LIMITS: Global<PipeLimits> = Global::new(|| PipeLimits {
    size: AtomicUsize::new(MAXIMUM_CAPACITY),
    soft_pages: AtomicUsize::new(16384),
    hard_pages: AtomicUsize::new(0),
});

/// What a pipe holds whose maker has too much already.
const SMALL: usize = 2 * PAGE_SIZE;

/// Who makes or changes a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipeMaker {
    /// The user's number.
    pub user: u32,
    /// No limit on all its pipes together concerns it.
    pub privileged: bool,
    /// Nor does the one on the size of each.
    pub exceeds_size: bool,
}

/// The pages of one user's pipes.
#[derive(Default)]
struct UserPages(AtomicUsize);

static USERS: Global<SpinLock<BTreeMap<u32, Weak<UserPages>>>> =
    Global::new(|| SpinLock::new(rank::LEAF, BTreeMap::new()));

/// What a pipe counts against its maker; given back when dropped.
pub(crate) struct Charge {
    user: Arc<UserPages>,
    pages: AtomicUsize,
}

fn is_over(pages: usize, limit: &AtomicUsize) -> bool {
    let limit = limit.load(Ordering::Relaxed);
    limit != 0 && pages > limit
}

impl Charge {
    /// Charges a new pipe, and says how many bytes it may hold. [`Error::TooManyOpenFilesSystem`] beyond the hard
    /// limit.
    pub(crate) fn new(maker: PipeMaker) -> Result<(Charge, usize)> {
        let user = {
            let mut users = USERS.lock();
            match users.get(&maker.user).and_then(Weak::upgrade) {
                Some(user) => user,
                None => {
                    users.retain(|_, user| user.strong_count() > 0);
                    let user = Arc::<UserPages>::default();
                    users.insert(maker.user, Arc::downgrade(&user));
                    user
                }
            }
        };
        let mut capacity = DEFAULT_CAPACITY;
        if !maker.exceeds_size {
            let most = PIPE_LIMITS.size.load(Ordering::Relaxed);
            capacity = capacity.min(most);
        }
        let mut pages = capacity / PAGE_SIZE;
        let mut sum = user.0.fetch_add(pages, Ordering::Relaxed) + pages;
        if is_over(sum, &PIPE_LIMITS.soft_pages) && !maker.privileged {
            let small = capacity.min(SMALL);
            user.0
                .fetch_sub((capacity - small) / PAGE_SIZE, Ordering::Relaxed);
            sum -= (capacity - small) / PAGE_SIZE;
            capacity = small;
            pages = capacity / PAGE_SIZE;
        }
        let charge = Charge {
            user,
            pages: AtomicUsize::new(pages),
        };
        if is_over(sum, &PIPE_LIMITS.hard_pages) && !maker.privileged {
            return Err(Error::TooManyOpenFilesSystem);
        }
        Ok((charge, capacity))
    }

    /// Charges a pipe's new capacity; [`Error::NotPermitted`] if that is too much.
    pub(crate) fn change(&self, capacity: usize, maker: PipeMaker) -> Result<()> {
        let pages = capacity / PAGE_SIZE;
        let before = self.pages.load(Ordering::Relaxed);
        if pages <= before {
            return Ok(());
        }
        let sum = self.user.0.load(Ordering::Relaxed) + pages - before;
        let too_large = capacity > PIPE_LIMITS.size.load(Ordering::Relaxed);
        let too_many =
            is_over(sum, &PIPE_LIMITS.soft_pages) || is_over(sum, &PIPE_LIMITS.hard_pages);
        if too_large && !maker.exceeds_size || too_many && !maker.privileged {
            return Err(Error::NotPermitted);
        }
        Ok(())
    }

    /// Notes the capacity that the pipe has now.
    pub(crate) fn note(&self, capacity: usize) {
        let pages = capacity / PAGE_SIZE;
        let before = self.pages.swap(pages, Ordering::Relaxed);
        self.user.0.fetch_add(pages, Ordering::Relaxed);
        self.user.0.fetch_sub(before, Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let pages = self.pages.load(Ordering::Relaxed);
        self.user.0.fetch_sub(pages, Ordering::Relaxed);
    }
}
