//! Calling a handler, and coming back from it.
//!
//! Delivering puts a frame onto the program's stack (or the alternate one) and points the registers at
//! the handler; the handler returns into the return code, which calls `rt_sigreturn`, which puts
//! everything back. Whether an interrupted call starts again is decided here, before the frame is
//! made, because the frame holds the registers that come back afterwards.

use alloc::sync::Arc;
use base::{Error, Result};
use hal::user::UserContext;
use proc::{Action, ActionFlags, EventSet, PendingEvent, Task};

use super::frame;
use crate::call::{Call, Restart};
use crate::layout::SignalInformation;
use crate::machine::current::{CONTEXT_OFFSET, FRAME_SIZE};
use crate::state::{AlternateStack, ProcessState, ThreadState};

/// Makes the context call the handler of an event.
pub(crate) fn deliver(
    task: &Arc<Task>,
    context: &mut UserContext,
    event: &PendingEvent,
) -> Result<()> {
    let state = ThreadState::of(task)?;
    decide_restart(&state, context, &event.action);
    let stack = state.signal_stack();
    let present = context.sp();
    let (mut pointer, on_alternate) = stack_for(&stack, present, &event.action);
    let record = frame::push_record(context, &mut pointer)?;
    let address = pointer.checked_sub(FRAME_SIZE).ok_or(Error::BadAddress)? & !15;
    if on_alternate && !(stack.base..stack.base + stack.size).contains(&address) {
        return Err(Error::BadAddress);
    }
    let information = SignalInformation::of(&event.info);
    let before = stack.record(present);
    frame::write(context, address, information, before, event.restore_mask.0)?;
    if stack.disarm {
        state.set_signal_stack(AlternateStack::default());
    }
    let return_to = if event.action.flags.contains(ActionFlags::RESTORER) {
        event.action.restorer
    } else {
        let space = task.process().space().ok_or(Error::BadAddress)?;
        ProcessState::of(task.process())?
            .return_code(&space)
            .ok_or(Error::BadAddress)?
    };
    context.set_argument(0, event.info.event.number().into());
    context.set_argument(1, address);
    context.set_argument(2, address + CONTEXT_OFFSET);
    context.set_sp(address);
    context.set_pc(event.action.entry);
    frame::set_return(context, return_to, record);
    Ok(())
}

/// A handler runs: the interrupted call starts again afterwards, or has failed with `EINTR`.
fn decide_restart(state: &ThreadState, context: &mut UserContext, action: &Action) {
    // After a handler a relative time starts anew, if the call is made again at all.
    state.take_remembered_deadline();
    let Some(interrupted) = state.take_interrupted() else {
        return;
    };
    let again = match interrupted.restart {
        Restart::Always => true,
        Restart::IfAsked => action.flags.contains(ActionFlags::RESTART),
        Restart::UnlessHandled | Restart::Never => false,
    };
    if again {
        context.rewind_syscall();
    }
}

/// Where the frame goes: below the present stack pointer, or on the alternate stack if the handler
/// asked for it and the thread is not there already.
fn stack_for(stack: &AlternateStack, present: usize, action: &Action) -> (usize, bool) {
    let usable = action.flags.contains(ActionFlags::ON_STACK) && stack.size > 0;
    if usable && !stack.contains(present) {
        (stack.base.saturating_add(stack.size), true)
    } else {
        (present, usable && stack.contains(present))
    }
}

/// rt_sigreturn(2): not for programs to call, but for the code that handlers return through.
pub(crate) fn rt_sigreturn(
    call: &mut Call<'_>,
    context: &mut UserContext,
) -> Result<Option<usize>> {
    let pointer = context.sp();
    let restored = if pointer.is_multiple_of(16) {
        frame::restore(context, pointer)
    } else {
        Err(Error::BadAddress)
    };
    let Ok((stack, mask)) = restored else {
        bad_frame(call.task, pointer);
        return Ok(None);
    };
    call.task.set_blocked(EventSet(mask));
    if let Ok(stack) = super::actions::checked(stack) {
        call.thread_state()?.set_signal_stack(stack);
    }
    Ok(None)
}

/// A frame that cannot be read back is the program's own fault.
fn bad_frame(task: &Arc<Task>, address: usize) {
    let info = proc::EventInfo::fault(
        proc::Event::SEGMENT_FAULT,
        proc::FaultReason::Unmapped,
        address,
    );
    proc::force(task, info);
}
