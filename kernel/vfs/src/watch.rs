//! Watching files: who is told what happens to them.
//!
//! A [`Watch`] hangs on an inode and tells its [`Watcher`] of the [`Events`] that it is interested in.
//! A watch on a directory also hears what happens to the files in it, with their names. Whatever opens,
//! reads, changes, makes, moves or takes away a file calls one of the functions here, whichever ABI it
//! came from; while nobody watches anything that is one load of a number.
//!
//! A file is told of by the name it was reached by: its directory's watchers hear first, then its own.
//! A watch keeps its inode, and ends with it: when the last name is gone and nobody stands at it any
//! more ([`Events::DELETE_SELF`]), when the file system goes ([`Events::UNMOUNT`]), or when the watcher
//! takes it away. The end is always told as [`Events::GONE`].

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use base::sync::SpinLock;
use base::{Error, Result, rank};
use hal::Global;

use crate::dentry::Dentry;
use crate::inode::{AttributeChange, Inode};

bitflags::bitflags! {
    /// What can happen to a file.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Events: u32 {
        /// It was read.
        const ACCESS = 1;
        /// Its bytes or its length changed.
        const MODIFY = 2;
        /// Its attributes or its number of names changed.
        const ATTRIBUTES = 4;
        /// It was closed by somebody who could write.
        const CLOSE_WRITE = 8;
        /// It was closed by somebody who could not write.
        const CLOSE_NO_WRITE = 16;
        /// It was opened.
        const OPEN = 32;
        /// A name was moved out of the directory.
        const MOVED_FROM = 64;
        /// A name was moved into the directory.
        const MOVED_TO = 128;
        /// A name was made in the directory.
        const CREATE = 256;
        /// A name was taken out of the directory.
        const DELETE = 512;
        /// The file itself is gone.
        const DELETE_SELF = 1024;
        /// The file itself was moved.
        const MOVE_SELF = 2048;
        /// Its file system was taken away.
        const UNMOUNT = 4096;
        /// The watch is no more; told whatever it is interested in.
        const GONE = 8192;
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// What; one of them.
    pub event: Events,
    /// The file's name in the watched directory; `None` if it is the watched file itself.
    pub name: Option<&'a [u8]>,
    /// Whether it happened to a directory.
    pub is_directory: bool,
    /// Whether the name was gone already (the file was still open).
    pub is_removed: bool,
    /// The same number for the two sides of one move, else 0.
    pub cookie: u32,
}

/// Who hears of things.
pub trait Watcher: Send + Sync {
    /// Something happened to what `watch` watches. Called without spin locks; must not sleep.
    fn notice(&self, watch: &Arc<Watch>, notice: &Notice<'_>);
}

/// A watch on an inode.
pub struct Watch {
    watcher: Weak<dyn Watcher>,
    number: i32,
    interest: AtomicU32,
    /// Its key in the table of all watches.
    key: (u64, u64),
    inode: SpinLock<Option<Arc<dyn Inode>>>,
}

/// How many watches there are.
static COUNT: Global<AtomicUsize> = Global::new(|| AtomicUsize::new(0));

type Table = BTreeMap<(u64, u64), Weak<Watch>>;

/// All watches, by their volume's device and a number.
static ALL: Global<SpinLock<Table>> = Global::new(|| SpinLock::new(rank::INODE, BTreeMap::new()));

static NEXT: Global<AtomicU64> = Global::new(|| AtomicU64::new(0));

static COOKIE: Global<AtomicU32> = Global::new(|| AtomicU32::new(0));

impl Watch {
    /// A watch that watches nothing yet; `number` is the watcher's own.
    pub fn new(
        watcher: Weak<dyn Watcher>,
        number: i32,
        interest: Events,
        device: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            watcher,
            number,
            interest: AtomicU32::new(interest.bits()),
            key: (device, NEXT.fetch_add(1, Ordering::Relaxed)),
            inode: SpinLock::new(rank::FILE, None),
        })
    }

    /// The number that the watcher gave it.
    pub fn number(&self) -> i32 {
        self.number
    }

    /// What it is interested in.
    pub fn interest(&self) -> Events {
        Events::from_bits_truncate(self.interest.load(Ordering::Relaxed))
    }

    /// Changes what it is interested in.
    pub fn set_interest(&self, interest: Events) {
        self.interest.store(interest.bits(), Ordering::Relaxed);
    }

    /// What it watches; `None` before it begins and after its end.
    pub fn inode(&self) -> Option<Arc<dyn Inode>> {
        self.inode.lock().clone()
    }

    /// Whether it watches something.
    pub fn is_on(&self) -> bool {
        self.inode.lock().is_some()
    }

    /// The watch that `watcher` has on an inode.
    pub fn find(inode: &Arc<dyn Inode>, watcher: &Weak<dyn Watcher>) -> Option<Arc<Watch>> {
        let watches = inode.attachments()?.watches();
        watches
            .into_iter()
            .find(|watch| watch.watcher.ptr_eq(watcher))
    }

    /// Begins to watch an inode. [`Error::Unsupported`] where nothing can be hung on it.
    pub fn begin(self: &Arc<Self>, inode: &Arc<dyn Inode>) -> Result<()> {
        let attachments = inode.attachments().ok_or(Error::Unsupported)?;
        *self.inode.lock() = Some(inode.clone());
        ALL.lock().insert(self.key, Arc::downgrade(self));
        COUNT.fetch_add(1, Ordering::Relaxed);
        attachments.add_watch(self);
        Ok(())
    }

    /// Stops watching; whether it did watch. The watcher is not told.
    pub fn end(self: &Arc<Self>) -> bool {
        let Some(inode) = self.inode.lock().take() else {
            return false;
        };
        if let Some(attachments) = inode.attachments() {
            attachments.remove_watch(self);
        }
        ALL.lock().remove(&self.key);
        COUNT.fetch_sub(1, Ordering::Relaxed);
        true
    }

    fn tell(self: &Arc<Self>, notice: &Notice<'_>) {
        if let Some(watcher) = self.watcher.upgrade() {
            watcher.notice(self, notice);
        }
    }

    /// The watched file is gone, or out of reach.
    fn finish(self: &Arc<Self>, event: Events, is_directory: bool) {
        let mut notice = Notice {
            event,
            name: None,
            is_directory,
            is_removed: false,
            cookie: 0,
        };
        if event == Events::UNMOUNT || self.interest().contains(event) {
            self.tell(&notice);
        }
        if self.end() {
            notice.event = Events::GONE;
            notice.is_directory = false;
            self.tell(&notice);
        }
    }
}

/// Whether anybody watches anything.
#[inline]
pub(crate) fn is_anyone() -> bool {
    COUNT.load(Ordering::Relaxed) != 0
}

/// Tells those who watch the inode itself.
fn tell(inode: &Arc<dyn Inode>, notice: &Notice<'_>) {
    let Some(attachments) = inode.attachments() else {
        return;
    };
    for watch in attachments.watches() {
        if watch.interest().contains(notice.event) {
            watch.tell(notice);
        }
    }
}

/// Something happened to the file at `dentry`.
#[inline]
pub(crate) fn note(dentry: &Dentry, event: Events) {
    if is_anyone() {
        note_watched(dentry, event);
    }
}

#[inline(never)]
fn note_watched(dentry: &Dentry, event: Events) {
    let location = dentry.location();
    let notice = Notice {
        event,
        name: None,
        is_directory: dentry.inode().is_directory(),
        is_removed: dentry.is_removed(),
        cookie: 0,
    };
    if let Some(parent) = &location.parent {
        let name = Some(&*location.name);
        tell(parent.inode(), &Notice { name, ..notice });
    }
    tell(dentry.inode(), &notice);
}

/// Attributes of the file at `dentry` were changed.
#[inline]
pub(crate) fn note_change(dentry: &Dentry, change: &AttributeChange) {
    if !is_anyone() {
        return;
    }
    let owner = change.mode.is_some() || change.uid.is_some() || change.gid.is_some();
    match (change.access_time, change.modification_time) {
        _ if owner => note_watched(dentry, Events::ATTRIBUTES),
        (Some(_), Some(_)) => note_watched(dentry, Events::ATTRIBUTES),
        (Some(_), None) => note_watched(dentry, Events::ACCESS),
        (None, Some(_)) => note_watched(dentry, Events::MODIFY),
        (None, None) => {}
    }
}

/// The inode got or lost a name.
#[inline]
pub(crate) fn note_links(inode: &Arc<dyn Inode>) {
    if is_anyone() {
        tell(inode, &itself(inode, Events::ATTRIBUTES));
    }
}

fn itself(inode: &Arc<dyn Inode>, event: Events) -> Notice<'static> {
    Notice {
        event,
        name: None,
        is_directory: inode.is_directory(),
        is_removed: false,
        cookie: 0,
    }
}

/// A name was made in a directory, or taken out of it.
#[inline]
pub(crate) fn note_name(directory: &Dentry, name: &[u8], event: Events, is_directory: bool) {
    if is_anyone() {
        let notice = Notice {
            event,
            name: Some(name),
            is_directory,
            is_removed: false,
            cookie: 0,
        };
        tell(directory.inode(), &notice);
    }
}

/// `moved` went from one directory and name to another, where it replaced `replaced`.
pub(crate) fn note_move(
    from: (&Dentry, &[u8]),
    to: (&Dentry, &[u8]),
    moved: &Dentry,
    replaced: Option<&Dentry>,
) {
    if !is_anyone() {
        return;
    }
    let mut notice = itself(moved.inode(), Events::MOVED_FROM);
    notice.cookie = COOKIE.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    for (event, (directory, name)) in [(Events::MOVED_FROM, from), (Events::MOVED_TO, to)] {
        let name = Some(name);
        tell(
            directory.inode(),
            &Notice {
                event,
                name,
                ..notice
            },
        );
    }
    if let Some(replaced) = replaced {
        note_links(replaced.inode());
    }
    tell(moved.inode(), &itself(moved.inode(), Events::MOVE_SELF));
}

/// A removed name is held by nobody any more: if it was the inode's last, the inode is gone.
#[inline]
pub(crate) fn note_dropped(dentry: &Dentry) {
    if is_anyone() && dentry.is_removed() {
        note_end(dentry.inode());
    }
}

#[inline(never)]
fn note_end(inode: &Arc<dyn Inode>) {
    let Some(attachments) = inode.attachments() else {
        return;
    };
    let watches = attachments.watches();
    if watches.is_empty() || !matches!(inode.status(), Ok(status) if status.links == 0) {
        return;
    }
    for watch in watches {
        watch.finish(Events::DELETE_SELF, inode.is_directory());
    }
}

/// Nobody can reach the volume any more.
pub(crate) fn note_unmount(device: u64) {
    if !is_anyone() {
        return;
    }
    let watches: Vec<_> = {
        let all = ALL.lock();
        let here = all.range((device, 0)..=(device, u64::MAX));
        // The latest first, as Linux has them.
        here.rev()
            .filter_map(|(_, watch)| watch.upgrade())
            .collect()
    };
    for watch in watches {
        let is_directory = watch.inode().is_some_and(|inode| inode.is_directory());
        watch.finish(Events::UNMOUNT, is_directory);
    }
}

/// How much of watching one user may do. The kernel's settings, for all its users.
pub struct WatchLimits {
    /// How many events wait in one watcher.
    pub queued: AtomicUsize,
    /// How many watchers a user has.
    pub watchers: AtomicUsize,
    /// How many watches a user has.
    pub watches: AtomicUsize,
}

/// The limits.
pub static WATCH_LIMITS: Global<WatchLimits> = Global::new(|| WatchLimits {
    queued: AtomicUsize::new(16384),
    watchers: AtomicUsize::new(128),
    watches: AtomicUsize::new(8192),
});
