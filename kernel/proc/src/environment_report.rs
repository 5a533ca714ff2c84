//! `/proc/scarlet/environments`: every environment that has processes, with its limits and its use.
//!
//! One line each, the machine's own first: the name (those around it before it, with a slash between), threads and the
//! limit on them, KiB of memory and the limit on that (`-` for none of its own), how often a page was refused.

use crate::environment::Environment;
use crate::machine;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;

const KIBIBYTES: usize = hal::PAGE_SIZE / 1024;

/// The text of `/proc/scarlet/environments`.
pub fn environment_report() -> String {
    let mut text = String::from("name threads limit memory_kib limit_kib refused\n");
    let mut known: Vec<Arc<Environment>> = Vec::new();
    if let Some(machine) = machine::environment() {
        let processes = machine.processes().processes();
        known.push(machine);
        for process in processes {
            note(process.environment(), &mut known);
        }
    }
    for environment in &known {
        let limits = environment.limits();
        let _ = write!(
            text,
            "{} {} {}",
            path(environment),
            environment.thread_count(),
            limits.threads
        );
        let _ = match (environment.pages_used(), limits.pages) {
            (Some(used), Some(limit)) => writeln!(
                text,
                " {} {} {}",
                used * KIBIBYTES,
                limit.saturating_mul(KIBIBYTES),
                environment.pages_refused()
            ),
            _ => writeln!(text, " - - 0"),
        };
    }
    text
}

/// Adds an environment and those around it, unless they are there.
fn note(environment: &Arc<Environment>, known: &mut Vec<Arc<Environment>>) {
    if known.iter().any(|other| Arc::ptr_eq(other, environment)) {
        return;
    }
    if let Some(parent) = environment.parent() {
        note(parent, known);
    }
    known.push(environment.clone());
}

fn path(environment: &Environment) -> String {
    match environment.parent() {
        Some(parent) => path(parent) + "/" + environment.name(),
        None => environment.name().into(),
    }
}
