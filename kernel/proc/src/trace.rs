//! Tracing: each system call of a process, with its arguments and its result, as a line of text.
//!
//! Tracing is an ABI around an ABI. A traced process's tasks run with [`Watched`] in the place of
//! their ABI; it asks the one inside what the call is called and what its result means
//! ([`Abi::describe_call`], [`Abi::describe_result`]), so one tracer serves every ABI. A process
//! that is not traced runs with its ABI alone and meets nothing of this, unless the machine was
//! started with the [`record`]er, which stands in the same place.
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
use crate::record;
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
use hal::user::{CallRegisters, Next, UserContext};
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
        task.look_again();
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

/// Who answers a process's calls: its ABI, or the tracer and the recorder around it.
pub(crate) fn abi_of(process: &Process) -> Arc<dyn Abi> {
    let abi = process.abi();
    let traced = process.traced.load(Ordering::Acquire);
    if traced || record::is_on() {
        Arc::new(Watched { abi, traced })
    } else {
        abi
    }
}

/// An ABI whose calls are traced, recorded or both.
struct Watched {
    abi: Arc<dyn Abi>,
    traced: bool,
}

impl Watched {
    fn line(&self, task: &Task, what: &str) {
        put(format!("{:5} {:7} {what}", task.id(), self.abi.name()));
    }

    /// A call without all registers, noted where all are.
    fn recorded(&self, task: &Arc<Task>, mut call: CallRegisters<'_>) -> Next {
        if !record::is_on() {
            return self.abi.system_call(task, call);
        }
        let noted = record::note(&*self.abi, task, &call);
        let next = self.abi.system_call(task, call.reborrow());
        match next {
            Next::GoOn => record::finish(noted, call.argument(0)),
            Next::AllRegisters => record::withdraw(noted),
        }
        next
    }

    /// A call with all registers, noted where all are.
    fn recorded_with_registers(&self, task: &Arc<Task>, context: &mut UserContext) {
        if !record::is_on() {
            return self.abi.call_with_registers(task, context);
        }
        let noted = record::note(&*self.abi, task, &context.call());
        self.abi.call_with_registers(task, context);
        record::finish(noted, context.call().argument(0));
    }

    /// A call has ended.
    fn ended(&self, task: &Task, description: &str, result: usize) {
        let result = if task.image_changed.load(Ordering::Acquire) || task.process().is_ending() {
            String::from("?")
        } else {
            self.abi.describe_result(result)
        };
        self.line(task, &format!("{description} = {result}"));
    }
}

impl Abi for Watched {
    fn name(&self) -> &'static str {
        self.abi.name()
    }

    fn recognise(&self, image: &ElfImage, default: bool) -> bool {
        self.abi.recognise(image, default)
    }

    fn initial_stack(
        &self,
        info: &ExecInfo<'_>,
        space: &Arc<AddressSpace>,
    ) -> Result<InitialState> {
        self.abi.initial_stack(info, space)
    }

    fn system_call(&self, task: &Arc<Task>, mut call: CallRegisters<'_>) -> Next {
        if !self.traced {
            return self.recorded(task, call);
        }
        // Arguments are read before the call changes what they point to, or replaces the program.
        let description = self.abi.describe_call(&call);
        let next = self.recorded(task, call.reborrow());
        if next == Next::GoOn {
            self.ended(task, &description, call.argument(0));
        }
        next
    }

    fn call_with_registers(&self, task: &Arc<Task>, context: &mut UserContext) {
        if !self.traced {
            return self.recorded_with_registers(task, context);
        }
        let description = self.abi.describe_call(&context.call());
        self.recorded_with_registers(task, context);
        self.ended(task, &description, context.call().argument(0));
    }

    fn deliver(
        &self,
        task: &Arc<Task>,
        context: &mut UserContext,
        event: &PendingEvent,
    ) -> Result<()> {
        if self.traced {
            self.line(task, &format!("--- {:?} ---", event.info.event));
        }
        self.abi.deliver(task, context, event)
    }

    fn resume(&self, task: &Arc<Task>, context: &mut UserContext) {
        self.abi.resume(task, context);
    }

    fn fault(
        &self,
        task: &Arc<Task>,
        context: &UserContext,
        reason: FaultReason,
        address: usize,
    ) -> EventInfo {
        if self.traced {
            let pc = context.pc();
            self.line(
                task,
                &format!("--- {reason:?} at {address:#x}, pc {pc:#x} ---"),
            );
        }
        self.abi.fault(task, context, reason, address)
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
