//! Tracing: each system call of a process, with its arguments and its result, as a line of text.
//!
//! Tracing is an ABI around an ABI. A traced process's tasks run with [`Traced`] in the place of
//! their ABI; it asks the one inside what the call is called and what its result means
//! ([`Abi::describe_call`], [`Abi::describe_result`]), so one tracer serves every ABI. A process
//! that is not traced runs with its ABI alone and meets nothing of this.
//!
//! The children of a traced process are traced from birth, and so is what it executes. The lines
//! wait in a ring for a reader ([`take`]); when nobody reads, the oldest go, and are counted.
//!
//! ```text
//!     7 linux   openat(AT_FDCWD, "/etc/passwd", O_RDONLY, 0) = 3
//!     7 linux   --- event 17 ---
//! ```

use crate::abi::Abi;
use crate::event::{EventInfo, FaultReason, PendingEvent};
use crate::exec::{ElfImage, ExecInfo, InitialState};
use crate::process::Process;
use crate::task::Task;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::sync::SpinLock;
use base::{Result, rank};
use core::sync::atomic::Ordering;
use hal::Global;
use hal::user::UserContext;
use mem::AddressSpace;

/// How many bytes of lines wait for a reader.
const ROOM: usize = 1 << 20;

#[derive(Default)]
struct Ring {
    lines: VecDeque<String>,
    bytes: usize,
    lost: u64,
}

static RING: Global<SpinLock<Ring>> = Global::new(|| SpinLock::new(rank::LEAF, Ring::default()));

/// Begins or ends the tracing of a process, from its next return to user mode on.
pub fn set(process: &Process, on: bool) {
    process.traced.store(on, Ordering::Release);
    for task in &process.shared.lock().tasks {
        task.image_changed.store(true, Ordering::Release);
    }
}

/// All lines that wait, oldest first. They wait no longer.
pub fn take() -> Vec<u8> {
    let ring = core::mem::take(&mut *RING.lock());
    let mut text = Vec::new();
    if ring.lost > 0 {
        text.extend(format!("({} lines were lost)\n", ring.lost).bytes());
    }
    for line in ring.lines {
        text.extend(line.bytes());
        text.push(b'\n');
    }
    text
}

fn put(line: String) {
    let mut ring = RING.lock();
    ring.bytes += line.len();
    ring.lines.push_back(line);
    while ring.bytes > ROOM {
        let Some(oldest) = ring.lines.pop_front() else {
            break;
        };
        ring.bytes -= oldest.len();
        ring.lost += 1;
    }
}

/// Who answers a process's calls: its ABI, or the tracer around it.
pub(crate) fn abi_of(process: &Process) -> Arc<dyn Abi> {
    let abi = process.abi();
    if process.traced.load(Ordering::Acquire) {
        Arc::new(Traced(abi))
    } else {
        abi
    }
}

struct Traced(Arc<dyn Abi>);

impl Traced {
    fn line(&self, task: &Task, what: &str) {
        put(format!("{:5} {:7} {what}", task.id(), self.0.name()));
    }
}

impl Abi for Traced {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn recognise(&self, image: &ElfImage, default: bool) -> bool {
        self.0.recognise(image, default)
    }

    fn initial_stack(
        &self,
        info: &ExecInfo<'_>,
        space: &Arc<AddressSpace>,
    ) -> Result<InitialState> {
        self.0.initial_stack(info, space)
    }

    fn system_call(&self, task: &Arc<Task>, context: &mut UserContext) {
        // Arguments are read before the call changes what they point to, or replaces the program.
        let call = self.0.describe_call(context);
        self.0.system_call(task, context);
        let result = if task.image_changed.load(Ordering::Acquire) || task.process().is_ending() {
            String::from("?")
        } else {
            self.0.describe_result(context.syscall_arguments()[0])
        };
        self.line(task, &format!("{call} = {result}"));
    }

    fn deliver(
        &self,
        task: &Arc<Task>,
        context: &mut UserContext,
        event: &PendingEvent,
    ) -> Result<()> {
        self.line(task, &format!("--- {:?} ---", event.info.event));
        self.0.deliver(task, context, event)
    }

    fn resume(&self, task: &Arc<Task>, context: &mut UserContext) {
        self.0.resume(task, context);
    }

    fn fault(
        &self,
        task: &Arc<Task>,
        context: &UserContext,
        reason: FaultReason,
        address: usize,
    ) -> EventInfo {
        self.line(
            task,
            &format!("--- {reason:?} at {address:#x}, pc {:#x} ---", context.pc()),
        );
        self.0.fault(task, context, reason, address)
    }
}

/// A string of the program in quotes, at most `most` bytes of it; the address where it cannot be
/// read.
pub fn quoted_c_string(address: usize, most: usize) -> String {
    match mem::user::read_c_string(address, 4096) {
        Ok(bytes) => quoted(&bytes, most),
        Err(_) => format!("{address:#x}"),
    }
}

/// Bytes of the program in quotes, at most `most` of them; the address where they cannot be read.
pub fn quoted_bytes(address: usize, length: usize, most: usize) -> String {
    let mut bytes = alloc::vec![0; length.min(most + 1)];
    match mem::user::read_bytes(address, &mut bytes) {
        Ok(()) => quoted(&bytes, most),
        Err(_) => format!("{address:#x}"),
    }
}

fn quoted(bytes: &[u8], most: usize) -> String {
    let shown = bytes.get(..most).unwrap_or(bytes);
    let more = if bytes.len() > most { "..." } else { "" };
    format!("\"{}\"{more}", shown.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_quoted_and_cut() {
        assert_eq!(quoted(b"a\n\"", 8), "\"a\\n\\\"\"");
        assert_eq!(quoted(b"abcdef", 3), "\"abc\"...");
    }

    #[test]
    fn a_ring_that_nobody_reads_loses_the_oldest() {
        for number in 0..3 {
            put(format!("{number}{}", " ".repeat(ROOM / 2 - 1)));
        }
        let text = take();
        assert!(text.starts_with(b"(1 lines were lost)\n1"));
        assert!(take().is_empty());
    }
}
