//! Running a program: enter user mode, come back with the reason.
//!
//! `scarlet_enter_user` is a function like any other: it saves what a call must keep in a frame on
//! the kernel stack, loads the program's registers and returns from an exception that never happened.
//!
//! A system call stores only what a Rust function may change and calls [`answer_call`] below that
//! frame; the callee-saved registers stay the program's own, because the function gives them back, and
//! so does a switch to another thread (which keeps SP_EL0 and TPIDR_EL0, too: the kernel uses neither).
//! If the program goes on, only what was stored is loaded again. Every other exception, and a call that
//! wants more, stores the rest as well and returns from the function. So all that decides anything is
//! [`UserState::run`], ordinary code that happens to call it.

use core::arch::global_asm;
use core::mem::offset_of;

use super::floating::{FloatingPointState, Registers};
use super::trap;
use crate::user::{Access, CallRegisters, Kernel, Next, UserEvent};

/// The condition flags, the only part of the processor state that a program may choose.
const USER_FLAGS: usize = 0xf000_0000;

/// The general registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct GeneralRegisters {
    /// x0 to x30.
    pub x: [usize; 31],
    /// The stack pointer.
    pub sp: usize,
    /// The program counter.
    pub pc: usize,
    /// The processor state; only the condition flags count.
    pub pstate: usize,
}

/// What the assembly loads and stores. During a system call x19 to x28 and `tls` are not up to date.
#[derive(Clone, Default)]
#[repr(C)]
struct UserFrame {
    registers: GeneralRegisters,
    tls: usize,
    /// Why it came back (ESR_EL1), and the address that has to do with it (FAR_EL1).
    syndrome: usize,
    fault_address: usize,
    /// x0 as it was when the last system call was made; its result took its place.
    first_argument: usize,
}

global_asm!(
    r#"
    // Stores what a call may change; x0 := the frame, x1 := the program's x0.
    .macro save_volatile_user
    ldr     x0, [sp, {state}]
    stp     x1, x2, [x0, #8]
    stp     x3, x4, [x0, #24]
    stp     x5, x6, [x0, #40]
    stp     x7, x8, [x0, #56]
    stp     x9, x10, [x0, #72]
    stp     x11, x12, [x0, #88]
    stp     x13, x14, [x0, #104]
    stp     x15, x16, [x0, #120]
    stp     x17, x18, [x0, #136]
    stp     x29, x30, [x0, #232]
    ldr     x1, [sp, {first}]
    mrs     x3, sp_el0
    mrs     x4, elr_el1
    mrs     x5, spsr_el1
    str     x1, [x0]
    stp     x3, x4, [x0, #248]
    str     x5, [x0, #264]
    .endm

    .text
    // x0: the frame, x1: the kernel, x2: what answers calls -> x0: why it came back
    .globl scarlet_enter_user
scarlet_enter_user:
    stp     x29, x30, [sp, #-{size}]!
    mov     x29, sp
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    str     x0, [sp, {state}]
    stp     x1, x2, [sp, {kernel}]
    ldr     x1, [x0, #248]
    ldr     x2, [x0, {tls}]
    msr     sp_el0, x1
    msr     tpidr_el0, x2
    ldp     x19, x20, [x0, #152]
    ldp     x21, x22, [x0, #168]
    ldp     x23, x24, [x0, #184]
    ldp     x25, x26, [x0, #200]
    ldp     x27, x28, [x0, #216]
    b       9f

    // From the vector of synchronous exceptions: the program's x0 is in the frame on the stack.
    .globl scarlet_user_synchronous
scarlet_user_synchronous:
    save_volatile_user
    mrs     x2, esr_el1
    ubfx    x3, x2, #26, #6
    cmp     x3, {system_call}
    b.ne    1f

    // A system call: the function below `scarlet_enter_user` that answers it. x19 to x28 stay
    // where they are.
    str     x1, [x0, {first_argument}]
    ldp     x1, x2, [sp, {kernel}]
    mov     x29, sp
    msr     daifclr, #2
    blr     x2
    cbnz    x0, 2f
    ldr     x0, [sp, {state}]
    // The program goes on; interrupts are disabled.
9:  ldp     x1, x2, [x0, #256]
    msr     elr_el1, x1
    msr     spsr_el1, x2
    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x0, #32]
    ldp     x6, x7, [x0, #48]
    ldp     x8, x9, [x0, #64]
    ldp     x10, x11, [x0, #80]
    ldp     x12, x13, [x0, #96]
    ldp     x14, x15, [x0, #112]
    ldp     x16, x17, [x0, #128]
    ldr     x18, [x0, #144]
    ldp     x29, x30, [x0, #232]
    ldp     x0, x1, [x0]
    eret
    dsb     nsh                     // nothing behind it is to be speculated
    isb

    // The same for interrupts.
    .globl scarlet_user_interrupt
scarlet_user_interrupt:
    save_volatile_user
    mov     x1, {interrupt}
    b       3f

    // `scarlet_enter_user` returns: with an exception,
1:  mrs     x3, far_el1
    stp     x2, x3, [x0, {syndrome}]
    mov     x1, {exception}
    b       3f
    // or with what the answer says.
2:  mov     x1, x0
    ldr     x0, [sp, {state}]
3:  mrs     x2, tpidr_el0
    str     x2, [x0, {tls}]
    stp     x19, x20, [x0, #152]
    stp     x21, x22, [x0, #168]
    stp     x23, x24, [x0, #184]
    stp     x25, x26, [x0, #200]
    stp     x27, x28, [x0, #216]
    mov     x0, x1
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #{size}
    ret
"#,
    size = const size_of::<EnterFrame>(),
    state = const offset_of!(EnterFrame, state),
    first = const FRAME_FIRST,
    kernel = const offset_of!(EnterFrame, kernel),
    tls = const offset_of!(UserFrame, tls),
    syndrome = const offset_of!(UserFrame, syndrome),
    first_argument = const offset_of!(UserFrame, first_argument),
    system_call = const SYSTEM_CALL,
    exception = const EXCEPTION,
    interrupt = const INTERRUPT,
);

/// What `scarlet_enter_user` leaves on the stack: what it gives back when it returns, and what the
/// exception that ends user mode needs.
#[repr(C, align(16))]
struct EnterFrame {
    /// x29, x30, then x19 to x28.
    kept: [usize; 12],
    state: usize,
    /// For the program's x0, when it comes back.
    first: usize,
    kernel: usize,
    answer: usize,
}

/// The place of the program's x0 in an [`EnterFrame`].
pub(super) const FRAME_FIRST: usize = offset_of!(EnterFrame, first);

/// The syndrome's class of a system call.
const SYSTEM_CALL: usize = 0x15;

/// Why user mode was left: a synchronous exception that is no system call.
const EXCEPTION: usize = 1;
/// An interrupt.
const INTERRUPT: usize = 2;
/// A call that needs all registers.
const UNANSWERED: usize = 3;
/// There is something to do before the program goes on after its call.
const ATTENTION: usize = 4;

#[allow(improper_ctypes, reason = "the assembly knows the frame at its start")]
unsafe extern "C" {
    /// # Safety
    /// Interrupts are disabled, nobody else uses the frame until the return, and `answer` may be
    /// called with `frame` and `kernel`, with interrupts enabled.
    fn scarlet_enter_user(
        frame: *mut UserState,
        kernel: *mut (),
        answer: unsafe extern "C" fn(*mut UserState, *mut ()) -> usize,
    ) -> usize;
}

/// Where a system call enters Rust. 0 if the program goes on, else why it does not; interrupts are
/// disabled on return.
///
/// # Safety
/// As `scarlet_enter_user` calls it: with what [`UserState::run`] gave it, which are references to
/// nobody else's while it waits in there.
unsafe extern "C" fn answer_call<K: Kernel>(state: *mut UserState, kernel: *mut ()) -> usize {
    // SAFETY: see above.
    let (program, kernel) = unsafe { (&mut *state, &mut *kernel.cast::<K>()) };
    if kernel.system_call(CallRegisters::new(program)) == Next::AllRegisters {
        return UNANSWERED;
    }
    super::interrupts_save_disable();
    // Whether floating point traps is as it must be: if another thread ran here, it does.
    if kernel.may_enter() { 0 } else { ATTENTION }
}

/// The registers of one thread of a program.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct UserState {
    /// First: the assembly's pointer to it is the one to the whole.
    frame: UserFrame,
    floating: Registers,
}

impl UserState {
    pub(crate) fn new(entry: usize, stack: usize) -> Self {
        let registers = GeneralRegisters {
            sp: stack,
            pc: entry,
            ..Default::default()
        };
        Self {
            frame: UserFrame {
                registers,
                ..Default::default()
            },
            floating: Registers::default(),
        }
    }

    /// Runs the program until it traps for anything but a call that `kernel` answers.
    pub(crate) fn run<K: Kernel>(&mut self, kernel: &mut K) -> UserEvent {
        super::interrupts_save_disable();
        let event = if kernel.may_enter() {
            self.enter(kernel)
        } else {
            UserEvent::Attention
        };
        super::interrupts_restore(true);
        event
    }

    /// Leaves for user mode. Interrupts are disabled, now and then; only after [`UNANSWERED`] they
    /// are enabled.
    fn enter<K: Kernel>(&mut self, kernel: &mut K) -> UserEvent {
        loop {
            self.frame.registers.pstate &= USER_FLAGS;
            self.floating.prepare();
            let state = &raw mut *self;
            // SAFETY: the state is this program's and stays where it is until the call returns. In
            // user mode the machine keeps the program from everything but user pages; the flags
            // were cut down to those of user mode, with interrupts enabled. `answer_call` is made
            // for these two pointers; the frame is the first thing in the state.
            let why =
                unsafe { scarlet_enter_user(state, (&raw mut *kernel).cast(), answer_call::<K>) };
            match why {
                UNANSWERED => return UserEvent::Syscall,
                ATTENTION => return UserEvent::Attention,
                INTERRUPT => {
                    trap::interrupt();
                    return UserEvent::Interrupt;
                }
                _ => match self.event() {
                    Some(event) => return event,
                    None => self.floating.load(),
                },
            }
        }
    }

    /// What the syndrome says (Arm ARM, D24.2.40); `None` is the first use of floating point.
    fn event(&self) -> Option<UserEvent> {
        let syndrome = self.frame.syndrome;
        let address = without_tag(self.frame.fault_address);
        let event = match syndrome >> 26 & 0x3f {
            0x07 => return None,
            0x20 => UserEvent::Fault {
                address,
                access: Access::Execute,
            },
            0x24 => data_abort(syndrome, address),
            0x22 => UserEvent::Misaligned {
                address: self.frame.registers.pc,
            },
            0x26 => UserEvent::Misaligned {
                address: self.frame.registers.sp,
            },
            0x30 | 0x32 | 0x3c => UserEvent::Breakpoint,
            _ => UserEvent::Illegal,
        };
        Some(event)
    }

    #[inline]
    pub(crate) fn pc(&self) -> usize {
        self.frame.registers.pc
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.frame.registers.pc = pc;
    }

    #[inline]
    pub(crate) fn sp(&self) -> usize {
        self.frame.registers.sp
    }

    pub(crate) fn set_sp(&mut self, sp: usize) {
        self.frame.registers.sp = sp;
    }

    #[inline]
    pub(crate) fn tls(&self) -> usize {
        self.frame.tls
    }

    pub(crate) fn set_tls(&mut self, tls: usize) {
        self.frame.tls = tls;
    }

    #[inline]
    pub(crate) fn syscall_number(&self) -> usize {
        self.frame.registers.x[8]
    }

    #[inline]
    pub(crate) fn syscall_arguments(&self) -> [usize; 6] {
        let mut arguments = [0; 6];
        arguments.copy_from_slice(&self.frame.registers.x[..6]);
        arguments
    }

    #[inline]
    pub(crate) fn argument(&self, index: usize) -> usize {
        if index < 6 {
            self.frame.registers.x[index]
        } else {
            0
        }
    }

    #[inline]
    pub(crate) fn set_argument(&mut self, index: usize, value: usize) {
        assert!(index < 6, "there are six argument registers");
        self.frame.registers.x[index] = value;
    }

    pub(crate) fn rewind_syscall(&mut self) {
        const INSTRUCTION: usize = 4;
        self.frame.registers.pc = self.frame.registers.pc.wrapping_sub(INSTRUCTION);
        self.frame.registers.x[0] = self.frame.first_argument;
    }

    #[inline]
    pub(crate) fn registers(&self) -> &GeneralRegisters {
        &self.frame.registers
    }

    #[inline]
    pub(crate) fn registers_mut(&mut self) -> &mut GeneralRegisters {
        &mut self.frame.registers
    }

    pub(crate) fn with_floating_point<R>(&self, look: impl FnOnce(&FloatingPointState) -> R) -> R {
        self.floating.with(look)
    }

    pub(crate) fn change_floating_point(&mut self, change: impl FnOnce(&mut FloatingPointState)) {
        self.floating.change(change);
    }
}

/// An address without the top byte, which the machine ignores in the lower half (TBI0).
fn without_tag(address: usize) -> usize {
    const UPPER_HALF: usize = 1 << 55;
    if address & UPPER_HALF == 0 {
        address & !(0xff << 56)
    } else {
        address
    }
}

fn data_abort(syndrome: usize, address: usize) -> UserEvent {
    const ALIGNMENT: usize = 0x21;
    const WRITE: usize = 1 << 6;
    const CACHE_MAINTENANCE: usize = 1 << 8;
    if syndrome & 0x3f == ALIGNMENT {
        return UserEvent::Misaligned { address };
    }
    // Cache maintenance reports itself as a write, but needs only a readable page.
    let write = syndrome & (WRITE | CACHE_MAINTENANCE) == WRITE;
    UserEvent::Fault {
        address,
        access: if write { Access::Write } else { Access::Read },
    }
}
