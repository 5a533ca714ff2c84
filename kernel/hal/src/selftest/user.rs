//! User mode: what a program does, and how it is reported.

use alloc::vec::Vec;

use super::code::{bytes, entries};
use super::spaces::READ_WRITE;
use super::threads::set_period_ns;
use super::{Outcome, Test, ensure};
use crate::frame::Frame;
use crate::paging::{self, PageFlags, PageTable};
use crate::user::{Access, CallRegisters, Kernel, Next, UserContext, UserEvent};
use crate::{PAGE_SIZE, arch};

pub(super) const TESTS: &[Test] = &[
    ("system calls come with their arguments", calls),
    ("a system call is made again", again),
    ("faults say where and what", faults),
    (
        "code cannot be written, data cannot be executed",
        permissions,
    ),
    (
        "illegal and breakpoint instructions are told apart",
        instructions,
    ),
    ("an interrupt ends a run", interrupts),
    (
        "floating point registers are each program's own",
        floating_point,
    ),
    ("a resolved fault goes on", resolved),
    ("interrupts change nothing in a program", undisturbed),
];

const CODE: usize = 0x10000;
const DATA: usize = 0x20000;

/// A space with the programs at [`CODE`] and a page of data, active.
pub(super) fn program() -> Result<PageTable, &'static str> {
    let mut table = PageTable::new().map_err(|_| "out of memory")?;
    let code = Frame::allocate().map_err(|_| "out of memory")?;
    code.write(0, bytes());
    let data = Frame::allocate().map_err(|_| "out of memory")?;
    let read_execute = PageFlags::READ | PageFlags::EXECUTE;
    for (address, frame, flags) in [(CODE, code, read_execute), (DATA, data, READ_WRITE)] {
        let mut cursor = table.cursor(address..address + PAGE_SIZE);
        cursor.map(frame, flags).map_err(|_| "out of memory")?;
    }
    table.space().activate();
    Ok(table)
}

pub(super) fn context(entry: usize, argument: usize) -> UserContext {
    let mut context = UserContext::new(CODE + entry, DATA + PAGE_SIZE);
    context.set_argument(0, argument);
    context
}

/// A kernel that answers nothing on the way: every call ends the run.
pub(super) struct Outside;

impl Kernel for Outside {
    fn system_call(&mut self, _call: CallRegisters<'_>) -> Next {
        Next::AllRegisters
    }

    fn may_enter(&mut self) -> bool {
        true
    }
}

/// Runs until something else than an interrupt comes.
fn run(context: &mut UserContext) -> UserEvent {
    loop {
        match context.run(&mut Outside) {
            UserEvent::Interrupt => {}
            event => return event,
        }
    }
}

/// A program that makes one system call after another.
pub(super) fn caller() -> Result<(PageTable, UserContext), &'static str> {
    Ok((program()?, context(entries().again, 0)))
}

fn calls() -> Outcome {
    let _table = program()?;
    let mut context = context(entries().call, 0);
    ensure!(run(&mut context), UserEvent::Syscall);
    ensure!(context.syscall_number(), 7);
    ensure!(context.syscall_arguments(), [1, 2, 3, 4, 5, 6]);
    ensure!(context.sp(), DATA + PAGE_SIZE);
    context.set_result(41);
    ensure!(run(&mut context), UserEvent::Syscall);
    ensure!(context.syscall_number(), 8);
    ensure!(context.syscall_arguments()[0], 42);
    paging::deactivate();
    Ok(())
}

fn again() -> Outcome {
    let _table = program()?;
    let mut context = context(entries().call, 0);
    ensure!(run(&mut context), UserEvent::Syscall);
    context.set_result(99);
    context.rewind_syscall();
    ensure!(run(&mut context), UserEvent::Syscall);
    ensure!(context.syscall_number(), 7);
    ensure!(context.syscall_arguments(), [1, 2, 3, 4, 5, 6]);
    paging::deactivate();
    Ok(())
}

fn faults() -> Outcome {
    let _table = program()?;
    let entries = entries();
    let kernel = arch::physical_to_virtual(0x8000_0000).addr();
    for address in [0, 0x5000, DATA + PAGE_SIZE, crate::USER_END, kernel] {
        let mut loads = context(entries.load, address);
        ensure!(
            run(&mut loads),
            UserEvent::Fault {
                address,
                access: Access::Read
            }
        );
        ensure!(loads.pc(), CODE + entries.load);
        let mut stores = context(entries.store, address);
        ensure!(
            run(&mut stores),
            UserEvent::Fault {
                address,
                access: Access::Write
            }
        );
    }
    let mut jumps = UserContext::new(0x5000, 0);
    ensure!(
        run(&mut jumps),
        UserEvent::Fault {
            address: 0x5000,
            access: Access::Execute
        }
    );
    paging::deactivate();
    Ok(())
}

fn permissions() -> Outcome {
    let _table = program()?;
    let mut stores = context(entries().store, CODE);
    ensure!(
        run(&mut stores),
        UserEvent::Fault {
            address: CODE,
            access: Access::Write
        }
    );
    let mut jumps = UserContext::new(DATA, 0);
    ensure!(
        run(&mut jumps),
        UserEvent::Fault {
            address: DATA,
            access: Access::Execute
        }
    );
    let mut stores = context(entries().store, DATA + 16);
    ensure!(run(&mut stores), UserEvent::Syscall);
    paging::deactivate();
    Ok(())
}

fn instructions() -> Outcome {
    let _table = program()?;
    let mut illegal = context(entries().illegal, 0);
    ensure!(run(&mut illegal), UserEvent::Illegal);
    ensure!(illegal.pc(), CODE + entries().illegal);
    let mut breakpoint = context(entries().breakpoint, 0);
    ensure!(run(&mut breakpoint), UserEvent::Breakpoint);
    ensure!(breakpoint.pc(), CODE + entries().breakpoint);
    paging::deactivate();
    Ok(())
}

fn interrupts() -> Outcome {
    let _table = program()?;
    let mut context = context(entries().spin, 0);
    set_period_ns(5_000_000);
    for _ in 0..5 {
        ensure!(context.run(&mut Outside), UserEvent::Interrupt);
        ensure!(context.pc(), CODE + entries().spin);
    }
    set_period_ns(0);
    paging::deactivate();
    Ok(())
}

fn floating_point() -> Outcome {
    let _table = program()?;
    let mut contexts: Vec<UserContext> = (0..5)
        .map(|index| context(entries().float, 1 << (40 + index)))
        .collect();
    for round in 0..20 {
        for index in 0..contexts.len() {
            let context = &mut contexts[(index * 3 + round) % 5];
            ensure!(run(context), UserEvent::Syscall);
            ensure!(context.syscall_arguments()[0], 0);
        }
        // A copy goes on with the same registers.
        if round == 10 {
            let copy = contexts[2].clone();
            contexts[3] = copy;
        }
    }
    let state = contexts[0].floating_point();
    let mut other = contexts[1].clone();
    other.set_floating_point(&state);
    ensure!(run(&mut other), UserEvent::Syscall);
    // All of them differ from what that program expects.
    ensure!(other.syscall_arguments()[0], 32);
    paging::deactivate();
    Ok(())
}

fn undisturbed() -> Outcome {
    let _table = program()?;
    let mut counts = context(entries().count, 50_000_000);
    let mut interrupts = 0;
    set_period_ns(3_000_000);
    loop {
        match counts.run(&mut Outside) {
            UserEvent::Interrupt => interrupts += 1,
            event => {
                ensure!(event, UserEvent::Syscall);
                break;
            }
        }
    }
    ensure!(counts.syscall_arguments()[0], 0);
    ensure!(interrupts > 0);
    set_period_ns(0);
    paging::deactivate();
    Ok(())
}

fn resolved() -> Outcome {
    let mut table = program()?;
    let address = DATA + 3 * PAGE_SIZE;
    let page = address..address + PAGE_SIZE;
    let mut stores = context(entries().store, address);
    let fault = UserEvent::Fault {
        address,
        access: Access::Write,
    };
    ensure!(run(&mut stores), fault);
    let frame = Frame::allocate().map_err(|_| "out of memory")?;
    ensure!(
        table
            .cursor(page.clone())
            .map(frame, PageFlags::READ)
            .is_ok()
    );
    ensure!(run(&mut stores), fault);
    table.cursor(page).protect(READ_WRITE);
    ensure!(run(&mut stores), UserEvent::Syscall);
    paging::deactivate();
    Ok(())
}
