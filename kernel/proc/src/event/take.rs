//! The receiver's side: what a task blocks, what it takes, and what becomes of it.
//!
//! Before each return to user mode the user loop asks for the next event that may be delivered. Its action decides:
//! a handler is the ABI's to call ([`crate::Abi::deliver`]), the default action happens here.

use super::{Action, Disposition, Event, EventInfo, EventSet, PendingSet};

/// Events of one task: what is pending for it alone and what it blocks.
pub struct TaskEvents {
    pending: PendingSet,
    blocked: EventSet,
    /// The mask to come back after the next look at events.
    restore: Option<EventSet>,
    /// Blocked or not, the task sleeps until one of these comes.
    waiting: EventSet,
}

impl TaskEvents {
    /// Nothing pending, these blocked.
    pub(crate) fn new(blocked: EventSet) -> TaskEvents {
        TaskEvents {
            pending: PendingSet::default(),
            blocked: blocked.blockable(),
            restore: None,
            waiting: EventSet::EMPTY,
        }
    }

    /// What it blocks now.
    pub fn blocked(&self) -> EventSet {
        self.blocked
    }

    /// What is pending for it alone.
    pub fn pending(&self) -> &PendingSet {
        &self.pending
    }

    pub(crate) fn pending_mut(&mut self) -> &mut PendingSet {
        &mut self.pending
    }

    pub(crate) fn take(&mut self, wanted: EventSet) -> Option<EventInfo> {
        self.pending.take(wanted)
    }

    pub(crate) fn set_blocked(&mut self, blocked: EventSet) -> EventSet {
        core::mem::replace(&mut self.blocked, blocked.blockable())
    }

    pub(crate) fn set_waiting(&mut self, waiting: EventSet) {
        self.waiting = waiting;
    }

    /// Whether an event of this number should wake the task.
    pub(crate) fn listens_to(&self, event: Event) -> bool {
        !self.blocked.contains(event) || self.waiting.contains(event)
    }

    pub(crate) fn block_temporarily(&mut self, blocked: EventSet) {
        let old = core::mem::replace(&mut self.blocked, blocked.blockable());
        self.restore.get_or_insert(old);
    }

    pub(crate) fn end_temporary_mask(&mut self) -> bool {
        match self.restore.take() {
            Some(mask) => {
                self.blocked = mask;
                true
            }
            None => false,
        }
    }

    /// Prepares for a handler: blocks what its action says, and tells which mask its return brings back.
    pub(crate) fn enter_handler(&mut self, event: Event, action: &Action) -> EventSet {
        let restore = self.restore.take().unwrap_or(self.blocked);
        let mut blocked = self.blocked.union(action.mask);
        if !action.flags.contains(super::ActionFlags::NO_DEFER) {
            blocked.insert(event);
        }
        self.blocked = blocked.blockable();
        restore
    }
}

/// An event on its way to a program's handler.
#[derive(Clone, Copy, Debug)]
pub struct PendingEvent {
    /// What happened.
    pub info: EventInfo,
    /// What the program asked for: always a handler.
    pub action: Action,
    /// The mask that the handler's return brings back; what is blocked meanwhile is set already.
    pub restore_mask: EventSet,
}

impl PendingEvent {
    /// Whether the action is a handler (it always is when an ABI sees it).
    pub fn is_handler(&self) -> bool {
        self.action.disposition == Disposition::Handler
    }
}
