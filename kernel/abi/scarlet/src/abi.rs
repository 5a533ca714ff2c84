//! What `proc` asks of the native ABI.

use alloc::string::String;
use alloc::sync::Arc;

use base::{Error, Result};
use hal::user::{CallRegisters, Next, UserContext};
use mem::AddressSpace;
use proc::exec::system_v_start;
use proc::{Abi, AbiState, ElfImage, ExecInfo, InitialState, PendingEvent, Task};
use scarlet_abi::ELF_OS_ABI;

use crate::describe;
use crate::error::code;
use crate::invocation::Invocation;
use crate::state::{ProcessState, TaskState};
use crate::table;

/// The native ABI.
pub(crate) struct ScarletAbi;

/// What a call's outcome is in a register. The task remembers whether it was interrupted.
fn finish(task: &Task, outcome: Result<usize>) -> usize {
    TaskState::of(task).finish(outcome.as_ref().err() == Some(&Error::Interrupted));
    match outcome {
        Ok(value) => value,
        Err(error) => -(code(error) as isize) as usize,
    }
}

impl Abi for ScarletAbi {
    fn name(&self) -> &'static str {
        "scarlet"
    }

    fn recognise(&self, image: &ElfImage, _default: bool) -> bool {
        image.header.os_abi == ELF_OS_ABI
    }

    fn initial_stack(
        &self,
        info: &ExecInfo<'_>,
        space: &Arc<AddressSpace>,
    ) -> Result<InitialState> {
        system_v_start(info, space, &[], None)
    }

    fn system_call(&self, task: &Arc<Task>, mut call: CallRegisters<'_>) -> Next {
        let mut invocation = Invocation::new(task);
        match table::dispatch(&mut invocation, call.number(), &call.arguments()) {
            Some(outcome) => {
                call.set_result(finish(task, outcome));
                Next::GoOn
            }
            None => Next::AllRegisters,
        }
    }

    fn call_with_registers(&self, task: &Arc<Task>, context: &mut UserContext) {
        let outcome = table::dispatch_with_registers(&mut Invocation::new(task), context);
        if let Some(outcome) = outcome.transpose() {
            context.set_result(finish(task, outcome));
        }
    }

    fn deliver(
        &self,
        task: &Arc<Task>,
        _context: &mut UserContext,
        event: &PendingEvent,
    ) -> Result<()> {
        // No code of the program runs: the record is put on the stream, and what the event
        // interrupted ends with `Interrupted`.
        TaskState::of(task).finish(false);
        task.set_blocked(event.restore_mask);
        ProcessState::of(task.process()).receive(&event.info);
        Ok(())
    }

    fn resume(&self, task: &Arc<Task>, context: &mut UserContext) {
        if TaskState::of(task).take_interrupted() {
            context.rewind_syscall();
        }
    }

    fn describe_call(&self, call: &CallRegisters<'_>) -> String {
        describe::call(call.number(), &call.arguments())
    }

    fn call_name(&self, number: usize) -> Option<&'static str> {
        describe::name(number)
    }

    fn describe_result(&self, result: usize) -> String {
        describe::result(result)
    }

    fn new_process_state(&self) -> AbiState {
        Arc::new(ProcessState::new())
    }

    fn new_task_state(&self) -> AbiState {
        Arc::new(TaskState::new())
    }
}
