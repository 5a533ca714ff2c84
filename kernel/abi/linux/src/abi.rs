//! The ABI as the kernel sees it: recognising programs, answering calls, calling handlers.

use alloc::string::String;
use alloc::sync::Arc;
use base::{Error, Result};
use core::cell::Cell;
use hal::user::UserContext;
use mem::AddressSpace;
use proc::{Abi, AbiState, ElfImage, ExecInfo, InitialState, PendingEvent, Task};

use crate::arguments::Registers;
use crate::call::{Call, Restart};
use crate::state::{Interrupted, ProcessState, ThreadState};
use crate::{describe, errno, names, signal, start, table, unimplemented};

/// The Linux ABI.
pub struct Linux;

/// `e_ident[EI_OSABI]` of programs that say nothing of their system, and of those that say Linux.
const OS_ABI_NONE: u8 = 0;
const OS_ABI_LINUX: u8 = 3;

impl Abi for Linux {
    fn name(&self) -> &'static str {
        "linux"
    }

    /// A program is Linux's if it says so, if it needs an interpreter, or if it says nothing and is
    /// not linked at address 0, as no Linux program can be.
    fn recognise(&self, image: &ElfImage, default: bool) -> bool {
        match image.header.os_abi {
            OS_ABI_LINUX => true,
            OS_ABI_NONE => {
                let relocatable = image.header.kind == proc::ImageKind::Relocatable;
                let first = image.segments.first().map_or(0, |segment| segment.address);
                default || relocatable || image.interpreter.is_some() || first >= start::LOWEST_LINK
            }
            _ => false,
        }
    }

    fn initial_stack(
        &self,
        info: &ExecInfo<'_>,
        space: &Arc<AddressSpace>,
    ) -> Result<InitialState> {
        start::initial_stack(info, space)
    }

    fn system_call(&self, task: &Arc<Task>, context: &mut UserContext) {
        let number = context.syscall_number();
        let Some(entry) = table::find(number) else {
            unimplemented::count(number, &task.process().name());
            context.set_result(errno::register(Error::NotImplemented));
            return;
        };
        let mut registers = Registers::new(context.syscall_arguments());
        let mut call = Call {
            task,
            context,
            restart: entry.restart,
            replaced: false,
            deadline: Cell::new(None),
        };
        let result = (entry.handler)(&mut call, &mut registers);
        let interrupted = Interrupted {
            restart: call.restart,
            deadline: call.deadline.get(),
        };
        match result {
            // The registers are another program's, or were restored: they have no result.
            _ if call.replaced => {}
            Ok(value) => call.context.set_result(value),
            Err(error) => {
                call.context.set_result(errno::register(error));
                if error == Error::Interrupted
                    && let Ok(state) = call.thread_state()
                {
                    state.set_interrupted(interrupted);
                }
            }
        }
    }

    fn deliver(
        &self,
        task: &Arc<Task>,
        context: &mut UserContext,
        event: &PendingEvent,
    ) -> Result<()> {
        signal::deliver::deliver(task, context, event)
    }

    /// No handler runs: the interrupted call starts again, unless it never does.
    fn resume(&self, task: &Arc<Task>, context: &mut UserContext) {
        let Ok(state) = ThreadState::of(task) else {
            return;
        };
        if let Some(interrupted) = state.take_interrupted()
            && interrupted.restart != Restart::Never
        {
            if let Some(deadline) = interrupted.deadline {
                state.remember_deadline(deadline);
            }
            context.rewind_syscall();
        }
    }

    fn describe_call(&self, context: &UserContext) -> String {
        describe::call(context.syscall_number(), context.syscall_arguments())
    }

    fn call_name(&self, number: usize) -> Option<&'static str> {
        names::of(number)
    }

    fn describe_result(&self, result: usize) -> String {
        describe::result(result)
    }

    fn new_process_state(&self) -> AbiState {
        Arc::new(ProcessState::new())
    }

    fn fork_process_state(&self, parent: &AbiState) -> AbiState {
        match parent.clone().downcast::<ProcessState>() {
            Ok(parent) => Arc::new(parent.forked()),
            Err(_) => self.new_process_state(),
        }
    }

    fn new_task_state(&self) -> AbiState {
        Arc::new(ThreadState::new())
    }

    fn fork_task_state(&self, parent: &AbiState, same_process: bool) -> AbiState {
        match parent.clone().downcast::<ThreadState>() {
            Ok(parent) => Arc::new(parent.forked(same_process)),
            Err(_) => self.new_task_state(),
        }
    }

    fn leave(&self, task: &Arc<Task>) {
        crate::futex::leave(task);
    }
}

/// Makes the ABI known to the kernel.
pub fn register() {
    crate::vdso::prepare();
    proc::abi::register(Arc::new(Linux));
}
