//! Process groups and sessions: who is in the foreground, who gets control-C, who is orphaned.
//!
//! A [`Session`] is what a login makes: it may have one controlling terminal. A [`ProcessGroup`] is what a shell makes
//! for each pipeline: the terminal has one of them in its foreground, and events go to whole groups. Both go by the
//! identity of the process that founded them (setsid(2), setpgid(2), credentials(7)).
//!
//! Membership changes happen under the tree's lock ([`crate::tree`]); the lists have locks of their own so that
//! reading them needs no more.

use crate::namespace::Identity;
use crate::process::Process;
use crate::task::Task;
use crate::tree;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};

/// A session.
pub struct Session {
    identity: Arc<Identity>,
    leader: Weak<Process>,
    terminal: SpinLock<Option<crate::terminal::ControllingTerminal>>,
}

impl Session {
    pub(crate) fn new(identity: Arc<Identity>, leader: Weak<Process>) -> Arc<Session> {
        let terminal = SpinLock::new(rank::SESSION, None);
        let session = Arc::new(Session {
            identity,
            leader,
            terminal,
        });
        session.identity.publish_session(&session);
        session
    }

    /// The numbers it goes by.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Its id in its own namespace.
    pub fn id(&self) -> u32 {
        self.identity.number()
    }

    /// The process that founded it, while it lives.
    pub fn leader(&self) -> Option<Arc<Process>> {
        self.leader.upgrade().filter(|leader| !leader.is_zombie())
    }

    /// Its controlling terminal.
    pub fn terminal(&self) -> Option<crate::terminal::ControllingTerminal> {
        self.terminal.lock().clone()
    }

    /// Replaces the controlling terminal; returns the old one.
    pub(crate) fn set_terminal(
        &self,
        terminal: Option<crate::terminal::ControllingTerminal>,
    ) -> Option<crate::terminal::ControllingTerminal> {
        core::mem::replace(&mut *self.terminal.lock(), terminal)
    }
}

/// A process group.
pub struct ProcessGroup {
    identity: Arc<Identity>,
    session: Arc<Session>,
    members: SpinLock<Vec<Weak<Process>>>,
}

impl ProcessGroup {
    pub(crate) fn new(identity: Arc<Identity>, session: Arc<Session>) -> Arc<ProcessGroup> {
        let members = SpinLock::new(rank::SESSION, Vec::new());
        let group = Arc::new(ProcessGroup {
            identity,
            session,
            members,
        });
        group.identity.publish_group(&group);
        group
    }

    /// The numbers it goes by.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Its id in its own namespace.
    pub fn id(&self) -> u32 {
        self.identity.number()
    }

    /// The session it belongs to.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Its processes.
    pub fn members(&self) -> Vec<Arc<Process>> {
        let members = self.members.lock().clone();
        members.iter().filter_map(Weak::upgrade).collect()
    }

    pub(crate) fn join(&self, process: &Arc<Process>) {
        self.members.lock().push(Arc::downgrade(process));
    }

    pub(crate) fn leave(&self, process: &Process) {
        self.members
            .lock()
            .retain(|member| !core::ptr::eq(member.as_ptr(), process));
    }

    /// Whether no member has a parent in another group of the same session: nobody is left who could continue it
    /// after a stop (POSIX, "orphaned process group"). `except` counts as gone already.
    pub fn is_orphaned(&self, except: Option<&Process>) -> bool {
        !self.members().iter().any(|member| {
            if except.is_some_and(|gone| core::ptr::eq(gone, &**member)) || member.is_zombie() {
                return false;
            }
            let Some(parent) = member.parent() else {
                return false;
            };
            if except.is_some_and(|gone| core::ptr::eq(gone, &*parent)) || parent.is_init() {
                return false;
            }
            let group = parent.group();
            !core::ptr::eq(&*group, self) && Arc::ptr_eq(group.session(), &self.session)
        })
    }

    /// Whether any member is stopped.
    pub fn has_stopped_member(&self) -> bool {
        self.members().iter().any(|member| member.is_stopped())
    }
}

impl Task {
    /// Founds a session and a group with the calling process as their only member; returns its id.
    pub fn found_session(&self) -> Result<u32> {
        let process = self.process();
        let tree = tree::lock();
        let old = process.group();
        // A group that goes by our number may hold others, whose session would change under them.
        if Arc::ptr_eq(old.identity(), process.identity()) || process.identity_names_group() {
            return Err(Error::NotPermitted);
        }
        let session = Session::new(process.identity().clone(), Arc::downgrade(process));
        let group = ProcessGroup::new(process.identity().clone(), session);
        let old = process.move_to_group(&group);
        drop(tree);
        drop(old);
        Ok(process.id())
    }

    /// Moves a process (0: the caller) into a group (0: one of its own) by the rules of setpgid(2).
    pub fn set_group(&self, process_id: u32, group_id: u32) -> Result<()> {
        let caller = self.process();
        let namespace = caller.namespace();
        let target = match process_id {
            0 => caller.clone(),
            id => namespace.process(id).ok_or(Error::NoSuchProcess)?,
        };
        let tree = tree::lock();
        let own = Arc::ptr_eq(&target, caller);
        if !own {
            if !target.is_child_of(caller) {
                return Err(Error::NoSuchProcess);
            }
            if !Arc::ptr_eq(&target.session(), &caller.session()) {
                return Err(Error::NotPermitted);
            }
            if target.has_executed() {
                return Err(Error::AccessDenied);
            }
        }
        let session = target.session();
        if Arc::ptr_eq(session.identity(), target.identity()) {
            return Err(Error::NotPermitted);
        }
        let target_number = target.identity().number_in(namespace);
        let group = if group_id == 0 || group_id == target_number {
            match namespace.group(target_number) {
                Some(group) => group,
                None => ProcessGroup::new(target.identity().clone(), session.clone()),
            }
        } else {
            namespace.group(group_id).ok_or(Error::NotPermitted)?
        };
        if !Arc::ptr_eq(group.session(), &session) {
            return Err(Error::NotPermitted);
        }
        let old = if Arc::ptr_eq(&group, &target.group()) {
            None
        } else {
            Some(target.move_to_group(&group))
        };
        drop(tree);
        drop(old);
        Ok(())
    }
}
