//! `F_NOTIFY` (fcntl(2), "File and directory change notification"): a signal when something happens in a directory.
//!
//! inotify's elder brother. Each open directory that is watched so has a [`Notifier`], which hears of it as inotify
//! does and sends the signal of the file's owner. It ends when the process that asked closes a descriptor of the
//! directory, and after the first signal unless it was asked for more.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use base::sync::SpinLock;
use base::{Error, Result, rank, room};
use hal::Global;
use object::{File, Handle};
use vfs::{Events, Notice, Watch, Watcher};

use super::owner::{Owner, Reason};
use super::paths::open_file;
use crate::arguments::Fd;
use crate::call::Call;

/// `DN_*`, and what of the vfs's each stands for. `DN_RENAME` is a move within the directory.
const ACCESS: u32 = 0x1;
const MODIFY: u32 = 0x2;
const CREATE: u32 = 0x4;
const DELETE: u32 = 0x8;
const RENAME: u32 = 0x10;
const ATTRIBUTES: u32 = 0x20;
const MULTISHOT: u32 = 0x8000_0000;

fn interest(mask: u32) -> Events {
    let mut events = Events::empty();
    events.set(Events::ACCESS, mask & ACCESS != 0);
    events.set(Events::MODIFY, mask & MODIFY != 0);
    events.set(Events::ATTRIBUTES, mask & ATTRIBUTES != 0);
    events.set(Events::CREATE, mask & CREATE != 0);
    events.set(Events::DELETE, mask & DELETE != 0);
    events.set(Events::MOVED_FROM, mask & (DELETE | RENAME) != 0);
    events.set(Events::MOVED_TO, mask & (CREATE | RENAME) != 0);
    events
}

struct State {
    mask: u32,
    descriptor: i32,
    /// The last move out of the directory.
    left: u32,
}

/// One watched directory.
struct Notifier {
    owner: Arc<Owner>,
    file: Weak<dyn File>,
    /// The table of handles by which it was asked for.
    table: usize,
    state: SpinLock<State>,
}

impl Watcher for Notifier {
    fn notice(&self, watch: &Arc<Watch>, notice: &Notice<'_>) {
        let (wanted, descriptor, once) = {
            let mut state = self.state.lock();
            let bits = match notice.event {
                Events::ACCESS => ACCESS,
                Events::MODIFY => MODIFY,
                Events::ATTRIBUTES => ATTRIBUTES,
                Events::CREATE => CREATE,
                Events::DELETE => DELETE,
                Events::MOVED_FROM => {
                    state.left = notice.cookie;
                    DELETE
                }
                // It is told of both sides of one move: that was within the directory.
                Events::MOVED_TO if state.left == notice.cookie => CREATE | RENAME,
                Events::MOVED_TO => CREATE,
                _ => 0,
            };
            let wanted = state.mask & bits != 0;
            let once = wanted && state.mask & MULTISHOT == 0;
            (wanted, state.descriptor, once)
        };
        if wanted {
            self.owner.send(descriptor, Reason::Message);
        }
        if once || self.file.strong_count() == 0 {
            watch.end();
        }
    }
}

type Entry = (Arc<Notifier>, Arc<Watch>);

static NOTIFIERS: Global<SpinLock<BTreeMap<usize, Entry>>> =
    Global::new(|| SpinLock::new(rank::VIEW, BTreeMap::new()));

/// How many there are, for the closing of files.
static COUNT: Global<AtomicUsize> = Global::new(|| AtomicUsize::new(0));

fn key(file: &Arc<dyn File>) -> usize {
    Arc::as_ptr(file).cast::<()>().addr()
}

/// Takes out those that `gone` chooses, and ends their watches.
fn remove(gone: impl Fn(usize, &Notifier, &Watch) -> bool) {
    let mut removed = Vec::new();
    let mut notifiers = NOTIFIERS.lock();
    notifiers.retain(|key, entry| {
        let goes = gone(*key, &entry.0, &entry.1);
        if goes {
            removed.push(entry.clone());
        }
        !goes
    });
    COUNT.store(notifiers.len(), Ordering::Relaxed);
    drop(notifiers);
    for (_, watch) in removed {
        watch.end();
    }
}

/// `F_NOTIFY`.
pub(super) fn set(
    call: &Call<'_>,
    descriptor: Fd,
    file: &Arc<dyn File>,
    mask: u32,
) -> Result<usize> {
    let own = key(file);
    let table = Arc::as_ptr(&call.handles()).addr();
    if mask & !MULTISHOT == 0 {
        remove(|key, notifier, _| key == own && notifier.table == table);
        return Ok(0);
    }
    let directory = open_file(file).filter(|file| file.inode().is_directory());
    let inode = directory.ok_or(Error::NotDirectory)?.inode();
    let descriptor = descriptor.slot()? as i32;
    remove(|_, notifier, watch| notifier.file.strong_count() == 0 || !watch.is_on());
    let present = NOTIFIERS.lock().get(&own).cloned();
    if let Some((notifier, watch)) = present {
        let mut state = notifier.state.lock();
        state.mask |= mask;
        state.descriptor = descriptor;
        watch.set_interest(interest(state.mask));
        return Ok(0);
    }
    room::for_one_more()?;
    let owner = Owner::of_or_new(file)?;
    owner.default_to_caller(call);
    let notifier = Arc::new(Notifier {
        owner,
        file: Arc::downgrade(file),
        table,
        state: SpinLock::new(
            rank::LEAF,
            State {
                mask,
                descriptor,
                left: u32::MAX,
            },
        ),
    });
    let watcher: Arc<dyn Watcher> = notifier.clone();
    let device = inode.status()?.device;
    let watch = Watch::new(Arc::downgrade(&watcher), 0, interest(mask), device);
    watch.begin(inode)?;
    let mut notifiers = NOTIFIERS.lock();
    let replaced = notifiers.insert(own, (notifier, watch));
    COUNT.store(notifiers.len(), Ordering::Relaxed);
    drop(notifiers);
    // Another thread asked for the same at the same time.
    if let Some((_, watch)) = replaced {
        watch.end();
    }
    Ok(0)
}

/// A descriptor of this file was closed: the process hears no more of it.
#[inline]
pub(super) fn closed(call: &Call<'_>, handle: &Handle) {
    if COUNT.load(Ordering::Relaxed) != 0
        && let Some(file) = handle.object.file()
    {
        let (own, table) = (key(file), Arc::as_ptr(&call.handles()).addr());
        let concerned = match NOTIFIERS.lock().get(&own) {
            Some((notifier, _)) => notifier.table == table,
            None => false,
        };
        if concerned {
            remove(|key, notifier, _| key == own && notifier.table == table);
        }
    }
}
