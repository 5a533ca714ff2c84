//! When memory has run out: which process has to go.
//!
//! `mem` asks, on a thread that holds nothing, when a page fault finds no memory and nothing is left to reclaim. The
//! process with the most resident memory, and with what the kernel keeps for it, is killed, never the first one of the
//! machine; the log says who and why. While a victim has not yet gone, nobody else is chosen.
//!
//! Where an environment has used up what it is allowed, the victim is one of its own processes; its first one only if
//! no other is left.

use crate::machine;
use crate::process::Process;
use alloc::sync::Arc;
use base::log;
use core::sync::atomic::Ordering;
use core::time::Duration;
use mem::pressure::{Relief, set_reliever};

/// About what the kernel keeps for an area of memory and for a handle: a process that fills memory
/// with these is the biggest one, too.
const AREA_BYTES: usize = 160;
const HANDLE_BYTES: usize = 512;

/// How long a victim is given to go before the next look.
const PATIENCE: Duration = Duration::from_millis(10);

/// Lets `mem` ask.
pub(crate) fn install() {
    set_reliever(relieve);
}

fn relieve(account: u32) -> Relief {
    let Some(machine) = machine::environment() else {
        return Relief::None;
    };
    let everybody = machine.processes().processes();
    let inside = everybody
        .into_iter()
        .filter(|process| account == 0 || process.environment().pays_from(account));
    let mut biggest: Option<(bool, usize, Arc<Process>)> = None;
    for process in inside {
        if process.is_out_of_memory_victim() && process.exit_status().is_none() {
            // Also when its memory is no longer its own: it may be half-way given back.
            return wait_for(&process);
        }
        if process.identity().number_in(machine.processes()) == 1 || process.is_ending() {
            continue;
        }
        let Some(size) = size_of(&process) else {
            continue;
        };
        let spared = account != 0 && process.is_init();
        let is_worse = |(other_spared, most, _): &(bool, usize, _)| {
            (*other_spared && !spared) || (*other_spared == spared && size > *most)
        };
        if biggest.as_ref().is_none_or(is_worse) {
            biggest = Some((spared, size, process));
        }
    }
    let Some((_, size, victim)) = biggest else {
        return Relief::None;
    };
    let name = victim.environment().name();
    log::warn!(
        "out of memory{}{}: killing {victim:?}, which holds {} KiB",
        if account == 0 { "" } else { " in environment " },
        if account == 0 { "" } else { name },
        size / 1024
    );
    victim.out_of_memory_victim.store(true, Ordering::Relaxed);
    crate::exit::kill_process(&victim);
    wait_for(&victim)
}

/// What a process holds; `None` once it has given it back.
fn size_of(process: &Process) -> Option<usize> {
    // Let go of at once: whoever holds it last takes it apart, and should not be this thread.
    let space = process.space()?;
    let memory = space.resident_bytes() + space.area_count() * AREA_BYTES;
    drop(space);
    Some(memory + process.handles().count() * HANDLE_BYTES)
}

/// Gives the victim a moment to go; memory comes back when its last thread has left it.
fn wait_for(victim: &Arc<Process>) -> Relief {
    let _ = victim
        .ended
        .wait_deadline(base::time::now() + PATIENCE, || victim.exit_status());
    Relief::Expected
}
