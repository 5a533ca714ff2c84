//! An event that a process wants when its parent ends (prctl(2), `PR_SET_PDEATHSIG`).
//!
//! The wish is the process's own: a forked child begins without one, a program that is executed keeps
//! it, unless it acts as somebody else from then on. It is about the parent *process*; on Linux it is
//! about the parent's thread that forked.

use crate::event::{Event, EventInfo, send_to_process};
use crate::process::Process;
use alloc::sync::Arc;
use alloc::vec::Vec;
use vfs::Credentials;

impl Process {
    /// What it is sent when its parent ends.
    pub fn parent_death_event(&self) -> Option<Event> {
        self.relations.lock().parent_death
    }

    /// Sets what it is sent when its parent ends.
    pub fn set_parent_death_event(&self, event: Option<Event>) {
        self.relations.lock().parent_death = event;
    }

    /// Forgets the wish if it acts as somebody else now than with these credentials: who set it may not have been
    /// allowed to send to that one.
    pub fn forget_parent_death_unless_as(&self, before: &Credentials) {
        let acting = |of: &Credentials| (of.euid, of.egid, of.fsuid, of.fsgid);
        if acting(before) != acting(&self.credentials()) {
            self.set_parent_death_event(None);
        }
    }
}

/// Tells the children of a process that has just ended, those who want to know.
pub(crate) fn tell(ended: &Process, children: &[Arc<Process>]) {
    let wishes: Vec<_> = children
        .iter()
        .filter_map(|child| Some((child, child.parent_death_event()?)))
        .collect();
    for (child, event) in wishes {
        let sender = ended.identity().number_in(child.namespace());
        let info = EventInfo::from_process(event, sender, ended.credentials().uid);
        let _ = send_to_process(child, info);
    }
}
