//! User mode of the hosted backend: registers, and the fiber of the program they belong to.

use super::engine::{self, ENTRY_NS};
use super::fibers::Fiber;
use super::state::{State, machine};
use super::user::{self, Shared};
use crate::user::{CallRegisters, Kernel, Next, UserEvent};
use core::cell::{Cell, RefCell};
use core::mem::ManuallyDrop;
use std::boxed::Box;
use std::rc::Rc;

/// The general registers.
#[derive(Clone, Debug, Default)]
pub struct GeneralRegisters {
    /// x0 to x31; x0 is always 0.
    pub x: [usize; 32],
    /// The program counter.
    pub pc: usize,
}

/// The floating point registers.
#[derive(Clone, Debug, Default)]
pub struct FloatingPointState {
    /// f0 to f31.
    pub f: [u64; 32],
    /// The control and status register.
    pub fcsr: u32,
}

/// A program that has begun: its closure on its fiber.
struct Running {
    shared: ManuallyDrop<Rc<Shared>>,
    fiber: ManuallyDrop<Rc<Fiber>>,
    /// Whose it is; another machine must not touch it.
    machine: *const State,
}

// SAFETY: the fiber and what it shares stay on the host thread of their machine: `run` and the
// drop do nothing with them unless that machine is the current one, which it is on that host
// thread only. Elsewhere they are just carried, and forgotten when dropped.
unsafe impl Send for Running {}

impl Drop for Running {
    fn drop(&mut self) {
        if core::ptr::eq(machine(), self.machine) {
            self.fiber.unwind();
            // SAFETY: neither is used again; the counts belong to this host thread.
            unsafe {
                ManuallyDrop::drop(&mut self.fiber);
                ManuallyDrop::drop(&mut self.shared);
            }
        }
    }
}

/// The registers of one thread of a program.
pub(crate) struct UserState {
    registers: GeneralRegisters,
    floating_point: FloatingPointState,
    /// The arguments of the last system call, for making it again.
    arguments: [usize; 6],
    running: Option<Running>,
}

impl Clone for UserState {
    /// The copy has the registers only; it begins at its program counter.
    fn clone(&self) -> UserState {
        UserState {
            registers: self.registers.clone(),
            floating_point: self.floating_point.clone(),
            arguments: self.arguments,
            running: None,
        }
    }
}

impl UserState {
    pub(crate) fn new(entry: usize, stack: usize) -> Self {
        let mut registers = GeneralRegisters {
            pc: entry,
            ..Default::default()
        };
        registers.x[2] = stack;
        Self {
            registers,
            floating_point: FloatingPointState::default(),
            arguments: [0; 6],
            running: None,
        }
    }

    /// Runs the program until it stops for anything but a call that `kernel` answers.
    pub(crate) fn run<K: Kernel>(&mut self, kernel: &mut K) -> UserEvent {
        loop {
            let machine = machine();
            assert!(
                machine.this_cpu().interrupts.get(),
                "user mode entered with interrupts disabled"
            );
            machine.step(ENTRY_NS);
            machine.take_interrupts();
            if !kernel.may_enter() {
                return UserEvent::Attention;
            }
            match self.enter() {
                UserEvent::Syscall => {
                    if kernel.system_call(CallRegisters::new(self)) == Next::AllRegisters {
                        return UserEvent::Syscall;
                    }
                }
                event => return event,
            }
        }
    }

    /// Lets the program go on, until it stops.
    fn enter(&mut self) -> UserEvent {
        let machine = machine();
        let running = match self.running.take() {
            Some(running) => running,
            None => match Running::begin() {
                Some(running) => running,
                None => return UserEvent::Illegal,
            },
        };
        assert!(
            core::ptr::eq(running.machine, machine),
            "a program of another machine"
        );
        self.registers.x[0] = 0;
        running.shared.registers.replace(self.registers.clone());
        running
            .shared
            .kernel
            .replace(Some(machine.running.borrow().clone()));
        machine.this_cpu().in_user.set(true);
        engine::replace_fiber(&running.fiber);
        self.registers = running.shared.registers.borrow().clone();
        let event = running.shared.event.take().unwrap_or(UserEvent::Interrupt);
        self.running = Some(running);
        match event {
            UserEvent::Syscall => self.arguments = self.syscall_arguments(),
            UserEvent::Interrupt => machine.take_interrupts(),
            _ => (),
        }
        event
    }

    pub(crate) fn pc(&self) -> usize {
        self.registers.pc
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.registers.pc = pc;
    }

    pub(crate) fn sp(&self) -> usize {
        self.registers.x[2]
    }

    pub(crate) fn set_sp(&mut self, sp: usize) {
        self.registers.x[2] = sp;
    }

    pub(crate) fn tls(&self) -> usize {
        self.registers.x[4]
    }

    pub(crate) fn set_tls(&mut self, tls: usize) {
        self.registers.x[4] = tls;
    }

    pub(crate) fn syscall_number(&self) -> usize {
        self.registers.x[17]
    }

    pub(crate) fn syscall_arguments(&self) -> [usize; 6] {
        core::array::from_fn(|index| self.registers.x[10 + index])
    }

    pub(crate) fn argument(&self, index: usize) -> usize {
        if index < 6 {
            self.registers.x[10 + index]
        } else {
            0
        }
    }

    pub(crate) fn set_argument(&mut self, index: usize, value: usize) {
        assert!(index < 6, "there are six argument registers");
        self.registers.x[10 + index] = value;
    }

    pub(crate) fn rewind_syscall(&mut self) {
        self.registers.x[10..16].copy_from_slice(&self.arguments);
        self.registers.pc = self.registers.pc.wrapping_sub(4);
    }

    pub(crate) fn registers(&self) -> &GeneralRegisters {
        &self.registers
    }

    pub(crate) fn registers_mut(&mut self) -> &mut GeneralRegisters {
        &mut self.registers
    }

    pub(crate) fn with_floating_point<R>(&self, look: impl FnOnce(&FloatingPointState) -> R) -> R {
        look(&self.floating_point)
    }

    pub(crate) fn change_floating_point(&mut self, change: impl FnOnce(&mut FloatingPointState)) {
        change(&mut self.floating_point);
    }

    pub(crate) fn floating_point_in_memory(&self) -> &FloatingPointState {
        &self.floating_point
    }

    pub(crate) fn floating_point_in_memory_mut(&mut self) -> &mut FloatingPointState {
        &mut self.floating_point
    }
}

impl Running {
    fn begin() -> Option<Running> {
        let shared = Rc::new(Shared {
            registers: RefCell::new(GeneralRegisters::default()),
            event: Cell::new(None),
            kernel: RefCell::new(None),
        });
        let own = shared.clone();
        let fiber = Fiber::new("program", Box::new(move || user::main(own)))?;
        Some(Running {
            shared: ManuallyDrop::new(shared),
            fiber: ManuallyDrop::new(fiber),
            machine: machine(),
        })
    }
}
