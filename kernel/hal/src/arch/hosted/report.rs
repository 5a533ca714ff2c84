//! How a machine's run ended, in words.

use super::fibers::Life;
use super::state::machine;
use core::any::Any;
use core::fmt::Write;
use std::boxed::Box;
use std::cell::RefCell;
use std::string::{String, ToString};

/// Why a machine stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The kernel turned it off; 0 says all is well.
    PowerOff(u32),
    /// The kernel asked for a restart.
    Reset,
    /// Kernel code panicked.
    KernelPanic {
        /// The kernel thread.
        thread: String,
        /// What it said.
        message: String,
    },
    /// A program's closure panicked: a check of the test failed.
    ProgramPanic {
        /// The program.
        program: String,
        /// What it said.
        message: String,
    },
    /// All CPUs wait, no timer is set, no input is to come: somebody was not woken.
    Deadlock(String),
    /// It ran longer than it may.
    StepLimit(String),
    /// A translation was used that should have been flushed.
    StaleTranslation(String),
}

std::thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: std::sync::Once = std::sync::Once::new();

/// Has panics remembered, with their place, before they are printed as always.
pub(super) fn remember_panics() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |information| {
            LAST.set(Some(information.to_string()));
            super::state::note_panic();
            before(information);
        }));
    });
}

/// What the last panic of this host thread said, and where; once.
pub(super) fn last_panic() -> Option<String> {
    LAST.take()
}

/// The text of a panic's payload.
pub(super) fn message_of(payload: &(dyn Any + Send)) -> String {
    match (
        payload.downcast_ref::<&str>(),
        payload.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text.to_string(),
        (_, Some(text)) => text.clone(),
        _ => String::from("a panic without a message"),
    }
}

/// What every CPU and thread does at this moment.
pub(super) fn situation() -> String {
    let machine = machine();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "seed {}, {} steps, {} ns, switching one step in {}",
        machine.seed,
        machine.steps.get(),
        machine.time_ns.get(),
        machine.switch_every
    );
    for (number, cpu) in machine.cpus.iter().enumerate() {
        let runs = match &*cpu.fiber.borrow() {
            Some(fiber) => fiber.name.borrow().clone(),
            None => String::from("nothing"),
        };
        let _ = writeln!(
            text,
            "  cpu {number}: {}{}runs {runs}, interrupts {}, deadline {:?}",
            if cpu.started.get() {
                ""
            } else {
                "not started, "
            },
            if cpu.halted.get() { "halted, " } else { "" },
            if cpu.interrupts.get() { "on" } else { "off" },
            cpu.deadline.get()
        );
    }
    for fiber in machine.fibers.borrow().iter() {
        let life = match fiber.life.get() {
            Life::New => "not begun",
            Life::Alive => "waits or runs",
            Life::Ended => "ended",
        };
        let _ = writeln!(text, "  thread {:?}: {life}", fiber.name.borrow());
    }
    text
}
