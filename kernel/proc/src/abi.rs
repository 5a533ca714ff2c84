//! What an ABI is: a way of speaking to the kernel's objects.
//!
//! A crate under `kernel/abi` implements [`Abi`] and is [`register`]ed once at boot. It recognises program files,
//! lays out the first stack, answers system calls, calls handlers for control events, and keeps whatever it must
//! remember per process and per task ([`AbiState`]). Everything else (processes, memory, files, events) is
//! the kernel's and common to all.
//!
//! ```text
//! impl Abi for Small {
//!     fn name(&self) -> &'static str { "small" }
//!     fn recognise(&self, image: &ElfImage, default: bool) -> bool { image.header.os_abi == 0x77 }
//!     fn initial_stack(&self, info: &ExecInfo<'_>, space: &Arc<AddressSpace>) -> Result<InitialState> {
//!         system_v_start(info, space, &[], None)
//!     }
//!     fn system_call(&self, task: &Arc<Task>, call: CallRegisters<'_>) -> Next { … }
//! }
//! ```

use crate::environment::Environment;
use crate::event::{Event, EventInfo, FaultReason, PendingEvent};
use crate::exec::{ElfImage, ExecInfo, InitialState, Layout};
use crate::process::AbiState;
use crate::task::Task;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};
use hal::Global;
use hal::user::{CallRegisters, Next, UserContext};
use mem::AddressSpace;

/// A way of speaking to the kernel.
pub trait Abi: Send + Sync + 'static {
    /// Its name, as environments and `/proc` write it: `"scarlet"`, `"linux"`, `"xv6"`.
    fn name(&self) -> &'static str;

    /// Whether this program is one of its own. Without `default` only what the image itself says counts; with
    /// `default` the image said nothing clear to any ABI, and the environment would have it be this one's.
    fn recognise(&self, image: &ElfImage, default: bool) -> bool;

    /// How it lays out a program's memory, and how many arguments it takes.
    fn layout(&self) -> Layout {
        Layout::default()
    }

    /// Maps and fills the first stack of a program whose segments are mapped in `space` already (which is nobody's
    /// current space yet), and makes the registers it starts with.
    fn initial_stack(&self, info: &ExecInfo<'_>, space: &Arc<AddressSpace>)
    -> Result<InitialState>;

    /// Answers a system call: reads number and arguments, writes the result. A call that copies or replaces the
    /// program's registers (a fork, an exec, the return from a handler) does nothing yet and answers
    /// [`Next::AllRegisters`]; then it is asked again with [`Abi::call_with_registers`].
    fn system_call(&self, task: &Arc<Task>, call: CallRegisters<'_>) -> Next;

    /// Answers the system call in `context`, which [`Abi::system_call`] could not without all registers. After a
    /// successful exec the context is the new program's and must be left alone.
    fn call_with_registers(&self, task: &Arc<Task>, context: &mut UserContext) {
        let _ = (task, context);
    }

    /// Makes the context call the program's handler for an event. `Err` when it cannot (its stack is not writable):
    /// the program then gets a fault it cannot catch.
    fn deliver(
        &self,
        task: &Arc<Task>,
        context: &mut UserContext,
        event: &PendingEvent,
    ) -> Result<()> {
        let _ = (task, context, event);
        Err(Error::NotImplemented)
    }

    /// A call with its arguments, for a person who traces the program.
    fn describe_call(&self, call: &CallRegisters<'_>) -> String {
        let [a, b, c, d, e, f] = call.arguments();
        let number = call.number();
        alloc::format!("call {number}({a:#x}, {b:#x}, {c:#x}, {d:#x}, {e:#x}, {f:#x})")
    }

    /// A call's name; `None` if there is no such call.
    fn call_name(&self, number: usize) -> Option<&'static str> {
        let _ = number;
        None
    }

    /// What a call's result says, for a person who traces the program.
    fn describe_result(&self, result: usize) -> String {
        alloc::format!("{}", result as isize)
    }

    /// Called when no event is left to deliver and none was: here an interrupted call that should go on regardless
    /// (after a stop, after an event without a handler) is started again with [`UserContext::rewind_syscall`].
    fn resume(&self, task: &Arc<Task>, context: &mut UserContext) {
        let _ = (task, context);
    }

    /// Which event a fault of the program becomes. The neutral answer serves unless an ABI knows more.
    fn fault(
        &self,
        task: &Arc<Task>,
        context: &UserContext,
        reason: FaultReason,
        address: usize,
    ) -> EventInfo {
        let _ = (task, context);
        let event = match reason {
            FaultReason::Unmapped | FaultReason::Protection => Event::SEGMENT_FAULT,
            FaultReason::NoObject | FaultReason::Misaligned => Event::BUS_ERROR,
            FaultReason::IllegalInstruction => Event::ILLEGAL_INSTRUCTION,
            FaultReason::Breakpoint => Event::TRAP,
        };
        EventInfo::fault(event, reason, address)
    }

    /// What it remembers about a process that starts a program.
    fn new_process_state(&self) -> AbiState {
        Arc::new(())
    }

    /// What it remembers about a process that starts another of its programs. If the new program acts with rights
    /// that the old one did not have (`secure`), whatever could be turned against it is forgotten.
    fn exec_process_state(&self, before: &AbiState, secure: bool) -> AbiState {
        let _ = (before, secure);
        self.new_process_state()
    }

    /// Whether a process with this state starts programs at the same addresses each time, for debugging.
    fn wants_fixed_places(&self, process: &AbiState) -> bool {
        let _ = process;
        false
    }

    /// What it remembers about a forked process.
    fn fork_process_state(&self, parent: &AbiState) -> AbiState {
        let _ = parent;
        self.new_process_state()
    }

    /// What it remembers about a task that starts a program.
    fn new_task_state(&self) -> AbiState {
        Arc::new(())
    }

    /// What it remembers about a task that starts another of its programs.
    fn exec_task_state(&self, before: &AbiState) -> AbiState {
        let _ = before;
        self.new_task_state()
    }

    /// What it remembers about a task made by `parent`: a thread of the same process, or a forked process's first.
    fn fork_task_state(&self, parent: &AbiState, same_process: bool) -> AbiState {
        let _ = (parent, same_process);
        self.new_task_state()
    }

    /// Called by a task before it ends or leaves its memory for another program, while its memory is still there.
    fn leave(&self, task: &Arc<Task>) {
        let _ = task;
    }
}

static ABIS: Global<SpinLock<Vec<Arc<dyn Abi>>>> =
    Global::new(|| SpinLock::new(rank::SESSION, Vec::new()));

/// Makes an ABI known. The order of registration is the order of asking.
pub fn register(abi: Arc<dyn Abi>) {
    ABIS.lock().push(abi);
}

/// All ABIs.
pub fn all() -> Vec<Arc<dyn Abi>> {
    ABIS.lock().clone()
}

/// The ABI of that name.
pub fn find(name: &str) -> Option<Arc<dyn Abi>> {
    ABIS.lock().iter().find(|abi| abi.name() == name).cloned()
}

/// Whose program this is: whoever is sure, else the environment's default if it takes it.
pub fn recognise(image: &ElfImage, environment: &Environment) -> Result<Arc<dyn Abi>> {
    let abis = all();
    if let Some(abi) = abis.iter().find(|abi| abi.recognise(image, false)) {
        return Ok(abi.clone());
    }
    let default = environment.default_abi();
    abis.iter()
        .find(|abi| abi.name() == default && abi.recognise(image, true))
        .cloned()
        .ok_or(Error::NotExecutable)
}
