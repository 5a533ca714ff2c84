//! Room for one more thread in an environment, and what happens where there is none.
//!
//! A process that has ended counts until it was waited for. For an orphan that is the work of the first process (or
//! of a subreaper), which may not get a CPU before others have made fifty more: programs that leave orphans behind all
//! the time, as xv6's stressor does in an environment of 64 processes, would see a fork fail now and then that has room a
//! moment later. So where nothing but orphans that have ended is in the way, the start of a thread waits for them to be
//! collected, as a page fault at the limit of memory waits for what others give back. A user's own limit
//! (`RLIMIT_NPROC`) is never waited for, and neither is the machine's own, which keeps a fork bomb from using up
//! memory: who meets it hears so at once.

use crate::environment::{Charge, Environment, Refusal};
use crate::limits::{Limits, Resource};
use crate::process::Process;
use crate::task::Task;
use alloc::sync::Arc;
use base::time::Duration;
use base::{Error, Result};

/// How long those who collect are waited for. A guest's CPU may stand still for a tenth of a second on a busy host; a
/// first process that does not wait for orphans at all makes each fork at the limit take this long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts one more thread of a user in an environment, or refuses with [`Error::WouldBlock`]; there may be a
/// wait before it ([the module's text](self)).
pub(crate) fn admit(environment: &Arc<Environment>, user: u32, limits: &Limits) -> Result<Charge> {
    let user_limit = limits.soft(Resource::Processes);
    let full = match environment.count_start(user, user_limit) {
        Ok(charge) => return Ok(charge),
        Err(Refusal::Full(full)) if full.parent().is_some() => full,
        Err(_) => return Err(Error::WouldBlock),
    };
    let task = Task::current().ok_or(Error::WouldBlock)?;
    let look = || match environment.count_start(user, user_limit) {
        Ok(charge) => Some(Ok(charge)),
        Err(Refusal::Full(full)) if has_uncollected_orphan(task.process(), &full) => None,
        Err(_) => Some(Err(Error::WouldBlock)),
    };
    let deadline = base::time::now() + PATIENCE;
    task.wait_killable(full.room(), Some(deadline), look)
        .unwrap_or(Err(Error::WouldBlock))
}

/// Whether an orphan in the environment has ended, or is to end, and will be waited for by another than `caller`.
fn has_uncollected_orphan(caller: &Process, environment: &Environment) -> bool {
    let all = environment.processes().processes();
    all.iter().any(|process| {
        process.is_ending()
            && process.environment().is_inside(environment)
            && process.parent().is_some_and(|parent| {
                let collects = parent.is_init() || parent.is_subreaper();
                collects && !core::ptr::eq(caller, &*parent)
            })
    })
}
