//! A machine's fibers: making, resuming, ending and unwinding them.
//!
//! A fiber ends in one of three ways. Its body returns. It is *abandoned*: an ended kernel thread
//! never comes back, and its stack is reused with all that was on it forgotten, exactly as on
//! bare metal. Or it is *unwound*: resumed with an order to panic with a private payload that no
//! hook prints, so that what its stack holds is dropped; that happens to programs that were
//! killed, and to everything that is left when the machine ends.
//!
//! Unwinding begins only where the fiber would give up its CPU, never at the steps between: those
//! lie in destructors too (a lock's guard), and what a function returns is lost when a destructor
//! at its end unwinds. So at the machine's end every CPU first goes on to such a place.

use super::fiber::{HostStack, switch_stacks};
use super::report::{Exit, last_panic, message_of};
use super::state::machine;
use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::string::String;

/// What a fiber does.
pub(super) type Body = Box<dyn FnOnce()>;

/// Where a fiber is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    /// Has not run yet.
    New,
    /// Runs, or waits to be resumed.
    Alive,
    /// Its body is over, or will never continue.
    Ended,
}

/// The payload of an ordered unwinding.
pub(super) struct Unwound;

/// One stack and what runs on it.
pub(super) struct Fiber {
    /// Its stack pointer while it does not run.
    pointer: Cell<*mut u8>,
    stack: RefCell<Option<HostStack>>,
    body: Cell<Option<Body>>,
    pub(super) life: Cell<Life>,
    /// It must unwind when it is resumed next.
    must_unwind: Cell<bool>,
    /// It unwinds, or did so last.
    pub(super) unwinding: Cell<bool>,
    /// Who waits for the end of its unwinding.
    unwind_for: RefCell<Option<Rc<Fiber>>>,
    /// For reports.
    pub(super) name: RefCell<String>,
}

impl Fiber {
    /// The host's own stack.
    pub(super) fn host() -> Fiber {
        Fiber {
            pointer: Cell::new(core::ptr::null_mut()),
            stack: RefCell::new(None),
            body: Cell::new(None),
            life: Cell::new(Life::Alive),
            must_unwind: Cell::new(false),
            unwinding: Cell::new(false),
            unwind_for: RefCell::new(None),
            name: RefCell::new(String::from("host")),
        }
    }

    /// A fiber that will run `body`, if the host has memory for its stack.
    pub(super) fn new(name: &str, body: Body) -> Option<Rc<Fiber>> {
        let stack = HostStack::new()?;
        let fiber = Rc::new(Fiber {
            pointer: Cell::new(stack.prepare(begin)),
            stack: RefCell::new(Some(stack)),
            body: Cell::new(Some(body)),
            life: Cell::new(Life::New),
            must_unwind: Cell::new(false),
            unwinding: Cell::new(false),
            unwind_for: RefCell::new(None),
            name: RefCell::new(String::from(name)),
        });
        machine().fibers.borrow_mut().push(fiber.clone());
        Some(fiber)
    }

    /// Takes an ended fiber, or one that will never run again, out of the machine, and gives its
    /// stack back. What the stack holds is forgotten.
    pub(super) fn abandon(self: &Rc<Self>) {
        self.life.set(Life::Ended);
        machine()
            .fibers
            .borrow_mut()
            .retain(|fiber| !Rc::ptr_eq(fiber, self));
        if let Some(stack) = self.stack.borrow_mut().take() {
            stack.recycle();
        }
        drop(self.body.take());
    }

    /// Its kernel thread is gone. During the teardown an unfinished one is left to be unwound.
    pub(super) fn release(self: &Rc<Self>) {
        machine().stacks.set(machine().stacks.get() - 1);
        if !machine().tearing_down.get() || self.life.get() != Life::Alive {
            self.abandon();
        }
    }

    /// Unwinds the fiber, which does not run, and gives its stack back.
    pub(super) fn unwind(self: &Rc<Self>) {
        let here = machine().running.borrow().clone();
        if self.life.get() == Life::Alive && !Rc::ptr_eq(self, &here) {
            *self.unwind_for.borrow_mut() = Some(here);
            self.must_unwind.set(true);
            resume(self);
        }
        self.abandon();
    }
}

/// Leaves the running fiber and continues `next`. Returns when the running one is resumed.
pub(super) fn resume(next: &Rc<Fiber>) {
    let here = {
        let machine = machine();
        let mut running = machine.running.borrow_mut();
        if Rc::ptr_eq(&running, next) {
            return;
        }
        core::mem::replace(&mut *running, next.clone())
    };
    let (save, load) = (here.pointer.as_ptr(), next.pointer.get());
    // The machine's list keeps `here` alive as long as it can be resumed; nothing this frame
    // owns may be lost when it never is.
    drop(here);
    // SAFETY: `next` does not run (it is not `running`), and its pointer was made by `prepare` or
    // stored by the switch that left it. `save` points into a fiber that is kept alive by the
    // machine's list while its life is not `Ended`, and by whoever ends it until it is left.
    unsafe { switch_stacks(save, load) };
}

/// Whether the running fiber unwinds at this moment. (Another one of the same host thread may do
/// so too, and wait for this one.)
pub(super) fn unwinding() -> bool {
    std::thread::panicking() && machine().running.borrow().unwinding.get()
}

/// Unwinds the running fiber if it was told to, and does not do so already.
pub(super) fn unwind_if_ordered() {
    if machine().running.borrow().must_unwind.get() && !unwinding() {
        unwind_now();
    }
}

fn unwind_now() -> ! {
    {
        let running = machine().running.borrow();
        running.must_unwind.set(false);
        running.unwinding.set(true);
    }
    resume_unwind(Box::new(Unwound))
}

/// Continues `next` and never comes back. Nothing of the caller's stack is used again.
pub(super) fn leave_for(next: Rc<Fiber>) -> ! {
    let load = next.pointer.get();
    let ended = machine().running.replace(next);
    ended.life.set(Life::Ended);
    // The machine's list keeps it, and the stack under this frame, until it is abandoned.
    drop(ended);
    let mut nowhere = core::ptr::null_mut();
    // SAFETY: as in `resume`; what is stored is never continued.
    unsafe { switch_stacks(&mut nowhere, load) };
    unreachable!("an ended fiber was resumed")
}

/// Where every fiber begins.
extern "C" fn begin() -> ! {
    let outcome = {
        let running = machine().running.borrow().clone();
        running.life.set(Life::Alive);
        let body = running.body.take();
        drop(running);
        catch_unwind(AssertUnwindSafe(|| {
            if let Some(body) = body {
                body();
            }
        }))
    };
    end(outcome)
}

/// Where every fiber ends: back to who ordered its end, or, when nobody did, to the host.
fn end(outcome: std::thread::Result<()>) -> ! {
    let machine = machine();
    if let Err(payload) = outcome
        && !payload.is::<Unwound>()
    {
        let name = machine.running.borrow().name.borrow().clone();
        let message = last_panic().unwrap_or_else(|| message_of(payload.as_ref()));
        note_exit(if machine.this_cpu().in_user.get() {
            Exit::ProgramPanic {
                program: name,
                message,
            }
        } else {
            Exit::KernelPanic {
                thread: name,
                message,
            }
        });
        drop(payload);
    }
    let ordered = machine.running.borrow().unwind_for.borrow_mut().take();
    leave_for(ordered.unwrap_or_else(|| machine.host.clone()))
}

/// Notes why the machine ends, unless a reason is known already.
pub(super) fn note_exit(exit: Exit) {
    machine().exit.borrow_mut().get_or_insert(exit);
}

/// Ends the machine: continues the host, which tears it down. If the running fiber unwinds at
/// this moment it cannot go on unwinding, and is left as it is.
pub(super) fn finish(exit: Exit) -> ! {
    let machine = machine();
    note_exit(exit);
    let running = machine.running.borrow().clone();
    if Rc::ptr_eq(&running, &machine.host) {
        drop(running);
        let exit = machine.exit.borrow().clone();
        panic!("a machine without threads of its own ended: {exit:?}");
    }
    if unwinding() {
        // What its destructors wait for cannot come any more.
        let next = running.unwind_for.borrow_mut().take();
        drop(running);
        leave_for(next.unwrap_or_else(|| machine.host.clone()));
    }
    drop(running);
    // Still alive: it is unwound from here when the others have come to rest.
    machine.begin_to_end();
    machine.rest();
    unwind_now()
}
