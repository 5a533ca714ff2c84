//! What a process was started as: `cmdline`, `environ`, `comm`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base::{Error, Result, Room};

use super::Subject;

/// The longest name of a process, without NUL (`TASK_COMM_LEN`).
const NAME_MAX: usize = 15;

/// Reads a range of the process's memory: what the program has made of it by now.
fn memory(subject: &Subject, (start, end): (usize, usize)) -> Result<Vec<u8>> {
    let Some(space) = subject.process.space() else {
        return Ok(Vec::new());
    };
    let length = end.saturating_sub(start);
    let mut text = Vec::new();
    text.make_room(length)?;
    text.resize(length, 0);
    // A program may have unmapped the strings; then there is nothing to show.
    match space.read_bytes(start, &mut text) {
        Ok(()) => Ok(text),
        Err(Error::BadAddress) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// `/proc/PID/cmdline`: the arguments, each with its NUL.
pub(super) fn command_line(subject: &Subject) -> Result<Vec<u8>> {
    memory(subject, subject.process.image().arguments)
}

/// `/proc/PID/environ`.
pub(super) fn environ(subject: &Subject) -> Result<Vec<u8>> {
    memory(subject, subject.process.image().environment)
}

/// The process's or thread's name, cut as Linux cuts it.
pub(super) fn name(subject: &Subject) -> String {
    let name = match subject
        .task
        .as_ref()
        .and_then(|task| task.thread().cloned())
    {
        Some(thread) if subject.task.as_ref().is_some_and(|task| !task.is_leader()) => {
            thread.name()
        }
        _ => subject.process.name(),
    };
    let mut cut = name.len().min(NAME_MAX);
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    String::from(name.get(..cut).unwrap_or_default())
}

/// `/proc/PID/comm`.
pub(super) fn comm(subject: &Subject) -> Result<Vec<u8>> {
    Ok(format!("{}\n", name(subject)).into_bytes())
}

/// Writing to `comm` renames.
pub(super) fn set_comm(subject: &Subject, text: &[u8]) -> Result<()> {
    let line = text
        .split(|&byte| byte == b'\n' || byte == 0)
        .next()
        .unwrap_or_default();
    let name = String::from_utf8_lossy(line.get(..line.len().min(NAME_MAX)).unwrap_or_default());
    match subject.task.as_ref().filter(|task| !task.is_leader()) {
        Some(task) => {
            if let Some(thread) = task.thread() {
                thread.set_name(&name);
            }
        }
        None => subject.process.set_name(name.into_owned()),
    }
    Ok(())
}
