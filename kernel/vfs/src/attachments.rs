//! What other rooms hang on an inode.
//!
//! A named pipe's buffer, file locks and a bound socket belong to the inode, not to any one name or
//! open file, and they vanish with it. A file system embeds one [`Attachments`] in each inode that
//! it keeps in memory and hands it out; it costs three words until something is attached.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicI32, Ordering};

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};

use crate::fifo::Fifo;
use crate::lease::Leases;
use crate::lock_list;
use crate::locks::FileLocks;
use crate::watch::Watch;

#[derive(Default)]
struct Attached {
    fifo: Option<Weak<dyn Fifo>>,
    socket: Option<Weak<dyn Any + Send + Sync>>,
    locks: Option<Arc<FileLocks>>,
    leases: Option<Arc<Leases>>,
    watches: Vec<Arc<Watch>>,
    /// It was made without a name, and may get one.
    linkable: bool,
}

/// See the module.
pub struct Attachments {
    attached: SpinLock<Option<Box<Attached>>>,
    /// Positive: open for writing so often. Negative: running as a program so often.
    writers: AtomicI32,
    /// Open only for reading so often.
    readers: AtomicI32,
}

impl Attachments {
    /// Nothing attached.
    pub fn new() -> Self {
        Self {
            attached: SpinLock::new(rank::INODE, None),
            writers: AtomicI32::new(0),
            readers: AtomicI32::new(0),
        }
    }

    /// The fifo of this inode, made with `make` if nobody has it open.
    pub fn fifo(&self, make: impl FnOnce() -> Result<Arc<dyn Fifo>>) -> Result<Arc<dyn Fifo>> {
        let present = |slot: &Option<Box<Attached>>| {
            slot.as_ref()
                .and_then(|attached| attached.fifo.as_ref()?.upgrade())
        };
        if let Some(fifo) = present(&self.attached.lock()) {
            return Ok(fifo);
        }
        // Made outside the lock; whoever enters first wins.
        let made = make()?;
        let mut slot = self.attached.lock();
        if let Some(fifo) = present(&slot) {
            return Ok(fifo);
        }
        slot.get_or_insert_default().fifo = Some(Arc::downgrade(&made));
        Ok(made)
    }

    /// Binds a local socket to this inode.
    pub fn bind_socket(&self, socket: Weak<dyn Any + Send + Sync>) {
        self.attached.lock().get_or_insert_default().socket = Some(socket);
    }

    /// The socket that is bound here and still open.
    pub fn socket(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.attached.lock().as_ref()?.socket.as_ref()?.upgrade()
    }

    /// The lock lists of this inode, which has this device and number; [`Error::NoLocks`] if there is no room for them.
    pub(crate) fn locks(&self, file: (u64, u64)) -> Result<Arc<FileLocks>> {
        let mut slot = self.attached.lock();
        let present = &mut slot.get_or_insert_default().locks;
        if let Some(present) = present {
            return Ok(present.clone());
        }
        let made = Arc::new(FileLocks::new(file));
        lock_list::enter(&made)?;
        Ok(present.insert(made).clone())
    }

    /// The lock lists, if anyone ever locked.
    pub fn locks_if_any(&self) -> Option<Arc<FileLocks>> {
        self.attached.lock().as_ref()?.locks.clone()
    }

    /// The leases of this inode.
    pub(crate) fn leases(&self) -> Arc<Leases> {
        let mut slot = self.attached.lock();
        slot.get_or_insert_default()
            .leases
            .get_or_insert_with(|| Arc::new(Leases::new()))
            .clone()
    }

    /// The leases, if there ever were any.
    pub(crate) fn leases_if_any(&self) -> Option<Arc<Leases>> {
        self.attached.lock().as_ref()?.leases.clone()
    }

    /// Says that a file without a name may get one, or may not any more.
    pub(crate) fn set_linkable(&self, linkable: bool) {
        let mut slot = self.attached.lock();
        if linkable || slot.is_some() {
            slot.get_or_insert_default().linkable = linkable;
        }
    }

    /// Whether a file without a name may get one.
    pub(crate) fn is_linkable(&self) -> bool {
        let slot = self.attached.lock();
        slot.as_ref().is_some_and(|attached| attached.linkable)
    }

    /// The watches on this inode.
    pub(crate) fn watches(&self) -> Vec<Arc<Watch>> {
        match self.attached.lock().as_ref() {
            Some(attached) => attached.watches.clone(),
            None => Vec::new(),
        }
    }

    pub(crate) fn add_watch(&self, watch: &Arc<Watch>) {
        let mut slot = self.attached.lock();
        slot.get_or_insert_default().watches.push(watch.clone());
    }

    pub(crate) fn remove_watch(&self, watch: &Arc<Watch>) {
        let mut slot = self.attached.lock();
        let gone = slot.as_mut().and_then(|attached| {
            let watches = &mut attached.watches;
            let place = watches.iter().position(|one| Arc::ptr_eq(one, watch))?;
            Some(watches.remove(place))
        });
        drop(slot);
        drop(gone);
    }

    /// Counts an open for writing; [`Error::TextBusy`] while it runs as a program.
    pub fn begin_write(&self) -> Result<()> {
        self.count(|writers| (writers >= 0).then(|| writers + 1))
    }

    /// The end of what [`begin_write`](Self::begin_write) began.
    pub fn end_write(&self) {
        self.writers.fetch_sub(1, Ordering::AcqRel);
    }

    /// Forbids writing while it runs as a program; [`Error::TextBusy`] while it is being written.
    pub fn deny_write(&self) -> Result<()> {
        self.count(|writers| (writers <= 0).then(|| writers - 1))
    }

    /// The end of what [`deny_write`](Self::deny_write) began.
    pub fn allow_write(&self) {
        self.writers.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts an open that only reads.
    #[inline]
    pub(crate) fn begin_read(&self) {
        self.readers.fetch_add(1, Ordering::Relaxed);
    }

    /// The end of what [`begin_read`](Self::begin_read) began.
    #[inline]
    pub(crate) fn end_read(&self) {
        self.readers.fetch_sub(1, Ordering::Relaxed);
    }

    /// How often it is open for writing (negative: how often it runs), and how often only for reading.
    pub(crate) fn openings(&self) -> (i32, i32) {
        let writers = self.writers.load(Ordering::SeqCst);
        (writers, self.readers.load(Ordering::SeqCst))
    }

    fn count(&self, next: impl FnMut(i32) -> Option<i32>) -> Result<()> {
        self.writers
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, next)
            .map(drop)
            .map_err(|_| Error::TextBusy)
    }
}

impl Default for Attachments {
    fn default() -> Self {
        Self::new()
    }
}
