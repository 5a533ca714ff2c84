//! Process ids and the namespaces they are counted in.
//!
//! A [`PidNamespace`] numbers processes, threads, groups and sessions from 1 and is what `/proc`, `kill` and `wait`
//! see. Namespaces nest: a process has a number in its own namespace and one in each above it, none
//! in those below or beside. An [`Identity`] is that list of numbers; a process, its first thread, and the group and
//! session it may lead share one, and the numbers are free again when the last of them is gone: that is why
//! an id is never given out while a group or session still goes by it.
//!
//! Numbers rise until [`PidNamespace::maximum`] and then wrap to [`FIRST_AFTER_WRAP`], so an id that was just freed is
//! not given out again soon (pid_namespaces(7), proc(5) `pid_max`).

use crate::group::{ProcessGroup, Session};
use crate::process::Process;
use crate::task::Task;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use base::sync::{Rank, SpinLock};
use base::{Error, Result};

/// The largest id that the kernel can count to (`/proc/sys/kernel/pid_max`'s own limit).
pub const HIGHEST_MAXIMUM: u32 = 4_194_304;
/// The largest id of a fresh namespace.
pub const DEFAULT_MAXIMUM: u32 = 32_768;
/// Where counting goes on after a wrap: the low ids stay with those who were there from the start.
pub const FIRST_AFTER_WRAP: u32 = 300;
/// How deep namespaces nest.
const DEEPEST: usize = 32;
/// Between the tree and a process: ids are looked up and freed while the tree is held, never under a process.
const RANK: Rank = Rank(105);

/// Who goes by a number.
#[derive(Default, Clone)]
struct Entry {
    process: Option<Arc<Process>>,
    task: Option<Weak<Task>>,
    group: Option<Weak<ProcessGroup>>,
    session: Option<Weak<Session>>,
}

struct Ids {
    entries: BTreeMap<u32, Entry>,
    last: u32,
    maximum: u32,
    /// Its first process is gone: nobody may join any more.
    closed: bool,
}

/// A world of process ids.
pub struct PidNamespace {
    parent: Option<Arc<PidNamespace>>,
    depth: usize,
    ids: SpinLock<Ids>,
}

impl PidNamespace {
    /// A namespace below `parent`, or the outermost one.
    pub fn new(parent: Option<Arc<PidNamespace>>) -> Result<Arc<PidNamespace>> {
        let depth = parent.as_ref().map_or(0, |parent| parent.depth + 1);
        if depth > DEEPEST {
            return Err(Error::TooManyUsers);
        }
        let ids = Ids {
            entries: BTreeMap::new(),
            last: 0,
            maximum: DEFAULT_MAXIMUM,
            closed: false,
        };
        Ok(Arc::new(PidNamespace {
            parent,
            depth,
            ids: SpinLock::new(RANK, ids),
        }))
    }

    /// The namespace around it.
    pub fn parent(&self) -> Option<&Arc<PidNamespace>> {
        self.parent.as_ref()
    }

    /// The largest id it gives out.
    pub fn maximum(&self) -> u32 {
        self.ids.lock().maximum
    }

    /// Sets the largest id, within 301 and [`HIGHEST_MAXIMUM`].
    pub fn set_maximum(&self, maximum: u32) -> Result<()> {
        if maximum <= FIRST_AFTER_WRAP || maximum > HIGHEST_MAXIMUM {
            return Err(Error::InvalidArgument);
        }
        self.ids.lock().maximum = maximum;
        Ok(())
    }

    /// The id given out last.
    pub fn last(&self) -> u32 {
        self.ids.lock().last
    }

    /// The process of that id, zombies included.
    pub fn process(&self, id: u32) -> Option<Arc<Process>> {
        self.ids.lock().entries.get(&id)?.process.clone()
    }

    /// The thread of that id. The last thread of a process that was waited for is gone, though it may still be on its way
    /// out.
    pub fn task(&self, id: u32) -> Option<Arc<Task>> {
        let weak = self.ids.lock().entries.get(&id)?.task.clone()?;
        weak.upgrade().filter(|task| !task.process().is_released())
    }

    /// The process group of that id.
    pub fn group(&self, id: u32) -> Option<Arc<ProcessGroup>> {
        let weak = self.ids.lock().entries.get(&id)?.group.clone()?;
        weak.upgrade()
    }

    /// The session of that id.
    pub fn session(&self, id: u32) -> Option<Arc<Session>> {
        let weak = self.ids.lock().entries.get(&id)?.session.clone()?;
        weak.upgrade()
    }

    /// Every process, in the order of ids, zombies included.
    pub fn processes(&self) -> Vec<Arc<Process>> {
        self.ids
            .lock()
            .entries
            .values()
            .filter_map(|entry| entry.process.clone())
            .collect()
    }

    /// The number here of the process whose outermost number this is; 0 where it is out of sight. The outermost namespace
    /// says that of a process that is gone, too.
    pub fn number_of(&self, outermost: u32) -> u32 {
        if self.parent.is_none() {
            return outermost;
        }
        let processes = self.processes();
        let mut identities = processes.iter().map(|process| process.identity());
        identities
            .find(|identity| identity.outermost() == outermost)
            .map_or(0, |identity| identity.number_in(self))
    }

    /// The first process at or after `id`, and its id: a stable way to walk while processes come and go.
    pub fn next_process(&self, id: u32) -> Option<(u32, Arc<Process>)> {
        let ids = self.ids.lock();
        ids.entries
            .range(id..)
            .find_map(|(id, entry)| entry.process.clone().map(|process| (*id, process)))
    }

    /// The process that adopts orphans and ends the namespace with itself.
    pub fn init(&self) -> Option<Arc<Process>> {
        self.process(1)
    }

    /// Lets nobody join any more: its first process is ending.
    pub(crate) fn close(&self) {
        self.ids.lock().closed = true;
    }

    fn take_number(&self) -> Result<u32> {
        let mut ids = self.ids.lock();
        if ids.closed {
            return Err(Error::OutOfMemory);
        }
        let maximum = ids.maximum;
        let mut candidate = ids.last;
        for _ in 0..=maximum {
            candidate = if candidate >= maximum {
                FIRST_AFTER_WRAP
            } else {
                candidate + 1
            };
            if let alloc::collections::btree_map::Entry::Vacant(place) =
                ids.entries.entry(candidate)
            {
                place.insert(Entry::default());
                ids.last = candidate;
                return Ok(candidate);
            }
        }
        Err(Error::WouldBlock)
    }

    fn update(&self, number: u32, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.ids.lock().entries.get_mut(&number) {
            change(entry);
        }
    }
}

/// The numbers of one process or thread, outermost namespace first.
pub struct Identity {
    levels: Vec<(Arc<PidNamespace>, u32)>,
}

impl Identity {
    /// Takes a fresh number in the namespace and in each above it.
    pub fn allocate(namespace: &Arc<PidNamespace>) -> Result<Arc<Identity>> {
        let mut chain = Vec::new();
        let mut next = Some(namespace.clone());
        while let Some(namespace) = next {
            next = namespace.parent.clone();
            chain.push(namespace);
        }
        // Numbers taken so far go back by Drop if a later namespace has none left.
        let mut identity = Identity {
            levels: Vec::with_capacity(chain.len()),
        };
        for namespace in chain.into_iter().rev() {
            let number = namespace.take_number()?;
            identity.levels.push((namespace, number));
        }
        Ok(Arc::new(identity))
    }

    /// The number in its own namespace.
    pub fn number(&self) -> u32 {
        self.levels.last().map_or(0, |(_, number)| *number)
    }

    /// The number in the outermost namespace: the machine's own.
    pub fn outermost(&self) -> u32 {
        self.levels.first().map_or(0, |(_, number)| *number)
    }

    /// The number that its own namespace has for the process with the machine's own number `outermost`; 0 where that is
    /// out of sight.
    pub fn number_of(&self, outermost: u32) -> u32 {
        let process = self
            .levels
            .first()
            .and_then(|(machine, _)| machine.process(outermost));
        let seen = |process: Arc<Process>| Some(process.identity().number_in(self.namespace()?));
        process.and_then(seen).unwrap_or(0)
    }

    /// Its own namespace.
    pub fn namespace(&self) -> Option<&Arc<PidNamespace>> {
        self.levels.last().map(|(namespace, _)| namespace)
    }

    /// Its number as seen from another namespace; 0 where it is out of sight.
    pub fn number_in(&self, namespace: &PidNamespace) -> u32 {
        match self.levels.get(namespace.depth) {
            Some((own, number)) if core::ptr::eq(Arc::as_ptr(own), namespace) => *number,
            _ => 0,
        }
    }

    fn publish(&self, mut change: impl FnMut(&mut Entry)) {
        for (namespace, number) in &self.levels {
            namespace.update(*number, &mut change);
        }
    }

    pub(crate) fn publish_process(&self, process: &Arc<Process>) {
        self.publish(|entry| entry.process = Some(process.clone()));
    }

    /// Takes the process out of sight; returned so that it is dropped outside every lock.
    pub(crate) fn retract_process(&self) -> Vec<Arc<Process>> {
        let mut retracted = Vec::new();
        self.publish(|entry| retracted.extend(entry.process.take()));
        retracted
    }

    pub(crate) fn publish_task(&self, task: &Arc<Task>) {
        self.publish(|entry| entry.task = Some(Arc::downgrade(task)));
    }

    pub(crate) fn publish_group(&self, group: &Arc<ProcessGroup>) {
        self.publish(|entry| entry.group = Some(Arc::downgrade(group)));
    }

    pub(crate) fn publish_session(&self, session: &Arc<Session>) {
        self.publish(|entry| entry.session = Some(Arc::downgrade(session)));
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        for (namespace, number) in &self.levels {
            let removed = namespace.ids.lock().entries.remove(number);
            drop(removed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(maximum: u32) -> Arc<PidNamespace> {
        let namespace = PidNamespace::new(None).expect("outermost");
        namespace.set_maximum(maximum).expect("in range");
        namespace
    }

    #[test]
    fn numbers_rise_wrap_and_skip_those_in_use() {
        let namespace = namespace(305);
        let kept: Vec<_> = (0..302)
            .map(|_| Identity::allocate(&namespace).expect("free"))
            .collect();
        assert_eq!(kept.last().map(|identity| identity.number()), Some(302));
        for expected in [303, 304, 305, 303] {
            assert_eq!(
                Identity::allocate(&namespace).expect("free").number(),
                expected
            );
        }
        drop(kept);
        assert_eq!(Identity::allocate(&namespace).expect("free").number(), 304);
    }

    #[test]
    fn a_full_namespace_says_so_and_recovers() {
        let namespace = namespace(301);
        let kept: Vec<_> = (0..301)
            .map(|_| Identity::allocate(&namespace).expect("free"))
            .collect();
        assert_eq!(
            Identity::allocate(&namespace).err(),
            Some(Error::WouldBlock)
        );
        drop(kept);
        assert!(Identity::allocate(&namespace).is_ok());
    }

    #[test]
    fn nested_namespaces_number_independently() {
        let outer = namespace(400);
        let _first = Identity::allocate(&outer).expect("free");
        let inner = PidNamespace::new(Some(outer.clone())).expect("shallow");
        let identity = Identity::allocate(&inner).expect("free");
        assert_eq!((identity.number(), identity.number_in(&outer)), (1, 2));
        let beside = PidNamespace::new(Some(outer)).expect("shallow");
        assert_eq!(identity.number_in(&beside), 0);
    }
}
