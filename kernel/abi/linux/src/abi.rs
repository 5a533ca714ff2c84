//! The ABI as the kernel sees it: recognising programs, answering calls, calling handlers.

use alloc::string::String;
use alloc::sync::Arc;
use base::{Error, Result};
use hal::user::{CallRegisters, Next, UserContext};
use mem::AddressSpace;
use proc::{Abi, AbiState, ElfImage, ExecInfo, InitialState, PendingEvent, Task};

use crate::call::{Call, Restart};
use crate::process::settings;
use crate::state::{Interrupted, ProcessState, ThreadState};
use crate::table::Handler;
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

    fn system_call(&self, task: &Arc<Task>, mut registers: CallRegisters<'_>) -> Next {
        let Some(handler) = table::plain_handler(registers.number()) else {
            return not_plain(task, registers);
        };
        let mut call = Call::new(task);
        let result = match handler(&mut call, registers.reborrow()) {
            Ok(value) => value,
            Err(error) => failed(&call, registers.number(), error),
        };
        registers.set_result(result);
        Next::GoOn
    }

    fn call_with_registers(&self, task: &Arc<Task>, context: &mut UserContext) {
        let number = context.syscall_number();
        let Some(Handler::WithRegisters(handler)) = table::find(number).map(|entry| &entry.handler)
        else {
            return;
        };
        let mut call = Call::new(task);
        match handler(&mut call, context) {
            Ok(Some(value)) => context.set_result(value),
            // The registers are another program's, or were restored: they have no result.
            Ok(None) => {}
            Err(error) => context.set_result(failed(&call, number, error)),
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

    fn describe_call(&self, call: &CallRegisters<'_>) -> String {
        describe::call(call.number(), call.arguments())
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

    fn exec_process_state(&self, before: &AbiState, secure: bool) -> AbiState {
        let state = ProcessState::new();
        if let Some(before) = before.downcast_ref::<ProcessState>() {
            state.set_personality(before.personality());
            if secure {
                state.set_personality(before.personality() & !settings::CLEARED_ON_SET_ID);
            }
        }
        Arc::new(state)
    }

    fn wants_fixed_places(&self, process: &AbiState) -> bool {
        process
            .downcast_ref::<ProcessState>()
            .is_some_and(|state| state.personality() & settings::ADDR_NO_RANDOMIZE != 0)
    }

    fn exec_task_state(&self, before: &AbiState) -> AbiState {
        let state = ThreadState::new();
        if let Some(before) = before.downcast_ref::<ThreadState>() {
            state.inherit(before);
        }
        Arc::new(state)
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

/// A call that needs all registers, or none that is served.
#[cold]
fn not_plain(task: &Task, mut registers: CallRegisters<'_>) -> Next {
    let number = registers.number();
    if table::find(number).is_some() {
        return Next::AllRegisters;
    }
    unimplemented::count(number, &task.process().name());
    registers.set_result(errno::register(Error::NotImplemented));
    Next::GoOn
}

/// The result of a call that failed. If it was interrupted, it is remembered until it is known what becomes of it: on the
/// way to user mode, also where nothing waits there (who interrupted it may have been dealt with, or meant another thread).
/// Left for later it would be taken for the call that a later signal interrupts.
#[inline(never)]
fn failed(call: &Call<'_>, number: usize, error: Error) -> usize {
    if error == Error::Interrupted
        && let Ok(state) = call.thread_state()
    {
        let usual = table::find(number).map_or(Restart::Never, |entry| entry.restart);
        state.set_interrupted(Interrupted {
            restart: call.restart.unwrap_or(usual),
            deadline: call.deadline.get(),
        });
        call.task.look_at_events();
    }
    errno::register(error)
}

/// Makes the ABI known to the kernel.
pub fn register() {
    crate::vdso::prepare();
    proc::abi::register(Arc::new(Linux));
}
