//! System calls that are answered on the way: what a program finds in its registers after one.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::code::entries;
use super::user::{context, program};
use super::{Outcome, Test, ensure};
use crate::thread::{self, KernelThread};
use crate::user::{CallRegisters, Kernel, Next, UserEvent};
use crate::{interrupt, paging};

pub(super) const TESTS: &[Test] = &[
    ("registers survive a call that is answered on the way", kept),
    (
        "they survive a switch to another program in it",
        kept_across_switches,
    ),
    ("a call that wants all registers finds them", all_registers),
    ("no program is entered that may not be", not_entered),
    (
        "floating point survives calls that are answered on the way",
        floating_point,
    ),
];

/// Answers call 12 with its argument plus one, and ends the run at any other.
struct Answers {
    answered: usize,
    /// Who runs before the answer.
    other: Option<Arc<KernelThread>>,
    /// How often user mode may be entered yet.
    entries: usize,
}

impl Answers {
    fn new(other: Option<Arc<KernelThread>>) -> Self {
        Self {
            answered: 0,
            other,
            entries: usize::MAX,
        }
    }
}

impl Kernel for Answers {
    fn system_call(&mut self, mut call: CallRegisters<'_>) -> Next {
        if call.number() != 12 {
            return Next::AllRegisters;
        }
        if let Some(other) = &self.other {
            thread::switch_to(other.clone());
        }
        self.answered += 1;
        call.set_result(call.argument(0) + 1);
        Next::GoOn
    }

    fn may_enter(&mut self) -> bool {
        self.entries = self.entries.saturating_sub(1);
        self.entries > 0
    }
}

/// Runs the program to its report, `rounds` times: the registers that did not survive.
fn lost(answers: &mut Answers, entry: usize, rounds: usize) -> usize {
    let mut context = context(entry, 0);
    let mut lost = 0;
    for _ in 0..rounds {
        while context.run(answers) != UserEvent::Syscall {}
        lost |= context.call().argument(0);
    }
    lost
}

fn kept() -> Outcome {
    let _table = program()?;
    let mut answers = Answers::new(None);
    ensure!(lost(&mut answers, entries().keep, 100), 0);
    ensure!(answers.answered, 100);
    paging::deactivate();
    Ok(())
}

fn kept_across_switches() -> Outcome {
    let _table = program()?;
    let home = KernelThread::current();
    let other = KernelThread::new(
        "other program",
        Box::new(move || {
            interrupt::enable_at_start();
            let mut answers = Answers::new(Some(home));
            loop {
                assert!(lost(&mut answers, entries().keep_other, 1) == 0);
                // Between two programs of its own, too: their registers are loaded afresh.
                assert!(lost(&mut answers, entries().keep, 1) == 0);
            }
        }),
    )
    .map_err(|_| "out of memory")?;
    let mut answers = Answers::new(Some(other));
    ensure!(lost(&mut answers, entries().keep, 100), 0);
    ensure!(answers.answered, 100);
    paging::deactivate();
    Ok(())
}

fn all_registers() -> Outcome {
    let _table = program()?;
    let mut context = context(entries().keep, 0);
    let mut answers = Answers::new(None);
    // Call 13 comes after call 12 was answered; all were counted down to 0 by then.
    while context.run(&mut answers) != UserEvent::Syscall {}
    ensure!(context.syscall_number(), 13);
    let mut keep = super::user::Outside;
    while context.run(&mut keep) != UserEvent::Syscall {}
    ensure!(context.syscall_number(), 12);
    let registers = context.registers();
    for index in [1, 5, 9, 19, 20, 25, 27, 29] {
        ensure!(registers.x[index], 0x100 + index);
    }
    // A copy goes on from here as the program itself does.
    let mut copy = context.clone();
    for context in [&mut context, &mut copy] {
        context.set_result(2);
        while context.run(&mut answers) != UserEvent::Syscall {}
        ensure!(context.syscall_number(), 13);
        ensure!(context.syscall_arguments()[0], 0);
    }
    paging::deactivate();
    Ok(())
}

fn not_entered() -> Outcome {
    let _table = program()?;
    let mut context = context(entries().keep, 0);
    let mut answers = Answers::new(None);
    answers.entries = 1;
    ensure!(context.run(&mut answers), UserEvent::Attention);
    ensure!(answers.answered, 0);
    answers.entries = 2;
    ensure!(context.run(&mut answers), UserEvent::Attention);
    ensure!(answers.answered, 1);
    ensure!(context.call().argument(0), 2);
    answers.entries = usize::MAX;
    while context.run(&mut answers) != UserEvent::Syscall {}
    ensure!(context.call().argument(0), 0);
    paging::deactivate();
    Ok(())
}

/// Answers the calls of the program that looks at its floating point registers.
struct Counts {
    /// Registers that were lost.
    lost: usize,
    /// Calls until the run ends.
    left: usize,
    /// Who runs at each of them.
    other: Option<Arc<KernelThread>>,
}

impl Kernel for Counts {
    fn system_call(&mut self, call: CallRegisters<'_>) -> Next {
        self.lost += call.argument(0);
        self.left = self.left.saturating_sub(1);
        if let Some(other) = &self.other {
            thread::switch_to(other.clone());
        }
        if self.left == 0 {
            Next::AllRegisters
        } else {
            Next::GoOn
        }
    }

    fn may_enter(&mut self) -> bool {
        true
    }
}

fn floating_point() -> Outcome {
    let _table = program()?;
    let home = KernelThread::current();
    let other = KernelThread::new(
        "other program",
        Box::new(move || {
            interrupt::enable_at_start();
            let mut context = context(entries().float, 1 << 41);
            loop {
                // Every third answer ends the run, and the next one begins where it was.
                let mut counts = Counts {
                    lost: 0,
                    left: 3,
                    other: Some(home.clone()),
                };
                while context.run(&mut counts) != UserEvent::Syscall {}
                assert!(counts.lost == 0);
            }
        }),
    )
    .map_err(|_| "out of memory")?;
    let mut context = context(entries().float, 1 << 40);
    for with in [None, Some(other)] {
        let mut counts = Counts {
            lost: 0,
            left: 20,
            other: with,
        };
        while context.run(&mut counts) != UserEvent::Syscall {}
        ensure!(counts.lost, 0);
        ensure!(counts.left, 0);
    }
    paging::deactivate();
    Ok(())
}
