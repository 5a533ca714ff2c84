//! Running a program: enter user mode, come back with the reason.
//!
//! `scarlet_enter_user` is a function like any other: it saves what a call must keep on the kernel
//! stack, loads the program's registers and returns from an exception that never happened. The next
//! exception from user mode stores the registers in the same place and returns from the function.
//! So all that decides anything is [`UserState::run`], ordinary code that happens to call it.

use core::arch::global_asm;

use super::floating::{FloatingPointState, Registers};
use super::trap;
use crate::user::{Access, UserEvent};

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

/// What the assembly loads and stores.
#[derive(Clone, Default)]
#[repr(C)]
struct UserFrame {
    registers: GeneralRegisters,
    tls: usize,
    /// Why it came back (ESR_EL1), and the address that has to do with it (FAR_EL1).
    syndrome: usize,
    fault_address: usize,
}

global_asm!(
    r#"
    .text
    // x0: the frame -> x0: 0 for a synchronous exception, 1 for an interrupt
    .globl scarlet_enter_user
scarlet_enter_user:
    stp     x29, x30, [sp, #-112]!
    mov     x29, sp
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    str     x0, [sp, #96]
    ldp     x1, x2, [x0, #248]
    msr     sp_el0, x1
    msr     elr_el1, x2
    ldp     x1, x2, [x0, #264]
    msr     spsr_el1, x1
    msr     tpidr_el0, x2
    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x0, #32]
    ldp     x6, x7, [x0, #48]
    ldp     x8, x9, [x0, #64]
    ldp     x10, x11, [x0, #80]
    ldp     x12, x13, [x0, #96]
    ldp     x14, x15, [x0, #112]
    ldp     x16, x17, [x0, #128]
    ldp     x18, x19, [x0, #144]
    ldp     x20, x21, [x0, #160]
    ldp     x22, x23, [x0, #176]
    ldp     x24, x25, [x0, #192]
    ldp     x26, x27, [x0, #208]
    ldp     x28, x29, [x0, #224]
    ldr     x30, [x0, #240]
    ldp     x0, x1, [x0]
    eret
    dsb     nsh                     // nothing behind it is to be speculated
    isb

    // From the vectors: the program's x0 is at sp + 104, x0 is the kind of exception.
    .globl scarlet_leave_user
scarlet_leave_user:
    str     x1, [sp, #-16]!
    mov     x1, x0
    ldr     x0, [sp, #112]
    stp     x2, x3, [x0, #16]
    ldr     x2, [sp], #16
    ldr     x3, [sp, #104]
    stp     x3, x2, [x0]
    stp     x4, x5, [x0, #32]
    stp     x6, x7, [x0, #48]
    stp     x8, x9, [x0, #64]
    stp     x10, x11, [x0, #80]
    stp     x12, x13, [x0, #96]
    stp     x14, x15, [x0, #112]
    stp     x16, x17, [x0, #128]
    stp     x18, x19, [x0, #144]
    stp     x20, x21, [x0, #160]
    stp     x22, x23, [x0, #176]
    stp     x24, x25, [x0, #192]
    stp     x26, x27, [x0, #208]
    stp     x28, x29, [x0, #224]
    str     x30, [x0, #240]
    mrs     x2, sp_el0
    mrs     x3, elr_el1
    stp     x2, x3, [x0, #248]
    mrs     x2, spsr_el1
    mrs     x3, tpidr_el0
    stp     x2, x3, [x0, #264]
    mrs     x2, esr_el1
    mrs     x3, far_el1
    stp     x2, x3, [x0, #280]
    mov     x0, x1
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #112
    ret
"#
);

unsafe extern "C" {
    fn scarlet_enter_user(frame: *mut UserFrame) -> usize;
}

/// The registers of one thread of a program.
#[derive(Clone)]
pub(crate) struct UserState {
    frame: UserFrame,
    floating: Registers,
    /// x0 as it was when the last system call was made; its result took its place.
    first_argument: usize,
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
            first_argument: 0,
        }
    }

    pub(crate) fn run(&mut self) -> UserEvent {
        const INTERRUPT: usize = 1;
        loop {
            super::interrupts_save_disable();
            self.frame.registers.pstate &= USER_FLAGS;
            self.floating.prepare();
            // SAFETY: the frame is this program's and stays where it is until the call returns. In
            // user mode the machine keeps the program from everything but user pages; the flags
            // were cut down to those of user mode, with interrupts enabled.
            let kind = unsafe { scarlet_enter_user(&raw mut self.frame) };
            if kind == INTERRUPT {
                trap::interrupt();
                super::interrupts_restore(true);
                return UserEvent::Interrupt;
            }
            let event = self.event();
            if event.is_none() {
                self.floating.load();
            }
            super::interrupts_restore(true);
            if let Some(event) = event {
                return event;
            }
        }
    }

    /// What the syndrome says (Arm ARM, D24.2.40); `None` is the first use of floating point.
    fn event(&mut self) -> Option<UserEvent> {
        let syndrome = self.frame.syndrome;
        let address = without_tag(self.frame.fault_address);
        let event = match syndrome >> 26 & 0x3f {
            0x07 => return None,
            0x15 => {
                self.first_argument = self.frame.registers.x[0];
                UserEvent::Syscall
            }
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
    pub(crate) fn set_argument(&mut self, index: usize, value: usize) {
        assert!(index < 6, "there are six argument registers");
        self.frame.registers.x[index] = value;
    }

    pub(crate) fn rewind_syscall(&mut self) {
        const INSTRUCTION: usize = 4;
        self.frame.registers.pc = self.frame.registers.pc.wrapping_sub(INSTRUCTION);
        self.frame.registers.x[0] = self.first_argument;
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
