//! Waiting for children: which one, for what, and whether it is removed by it (wait(2), waitid(2)).

use crate::process::Process;
use crate::status::{ExitStatus, ResourceUsage, WaitStatus};
use crate::task::Task;
use alloc::sync::Arc;
use base::{Error, Result};
use bitflags::bitflags;

/// Which children a wait is about.
#[derive(Clone, Debug)]
pub enum WaitSelector {
    /// All of them.
    Any,
    /// The one of this id.
    Process(u32),
    /// Those in the group of this id.
    Group(u32),
    /// Those in the caller's own group.
    OwnGroup,
    /// Exactly this process.
    Exactly(Arc<Process>),
}

bitflags! {
    /// What a wait is about, and how.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct WaitOptions: u32 {
        /// Do not sleep.
        const NO_HANG = 1 << 0;
        /// Children that ended. Without it a wait is only about stops and continuations.
        const ENDED = 1 << 1;
        /// Children that stopped.
        const STOPPED = 1 << 2;
        /// Children that go on after a stop.
        const CONTINUED = 1 << 3;
        /// Leave the child so that it can be waited for again.
        const NO_REAP = 1 << 4;
        /// Only children that report their end by another event than CHILD_CHANGED ("clones").
        const CLONES_ONLY = 1 << 5;
        /// Also those.
        const CLONES_TOO = 1 << 6;
    }
}

/// What a wait found out.
#[derive(Clone, Debug)]
pub struct WaitResult {
    /// The child's id in the caller's namespace.
    pub process: u32,
    /// Its real user.
    pub user: u32,
    /// What it did.
    pub status: WaitStatus,
    /// What it and the children it waited for used.
    pub usage: ResourceUsage,
}

/// Waits for a child. `Ok(None)` only with [`WaitOptions::NO_HANG`]: children, but no news.
pub fn wait(
    task: &Task,
    selector: &WaitSelector,
    options: WaitOptions,
) -> Result<Option<WaitResult>> {
    let process = task.process();
    let look = || match find(process, selector, options) {
        Ok(Some(result)) => Some(Ok(Some(result))),
        Ok(None) if options.contains(WaitOptions::NO_HANG) => Some(Ok(None)),
        Ok(None) => None,
        Err(error) => Some(Err(error)),
    };
    if let Some(result) = look() {
        return result;
    }
    process.child_changed.wait_interruptible(None, look)?
}

/// Looks once through the children.
fn find(
    process: &Arc<Process>,
    selector: &WaitSelector,
    options: WaitOptions,
) -> Result<Option<WaitResult>> {
    // A zombie is brought to the front of the children, so most waits end here, however many there are.
    if let Some(first) = process.first_child()
        && is_selected(process, &first, selector)
        && is_of_kind(&first, options)
        && let Some(result) = news(process, &first, options)
    {
        return Ok(Some(result));
    }
    let mut any = false;
    // A copy: the children change places while this looks, and none may be missed.
    for child in process.children() {
        if !is_selected(process, &child, selector) || !is_of_kind(&child, options) {
            continue;
        }
        any = true;
        if let Some(result) = news(process, &child, options) {
            return Ok(Some(result));
        }
    }
    if any { Ok(None) } else { Err(Error::NoChild) }
}

fn is_selected(process: &Arc<Process>, child: &Arc<Process>, selector: &WaitSelector) -> bool {
    match selector {
        WaitSelector::Any => true,
        WaitSelector::Process(id) => child.identity().number_in(process.namespace()) == *id,
        WaitSelector::Group(id) => child.group().identity().number_in(process.namespace()) == *id,
        WaitSelector::OwnGroup => Arc::ptr_eq(&child.group(), &process.group()),
        WaitSelector::Exactly(exact) => Arc::ptr_eq(child, exact),
    }
}

fn is_of_kind(child: &Process, options: WaitOptions) -> bool {
    let is_clone = child.exit_event != Some(crate::event::Event::CHILD_CHANGED);
    options.contains(WaitOptions::CLONES_TOO)
        || is_clone == options.contains(WaitOptions::CLONES_ONLY)
}

fn news(process: &Arc<Process>, child: &Arc<Process>, options: WaitOptions) -> Option<WaitResult> {
    let keep = options.contains(WaitOptions::NO_REAP);
    let status = {
        let mut shared = child.shared.lock();
        if shared.ended.is_some() && !shared.reported {
            drop(shared);
            if !child.is_reported() {
                return None;
            }
            shared = child.shared.lock();
        }
        if let Some(status) = shared.ended {
            options
                .contains(WaitOptions::ENDED)
                .then_some(WaitStatus::Ended(status))?
        } else if options.contains(WaitOptions::STOPPED)
            && let Some(event) = shared.stop.unreported
        {
            if !keep {
                shared.stop.unreported = None;
            }
            WaitStatus::Stopped(event)
        } else if options.contains(WaitOptions::CONTINUED) && shared.stop.continued {
            shared.stop.continued = keep;
            WaitStatus::Continued
        } else {
            return None;
        }
    };
    let mut usage = child.usage();
    usage.add(&child.children_usage());
    let result = WaitResult {
        process: child.identity().number_in(process.namespace()),
        user: child.fs().credentials.uid,
        status,
        usage,
    };
    if matches!(status, WaitStatus::Ended(_)) && !keep {
        // Two threads may find the same zombie; only one of them removes and reports it.
        if !crate::exit::release(child) {
            return None;
        }
        process.shared.lock().children_usage.add(&usage);
    }
    Some(result)
}

impl ExitStatus {
    /// Whether it ended by itself with status 0.
    pub fn is_success(self) -> bool {
        self == ExitStatus::Exited(0)
    }
}
