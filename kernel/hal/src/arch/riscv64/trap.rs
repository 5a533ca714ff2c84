//! Traps: one entry, told apart by `sscratch`.
//!
//! While a program runs, `sscratch` points to its [`super::user::UserState`]; while the kernel
//! runs it is 0. A system call saves what a function may change and calls the function that answers
//! it; any other trap from user mode is the return of the function that entered it (see `user`). A
//! trap from the kernel saves what a function may change, calls [`kernel_trap`] and resumes.
//!
//! Before anything is pushed, one bit of the stack pointer tells whether the stack has overflowed
//! (stacks fill the upper halves of aligned 64 KiB; see `bare::stack`).

use core::arch::{asm, global_asm};
use core::fmt::Write;
use core::mem::offset_of;

use super::csr::{self, INTERRUPT_SOFTWARE};
use super::user::UserState;
use super::{copy, cpu, timer};
use crate::panic::Console;
use crate::{backtrace, interrupt};

/// Points this CPU's traps to the entry.
pub(super) fn init_cpu() {
    unsafe extern "C" {
        fn trap_entry();
    }
    // Interrupts come back enabled from the first return to user mode: SPIE; and floating point
    // and vectors are off until a program uses them (the kernel never does).
    const STATUS_SPIE: usize = 1 << 5;
    const STATUS_OFF: usize = csr::STATUS_FS | csr::STATUS_VS | csr::STATUS_SUM | csr::STATUS_SPP;
    let entry = trap_entry as *const () as usize;
    // SAFETY: the entry handles every trap; the status bits are as its code expects.
    unsafe {
        asm!(
            "csrw stvec, {entry}",
            "csrw sscratch, zero",
            "csrc sstatus, {off}",
            "csrs sstatus, {on}",
            // Programs may read the clock and the counters of cycles and instructions.
            "csrwi scounteren, 7",
            entry = in(reg) entry,
            off = in(reg) STATUS_OFF,
            on = in(reg) STATUS_SPIE,
            options(nostack),
        );
    }
}

/// What a trap from the kernel saves: what a call may change.
#[repr(C)]
pub(super) struct KernelFrame {
    ra: usize,
    t: [usize; 7],
    a: [usize; 8],
    status: usize,
    _padding: usize,
    /// The interrupted function's frame pointer and program counter, where a caller's would be.
    s0: usize,
    pc: usize,
}

/// What `enter_user` leaves on the stack: what it gives back when it returns, and what a system
/// call needs.
#[repr(C, align(16))]
struct EnterFrame {
    ra: usize,
    s: [usize; 12],
    /// The CPU's block: of the CPU on which the program was entered last.
    tp: usize,
    state: usize,
    kernel: usize,
    answer: usize,
}

/// `scause`: a system call.
pub(super) const SYSTEM_CALL: usize = 8;

global_asm!(
    r#"
    .section .text
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw   a0, sscratch, a0
    bnez    a0, user_trap

    // From the kernel. a0 is in sscratch and free to use.
    addi    sp, sp, -{size}
    slli    a0, sp, 48
    bgez    a0, 9f
    csrrw   a0, sscratch, zero
    sd      ra, 0(sp)
    sd      t0, 8(sp)
    sd      t1, 16(sp)
    sd      t2, 24(sp)
    sd      t3, 32(sp)
    sd      t4, 40(sp)
    sd      t5, 48(sp)
    sd      t6, 56(sp)
    sd      a0, 64(sp)
    sd      a1, 72(sp)
    sd      a2, 80(sp)
    sd      a3, 88(sp)
    sd      a4, 96(sp)
    sd      a5, 104(sp)
    sd      a6, 112(sp)
    sd      a7, 120(sp)
    sd      s0, {s0}(sp)
    csrr    t0, sepc
    sd      t0, {pc}(sp)
    addi    s0, sp, {size}
    li      t1, {sum}
    // A user copy may have been interrupted: close user memory, and open it on the way back.
    csrrc   t2, sstatus, t1
    sd      t2, {status}(sp)
    mv      a0, sp
    csrr    a1, scause
    csrr    a2, stval
    call    {kernel_trap}
    ld      t0, {pc}(sp)
    csrw    sepc, t0
    ld      t2, {status}(sp)
    csrw    sstatus, t2
    ld      s0, {s0}(sp)
    ld      ra, 0(sp)
    ld      t0, 8(sp)
    ld      t1, 16(sp)
    ld      t2, 24(sp)
    ld      t3, 32(sp)
    ld      t4, 40(sp)
    ld      t5, 48(sp)
    ld      t6, 56(sp)
    ld      a0, 64(sp)
    ld      a1, 72(sp)
    ld      a2, 80(sp)
    ld      a3, 88(sp)
    ld      a4, 96(sp)
    ld      a5, 104(sp)
    ld      a6, 112(sp)
    ld      a7, 120(sp)
    addi    sp, sp, {size}
    sret

    // The stack has overflowed: report on another one, never to come back.
9:  addi    a1, sp, {size}
    mv      a2, s0
    csrr    a0, sepc
    ld      sp, {emergency}(tp)
    csrw    sscratch, zero
    li      s0, 0
    call    {stack_overflow}
    unimp

user_trap:
    // From a program. a0 is its state, its own a0 is in sscratch.
    sd      x1, 1*8(a0)
    sd      x2, 2*8(a0)
    sd      x4, 4*8(a0)
    sd      x5, 5*8(a0)
    sd      x6, 6*8(a0)
    sd      x7, 7*8(a0)
    sd      x8, 8*8(a0)
    sd      x11, 11*8(a0)
    sd      x12, 12*8(a0)
    sd      x13, 13*8(a0)
    sd      x14, 14*8(a0)
    sd      x15, 15*8(a0)
    sd      x16, 16*8(a0)
    sd      x17, 17*8(a0)
    sd      x28, 28*8(a0)
    sd      x29, 29*8(a0)
    sd      x30, 30*8(a0)
    sd      x31, 31*8(a0)
    csrr    t0, scause
    li      t1, {system_call}
    csrrw   t2, sscratch, zero
    csrr    t3, sepc
    sd      t2, 10*8(a0)
    ld      sp, {kernel_sp}(a0)
    ld      tp, {frame_tp}(sp)
    bne     t0, t1, 1f
    // Changed floating point registers (they alone set sstatus.SD, the sign) are saved first.
    csrr    t1, sstatus
    bltz    t1, 1f

    // A system call: the function below `enter_user` that answers it. What it keeps (s1 to s11,
    // and gp, which it does not know) stays where it is.
    addi    t3, t3, 4
    sd      t3, {user_pc}(a0)
    sd      t2, {syscall_argument}(a0)
    ld      s0, {frame_s0}(sp)
    ld      a1, {frame_kernel}(sp)
    ld      t0, {frame_answer}(sp)
    csrsi   sstatus, 2
    jalr    t0
    beqz    a0, 2f
    // The program goes on; interrupts are disabled. The CPU may be another one than before.
    csrw    sscratch, a0
    sd      tp, {frame_tp}(sp)
    ld      t0, {user_pc}(a0)
    csrw    sepc, t0
    ld      x1, 1*8(a0)
    ld      x2, 2*8(a0)
    ld      x4, 4*8(a0)
    ld      x5, 5*8(a0)
    ld      x6, 6*8(a0)
    ld      x7, 7*8(a0)
    ld      x8, 8*8(a0)
    ld      x11, 11*8(a0)
    ld      x12, 12*8(a0)
    ld      x13, 13*8(a0)
    ld      x14, 14*8(a0)
    ld      x15, 15*8(a0)
    ld      x16, 16*8(a0)
    ld      x17, 17*8(a0)
    ld      x28, 28*8(a0)
    ld      x29, 29*8(a0)
    ld      x30, 30*8(a0)
    ld      x31, 31*8(a0)
    ld      x10, 10*8(a0)
    sret

    // `enter_user` returns: with the trap,
1:  sd      t3, {user_pc}(a0)
    mv      a2, a0
    mv      a0, t0
    csrr    a1, stval
    j       3f
    // or with what the answer says (a1).
2:  ld      a2, {frame_state}(sp)
    mv      a0, a1
    li      a1, 0
3:
    sd      x3, 3*8(a2)
    sd      x9, 9*8(a2)
    sd      x18, 18*8(a2)
    sd      x19, 19*8(a2)
    sd      x20, 20*8(a2)
    sd      x21, 21*8(a2)
    sd      x22, 22*8(a2)
    sd      x23, 23*8(a2)
    sd      x24, 24*8(a2)
    sd      x25, 25*8(a2)
    sd      x26, 26*8(a2)
    sd      x27, 27*8(a2)
    ld      ra, 0(sp)
    ld      s0, 8(sp)
    ld      s1, 16(sp)
    ld      s2, 24(sp)
    ld      s3, 32(sp)
    ld      s4, 40(sp)
    ld      s5, 48(sp)
    ld      s6, 56(sp)
    ld      s7, 64(sp)
    ld      s8, 72(sp)
    ld      s9, 80(sp)
    ld      s10, 88(sp)
    ld      s11, 96(sp)
    addi    sp, sp, {frame}
    ret

    // enter_user(state, kernel, answer): the other half. Interrupts are disabled.
    .globl enter_user
enter_user:
    addi    sp, sp, -{frame}
    sd      ra, 0(sp)
    sd      s0, 8(sp)
    sd      s1, 16(sp)
    sd      s2, 24(sp)
    sd      s3, 32(sp)
    sd      s4, 40(sp)
    sd      s5, 48(sp)
    sd      s6, 56(sp)
    sd      s7, 64(sp)
    sd      s8, 72(sp)
    sd      s9, 80(sp)
    sd      s10, 88(sp)
    sd      s11, 96(sp)
    sd      tp, 104(sp)
    sd      a0, {frame_state}(sp)
    sd      a1, {frame_kernel}(sp)
    sd      a2, {frame_answer}(sp)
    sd      sp, {kernel_sp}(a0)
    csrw    sscratch, a0
    ld      t0, {user_pc}(a0)
    csrw    sepc, t0
    ld      x1, 1*8(a0)
    ld      x2, 2*8(a0)
    ld      x3, 3*8(a0)
    ld      x4, 4*8(a0)
    ld      x5, 5*8(a0)
    ld      x6, 6*8(a0)
    ld      x7, 7*8(a0)
    ld      x8, 8*8(a0)
    ld      x9, 9*8(a0)
    ld      x11, 11*8(a0)
    ld      x12, 12*8(a0)
    ld      x13, 13*8(a0)
    ld      x14, 14*8(a0)
    ld      x15, 15*8(a0)
    ld      x16, 16*8(a0)
    ld      x17, 17*8(a0)
    ld      x18, 18*8(a0)
    ld      x19, 19*8(a0)
    ld      x20, 20*8(a0)
    ld      x21, 21*8(a0)
    ld      x22, 22*8(a0)
    ld      x23, 23*8(a0)
    ld      x24, 24*8(a0)
    ld      x25, 25*8(a0)
    ld      x26, 26*8(a0)
    ld      x27, 27*8(a0)
    ld      x28, 28*8(a0)
    ld      x29, 29*8(a0)
    ld      x30, 30*8(a0)
    ld      x31, 31*8(a0)
    ld      x10, 10*8(a0)
    sret
"#,
    size = const size_of::<KernelFrame>(),
    s0 = const offset_of!(KernelFrame, s0),
    pc = const offset_of!(KernelFrame, pc),
    status = const offset_of!(KernelFrame, status),
    sum = const csr::STATUS_SUM,
    emergency = const cpu::EMERGENCY_STACK,
    user_pc = const UserState::PC_OFFSET,
    kernel_sp = const UserState::KERNEL_SP_OFFSET,
    syscall_argument = const UserState::SYSCALL_ARGUMENT_OFFSET,
    system_call = const SYSTEM_CALL,
    frame = const size_of::<EnterFrame>(),
    frame_s0 = const offset_of!(EnterFrame, s),
    frame_tp = const offset_of!(EnterFrame, tp),
    frame_state = const offset_of!(EnterFrame, state),
    frame_kernel = const offset_of!(EnterFrame, kernel),
    frame_answer = const offset_of!(EnterFrame, answer),
    kernel_trap = sym kernel_trap,
    stack_overflow = sym stack_overflow,
);

/// `scause` without its interrupt bit, and the kinds that have names here.
pub(super) const INTERRUPT: usize = 1 << 63;
const SOFTWARE: usize = INTERRUPT | 1;
const TIMER: usize = INTERRUPT | 5;
const EXTERNAL: usize = INTERRUPT | 9;
const LOAD_PAGE_FAULT: usize = 13;
const STORE_PAGE_FAULT: usize = 15;

/// Handles an interrupt; called with interrupts disabled.
pub(super) fn interrupt(cause: usize) {
    match cause {
        TIMER => {
            timer::acknowledge();
            interrupt::dispatch_tick();
        }
        SOFTWARE => {
            // SAFETY: ends the pending state of this CPU's software interrupt.
            unsafe { asm!("csrc sip, {}", in(reg) INTERRUPT_SOFTWARE, options(nostack)) };
            interrupt::dispatch_kick();
        }
        EXTERNAL => interrupt::dispatch_external(),
        _ => {}
    }
}

/// A trap while the kernel ran.
extern "C" fn kernel_trap(frame: &mut KernelFrame, cause: usize, value: usize) {
    if cause & INTERRUPT != 0 {
        return interrupt(cause);
    }
    if matches!(cause, LOAD_PAGE_FAULT | STORE_PAGE_FAULT)
        && value < crate::USER_END
        && let Some(landing) = copy::landing(frame.pc)
    {
        frame.pc = landing;
        return;
    }
    panic!(
        "{} at {:#x}, address {value:#x}, status {:#x}, ra {:#x}",
        describe(cause),
        frame.pc,
        frame.status,
        frame.ra
    );
}

/// The stack of whatever ran here is used up.
extern "C" fn stack_overflow(pc: usize, sp: usize, frame: usize) -> ! {
    let mut console = Console;
    let _ = writeln!(
        console,
        "\nkernel stack overflow on CPU {}, sp {sp:#x}",
        cpu::cpu_id()
    );
    backtrace::print_address(&mut console, pc);
    backtrace::print(&mut console, frame);
    panic!("kernel stack overflow");
}

fn describe(cause: usize) -> &'static str {
    match cause {
        0 => "misaligned fetch",
        1 => "fetch access fault",
        2 => "illegal instruction",
        3 => "breakpoint",
        4 => "misaligned load",
        5 => "load access fault",
        6 => "misaligned store",
        7 => "store access fault",
        12 => "fetch page fault",
        LOAD_PAGE_FAULT => "load page fault",
        STORE_PAGE_FAULT => "store page fault",
        _ => "unknown exception",
    }
}

/// The frame pointer of whoever calls this.
#[inline(always)]
pub(crate) fn frame_pointer() -> usize {
    let frame;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, s0", out(reg) frame, options(nomem, nostack, preserves_flags)) };
    frame
}

/// The return address in a frame, and the caller's frame pointer.
pub(crate) fn caller(frame: usize) -> Option<(usize, usize)> {
    if !frame.is_multiple_of(8) || !super::layout::is_on_stack(frame - 16) {
        return None;
    }
    // SAFETY: an aligned address of a mapped kernel stack: the two words below a frame pointer
    // are there, whatever they hold.
    unsafe {
        let words = core::ptr::with_exposed_provenance::<usize>(frame);
        Some((words.sub(1).read_volatile(), words.sub(2).read_volatile()))
    }
}
