//! The registers of a program, and the call that runs it.
//!
//! A system call does not end the run: the trap calls [`Kernel::system_call`] on the kernel stack
//! that lies below [`UserContext::run`], and when that has answered, the program goes on. Of its
//! registers only those were saved that the kernel's own code may change; the others are where they
//! have been all the time, because Rust gives them back. So a call sees [`CallRegisters`], and one
//! that needs all registers (because it copies or replaces them) says so and is served outside,
//! where `run` has returned and the whole [`UserContext`] is there.

use super::{Access, FloatingPointState, GeneralRegisters};
use crate::arch;

/// What becomes of a program that has made a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// It was answered and goes on.
    GoOn,
    /// Nothing was done yet: the call needs all registers. The run ends with
    /// [`UserEvent::Syscall`].
    AllRegisters,
}

/// What a running program meets when it needs the kernel.
pub trait Kernel {
    /// Answers a system call. Interrupts are enabled, and are so on return.
    fn system_call(&mut self, call: CallRegisters<'_>) -> Next;

    /// Asked right before user mode is entered, with interrupts disabled, and the last one to be
    /// asked: whether it may be. If not, the run ends with [`UserEvent::Attention`]. What an
    /// interrupt or another CPU (which kicks this one) asks for after the answer ends the run at once.
    fn may_enter(&mut self) -> bool;
}

/// What is at hand of a program's registers during a system call: number, arguments, result.
pub struct CallRegisters<'a> {
    state: &'a mut arch::UserState,
}

impl<'a> CallRegisters<'a> {
    #[inline]
    pub(crate) fn new(state: &'a mut arch::UserState) -> Self {
        Self { state }
    }

    /// The same, for somebody who is asked first.
    #[inline]
    pub fn reborrow(&mut self) -> CallRegisters<'_> {
        CallRegisters { state: self.state }
    }

    /// The number of the call.
    #[inline]
    pub fn number(&self) -> usize {
        self.state.syscall_number()
    }

    /// Its arguments.
    #[inline]
    pub fn arguments(&self) -> [usize; 6] {
        self.state.syscall_arguments()
    }

    /// Argument number `index`, 0 to 5; 0 beyond.
    #[inline]
    pub fn argument(&self, index: usize) -> usize {
        self.state.argument(index)
    }

    /// Sets the register that holds the result.
    #[inline]
    pub fn set_result(&mut self, value: usize) {
        self.state.set_argument(0, value);
    }

    /// Puts the program back onto the instruction, with the arguments it made the call with, so
    /// that it makes the call again.
    pub fn rewind(&mut self) {
        self.state.rewind_syscall();
    }
}

/// Why a program came back from user mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEvent {
    /// It made a system call that needs all registers ([`Next::AllRegisters`]); the program
    /// counter already stands behind the instruction.
    Syscall,
    /// The kernel has something to do first ([`Kernel::may_enter`]).
    Attention,
    /// It touched memory it may not, or not yet.
    Fault {
        /// The address it touched.
        address: usize,
        /// What it tried.
        access: Access,
    },
    /// An instruction that is not there, or not allowed.
    Illegal,
    /// A breakpoint instruction; the program counter stands at it.
    Breakpoint,
    /// An access that must be aligned and was not.
    Misaligned {
        /// The address it touched.
        address: usize,
    },
    /// Nothing of its own doing: an interrupt came and was handled.
    Interrupt,
}

/// The registers of one thread of a program.
#[derive(Clone)]
pub struct UserContext {
    state: arch::UserState,
}

impl UserContext {
    /// Registers that are zero but for the program counter and the stack pointer.
    pub fn new(entry: usize, stack: usize) -> Self {
        Self {
            state: arch::UserState::new(entry, stack),
        }
    }

    /// Enters user mode, in the space active on this CPU, and returns when it is left for anything
    /// but a system call that `kernel` answers. Interrupts must be enabled; they are on return, and
    /// an interrupt that ended the run was handled.
    #[inline]
    pub fn run(&mut self, kernel: &mut impl Kernel) -> UserEvent {
        self.state.run(kernel)
    }

    /// The system call just made, as [`Kernel::system_call`] sees it.
    #[inline]
    pub fn call(&mut self) -> CallRegisters<'_> {
        CallRegisters::new(&mut self.state)
    }

    /// The program counter.
    #[inline]
    pub fn pc(&self) -> usize {
        self.state.pc()
    }

    /// Sets the program counter.
    pub fn set_pc(&mut self, pc: usize) {
        self.state.set_pc(pc);
    }

    /// The stack pointer.
    #[inline]
    pub fn sp(&self) -> usize {
        self.state.sp()
    }

    /// Sets the stack pointer.
    pub fn set_sp(&mut self, sp: usize) {
        self.state.set_sp(sp);
    }

    /// The thread pointer.
    #[inline]
    pub fn tls(&self) -> usize {
        self.state.tls()
    }

    /// Sets the thread pointer.
    pub fn set_tls(&mut self, tls: usize) {
        self.state.set_tls(tls);
    }

    /// The number of the system call just made.
    #[inline]
    pub fn syscall_number(&self) -> usize {
        self.state.syscall_number()
    }

    /// The arguments of the system call just made.
    #[inline]
    pub fn syscall_arguments(&self) -> [usize; 6] {
        self.state.syscall_arguments()
    }

    /// Sets the register that holds a system call's result.
    #[inline]
    pub fn set_result(&mut self, value: usize) {
        self.state.set_argument(0, value);
    }

    /// Sets argument register number `index` (0 to 5; panics beyond): how a program or a handler
    /// is given its parameters.
    #[inline]
    pub fn set_argument(&mut self, index: usize, value: usize) {
        self.state.set_argument(index, value);
    }

    /// Puts the program back onto the system call instruction it made last, with the arguments
    /// it made it with, so that it makes the call again.
    pub fn rewind_syscall(&mut self) {
        self.state.rewind_syscall();
    }

    /// All general registers.
    #[inline]
    pub fn registers(&self) -> &GeneralRegisters {
        self.state.registers()
    }

    /// All general registers, to change.
    #[inline]
    pub fn registers_mut(&mut self) -> &mut GeneralRegisters {
        self.state.registers_mut()
    }

    /// The floating point registers.
    pub fn floating_point(&self) -> FloatingPointState {
        self.with_floating_point(Clone::clone)
    }

    /// Looks at the floating point registers in place. `look` is short and takes no lock.
    pub fn with_floating_point<R>(&self, look: impl FnOnce(&FloatingPointState) -> R) -> R {
        self.state.with_floating_point(look)
    }

    /// The floating point registers where they are kept: on the machines that save them at each entry.
    #[cfg(not(all(target_arch = "aarch64", target_os = "none")))]
    pub fn floating_point_in_memory(&self) -> &FloatingPointState {
        self.state.floating_point_in_memory()
    }

    /// As above, to change.
    #[cfg(not(all(target_arch = "aarch64", target_os = "none")))]
    pub fn floating_point_in_memory_mut(&mut self) -> &mut FloatingPointState {
        self.state.floating_point_in_memory_mut()
    }

    /// Sets the floating point registers.
    pub fn set_floating_point(&mut self, state: &FloatingPointState) {
        self.change_floating_point(|own| *own = state.clone());
    }

    /// Changes the floating point registers in place. `change` is short and takes no lock.
    pub fn change_floating_point(&mut self, change: impl FnOnce(&mut FloatingPointState)) {
        self.state.change_floating_point(change);
    }
}
