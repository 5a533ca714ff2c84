//! Segments of memory that programs attach.
//!
//! A [`Segment`] is a page cache in memory. Areas show it through one [`Attached`] object that lives as long as
//! there are any: they are counted one by one ([`MemoryObject::area_added`]), which is what programs are told, and when
//! that object goes, a segment that was removed meanwhile goes with it. Fork, exec, munmap and the end of a
//! process need nothing of their own.

use alloc::format;
use alloc::sync::{Arc, Weak};

use base::sync::SpinLock;
use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use hal::user;
use mem::{AddressSpace, MemoryObject, ObjectDescription, PageCache};

use super::permission::{Access, Caller, Permission};
use super::table::{Keyed, Request};
use super::usage::Charge;
use super::{Namespace, SEGMENT, now};

/// The most segments of a namespace (`SHMMNI`).
pub const MOST_SEGMENTS: usize = 4096;
/// The most bytes of one segment, and the most pages of all: what a number holds, with a margin (`SHMMAX`, `SHMALL`).
pub const MOST_BYTES: u64 = u64::MAX - (1 << 24);

/// A segment of memory.
pub struct Segment {
    id: i32,
    /// The key it was made with, which it is called by for as long as anybody shows it.
    key: i32,
    bytes: u64,
    pages: Arc<PageCache>,
    namespace: Weak<Namespace>,
    current: fn() -> u32,
    state: SpinLock<State>,
    _charge: Charge,
}

struct State {
    status: SegmentStatus,
    attached: Weak<Attached>,
    /// It is out of the table: nobody may attach it any more.
    gone: bool,
}

/// What is told of a segment.
#[derive(Clone, Copy, Debug)]
pub struct SegmentStatus {
    /// Whose it is.
    pub permission: Permission,
    /// Its length.
    pub bytes: u64,
    /// How many areas show it.
    pub attached: usize,
    /// Pages that it has at this moment.
    pub resident_pages: usize,
    /// When it was attached last; all times are seconds since 1970, 0 for never.
    pub attach_time: i64,
    /// When it was detached last.
    pub detach_time: i64,
    /// When it was made, or its owner or mode changed.
    pub change_time: i64,
    /// The process that made it.
    pub creator: u32,
    /// The process that attached or detached it last.
    pub last: u32,
    /// It goes with its last area.
    pub removed: bool,
    /// It is not to be paged out, as nothing is.
    pub locked: bool,
}

impl Keyed for Segment {
    fn permission(&self) -> Permission {
        self.state.lock().status.permission
    }
}

impl Namespace {
    /// The segment of that key, of at least so many bytes; or a new one of that length (shmget(2)).
    pub fn segment(self: &Arc<Self>, caller: &Caller, request: Request, bytes: u64) -> Result<i32> {
        let accept = |segment: &Segment| {
            if bytes > segment.bytes {
                Err(Error::InvalidArgument)
            } else {
                Ok(())
            }
        };
        let prepare = || {
            if bytes == 0 || bytes > MOST_BYTES {
                return Err(Error::InvalidArgument);
            }
            let pages = bytes.div_ceil(PAGE_SIZE as u64);
            let pages = usize::try_from(pages).map_err(|_| Error::OutOfMemory)?;
            let charge = Charge::pages(&self.totals, pages)?;
            let cache = PageCache::memory("");
            cache.set_size(bytes);
            Ok((cache, charge))
        };
        let make = |id, (pages, charge)| {
            let status = SegmentStatus {
                permission: Permission::new(caller, request.key, request.mode),
                bytes,
                attached: 0,
                resident_pages: 0,
                attach_time: 0,
                detach_time: 0,
                change_time: now(),
                creator: caller.process,
                last: 0,
                removed: false,
                locked: false,
            };
            let state = State {
                status,
                attached: Weak::new(),
                gone: false,
            };
            Arc::new(Segment {
                id,
                key: request.key,
                bytes,
                pages,
                namespace: Arc::downgrade(self),
                current: self.current,
                state: SpinLock::new(SEGMENT, state),
                _charge: charge,
            })
        };
        self.segments.get(caller, request, accept, prepare, make)
    }

    /// Removes a segment: nobody finds it by its key any more, and it goes with its last area.
    pub fn remove_segment(&self, caller: &Caller, segment: &Segment) -> Result<()> {
        let (key, gone) = {
            let mut state = segment.state.lock();
            state.status.permission.check_owner(caller)?;
            if state.gone {
                return Err(Error::IdentifierRemoved);
            }
            state.status.removed = true;
            state.gone = state.attached.strong_count() == 0;
            let permission = &mut state.status.permission;
            let key = core::mem::replace(&mut permission.key, super::PRIVATE);
            (key, state.gone)
        };
        self.segments.forget_key(key, segment.id);
        if gone {
            drop(self.segments.remove(super::PRIVATE, segment.id));
        }
        Ok(())
    }
}

impl Segment {
    /// What to map of it, for a caller that may do so.
    pub fn attach(
        self: &Arc<Self>,
        caller: &Caller,
        access: Access,
    ) -> Result<Arc<dyn MemoryObject>> {
        let fresh = Arc::new(Attached(self.clone()));
        let attached = {
            let mut state = self.state.lock();
            state.status.permission.check(caller, access)?;
            if state.gone {
                return Err(Error::IdentifierRemoved);
            }
            match state.attached.upgrade() {
                Some(present) => present,
                None => {
                    state.attached = Arc::downgrade(&fresh);
                    fresh.clone()
                }
            }
        };
        Ok(attached)
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is told of it.
    pub fn status(&self) -> SegmentStatus {
        let resident_pages = self.pages.resident_pages();
        SegmentStatus {
            resident_pages,
            ..self.state.lock().status
        }
    }

    /// Gives it to another owner with another mode.
    pub fn change(&self, caller: &Caller, user: u32, group: u32, mode: u32) -> Result<()> {
        let status = &mut self.state.lock().status;
        status.permission.change(caller, user, group, mode)?;
        status.change_time = now();
        Ok(())
    }

    /// Notes whether it is locked into memory, where everything stays anyway.
    pub fn set_locked(&self, caller: &Caller, locked: bool) -> Result<()> {
        let status = &mut self.state.lock().status;
        status.permission.check_owner(caller)?;
        status.locked = locked;
        Ok(())
    }

    /// An area came or went.
    fn count(&self, change: impl FnOnce(&mut SegmentStatus)) {
        let process = (self.current)();
        let status = &mut self.state.lock().status;
        change(status);
        status.last = process;
    }
}

/// A segment as areas hold it.
struct Attached(Arc<Segment>);

impl MemoryObject for Attached {
    fn page(&self, index: u64, access: user::Access) -> Result<Frame> {
        self.0.pages.page(index, access)
    }

    fn resident(&self, first: u64, pages: &mut [Option<Frame>]) {
        self.0.pages.resident(first, pages);
    }

    fn generation(&self) -> u64 {
        self.0.pages.generation()
    }

    fn identity(&self) -> u64 {
        self.0.pages.identity()
    }

    fn mapped_by(&self, space: &Weak<AddressSpace>) {
        self.0.pages.mapped_by(space);
    }

    fn area_added(&self) {
        self.0.count(|status| {
            status.attached += 1;
            status.attach_time = now();
        });
    }

    fn area_removed(&self) {
        self.0.count(|status| {
            status.attached = status.attached.saturating_sub(1);
            status.detach_time = now();
        });
    }

    fn attached_length(&self) -> Option<u64> {
        Some(self.0.bytes)
    }

    fn describe(&self) -> ObjectDescription {
        let key = self.0.key;
        ObjectDescription {
            name: format!("/SYSV{key:08x} (deleted)"),
            device: 1,
            inode: self.0.id as u64,
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let segment = &self.0;
        let Some(namespace) = segment.namespace.upgrade() else {
            return;
        };
        {
            let mut state = segment.state.lock();
            // Another one may have been made as soon as this one could not be had any more.
            let unused = state.attached.strong_count() == 0;
            if !state.status.removed || state.gone || !unused {
                return;
            }
            state.gone = true;
        }
        drop(namespace.segments.remove(super::PRIVATE, segment.id));
    }
}
