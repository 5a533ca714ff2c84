//! Environments: what a process is shut into.
//!
//! An [`Environment`] is a sealed map from ABI name to [`AbiView`] (a view of files and a root in it), together with a
//! namespace of process ids, a host name, the objects of System V's communication, and limits for all its processes together. The first one is the
//! whole machine; a container is another. A process belongs to one from its birth; only a process that is made anew by
//! [`crate::spawn`] may be born into another.
//!
//! The cap on processes is what makes a fork bomb harmless: it counts threads, zombies included, and answers with an
//! honest EAGAIN long before memory or ids run out.
//!
//! A limit on memory is an [`Account`]: every page that a thread of the environment makes the kernel allocate (its
//! memory, page tables, pipes, files in memory) is charged to it until the page is free, whoever uses it then. Where
//! nothing is left, calls fail with [`Error::OutOfMemory`], and a page fault ends the biggest process of the
//! environment. Without a limit of its own an environment pays from the nearest one around it that has one.

use crate::namespace::PidNamespace;
use crate::process::Process;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use base::sync::{Rank, SpinLock};
use base::wait::WaitQueue;
use base::{Error, Result};
use hal::frame::Account;
use ipc::system_v;
use vfs::{Path, View};

const RANK: Rank = Rank(137);

/// Environments lie at most so deep in each other.
const DEEPEST: usize = 16;

/// What programs of one ABI see as their file tree.
#[derive(Clone)]
pub struct AbiView {
    /// The mounts.
    pub view: Arc<View>,
    /// The directory that is `/`.
    pub root: Path,
}

/// What an environment allows all its processes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvironmentLimits {
    /// Threads, zombies included.
    pub threads: usize,
    /// Pages of memory; `None` for no limit of its own.
    pub pages: Option<usize>,
}

impl EnvironmentLimits {
    /// So many threads, and as much memory as there is.
    pub fn threads(threads: usize) -> EnvironmentLimits {
        EnvironmentLimits {
            threads,
            pages: None,
        }
    }
}

struct State {
    views: BTreeMap<String, AbiView>,
    default_abi: String,
    host_name: String,
    domain_name: String,
    limits: EnvironmentLimits,
    threads: usize,
    /// Nobody can start a process in it from outside any more.
    abandoned: bool,
    /// Threads by real user.
    users: BTreeMap<u32, usize>,
}

/// A world for processes.
pub struct Environment {
    name: String,
    parent: Option<Arc<Environment>>,
    processes: Arc<PidNamespace>,
    account: Option<Account>,
    system_v: Arc<system_v::Namespace>,
    state: SpinLock<State>,
    /// Woken when a thread is gone where there was no room for another.
    room: WaitQueue,
}

impl Environment {
    /// The first environment: a fresh namespace, no views yet.
    pub fn new(
        name: &str,
        default_abi: &str,
        limits: EnvironmentLimits,
    ) -> Result<Arc<Environment>> {
        Self::build(name, default_abi, limits, None, PidNamespace::new(None)?)
    }

    /// An environment inside this one. `own_processes` gives it a namespace of its own; without, it sees the
    /// same processes. Whatever it counts is counted here too. [`Error::NoSpace`] when environments lie too deep in each
    /// other.
    pub fn new_inside(
        self: &Arc<Self>,
        name: &str,
        default_abi: &str,
        limits: EnvironmentLimits,
        own_processes: bool,
    ) -> Result<Arc<Environment>> {
        let around = core::iter::successors(Some(self), |inner| inner.parent.as_ref());
        if around.count() >= DEEPEST {
            return Err(Error::NoSpace);
        }
        let processes = if own_processes {
            PidNamespace::new(Some(self.processes.clone()))?
        } else {
            self.processes.clone()
        };
        let inside = Self::build(name, default_abi, limits, Some(self.clone()), processes)?;
        inside.set_host_name(self.host_name());
        Ok(inside)
    }

    fn build(
        name: &str,
        default_abi: &str,
        limits: EnvironmentLimits,
        parent: Option<Arc<Environment>>,
        processes: Arc<PidNamespace>,
    ) -> Result<Arc<Environment>> {
        let account = match limits.pages {
            Some(pages) => {
                let around = parent.as_ref().and_then(|parent| parent.nearest_account());
                Some(Account::open(around, pages)?)
            }
            None => None,
        };
        let state = State {
            views: BTreeMap::new(),
            default_abi: default_abi.into(),
            host_name: String::from("scarlet"),
            domain_name: String::from("(none)"),
            limits,
            threads: 0,
            abandoned: false,
            users: BTreeMap::new(),
        };
        Ok(Arc::new(Environment {
            name: name.into(),
            parent,
            processes,
            account,
            system_v: system_v::Namespace::new(current_process),
            state: SpinLock::new(RANK, state),
            room: WaitQueue::new(),
        }))
    }

    /// Its name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The environment around it.
    pub fn parent(&self) -> Option<&Arc<Environment>> {
        self.parent.as_ref()
    }

    /// Whether it is `other` or lies inside it.
    pub fn is_inside(&self, other: &Environment) -> bool {
        let mut next = Some(self);
        while let Some(environment) = next {
            if core::ptr::eq(environment, other) {
                return true;
            }
            next = environment.parent.as_deref();
        }
        false
    }

    fn nearest_account(&self) -> Option<&Account> {
        let mut next = Some(self);
        while let Some(environment) = next {
            if environment.account.is_some() {
                return environment.account.as_ref();
            }
            next = environment.parent.as_deref();
        }
        None
    }

    /// The number of the account that its threads pay from; 0 where nobody set a limit.
    pub(crate) fn payer(&self) -> u32 {
        self.nearest_account().map_or(0, Account::number)
    }

    /// Whether its threads pay from this account, directly or through one inside it.
    pub(crate) fn pays_from(&self, account: u32) -> bool {
        let mut next = Some(self);
        while let Some(environment) = next {
            let own = environment.account.as_ref().map(Account::number);
            if own == Some(account) {
                return true;
            }
            next = environment.parent.as_deref();
        }
        false
    }

    /// How many pages are charged to it; `None` where it has no limit of its own.
    pub fn pages_used(&self) -> Option<usize> {
        self.account.as_ref().map(Account::used)
    }

    /// How often it was refused a page.
    pub fn pages_refused(&self) -> usize {
        self.account.as_ref().map_or(0, Account::refused)
    }

    /// Gives it the views that the environment around it has at this moment.
    pub fn inherit_views(&self) {
        let Some(parent) = &self.parent else {
            return;
        };
        let views = parent.state.lock().views.clone();
        let old = core::mem::replace(&mut self.state.lock().views, views);
        drop(old);
    }

    /// The namespace its processes live in.
    pub fn processes(&self) -> &Arc<PidNamespace> {
        &self.processes
    }

    /// Its shared memory, semaphores and messages that go by keys.
    pub fn system_v(&self) -> &Arc<system_v::Namespace> {
        &self.system_v
    }

    /// What programs of that ABI see; where it has no view of its own, `None`: they see what the process saw before.
    pub fn view(&self, abi: &str) -> Option<AbiView> {
        self.state.lock().views.get(abi).cloned()
    }

    /// Gives programs of an ABI a view.
    pub fn set_view(&self, abi: &str, view: AbiView) {
        let old = self.state.lock().views.insert(abi.into(), view);
        drop(old);
    }

    /// Nobody holds the environment any more to start processes in it: with its last process its views go too.
    pub fn abandon(&self) {
        let unused = {
            let mut state = self.state.lock();
            state.abandoned = true;
            state.threads == 0
        };
        if unused {
            self.clear_views();
        }
    }

    /// Forgets all views: the last process has ended. A view may hold a mounted procfs, which holds the environment.
    pub(crate) fn clear_views(&self) {
        let old = core::mem::take(&mut self.state.lock().views);
        drop(old);
    }

    /// Which ABI a program is taken for when it does not say.
    pub fn default_abi(&self) -> String {
        self.state.lock().default_abi.clone()
    }

    /// The host name.
    pub fn host_name(&self) -> String {
        self.state.lock().host_name.clone()
    }

    /// Sets the host name.
    pub fn set_host_name(&self, name: String) {
        let old = core::mem::replace(&mut self.state.lock().host_name, name);
        drop(old);
    }

    /// The domain name.
    pub fn domain_name(&self) -> String {
        self.state.lock().domain_name.clone()
    }

    /// Sets the domain name.
    pub fn set_domain_name(&self, name: String) {
        let old = core::mem::replace(&mut self.state.lock().domain_name, name);
        drop(old);
    }

    /// What it allows.
    pub fn limits(&self) -> EnvironmentLimits {
        self.state.lock().limits
    }

    /// How many threads it has, zombies included.
    pub fn thread_count(&self) -> usize {
        self.state.lock().threads
    }

    /// Where to wait for a thread to go while there is no room.
    pub(crate) fn room(&self) -> &WaitQueue {
        &self.room
    }

    /// Counts one more thread for a user, here and in every environment around, or refuses. `user_limit` is the caller's limit of processes. Unlike Linux
    /// this holds for the superuser too, as soon as somebody lowered it: a limit that one asked for should be one.
    pub(crate) fn count_start(self: &Arc<Self>, user: u32, user_limit: u64) -> Admission {
        let mut charged = Charge {
            user,
            environments: alloc::vec::Vec::new(),
        };
        let mut next = Some(self.clone());
        while let Some(environment) = next {
            next = environment.parent.clone();
            {
                let mut state = environment.state.lock();
                let of_user = state.users.get(&user).copied().unwrap_or(0);
                if of_user as u64 >= user_limit {
                    return Err(Refusal::User);
                }
                if state.threads >= state.limits.threads {
                    return Err(Refusal::Full(environment.clone()));
                }
                state.threads += 1;
                state.users.insert(user, of_user + 1);
            }
            charged.environments.push(environment);
        }
        Ok(charged)
    }
}

/// The number of the process that runs, 0 for none.
fn current_process() -> u32 {
    Process::current().map_or(0, |process| process.id())
}

/// Whether a thread may start.
pub(crate) type Admission = core::result::Result<Charge, Refusal>;

/// Why a thread may not start.
pub(crate) enum Refusal {
    /// Its user has as many as the caller's limit allows.
    User,
    /// This environment, the thread's or one around it, has as many as it may have.
    Full(Arc<Environment>),
}

/// A counted thread; it is uncounted when this is dropped.
pub(crate) struct Charge {
    user: u32,
    environments: alloc::vec::Vec<Arc<Environment>>,
}

impl Drop for Charge {
    fn drop(&mut self) {
        for environment in &self.environments {
            let mut unused = BTreeMap::new();
            let mut state = environment.state.lock();
            state.threads = state.threads.saturating_sub(1);
            let of_user = state.users.get(&self.user).copied().unwrap_or(0);
            if of_user <= 1 {
                state.users.remove(&self.user);
            } else {
                state.users.insert(self.user, of_user - 1);
            }
            if state.threads == 0 && state.abandoned {
                unused = core::mem::take(&mut state.views);
            }
            // The views go with the lock released.
            drop(state);
            drop(unused);
            // There is room for one more, so one is woken: all of a fork bomb would be a flood of its own.
            environment.room.wake_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(threads: usize) -> Arc<Environment> {
        Environment::new("test", "scarlet", EnvironmentLimits::threads(threads))
            .expect("an environment")
    }

    fn is_full(admission: Admission, environment: &Arc<Environment>) -> bool {
        matches!(admission, Err(Refusal::Full(full)) if Arc::ptr_eq(&full, environment))
    }

    #[test]
    fn the_cap_counts_everyone() {
        let outer = environment(3);
        let inner = outer
            .new_inside("inner", "xv6", EnvironmentLimits::threads(2), true)
            .expect("inside");
        let start = |environment: &Arc<Environment>| environment.count_start(0, 9).ok();
        let (first, second) = (start(&inner), start(&inner));
        assert!(is_full(inner.count_start(0, 9), &inner));
        let third = start(&outer);
        assert!(is_full(outer.count_start(0, 9), &outer));
        drop((first, second, third));
        assert_eq!((outer.thread_count(), inner.thread_count()), (0, 0));
    }

    #[test]
    fn a_user_is_held_to_its_own_limit() {
        let environment = environment(100);
        let _one = environment.count_start(7, 1);
        let second = environment.count_start(7, 1);
        assert!(matches!(second, Err(Refusal::User)));
        assert!(environment.count_start(0, 1).is_ok());
    }
}
