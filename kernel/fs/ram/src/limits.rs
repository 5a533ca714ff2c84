//! How much an instance may hold, and the count of what it does.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use base::{Error, Result, room};
use mem::PageBudget;

use crate::handles::HandedOut;

/// Entries of a directory that fit into a page of a disk, at 16 bytes each as in xv6.
const NAMES_IN_A_PAGE: usize = hal::PAGE_SIZE / 16;

/// The most that one instance may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pages of file data.
    pub pages: usize,
    /// Inodes: files, directories, links, nodes.
    pub inodes: usize,
    /// Pages that a directory counts for, as if its entries lay in blocks of a disk; 0 on Linux's tmpfs.
    pub directory_pages: usize,
    /// The environment of whoever writes a page does not pay for it: `pages` alone is the bound.
    pub unpaid: bool,
}

impl Default for Limits {
    /// Half of the memory, and as many inodes as that has pages: tmpfs's default on Linux.
    fn default() -> Self {
        let half = hal::frame::statistics().total / 2;
        Self {
            pages: half,
            inodes: half,
            directory_pages: 0,
            unpaid: false,
        }
    }
}

/// What an instance holds, shared by all its inodes.
pub(crate) struct Account {
    pub(crate) device: u64,
    /// Its numbers of pages and inodes are those it began with.
    first: Limits,
    most_pages: AtomicUsize,
    most_inodes: AtomicUsize,
    pages: AtomicUsize,
    inodes: AtomicUsize,
    /// Further names of inodes, where they are not counted as inodes.
    names: AtomicUsize,
    next_number: AtomicU64,
    /// Names may come without the vfs making them.
    pub(crate) names_appear: AtomicBool,
    /// The inodes that somebody has a handle of.
    pub(crate) handed_out: HandedOut,
}

impl Account {
    pub(crate) fn new(device: u64, limits: Limits) -> Self {
        Self {
            device,
            first: limits,
            most_pages: AtomicUsize::new(limits.pages),
            most_inodes: AtomicUsize::new(limits.inodes),
            pages: AtomicUsize::new(0),
            inodes: AtomicUsize::new(0),
            names: AtomicUsize::new(0),
            next_number: AtomicU64::new(1),
            names_appear: AtomicBool::new(false),
            handed_out: HandedOut::new(),
        }
    }

    /// What it may hold now.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            pages: self.most_pages.load(Ordering::Relaxed),
            inodes: self.most_inodes.load(Ordering::Relaxed),
            ..self.first
        }
    }

    /// Changes how many pages and inodes it may hold: not to less than it holds ([`Error::InvalidArgument`]).
    pub(crate) fn set_limits(&self, pages: usize, inodes: usize) -> Result<()> {
        if pages < self.pages() || inodes < self.inodes() {
            return Err(Error::InvalidArgument);
        }
        self.most_pages.store(pages, Ordering::Relaxed);
        self.most_inodes.store(inodes, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn pages(&self) -> usize {
        self.pages.load(Ordering::Relaxed)
    }

    pub(crate) fn inodes(&self) -> usize {
        self.inodes.load(Ordering::Relaxed)
    }

    /// Counts a new inode and gives it its number.
    pub(crate) fn charge_inode(&self) -> Result<u64> {
        room::for_one_more()?;
        charge(&self.inodes, 1, self.most_inodes.load(Ordering::Relaxed))?;
        Ok(self.next_number.fetch_add(1, Ordering::Relaxed))
    }

    /// An inode is gone.
    pub(crate) fn refund_inode(&self) {
        self.inodes.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a further name of an inode as if it were an inode, as Linux's tmpfs does: it takes
    /// kernel memory, too. On what stands for a disk it takes none of the disk's inodes, only the
    /// room of an entry in a directory.
    pub(crate) fn charge_name(&self) -> Result<()> {
        room::for_one_more()?;
        let (counter, limit) = self.names();
        charge(counter, 1, limit)
    }

    /// A further name of an inode is gone.
    pub(crate) fn refund_name(&self) {
        self.names().0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Where further names are counted, and how many there may be.
    fn names(&self) -> (&AtomicUsize, usize) {
        if self.first.directory_pages == 0 {
            (&self.inodes, self.most_inodes.load(Ordering::Relaxed))
        } else {
            let most = self
                .most_pages
                .load(Ordering::Relaxed)
                .saturating_mul(NAMES_IN_A_PAGE);
            (&self.names, most)
        }
    }
}

impl PageBudget for Account {
    fn charge(&self, pages: usize) -> Result<()> {
        charge(&self.pages, pages, self.most_pages.load(Ordering::Relaxed))
    }

    fn refund(&self, pages: usize) {
        self.pages.fetch_sub(pages, Ordering::Relaxed);
    }

    fn is_charged_to_writer(&self) -> bool {
        !self.first.unpaid
    }
}

fn charge(counter: &AtomicUsize, more: usize, limit: usize) -> Result<()> {
    let fits = |used: usize| used.checked_add(more).filter(|&sum| sum <= limit);
    match counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::NoSpace),
    }
}
