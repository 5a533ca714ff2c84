//! inotify: what happens to files, as a descriptor to read from (inotify(7)).
//!
//! The vfs tells a [`WatchQueue`] of what happens ([`vfs::Watcher`]); here that becomes Linux's records,
//! and two alike that follow each other become one. A queue that is full says so once, and loses the rest.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};

use base::sync::{Mutex, SpinLock};
use base::wait::WaitQueue;
use base::{Error, Result, rank, room};
use hal::Global;
use mem::transfer::Sink;
use mem::user::UserText;
use object::{
    File, FileAccess, FileStatus, PollRegistration, Ready, Rights, SeekFrom, StatusFlags,
};
use vfs::{Events, Inode, Notice, Permission, ResolveFlags, WATCH_LIMITS, Watch, Watcher};

use crate::arguments::{DirectoryFd, Fd, UserPath, flags_argument};
use crate::call::Call;
use crate::files::paths::Named;

flags_argument! {
    /// `IN_NONBLOCK` and `IN_CLOEXEC`.
    pub struct WatchQueueFlags: u32 {
        /// Nothing waits.
        const NONBLOCK = 0o4000;
        /// Closed by exec.
        const CLOSE_ON_EXEC = 0o2000000;
    }
}

bitflags::bitflags! {
    /// `IN_*`: what a watch asks for, and what a record says.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Mask: u32 {
        /// What the vfs tells, as Linux numbers it too.
        const EVENTS = 0xfff;
        const UNMOUNT = 0x2000;
        const OVERFLOW = 0x4000;
        const IGNORED = 0x8000;
        const ONLY_DIRECTORY = 0x0100_0000;
        const DONT_FOLLOW = 0x0200_0000;
        const EXCLUDE_UNLINKED = 0x0400_0000;
        const CREATE_ONLY = 0x1000_0000;
        const ADD = 0x2000_0000;
        const IS_DIRECTORY = 0x4000_0000;
        const ONE_SHOT = 0x8000_0000;
    }
}

/// What stays with a watch besides its events.
const KEPT: Mask = Mask::EXCLUDE_UNLINKED.union(Mask::ONE_SHOT);

/// The size of a record without a name, to a multiple of which names are filled up.
const RECORD: usize = 16;

/// An inotify instance.
pub(crate) struct WatchQueue {
    me: Weak<WatchQueue>,
    user: u32,
    flags: AtomicU32,
    /// One change of its watches at a time.
    changes: Mutex<()>,
    state: SpinLock<State>,
    arrived: WaitQueue,
}

#[derive(Default)]
struct State {
    watches: BTreeMap<i32, (Arc<Watch>, Mask)>,
    latest: i32,
    records: VecDeque<Record>,
    bytes: usize,
}

#[derive(PartialEq, Eq)]
struct Record {
    watch: i32,
    mask: Mask,
    cookie: u32,
    name: Option<Box<[u8]>>,
}

impl Record {
    fn size(&self) -> usize {
        let name = self.name.as_ref().map_or(0, |name| name.len() + 1);
        RECORD + name.next_multiple_of(RECORD)
    }

    fn bytes(&self) -> Vec<u8> {
        let size = self.size();
        let mut bytes = Vec::with_capacity(size);
        bytes.extend(self.watch.to_ne_bytes());
        bytes.extend(self.mask.bits().to_ne_bytes());
        bytes.extend(self.cookie.to_ne_bytes());
        bytes.extend(((size - RECORD) as u32).to_ne_bytes());
        bytes.extend(self.name.iter().flatten());
        bytes.resize(size, 0);
        bytes
    }
}

/// How many queues and watches a user has.
#[derive(Clone, Copy, Default)]
struct Use {
    queues: usize,
    watches: usize,
}

static USERS: Global<SpinLock<BTreeMap<u32, Use>>> =
    Global::new(|| SpinLock::new(rank::LEAF, BTreeMap::new()));

/// Changes what a user has, if `allowed` says that it may become that.
fn change_use(user: u32, change: impl Fn(&mut Use), allowed: impl Fn(&Use) -> bool) -> bool {
    let mut users = USERS.lock();
    let mut new = users.get(&user).copied().unwrap_or_default();
    change(&mut new);
    let allowed = allowed(&new);
    if allowed && new.queues == 0 && new.watches == 0 {
        users.remove(&user);
    } else if allowed {
        users.insert(user, new);
    }
    allowed
}

impl State {
    fn push(&mut self, record: Record) {
        if self.records.back() == Some(&record) {
            return;
        }
        let full = self.records.len() >= WATCH_LIMITS.queued.load(Ordering::Relaxed);
        let record = match record {
            record if !full && room::for_one_more().is_ok() => record,
            _ => Record {
                watch: -1,
                mask: Mask::OVERFLOW,
                cookie: 0,
                name: None,
            },
        };
        if self.records.back() != Some(&record) {
            self.bytes += record.size();
            self.records.push_back(record);
        }
    }

    /// The first record, if it takes at most `room` bytes.
    fn pop(&mut self, room: usize) -> Option<Result<Record>> {
        if self.records.front()?.size() > room {
            return Some(Err(Error::InvalidArgument));
        }
        let record = self.records.pop_front()?;
        self.bytes -= record.size();
        Some(Ok(record))
    }
}

impl WatchQueue {
    fn new(user: u32, flags: StatusFlags) -> Result<Arc<Self>> {
        let most = WATCH_LIMITS.watchers.load(Ordering::Relaxed);
        if !change_use(user, |held| held.queues += 1, |held| held.queues <= most) {
            return Err(Error::TooManyHandles);
        }
        Ok(Arc::new_cyclic(|me| Self {
            me: me.clone(),
            user,
            flags: AtomicU32::new(flags.bits()),
            changes: Mutex::new(rank::POSITION, ()),
            state: SpinLock::new(rank::PIPE, State::default()),
            arrived: WaitQueue::new(),
        }))
    }

    /// How many bytes all records take (FIONREAD).
    pub(crate) fn available(&self) -> usize {
        self.state.lock().bytes
    }

    fn push(&self, record: Record) {
        self.state.lock().push(record);
        self.arrived.wake_all();
    }

    /// Adds a watch, or changes the one that is there.
    fn watch(&self, inode: &Arc<dyn Inode>, mask: Mask) -> Result<i32> {
        let events = |mask: Mask| Events::from_bits_truncate((mask & Mask::EVENTS).bits());
        let me: Weak<dyn Watcher> = self.me.clone();
        let _alone = self.changes.lock();
        if let Some(watch) = Watch::find(inode, &me) {
            if mask.contains(Mask::CREATE_ONLY) {
                return Err(Error::Exists);
            }
            let mut state = self.state.lock();
            if let Some((_, kept)) = state.watches.get_mut(&watch.number()) {
                let adds = mask.contains(Mask::ADD);
                let (before, flags) = match adds {
                    true => (watch.interest(), *kept),
                    false => (Events::empty(), Mask::empty()),
                };
                *kept = flags | mask & KEPT;
                watch.set_interest(before | events(mask));
                return Ok(watch.number());
            }
        }
        let most = WATCH_LIMITS.watches.load(Ordering::Relaxed);
        room::for_one_more()?;
        let device = inode.status()?.device;
        if !change_use(
            self.user,
            |held| held.watches += 1,
            |held| held.watches <= most,
        ) {
            return Err(Error::NoSpace);
        }
        let watch = {
            let mut state = self.state.lock();
            let mut number = state.latest;
            loop {
                number = number.checked_add(1).unwrap_or(1);
                if !state.watches.contains_key(&number) {
                    break;
                }
            }
            state.latest = number;
            let watch = Watch::new(me, number, events(mask), device);
            state.watches.insert(number, (watch.clone(), mask & KEPT));
            watch
        };
        if let Err(error) = watch.begin(inode) {
            self.forget(watch.number());
            return Err(error);
        }
        Ok(watch.number())
    }

    /// Takes a watch out of the table.
    fn forget(&self, number: i32) -> Option<Arc<Watch>> {
        let (watch, _) = self.state.lock().watches.remove(&number)?;
        change_use(self.user, |held| held.watches -= 1, |_| true);
        Some(watch)
    }

    /// Ends a watch and says so in the queue.
    fn unwatch(&self, number: i32) -> Result<()> {
        let watch = self.forget(number).ok_or(Error::InvalidArgument)?;
        watch.end();
        self.push(ended(number));
        Ok(())
    }
}

/// The last record of a watch.
fn ended(watch: i32) -> Record {
    Record {
        watch,
        mask: Mask::IGNORED,
        cookie: 0,
        name: None,
    }
}

impl Watcher for WatchQueue {
    fn notice(&self, watch: &Arc<Watch>, notice: &Notice<'_>) {
        let number = watch.number();
        let mut mask = match notice.event {
            Events::GONE => {
                if self.forget(number).is_some() {
                    self.push(ended(number));
                }
                return;
            }
            Events::UNMOUNT => Mask::UNMOUNT,
            event => Mask::from_bits_truncate(event.bits()),
        };
        let kept = match self.state.lock().watches.get(&number) {
            Some((_, kept)) => *kept,
            None => return,
        };
        if kept.contains(Mask::EXCLUDE_UNLINKED) && notice.is_removed && notice.name.is_some() {
            return;
        }
        // Linux does not say of the watched file itself that it is a directory when it moves or goes.
        let of_itself = Events::MOVE_SELF | Events::DELETE_SELF;
        let says_kind = notice.is_directory && !of_itself.contains(notice.event);
        mask.set(Mask::IS_DIRECTORY, says_kind);
        self.push(Record {
            watch: number,
            mask,
            cookie: notice.cookie,
            name: notice.name.map(Box::from),
        });
        if kept.contains(Mask::ONE_SHOT) {
            // Somebody else may have ended it meanwhile.
            let _ = self.unwatch(number);
        }
    }
}

impl Drop for WatchQueue {
    fn drop(&mut self) {
        let watches = core::mem::take(&mut self.state.lock().watches);
        let count = watches.len();
        for (watch, _) in watches.into_values() {
            watch.end();
        }
        let less = |held: &mut Use| {
            held.queues -= 1;
            held.watches -= count;
        };
        change_use(self.user, less, |_| true);
    }
}

impl File for WatchQueue {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        FileAccess::READ
    }

    fn kind_name(&self) -> &'static str {
        "inotify"
    }

    fn details(&self) -> String {
        let watches: Vec<_> = {
            let state = self.state.lock();
            state.watches.values().cloned().collect()
        };
        let mut text = String::new();
        for (watch, kept) in watches {
            let Some(Ok(status)) = watch.inode().map(|inode| inode.status()) else {
                continue;
            };
            let mask = watch.interest().bits() | kept.bits();
            text.push_str(&format!(
                "inotify wd:{:x} ino:{:x} sdev:{:x} mask:{mask:x} ignored_mask:0 \n",
                watch.number(),
                status.inode,
                status.device,
            ));
        }
        text
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let room = into.remaining();
        let take = |room| self.state.lock().pop(room);
        let mut next = match take(room) {
            None if self.status_flags().contains(StatusFlags::NONBLOCK) => {
                return Err(Error::WouldBlock);
            }
            None => self.arrived.wait_interruptible(None, || take(room))?,
            Some(first) => first,
        };
        let mut done = 0;
        loop {
            match next.and_then(|record| into.write(&record.bytes())) {
                Ok(count) => done += count,
                Err(Error::BadAddress) => return Err(Error::BadAddress),
                Err(_) if done > 0 => return Ok(done),
                Err(error) => return Err(error),
            }
            match take(into.remaining()) {
                Some(record) => next = record,
                None => return Ok(done),
            }
        }
    }

    /// There is nowhere to go to, which is no error (as of all files that stand for events).
    fn seek(&self, _to: SeekFrom) -> Result<u64> {
        Ok(0)
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(waiter) = waiter {
            waiter.add(&self.arrived);
        }
        let mut ready = Ready::empty();
        ready.set(Ready::READ, !self.state.lock().records.is_empty());
        ready & (interest | Ready::ALWAYS)
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(super::anonymous_status())
    }

    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        self.flags.store(flags.bits(), Ordering::Relaxed);
        Ok(())
    }
}

/// inotify_init1(2).
pub(crate) fn inotify_init1(call: &mut Call<'_>, flags: WatchQueueFlags) -> Result<usize> {
    let mut status = StatusFlags::empty();
    status.set(
        StatusFlags::NONBLOCK,
        flags.contains(WatchQueueFlags::NONBLOCK),
    );
    let user = call.process().fs().credentials.uid;
    let queue = WatchQueue::new(user, status)?;
    call.install(queue, flags.contains(WatchQueueFlags::CLOSE_ON_EXEC))
}

/// inotify_add_watch(2).
pub(crate) fn inotify_add_watch(
    call: &mut Call<'_>,
    file: Fd,
    path: UserPath,
    mask: u32,
) -> Result<usize> {
    let mask = Mask::from_bits_retain(mask);
    if !mask.intersects(Mask::all()) {
        return Err(Error::InvalidArgument);
    }
    let file = call.file(file, Rights::empty())?;
    if mask.contains(Mask::ADD | Mask::CREATE_ONLY) {
        return Err(Error::InvalidArgument);
    }
    let queue = file.downcast::<WatchQueue>();
    let queue = queue.ok_or(Error::InvalidArgument)?;
    let mut flags = ResolveFlags::empty();
    flags.set(ResolveFlags::NO_FOLLOW, mask.contains(Mask::DONT_FOLLOW));
    flags.set(ResolveFlags::DIRECTORY, mask.contains(Mask::ONLY_DIRECTORY));
    let mut room = UserText::new();
    let named = Named::read(call, DirectoryFd::WORKING_DIRECTORY, path, &mut room)?;
    let place = named.resolve(flags)?;
    named.context.check(&place, Permission::READ)?;
    Ok(queue.watch(place.inode(), mask)? as usize)
}

/// inotify_rm_watch(2).
pub(crate) fn inotify_rm_watch(call: &mut Call<'_>, file: Fd, watch: i32) -> Result<usize> {
    let file = call.file(file, Rights::empty())?;
    let queue = file.downcast::<WatchQueue>();
    let queue = queue.ok_or(Error::InvalidArgument)?;
    queue.unwatch(watch)?;
    Ok(0)
}
