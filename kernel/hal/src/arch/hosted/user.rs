//! What a program's closure can do: make system calls, touch its memory, be interrupted.
//!
//! A closure runs on a fiber of its own. Each time it needs the kernel it *stops*: it stores an
//! event and continues the kernel thread that entered user mode. When the kernel enters user mode
//! again, the closure goes on, and looks where the kernel has put the program counter:
//!
//! - where it stopped: go on;
//! - four bytes before: the kernel wants the system call made again;
//! - at a handler: run it, on top of what is stopped. The handler ends with the ABI's own
//!   "return from handler" call, after which the program counter is an earlier stop again, and
//!   what lies above that is unwound;
//! - elsewhere: unwind everything and start what is there.

use super::engine;
use super::program::{ENTRY_BYTES, Handler};
use super::state::machine;
use crate::PAGE_SIZE;
use crate::arch::GeneralRegisters;
use crate::user::{Access, UserEvent};
use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::vec::Vec;

use super::fibers::{Fiber, unwinding};

/// What a step of a program costs on the virtual clock.
const STEP_NS: u64 = 50;

/// The stack pointer's register on RISC-V.
const STACK_POINTER: usize = 2;

/// What the program and the kernel thread under it share.
pub(super) struct Shared {
    pub(super) registers: RefCell<GeneralRegisters>,
    pub(super) event: Cell<Option<UserEvent>>,
    /// The kernel thread that waits for the event.
    pub(super) kernel: RefCell<Option<Rc<Fiber>>>,
}

/// The payload that unwinds to an outer stop, or to the base.
struct Jump;

/// A program's own hands.
pub struct User {
    shared: Rc<Shared>,
    /// Where it has stopped, outermost first: one for each handler that runs, and one more.
    stops: Vec<usize>,
}

/// Runs whatever the program counter points at, for ever.
pub(super) fn main(shared: Rc<Shared>) {
    let mut user = User {
        shared,
        stops: Vec::new(),
    };
    loop {
        user.stops.clear();
        let outcome = catch_unwind(AssertUnwindSafe(|| user.begin()));
        if let Err(payload) = outcome
            && !payload.is::<Jump>()
        {
            resume_unwind(payload);
        }
    }
}

impl User {
    /// Runs what is at the program counter.
    fn begin(&mut self) {
        let pc = self.pc();
        let programs = &machine().programs;
        if let Some(continuation) = programs.take_continuation(pc) {
            continuation(self);
        } else if let Some(handler) = programs.handler(pc) {
            self.call(&handler);
        } else {
            let mut bytes = [0; ENTRY_BYTES];
            self.fetch(pc, &mut bytes);
            if let Some((name, program)) = programs.at_entry(&bytes) {
                *machine().running.borrow().name.borrow_mut() = std::format!("program {name}");
                program(self);
            }
        }
        // It returned into nothing, or there was nothing.
        self.stop(UserEvent::Illegal, None);
    }

    fn pc(&self) -> usize {
        self.shared.registers.borrow().pc
    }

    fn call(&mut self, handler: &Handler) {
        let arguments = {
            let registers = self.shared.registers.borrow();
            [registers.x[10], registers.x[11], registers.x[12]]
        };
        handler(self, arguments);
    }

    /// Gives the kernel an event, and returns when the program goes on from there.
    fn stop(&mut self, event: UserEvent, at: Option<usize>) {
        if unwinding() {
            // A destructor of a killed program: there is no kernel below it any more.
            return;
        }
        let here = at.unwrap_or_else(|| machine().programs.stop_address());
        self.shared.registers.borrow_mut().pc = here;
        self.stops.push(here);
        let level = self.stops.len();
        self.enter_kernel(event);
        loop {
            let pc = self.pc();
            if pc == here {
                break;
            }
            if pc == here - 4 && event == UserEvent::Syscall {
                self.shared.registers.borrow_mut().pc = here;
                self.enter_kernel(event);
                continue;
            }
            let Some(handler) = machine().programs.handler(pc) else {
                resume_unwind(Box::new(Jump));
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                self.call(&handler);
                self.stop(UserEvent::Illegal, None);
            }));
            self.stops.truncate(level);
            if let Err(payload) = outcome
                && !payload.is::<Jump>()
            {
                resume_unwind(payload);
            }
        }
        self.stops.pop();
    }

    /// Continues the kernel thread; returns when that enters user mode again.
    fn enter_kernel(&mut self, event: UserEvent) {
        self.shared.event.set(Some(event));
        let kernel = self.shared.kernel.borrow_mut().take();
        machine().this_cpu().in_user.set(false);
        if let Some(kernel) = kernel {
            engine::replace_fiber(&kernel);
        }
    }

    /// One step: time passes, other CPUs go on, an interrupt may come.
    fn step(&mut self) {
        let machine = machine();
        machine.step(STEP_NS);
        machine.rest();
        if !unwinding() && machine.strikes_user() {
            self.stop(UserEvent::Interrupt, None);
        }
    }

    /// Where a byte of the program's memory is, for an access; faults until it may.
    fn reach(&mut self, address: usize, access: Access) -> Option<*mut u8> {
        loop {
            self.step();
            if address < crate::USER_END
                && let Some(place) = machine().translate(address, access)
            {
                return Some(place);
            }
            if unwinding() {
                return None;
            }
            self.stop(UserEvent::Fault { address, access }, None);
        }
    }

    /// Does `work` on each piece of a range that lies in one page: (place, offset, length).
    fn pieces(
        &mut self,
        address: usize,
        length: usize,
        access: Access,
        mut work: impl FnMut(*mut u8, usize, usize),
    ) {
        let mut done = 0;
        while done < length {
            let at = address.wrapping_add(done);
            let count = (PAGE_SIZE - at % PAGE_SIZE).min(length - done);
            let Some(place) = self.reach(at, access) else {
                return;
            };
            work(place, done, count);
            done += count;
        }
    }

    fn fetch(&mut self, address: usize, into: &mut [u8]) {
        let length = into.len();
        self.pieces(address, length, Access::Execute, |place, done, count| {
            // SAFETY: `reach` gave a place in this machine's memory; the piece stays in its page.
            unsafe { core::ptr::copy(place, into[done..].as_mut_ptr(), count) };
        });
    }

    /// Reads the program's memory, as its own loads would: a fault goes to the kernel, which may
    /// resolve it, run a handler, or end the program.
    pub fn read(&mut self, address: usize, into: &mut [u8]) {
        let length = into.len();
        self.pieces(address, length, Access::Read, |place, done, count| {
            // SAFETY: as in `fetch`; the copy's target is a slice of the test's own.
            unsafe { core::ptr::copy(place, into[done..].as_mut_ptr(), count) };
        });
    }

    /// Writes the program's memory, as its own stores would.
    pub fn write(&mut self, address: usize, from: &[u8]) {
        self.pieces(address, from.len(), Access::Write, |place, done, count| {
            // SAFETY: as in `fetch`; the program's pages are bytes that anybody may write.
            unsafe { core::ptr::copy(from[done..].as_ptr(), place, count) };
        });
    }

    /// Makes a system call; gives the result register's value.
    pub fn syscall(&mut self, number: usize, arguments: [usize; 6]) -> usize {
        self.syscall_at(number, arguments, None)
    }

    fn syscall_at(&mut self, number: usize, arguments: [usize; 6], at: Option<usize>) -> usize {
        self.step();
        {
            let mut registers = self.shared.registers.borrow_mut();
            registers.x[17] = number;
            registers.x[10..16].copy_from_slice(&arguments);
        }
        self.stop(UserEvent::Syscall, at);
        self.shared.registers.borrow().x[10]
    }

    /// Makes a system call that creates a process or a thread, which will run `child`. Gives what
    /// the call gives to the parent. In the child, the closure finds the child's own registers.
    pub fn fork(
        &mut self,
        number: usize,
        arguments: [usize; 6],
        child: impl FnOnce(&mut User) + 'static,
    ) -> usize {
        let address = machine().programs.add_continuation(Box::new(child));
        let result = self.syscall_at(number, arguments, Some(address));
        if (result as isize) < 0 {
            drop(machine().programs.take_continuation(address));
        }
        result
    }

    /// The address of a handler for control events. It gets the argument registers, and must end
    /// with the ABI's call that returns from a handler.
    pub fn handler(&mut self, handler: impl Fn(&mut User, [usize; 3]) + 'static) -> usize {
        machine().programs.add_handler(Rc::new(handler))
    }

    /// Lets `steps` steps of computation pass.
    pub fn compute(&mut self, steps: usize) {
        for _ in 0..steps {
            self.step();
        }
    }

    /// Executes an instruction that is not there.
    pub fn illegal(&mut self) {
        self.stop(UserEvent::Illegal, None);
    }

    /// Executes a breakpoint instruction.
    pub fn breakpoint(&mut self) {
        self.stop(UserEvent::Breakpoint, None);
    }

    /// A number out of the machine's seed: what a test wants random is the same when it is run
    /// again.
    pub fn random(&mut self) -> u64 {
        machine().random.next()
    }

    /// Has the machine refuse the `number`-th allocation from now on (1 for the next one), and no
    /// other; 0 for none. Gives what was left of an earlier order: 0 if it was carried out.
    pub fn refuse_allocation(&mut self, number: u64) -> u64 {
        machine().refusal.replace(number)
    }

    /// Makes room on the stack; gives its address, aligned to 16.
    pub fn allocate(&mut self, bytes: usize) -> usize {
        let mut registers = self.shared.registers.borrow_mut();
        let address = registers.x[STACK_POINTER].wrapping_sub(bytes) & !15;
        registers.x[STACK_POINTER] = address;
        address
    }

    /// The stack pointer.
    pub fn stack_pointer(&self) -> usize {
        self.shared.registers.borrow().x[STACK_POINTER]
    }

    /// Sets the stack pointer, as the end of a scope does.
    pub fn set_stack_pointer(&mut self, address: usize) {
        self.shared.registers.borrow_mut().x[STACK_POINTER] = address;
    }

    /// A general register.
    pub fn register(&self, number: usize) -> usize {
        self.shared.registers.borrow().x[number]
    }

    /// Sets a general register; x0 stays 0.
    pub fn set_register(&mut self, number: usize, value: usize) {
        if number != 0 {
            self.shared.registers.borrow_mut().x[number] = value;
        }
    }
}
