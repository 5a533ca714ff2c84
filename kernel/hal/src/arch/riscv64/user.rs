//! User mode: registers, the way in, and what the way out means.
//!
//! [`UserState::run`] calls `enter_user` (in `trap`), which saves the kernel's registers in a frame
//! on the kernel stack, loads the program's, and leaves. A system call stores only what a Rust
//! function may change and calls [`answer_call`] below that frame; the callee-saved registers stay
//! the program's own, because the function gives them back, and so does a switch to another thread
//! (it keeps gp too, which the kernel never touches). If the program goes on, only what was stored
//! is loaded again. Every other trap, and a call that wants more, stores the rest as well and is the
//! *return* of `enter_user`.
//!
//! Floating point is lazy. The unit is off (`sstatus.FS`) until a program uses it; then an
//! illegal instruction tells, its registers are loaded, and the program goes on. On the way out of
//! user mode the registers are saved only if they were changed. A stamp, unique to each save, says
//! whose state a CPU's registers hold: if a program comes back to a CPU whose stamp is its own,
//! nothing is loaded. The unit stays on in the kernel, which never uses it, until a program
//! comes that must not see what it holds.
//!
//! The vector extension is not given to programs: `sstatus.VS` stays off, and a vector instruction
//! is an illegal one, as on a machine without it.

use core::arch::asm;
use core::mem::offset_of;
use core::sync::atomic::Ordering;

use super::csr::{self, read_csr};
use super::trap::SYSTEM_CALL;
use super::{cpu, trap};
use crate::sync::Once;
use crate::user::{Access, CallRegisters, Kernel, Next, UserEvent};

/// The general registers.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeneralRegisters {
    /// x0 to x31; x0 is always 0, whatever is written here.
    pub x: [usize; 32],
    /// The program counter.
    pub pc: usize,
}

/// The floating point registers.
#[repr(C)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FloatingPointState {
    /// f0 to f31, as bits.
    pub f: [u64; 32],
    /// The control and status register.
    pub fcsr: u32,
}

/// A program's registers, and what it takes to come back from it.
#[repr(C)]
pub(crate) struct UserState {
    /// During a system call the callee-saved ones and gp are not up to date.
    registers: GeneralRegisters,
    /// Where the kernel's own registers are while the program runs.
    kernel_sp: usize,
    /// The first argument of the last system call, which its result overwrites.
    syscall_argument: usize,
    /// The last fault: program counter and address.
    last_fault: [usize; 2],
    /// Which save `floating_point` is; 0 if it was never loaded or was set by hand.
    stamp: usize,
    floating_point: FloatingPointState,
}

impl Clone for UserState {
    fn clone(&self) -> Self {
        Self {
            registers: self.registers.clone(),
            kernel_sp: 0,
            syscall_argument: self.syscall_argument,
            last_fault: [0; 2],
            // Registers that hold the one's state hold the other's, too.
            stamp: self.stamp,
            floating_point: self.floating_point.clone(),
        }
    }
}

/// Not of the hardware's: the call needs all registers.
const UNANSWERED: usize = usize::MAX;
/// Not of the hardware's: there is something to do before the program goes on.
const ATTENTION: usize = usize::MAX - 1;
/// Not of the hardware's: the floating point unit is not as this program needs it.
const WRONG_UNIT: usize = usize::MAX - 2;

/// What `enter_user` returns: scause and stval.
#[repr(C)]
struct Trap {
    cause: usize,
    value: usize,
}

/// What the trap entry is told after a system call.
#[repr(C)]
struct Answer {
    /// Who goes on; null if `enter_user` returns.
    state: *mut UserState,
    /// What it returns then.
    cause: usize,
}

impl Answer {
    fn leave(cause: usize) -> Self {
        Self {
            state: core::ptr::null_mut(),
            cause,
        }
    }
}

unsafe extern "C" {
    /// # Safety
    /// Interrupts are disabled, nobody else uses `state` until the return, and `answer` may be
    /// called with `state` and `kernel` (as it is, with interrupts enabled).
    fn enter_user(
        state: *mut UserState,
        kernel: *mut (),
        answer: unsafe extern "C" fn(*mut UserState, *mut ()) -> Answer,
    ) -> Trap;
}

/// Where a system call enters Rust. On return interrupts are disabled.
///
/// # Safety
/// As `enter_user` calls it: with what [`UserState::run`] gave it, which are references to nobody
/// else's while it waits in there.
unsafe extern "C" fn answer_call<K: Kernel>(state: *mut UserState, kernel: *mut ()) -> Answer {
    // SAFETY: see above.
    let (program, kernel) = unsafe { (&mut *state, &mut *kernel.cast::<K>()) };
    if kernel.system_call(CallRegisters::new(program)) == Next::AllRegisters {
        return Answer::leave(UNANSWERED);
    }
    csr::interrupts_disable();
    if !kernel.may_enter() {
        return Answer::leave(ATTENTION);
    }
    if program.stamp != cpu::this().unit_is_for.load(Ordering::Relaxed) {
        return Answer::leave(WRONG_UNIT);
    }
    Answer { state, cause: 0 }
}

impl UserState {
    pub(super) const PC_OFFSET: usize =
        offset_of!(UserState, registers) + offset_of!(GeneralRegisters, pc);
    pub(super) const KERNEL_SP_OFFSET: usize = offset_of!(UserState, kernel_sp);
    pub(super) const SYSCALL_ARGUMENT_OFFSET: usize = offset_of!(UserState, syscall_argument);

    pub(crate) fn new(entry: usize, stack: usize) -> Self {
        let mut registers = GeneralRegisters {
            pc: entry,
            ..Default::default()
        };
        registers.x[2] = stack;
        Self {
            registers,
            kernel_sp: 0,
            syscall_argument: 0,
            last_fault: [0; 2],
            stamp: 0,
            floating_point: FloatingPointState::default(),
        }
    }

    /// Runs the program until it traps for anything but a call that `kernel` answers.
    #[inline]
    pub(crate) fn run<K: Kernel>(&mut self, kernel: &mut K) -> UserEvent {
        csr::interrupts_disable();
        loop {
            if !kernel.may_enter() {
                csr::interrupts_restore(true);
                return UserEvent::Attention;
            }
            loop {
                let trap = self.enter(kernel);
                match trap.cause {
                    WRONG_UNIT => {}
                    SYSTEM_CALL => {
                        if self.call(kernel) == Next::AllRegisters {
                            return UserEvent::Syscall;
                        }
                        break;
                    }
                    UNANSWERED => {
                        csr::interrupts_restore(true);
                        return UserEvent::Syscall;
                    }
                    ATTENTION => {
                        csr::interrupts_restore(true);
                        return UserEvent::Attention;
                    }
                    _ => {
                        if let Some(event) = self.other_trap(&trap) {
                            return event;
                        }
                    }
                }
            }
        }
    }

    /// Leaves for user mode, with the unit as the program needs it; returns with its registers
    /// saved. Interrupts are disabled, now and then; only after [`UNANSWERED`] they are enabled.
    fn enter<K: Kernel>(&mut self, kernel: &mut K) -> Trap {
        let block = cpu::this();
        if block.floating_point.load(Ordering::Relaxed) != self.stamp {
            // Other registers are in this CPU. Those in memory are the truth from now on.
            self.stamp = 0;
        }
        if block.unit_is_for.load(Ordering::Relaxed) != self.stamp {
            switch_unit(self.stamp);
        }
        let kernel = (&raw mut *kernel).cast();
        // SAFETY: interrupts are disabled, the state is exclusively ours, and user mode can
        // reach nothing but pages that were mapped for it. `answer_call` is made for these two
        // pointers.
        let trap = unsafe { enter_user(self, kernel, answer_call::<K>) };
        // The unit is on for nobody else here: the state's stamp is not 0 then.
        if read_csr!("sstatus") & csr::STATUS_FS == csr::STATUS_FS_DIRTY {
            self.keep_floating_point();
        }
        trap
    }

    /// A system call that came with floating point registers to save.
    #[inline(never)]
    fn call<K: Kernel>(&mut self, kernel: &mut K) -> Next {
        csr::interrupts_restore(true);
        self.registers.pc = self.registers.pc.wrapping_add(4);
        self.syscall_argument = self.registers.x[10];
        let next = kernel.system_call(CallRegisters::new(self));
        if next == Next::GoOn {
            csr::interrupts_disable();
        }
        next
    }

    /// What a trap that is no system call means. `None` if the program goes on at once; then
    /// interrupts are still disabled.
    #[inline(never)]
    fn other_trap(&mut self, trap: &Trap) -> Option<UserEvent> {
        let event = if trap.cause & trap::INTERRUPT != 0 {
            trap::interrupt(trap.cause);
            UserEvent::Interrupt
        } else {
            self.exception(trap)?
        };
        csr::interrupts_restore(true);
        Some(event)
    }

    /// What an exception means to the caller; `None` if the program may go on at once.
    fn exception(&mut self, trap: &Trap) -> Option<UserEvent> {
        let access = match trap.cause {
            0 | 4 | 6 => {
                return Some(UserEvent::Misaligned {
                    address: trap.value,
                });
            }
            2 => {
                if self.stamp == 0 && is_floating_point(trap.value) {
                    self.load_floating_point();
                    return None;
                }
                return Some(UserEvent::Illegal);
            }
            3 => return Some(UserEvent::Breakpoint),
            1 | 12 => Access::Execute,
            5 | 13 => Access::Read,
            7 | 15 => Access::Write,
            _ => return Some(UserEvent::Illegal),
        };
        let fault = [self.registers.pc, trap.value];
        if fault == self.last_fault {
            // The same again: it was resolved in the tables, and this CPU may remember the
            // translation from before (a right that was added is not flushed).
            // SAFETY: forgets a translation.
            unsafe { asm!("sfence.vma {}, zero", in(reg) trap.value, options(nostack)) };
        }
        self.last_fault = fault;
        Some(UserEvent::Fault {
            address: trap.value,
            access,
        })
    }

    /// Brings this program's floating point state into the registers.
    #[cold]
    fn load_floating_point(&mut self) {
        set_floating_point_status(csr::STATUS_FS_CLEAN);
        // SAFETY: the unit is on; the state has the layout that the code expects.
        unsafe { load_registers(&self.floating_point) };
        set_floating_point_status(csr::STATUS_FS_CLEAN);
        self.new_stamp();
    }

    /// After user mode with the unit on, in which the registers were changed: saves them.
    #[inline(never)]
    fn keep_floating_point(&mut self) {
        // SAFETY: the unit is on; the state has the layout that the code expects.
        unsafe { save_registers(&mut self.floating_point) };
        set_floating_point_status(csr::STATUS_FS_CLEAN);
        self.new_stamp();
    }

    /// State and this CPU's registers are the same from now on: a stamp nobody else has. The unit
    /// is on.
    fn new_stamp(&mut self) {
        let block = cpu::this();
        self.stamp = block.next_stamp();
        block.floating_point.store(self.stamp, Ordering::Relaxed);
        block.unit_is_for.store(self.stamp, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn pc(&self) -> usize {
        self.registers.pc
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.registers.pc = pc;
    }

    #[inline]
    pub(crate) fn sp(&self) -> usize {
        self.registers.x[2]
    }

    pub(crate) fn set_sp(&mut self, sp: usize) {
        self.registers.x[2] = sp;
    }

    #[inline]
    pub(crate) fn tls(&self) -> usize {
        self.registers.x[4]
    }

    pub(crate) fn set_tls(&mut self, tls: usize) {
        self.registers.x[4] = tls;
    }

    #[inline]
    pub(crate) fn syscall_number(&self) -> usize {
        self.registers.x[17]
    }

    #[inline]
    pub(crate) fn syscall_arguments(&self) -> [usize; 6] {
        let x = &self.registers.x;
        [x[10], x[11], x[12], x[13], x[14], x[15]]
    }

    #[inline]
    pub(crate) fn argument(&self, index: usize) -> usize {
        if index < 6 {
            self.registers.x[10 + index]
        } else {
            0
        }
    }

    #[inline]
    pub(crate) fn set_argument(&mut self, index: usize, value: usize) {
        assert!(index < 6, "argument {index}");
        self.registers.x[10 + index] = value;
    }

    pub(crate) fn rewind_syscall(&mut self) {
        self.registers.pc = self.registers.pc.wrapping_sub(4);
        self.registers.x[10] = self.syscall_argument;
    }

    #[inline]
    pub(crate) fn registers(&self) -> &GeneralRegisters {
        &self.registers
    }

    #[inline]
    pub(crate) fn registers_mut(&mut self) -> &mut GeneralRegisters {
        &mut self.registers
    }

    pub(crate) fn with_floating_point<R>(&self, look: impl FnOnce(&FloatingPointState) -> R) -> R {
        look(&self.floating_point)
    }

    pub(crate) fn change_floating_point(&mut self, change: impl FnOnce(&mut FloatingPointState)) {
        change(self.floating_point_in_memory_mut());
    }

    pub(crate) fn floating_point_in_memory(&self) -> &FloatingPointState {
        &self.floating_point
    }

    pub(crate) fn floating_point_in_memory_mut(&mut self) -> &mut FloatingPointState {
        // What a CPU holds is not the truth any more.
        self.stamp = 0;
        &mut self.floating_point
    }
}

/// Whether this machine has the double precision extension.
fn has_unit() -> bool {
    static HAS_UNIT: Once<bool> = Once::new();
    *HAS_UNIT.get_or_init(|| super::boot::machine().has_floating_point)
}

/// Whether an illegal instruction, as `stval` shows it, is one that needs the unit. A machine that
/// does not show the instruction says 0: then it may be one; if it is not, it comes back with the
/// unit on and is known to be illegal.
fn is_floating_point(instruction: usize) -> bool {
    if !has_unit() {
        return false;
    }
    if instruction == 0 {
        return true;
    }
    if instruction & 3 != 3 {
        // Compressed: C.FLD, C.FSD (001, 101) in quadrants 0 and 2.
        let function = instruction >> 13 & 7;
        return instruction & 1 == 0 && matches!(function, 1 | 5);
    }
    match instruction & 0x7f {
        // LOAD-FP, STORE-FP of 16 to 128 bits (other widths are vectors).
        0x07 | 0x27 => matches!(instruction >> 12 & 7, 1..=4),
        // MADD, MSUB, NMSUB, NMADD, OP-FP.
        0x43 | 0x47 | 0x4b | 0x4f | 0x53 => true,
        // SYSTEM: fflags, frm, fcsr.
        0x73 => instruction >> 12 & 3 != 0 && matches!(instruction >> 20 & 0xfff, 1..=3),
        _ => false,
    }
}

/// Turns this CPU's unit on for the program that is about to run, whose stamp this is, or off (0).
#[inline(never)]
fn switch_unit(stamp: usize) {
    set_floating_point_status(if stamp == 0 { 0 } else { csr::STATUS_FS_CLEAN });
    cpu::this().unit_is_for.store(stamp, Ordering::Relaxed);
}

/// Sets `sstatus.FS`.
fn set_floating_point_status(status: usize) {
    // SAFETY: the kernel's own code never uses the unit; programs' registers are saved before it
    // is turned off.
    unsafe {
        asm!(
            "csrc sstatus, {all}",
            "csrs sstatus, {status}",
            all = in(reg) csr::STATUS_FS,
            status = in(reg) status,
            options(nostack),
        );
    }
}

macro_rules! each_register {
    ($instruction:literal) => {
        concat!(
            ".option push\n.option arch, +d\n",
            each_register!(@ $instruction, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21
                22 23 24 25 26 27 28 29 30 31)
        )
    };
    (@ $instruction:literal, $($index:literal)*) => {
        concat!($($instruction, " f", $index, ", 8*", $index, "({state})\n"),*)
    };
}

/// # Safety
/// The unit is on, and nobody's state is lost by it.
unsafe fn load_registers(state: &FloatingPointState) {
    // SAFETY: reads `state` only; the registers are the caller's to overwrite.
    unsafe {
        asm!(
            each_register!("fld"),
            "fscsr {fcsr}",
            ".option pop",
            state = in(reg) &raw const state.f,
            fcsr = in(reg) state.fcsr,
            options(nostack, readonly),
        );
    }
}

/// # Safety
/// The unit is on.
unsafe fn save_registers(state: &mut FloatingPointState) {
    let fcsr: u32;
    // SAFETY: writes `state` only.
    unsafe {
        asm!(
            each_register!("fsd"),
            "frcsr {fcsr}",
            ".option pop",
            state = in(reg) &raw mut state.f,
            fcsr = out(reg) fcsr,
            options(nostack),
        );
    }
    state.fcsr = fcsr;
}
