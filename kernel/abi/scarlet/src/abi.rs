//! What `proc` asks of the native ABI.

use alloc::string::String;
use alloc::sync::Arc;

use base::{Error, Result};
use hal::user::UserContext;
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

    fn system_call(&self, task: &Arc<Task>, context: &mut UserContext) {
        let number = context.syscall_number();
        let words = context.syscall_arguments();
        let mut invocation = Invocation::new(task, context);
        let outcome = table::dispatch(&mut invocation, number, &words);
        if invocation.replaced {
            return;
        }
        let state = TaskState::of(task);
        state.finish(outcome.as_ref().err() == Some(&Error::Interrupted));
        let result = match outcome {
            Ok(value) => value as isize,
            Err(error) => -(code(error) as isize),
        };
        context.set_result(result as usize);
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

    fn describe_call(&self, context: &UserContext) -> String {
        describe::call(context.syscall_number(), &context.syscall_arguments())
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
