//! `/proc/stat`: processor time since boot.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use base::Result;
use base::sched;

use crate::filesystem::Shared;
use crate::system::load::ticks;

/// `/proc/stat`.
///
/// The scheduler counts each CPU's idle time; the rest was spent on programs and the kernel. How
/// much of that was user time is known of all processes together: what living ones used, and what
/// they inherited from children that ended. CPUs share it in proportion to how busy they were.
pub(crate) fn stat(shared: &Shared) -> Result<Vec<u8>> {
    let statistics = sched::statistics();
    let up = Duration::from_nanos(base::time::now().as_nanos());
    let busy: Vec<Duration> = statistics
        .idle
        .iter()
        .map(|&idle| up.saturating_sub(idle))
        .collect();
    let all_busy: Duration = busy.iter().sum();
    let user = user_time(shared).min(all_busy);
    let mut text = row("cpu ", user, all_busy, statistics.idle.iter().sum());
    for (number, (&busy, &idle)) in busy.iter().zip(&statistics.idle).enumerate() {
        let part = share(user, busy, all_busy);
        text.push_str(&row(&format!("cpu{number}"), part, busy, idle));
    }
    let boot = base::time::wall_clock().saturating_sub(up).as_secs();
    text.push_str(&format!(
        "ctxt {}\nbtime {boot}\nprocesses {}\nprocs_running {}\nprocs_blocked 0\n",
        statistics.context_switches, statistics.threads_started, statistics.runnable,
    ));
    Ok(text.into_bytes())
}

fn user_time(shared: &Shared) -> Duration {
    let of = |process: &alloc::sync::Arc<proc::Process>| {
        process.usage().user_ns + process.children_usage().user_ns
    };
    Duration::from_nanos(shared.namespace().processes().iter().map(of).sum())
}

fn share(whole: Duration, part: Duration, of: Duration) -> Duration {
    match of.as_nanos() {
        0 => Duration::ZERO,
        of => Duration::from_nanos((whole.as_nanos() * part.as_nanos() / of) as u64),
    }
}

/// user nice system idle iowait irq softirq steal guest guest_nice
fn row(name: &str, user: Duration, busy: Duration, idle: Duration) -> String {
    let system = busy.saturating_sub(user);
    format!(
        "{name} {} 0 {} {} 0 0 0 0 0 0\n",
        ticks(user),
        ticks(system),
        ticks(idle)
    )
}
