//! `/proc/PID/stat` and `statm`: one line of numbers.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use base::Result;
use device::DeviceNumber;
use mem::SpaceStatistics;
use proc::{ExitStatus, Resource, ResourceUsage};

use super::Subject;
use super::state::state;
use crate::system::load::ticks;

/// The event that tells a parent of its child's end (SIGCHLD).
const CHILD_EVENT: u32 = 17;

fn time(nanoseconds: u64) -> u64 {
    ticks(Duration::from_nanos(nanoseconds))
}

/// The statistics of the process's memory; zeros once it has none.
pub(super) fn memory(subject: &Subject) -> SpaceStatistics {
    subject
        .process
        .space()
        .map(|space| space.statistics())
        .unwrap_or_default()
}

/// The number of the controlling terminal and its foreground group: 0 and -1 without one.
fn terminal(subject: &Subject) -> (u64, i64) {
    let terminal = subject.process.session().terminal();
    let Some(terminal) = terminal else {
        return (0, -1);
    };
    let number: DeviceNumber = terminal.number();
    // Groups have the numbers of the outermost namespace; the reader wants its own.
    let outermost = {
        let mut namespace = subject.shared.namespace().clone();
        while let Some(parent) = namespace.parent().cloned() {
            namespace = parent;
        }
        namespace
    };
    let group = terminal
        .foreground()
        .and_then(|group| outermost.group(group));
    let group = group.map_or(-1, |group| {
        i64::from(group.identity().number_in(subject.shared.namespace()))
    });
    (number.to_linux(), group)
}

/// What wait(2) would tell of it.
fn exit_code(status: Option<ExitStatus>) -> u32 {
    match status {
        None => 0,
        Some(ExitStatus::Exited(code)) => (code as u32 & 0xff) << 8,
        Some(ExitStatus::Killed { event, core }) => {
            u32::from(event.number()) | if core { 0x80 } else { 0 }
        }
    }
}

/// `/proc/PID/stat`: the 52 fields of proc_pid_stat(5), in their order.
pub(super) fn stat(subject: &Subject) -> Result<Vec<u8>> {
    let process = &subject.process;
    let namespace = subject.shared.namespace();
    let (usage, children) = match &subject.task {
        Some(task) => (task.usage(), ResourceUsage::default()),
        None => (process.usage(), process.children_usage()),
    };
    let started = subject
        .task
        .as_ref()
        .map_or(process.started(), |task| task.started());
    let thread = match &subject.task {
        Some(task) => task.thread().cloned(),
        None => process
            .tasks()
            .first()
            .and_then(|task| task.thread().cloned()),
    };
    let nice = thread.as_ref().map_or(0, |thread| i64::from(thread.nice()));
    let memory = memory(subject);
    let image = process.image();
    let (terminal, foreground) = terminal(subject);
    let pending = subject
        .task
        .as_ref()
        .map_or(process.pending(), |task| task.pending());
    let blocked = process.tasks().first().map_or(0, |task| task.blocked().0);
    let (ignored, caught) = process.with_actions(|actions| actions.summary());
    let (code_start, data_end) = image.extent;
    let parent = process
        .parent()
        .map_or(0, |parent| parent.identity().number_in(namespace));
    let numbers: [i128; 49] = [
        i128::from(parent),
        i128::from(process.group().identity().number_in(namespace)),
        i128::from(process.session().identity().number_in(namespace)),
        i128::from(terminal),
        i128::from(foreground),
        // Flags: PF_FORKNOEXEC until the first exec.
        if process.has_executed() { 0 } else { 0x40 },
        i128::from(usage.faults),
        i128::from(children.faults),
        0,
        0,
        i128::from(time(usage.user_ns)),
        i128::from(time(usage.system_ns)),
        i128::from(time(children.user_ns)),
        i128::from(time(children.system_ns)),
        i128::from(20 + nice),
        i128::from(nice),
        process.task_count() as i128,
        0,
        i128::from(time(started.as_nanos())),
        memory.virtual_bytes as i128,
        (memory.resident_bytes / hal::PAGE_SIZE) as i128,
        i128::from(process.limits().soft(Resource::Resident)),
        code_start as i128,
        (code_start + memory.text_bytes) as i128,
        image.stack_start as i128,
        0,
        0,
        i128::from(pending.0 & 0x7fff_ffff),
        i128::from(blocked & 0x7fff_ffff),
        i128::from(ignored.0 & 0x7fff_ffff),
        i128::from(caught.0 & 0x7fff_ffff),
        0,
        0,
        0,
        i128::from(CHILD_EVENT),
        thread.as_ref().map_or(0, |thread| thread.cpu() as i128),
        0,
        0,
        0,
        0,
        0,
        0,
        data_end as i128,
        0,
        image.arguments.0 as i128,
        image.arguments.1 as i128,
        image.environment.0 as i128,
        image.environment.1 as i128,
        i128::from(exit_code(process.exit_status())),
    ];
    let (letter, _) = state(subject);
    let name = super::program::name(subject);
    let mut text = format!("{} ({name}) {letter}", subject.id());
    for number in numbers {
        text.push(' ');
        text.push_str(&number.to_string());
    }
    text.push('\n');
    Ok(text.into_bytes())
}

/// `/proc/PID/statm`: size, resident, shared, text, lib, data, dirty; in pages.
pub(super) fn statm(subject: &Subject) -> Result<Vec<u8>> {
    let memory = memory(subject);
    let pages = |bytes: usize| bytes / hal::PAGE_SIZE;
    Ok(format!(
        "{} {} {} {} 0 {} 0\n",
        pages(memory.virtual_bytes),
        pages(memory.resident_bytes),
        pages(memory.resident_file_bytes),
        pages(memory.text_bytes),
        pages(memory.data_bytes + memory.stack_bytes),
    )
    .into_bytes())
}
