//! `/proc/PID/status`: much of the same, for people.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use base::Result;
use proc::{Identity, PidNamespace};
use vfs::Capabilities;

use super::Subject;
use super::stat::memory;
use super::state::state;

/// Capabilities of the super-user: all that Linux has.
const ALL_CAPABILITIES: u64 = (1 << 41) - 1;

/// The rows, in Linux's order.
pub(super) fn status(subject: &Subject) -> Result<Vec<u8>> {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_status(subject, &mut text);
    Ok(text.into_bytes())
}

/// A number in the namespace that is shown and in each below it, down to its own.
fn numbers(identity: &Identity, shown: &PidNamespace) -> String {
    let mut chain = Vec::new();
    let mut next = identity.namespace().cloned();
    while let Some(namespace) = next {
        chain.push(identity.number_in(&namespace));
        if core::ptr::eq(&*namespace, shown) {
            break;
        }
        next = namespace.parent().cloned();
    }
    let mut text = String::new();
    for number in chain.iter().rev() {
        let _ = write!(text, "\t{number}");
    }
    text
}

fn write_status(subject: &Subject, text: &mut String) -> core::fmt::Result {
    let process = &subject.process;
    let namespace = subject.shared.namespace();
    let fs = process.fs();
    let credentials = &fs.credentials;
    let (letter, word) = state(subject);
    let parent = process
        .parent()
        .map_or(0, |parent| parent.identity().number_in(namespace));
    writeln!(text, "Name:\t{}", super::program::name(subject))?;
    writeln!(text, "Umask:\t{:04o}", fs.umask)?;
    writeln!(text, "State:\t{letter} ({word})")?;
    writeln!(text, "Tgid:\t{}", subject.process_id())?;
    writeln!(text, "Ngid:\t0")?;
    writeln!(text, "Pid:\t{}", subject.id())?;
    writeln!(text, "PPid:\t{parent}")?;
    writeln!(text, "TracerPid:\t0")?;
    let ids = [
        credentials.uid,
        credentials.euid,
        credentials.suid,
        credentials.fsuid,
    ];
    writeln!(text, "Uid:\t{}\t{}\t{}\t{}", ids[0], ids[1], ids[2], ids[3])?;
    let ids = [
        credentials.gid,
        credentials.egid,
        credentials.sgid,
        credentials.fsgid,
    ];
    writeln!(text, "Gid:\t{}\t{}\t{}\t{}", ids[0], ids[1], ids[2], ids[3])?;
    let slots = process
        .handles()
        .iter()
        .map(|(slot, _)| slot + 1)
        .max()
        .unwrap_or(0);
    writeln!(text, "FDSize:\t{}", slots.max(64).next_power_of_two())?;
    write!(text, "Groups:\t")?;
    for group in credentials.groups.iter() {
        write!(text, "{group} ")?;
    }
    let own = subject
        .task
        .as_ref()
        .map_or(process.identity().clone(), |task| task.identity());
    writeln!(text, "\nNStgid:{}", numbers(process.identity(), namespace))?;
    writeln!(text, "NSpid:{}", numbers(&own, namespace))?;
    writeln!(
        text,
        "NSpgid:{}",
        numbers(process.group().identity(), namespace)
    )?;
    writeln!(
        text,
        "NSsid:{}",
        numbers(process.session().identity(), namespace)
    )?;
    writeln!(text, "Kthread:\t0")?;
    if process.space().is_some() {
        write_memory(subject, text)?;
    }
    writeln!(text, "Threads:\t{}", process.task_count())?;
    let (ignored, caught) = process.with_actions(|actions| actions.summary());
    let task = subject
        .task
        .clone()
        .or_else(|| process.tasks().first().cloned());
    let pending = task.as_ref().map_or(0, |task| task.pending().0);
    let blocked = task.as_ref().map_or(0, |task| task.blocked().0);
    writeln!(text, "SigPnd:\t{pending:016x}")?;
    writeln!(text, "ShdPnd:\t{:016x}", process.pending().0)?;
    writeln!(text, "SigBlk:\t{blocked:016x}")?;
    writeln!(text, "SigIgn:\t{:016x}", ignored.0)?;
    writeln!(text, "SigCgt:\t{:016x}", caught.0)?;
    let all_but = |without: Capabilities| match credentials.euid {
        0 => ALL_CAPABILITIES & !without.linux_bits(),
        _ => 0,
    };
    let (permitted, effective) = (all_but(credentials.lost), all_but(credentials.given_up));
    writeln!(text, "CapInh:\t{:016x}", 0)?;
    writeln!(text, "CapPrm:\t{permitted:016x}")?;
    writeln!(text, "CapEff:\t{effective:016x}")?;
    writeln!(text, "CapBnd:\t{ALL_CAPABILITIES:016x}")?;
    writeln!(text, "CapAmb:\t{:016x}", 0)?;
    let mask = task
        .as_ref()
        .and_then(|task| Some(task.thread()?.affinity()))
        .unwrap_or(1);
    writeln!(text, "Cpus_allowed:\t{mask:x}")?;
    writeln!(text, "Cpus_allowed_list:\t{}", list(mask))?;
    let usage = match &subject.task {
        Some(task) => task.usage(),
        None => process.usage(),
    };
    writeln!(
        text,
        "voluntary_ctxt_switches:\t{}",
        usage.voluntary_switches
    )?;
    writeln!(
        text,
        "nonvoluntary_ctxt_switches:\t{}",
        usage.involuntary_switches
    )
}

fn write_memory(subject: &Subject, text: &mut String) -> core::fmt::Result {
    let memory = memory(subject);
    let anonymous = memory
        .resident_bytes
        .saturating_sub(memory.resident_file_bytes);
    let rows = [
        ("VmPeak", memory.virtual_peak),
        ("VmSize", memory.virtual_bytes),
        ("VmLck", memory.locked_bytes),
        ("VmHWM", memory.resident_peak),
        ("VmRSS", memory.resident_bytes),
        ("RssAnon", anonymous),
        ("RssFile", memory.resident_file_bytes),
        ("VmData", memory.data_bytes),
        ("VmStk", memory.stack_bytes),
        ("VmExe", memory.text_bytes),
        ("VmSwap", 0),
    ];
    for (name, bytes) in rows {
        writeln!(text, "{name}:\t{:>8} kB", bytes / 1024)?;
    }
    Ok(())
}

/// A mask of CPUs as ranges: `0-3,5`.
fn list(mask: u64) -> String {
    let mut text = String::new();
    let mut cpu = 0;
    while cpu < 64 {
        if mask >> cpu & 1 == 0 {
            cpu += 1;
            continue;
        }
        let first = cpu;
        while cpu < 64 && mask >> cpu & 1 == 1 {
            cpu += 1;
        }
        let comma = if text.is_empty() { "" } else { "," };
        let _ = match cpu - first {
            1 => write!(text, "{comma}{first}"),
            _ => write!(text, "{comma}{first}-{}", cpu - 1),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn masks_become_ranges() {
        assert_eq!(list(0b1), "0");
        assert_eq!(list(0b11), "0-1");
        assert_eq!(list(0b10_1111), "0-3,5");
        assert_eq!(list(u64::MAX), "0-63");
        assert_eq!(list(0), "");
    }
}
