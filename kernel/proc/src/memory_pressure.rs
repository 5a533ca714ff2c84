//! When memory has run out: which process has to go.
//!
//! `mem` asks, on a thread that holds nothing, when a page fault finds no memory and nothing is left to reclaim. The process with the most resident
//! memory is killed, never the first one of the machine; the log says who and why. While a victim has not yet gone,
//! nobody else is chosen.

use crate::machine;
use crate::process::Process;
use alloc::sync::Arc;
use base::log;
use core::sync::atomic::Ordering;
use core::time::Duration;
use mem::pressure::{Relief, set_reliever};

/// How long a victim is given to go before the next look.
const PATIENCE: Duration = Duration::from_millis(10);

/// Lets `mem` ask.
pub(crate) fn install() {
    set_reliever(relieve);
}

fn relieve() -> Relief {
    let Some(environment) = machine::environment() else {
        return Relief::None;
    };
    let mut biggest: Option<(usize, Arc<Process>)> = None;
    for process in environment.processes().processes() {
        let Some(space) = process.space() else {
            continue;
        };
        if process.is_out_of_memory_victim() {
            return wait_for(&process);
        }
        let size = space.resident_bytes();
        let first = process.identity().number_in(environment.processes()) == 1;
        if !first && !process.is_ending() && biggest.as_ref().is_none_or(|(most, _)| size > *most) {
            biggest = Some((size, process));
        }
    }
    let Some((size, victim)) = biggest else {
        return Relief::None;
    };
    log::warn!(
        "out of memory: killing {victim:?}, which holds {} KiB",
        size / 1024
    );
    victim.out_of_memory_victim.store(true, Ordering::Relaxed);
    crate::exit::kill_process(&victim);
    wait_for(&victim)
}

/// Gives the victim a moment to go; memory comes back when its last thread has left it.
fn wait_for(victim: &Arc<Process>) -> Relief {
    let _ = victim
        .ended
        .wait_deadline(base::time::now() + PATIENCE, || victim.exit_status());
    Relief::Expected
}
