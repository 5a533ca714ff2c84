//! The loop around user mode: run the program, find out why it came back, do it, look at events, run it again.
//!
//! This is ordinary safe code. A system call goes to the process's ABI, usually without leaving the run ([`Calls`]);
//! a page fault to the address space; whatever the program did wrong becomes an event. Before each return to user mode
//! the task looks whether it is to end, to stop or to call a handler; one flag says that there is nothing to look at,
//! and that is the usual case.

use crate::abi::Abi;
use crate::event::{
    Action, ActionFlags, DefaultAction, Disposition, Event, FaultReason, PendingEvent,
};
use crate::status::ExitStatus;
use crate::task::Task;
use alloc::boxed::Box;
use alloc::sync::Arc;
use base::log;
use core::sync::atomic::Ordering;
use hal::user::{Access, CallRegisters, Kernel, Next, UserContext, UserEvent};
use mem::FaultKind;

/// Runs a program until its task ends. The caller is the task's kernel thread and finishes the task afterwards.
pub(crate) fn run(task: &Arc<Task>, mut context: Box<UserContext>) {
    let mut abi = crate::trace::abi_of(task.process());
    let thread = base::thread::current();
    loop {
        if task.image_changed.load(Ordering::Relaxed) {
            task.image_changed.store(false, Ordering::Relaxed);
            abi = crate::trace::abi_of(task.process());
        }
        if task.has_work() && !look_at_events(task, &abi, &mut context) {
            return;
        }
        base::thread::yield_if_needed();
        let event = base::thread::run_user(&thread, &mut context, Calls { task, abi: &*abi });
        match event {
            UserEvent::Syscall => abi.call_with_registers(task, &mut context),
            UserEvent::Attention | UserEvent::Interrupt => {}
            UserEvent::Fault { address, access } => {
                page_fault(task, &abi, &context, address, access)
            }
            UserEvent::Illegal => {
                fault(
                    task,
                    &abi,
                    &context,
                    FaultReason::IllegalInstruction,
                    context.pc(),
                );
            }
            UserEvent::Breakpoint => {
                fault(task, &abi, &context, FaultReason::Breakpoint, context.pc())
            }
            UserEvent::Misaligned { address } => {
                fault(task, &abi, &context, FaultReason::Misaligned, address)
            }
        }
    }
}

/// Who answers a running program's system calls, and says when it must come back.
struct Calls<'a> {
    task: &'a Arc<Task>,
    abi: &'a dyn Abi,
}

impl Kernel for Calls<'_> {
    #[inline]
    fn system_call(&mut self, call: CallRegisters<'_>) -> Next {
        self.abi.system_call(self.task, call)
    }

    #[inline]
    fn may_enter(&mut self) -> bool {
        !self.task.seems_to_have_work() && !base::thread::should_yield()
    }
}

fn page_fault(
    task: &Arc<Task>,
    abi: &Arc<dyn Abi>,
    context: &UserContext,
    address: usize,
    access: Access,
) {
    task.faults.fetch_add(1, Ordering::Relaxed);
    let Some(space) = mem::AddressSpace::current() else {
        return fault(task, abi, context, FaultReason::Unmapped, address);
    };
    match space.resolve_fault(address, access) {
        Ok(()) => {}
        Err(FaultKind::Unmapped) => fault(task, abi, context, FaultReason::Unmapped, address),
        Err(FaultKind::Protection) => fault(task, abi, context, FaultReason::Protection, address),
        Err(FaultKind::Bus) => fault(task, abi, context, FaultReason::NoObject, address),
        // The wait for memory was cut short by an event: look at that first, the fault comes again.
        Err(FaultKind::OutOfMemory) if task.has_work() => {}
        Err(FaultKind::OutOfMemory) => {
            if !task.process().is_out_of_memory_victim() {
                log::warn!("{:?} ends: out of memory at {address:#x}", task.process());
            }
            crate::exit::end_process(
                task,
                ExitStatus::Killed {
                    event: Event::KILL,
                    core: false,
                },
            );
        }
    }
}

fn fault(
    task: &Arc<Task>,
    abi: &Arc<dyn Abi>,
    context: &UserContext,
    reason: FaultReason,
    address: usize,
) {
    let info = abi.fault(task, context, reason, address);
    if task
        .process()
        .with_actions(|table| table.get(info.event).disposition)
        != Disposition::Handler
    {
        log::info!(
            "{:?} {:?}: {reason:?} at {address:#x}, pc {:#x}, sp {:#x}",
            task.process(),
            info.event,
            context.pc(),
            context.sp()
        );
    }
    crate::event::force(task, info);
}

/// What the next pending event asks for.
enum Demand {
    /// Nothing is left.
    Nothing,
    /// The program's handler, and whether more waits behind it.
    Handler(PendingEvent, bool),
    /// A stop by its default action, as of that generation of CONTINUE.
    Stop(Event, u64),
    /// All threads of the process stand still.
    Park,
    /// The end of the process.
    End(ExitStatus),
}

/// Deals with everything that is pending. Returns whether the task goes on.
fn look_at_events(task: &Arc<Task>, abi: &Arc<dyn Abi>, context: &mut UserContext) -> bool {
    let mut delivered = false;
    loop {
        // Cleared before looking: whatever comes while we look is noticed again.
        task.clear_work();
        if task.is_killed() {
            return false;
        }
        match next(task) {
            Demand::Nothing => break,
            Demand::Park => task.park(),
            Demand::Stop(event, generation) => stop(task, event, generation),
            Demand::End(status) => {
                crate::exit::end_process(task, status);
                return false;
            }
            Demand::Handler(ref event, more) => {
                delivered = true;
                if abi.deliver(task, context, event).is_err() {
                    log::info!(
                        "{:?}: no room to deliver {:?}",
                        task.process(),
                        event.info.event
                    );
                    let status = ExitStatus::Killed {
                        event: Event::SEGMENT_FAULT,
                        core: false,
                    };
                    crate::exit::end_process(task, status);
                    return false;
                }
                if !more && !task.has_work() {
                    break;
                }
            }
        }
    }
    if !delivered {
        abi.resume(task, context);
        if task.events.lock().end_temporary_mask() {
            task.notice_if_pending();
        }
    }
    true
}

fn stop(task: &Arc<Task>, event: Event, generation: u64) {
    // A terminal's stop means nothing to a group that nobody could continue (POSIX, 2.4.3).
    if event == Event::STOP || !task.process().group().is_orphaned(None) {
        task.process().begin_stop(event, generation);
    }
}

fn next(task: &Arc<Task>) -> Demand {
    let process = task.process();
    let actions = process.shared_actions();
    let mut shared = process.shared.lock();
    // Who sent what is found here made it work for the task first and interrupted the thread then, both under this lock: an
    // interruption that came after the work was cleared is none of the next call's.
    task.clear_interrupt();
    if shared.ending.is_some() {
        return Demand::Nothing;
    }
    if shared.stop.requested.is_some() {
        return Demand::Park;
    }
    loop {
        let mut events = task.events.lock();
        let wanted = crate::event::EventSet::ALL.without(events.blocked());
        let Some(info) = events.take(wanted).or_else(|| shared.pending.take(wanted)) else {
            return Demand::Nothing;
        };
        let event = info.event;
        drop(events);
        let mut table = actions.lock();
        let action = table.get(event);
        match action.disposition {
            Disposition::Ignore => {}
            Disposition::Handler => {
                if action.flags.contains(ActionFlags::RESET) {
                    table.set(event, Action::default());
                }
                let mut events = task.events.lock();
                let restore_mask = events.enter_handler(event, &action);
                let pending = events.pending().set().union(shared.pending.set());
                let event = PendingEvent {
                    info,
                    action,
                    restore_mask,
                };
                return Demand::Handler(event, !pending.without(events.blocked()).is_empty());
            }
            Disposition::Default => match DefaultAction::of(event) {
                DefaultAction::Ignore | DefaultAction::Continue => {}
                DefaultAction::Stop => return Demand::Stop(event, shared.stop.generation),
                DefaultAction::Terminate | DefaultAction::Core => {
                    return Demand::End(ExitStatus::Killed { event, core: false });
                }
            },
        }
    }
}
