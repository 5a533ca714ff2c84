//! Running a machine: from its description to what became of it.

use super::engine;
use super::fibers::{Fiber, Life, finish, resume};
use super::plant::Bug;
use super::program::Programs;
use super::report::{Exit, last_panic, remember_panics, situation};
use super::state::{IdleHook, Plan, State, enter, machine};
use super::user::User;
use crate::PAGE_SIZE;
use crate::boot::{BootInfo, Initramfs};
use crate::frame;
use std::boxed::Box;
use std::format;
use std::rc::Rc;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// A simulated machine that has not been started.
pub struct Machine {
    plan: Plan,
    command_line: String,
    initramfs: Option<Vec<u8>>,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed that decided it.
    pub seed: u64,
    /// Why it stopped.
    pub exit: Exit,
    /// What was written to the console.
    pub console: Vec<u8>,
    /// How many steps it took.
    pub steps: u64,
    /// How much virtual time passed.
    pub time_ns: u64,
    /// Frames that nobody gave back although everything was dropped; meaningful after a power-off.
    pub leaked_frames: usize,
    /// Kernel threads that nobody gave back although everything was dropped.
    pub leaked_threads: usize,
}

impl Machine {
    /// A machine of two CPUs and 32 MiB, whose every choice `seed` decides.
    pub fn new(seed: u64) -> Machine {
        Machine {
            plan: Plan {
                seed,
                cpus: 2,
                memory_bytes: 32 << 20,
                step_limit: 20_000_000,
                echo: false,
                bug: None,
                programs: Programs::new(),
                idle_hook: None,
            },
            command_line: String::new(),
            initramfs: None,
        }
    }

    /// Sets the number of CPUs (1 to [`crate::MAX_CPUS`]).
    pub fn cpus(mut self, count: usize) -> Machine {
        self.plan.cpus = count.clamp(1, crate::MAX_CPUS);
        self
    }

    /// Sets the amount of memory.
    pub fn memory_bytes(mut self, bytes: usize) -> Machine {
        self.plan.memory_bytes = bytes;
        self
    }

    /// Sets after how many steps a run counts as hung.
    pub fn step_limit(mut self, steps: u64) -> Machine {
        self.plan.step_limit = steps;
        self
    }

    /// Loads an archive.
    pub fn initramfs(mut self, archive: Vec<u8>) -> Machine {
        self.initramfs = Some(archive);
        self
    }

    /// Sets the kernel's command line.
    pub fn command_line(mut self, text: &str) -> Machine {
        self.command_line = String::from(text);
        self
    }

    /// Shows the console on the host's standard error while it runs.
    pub fn echo(mut self, echo: bool) -> Machine {
        self.plan.echo = echo;
        self
    }

    /// Gives the machine a bug.
    pub fn plant(mut self, bug: Bug) -> Machine {
        self.plan.bug = Some(bug);
        self
    }

    /// Types on the console whenever the machine has nothing left to do but wait: `hook` sees
    /// the output so far, and returns what is typed next, or `None` for nothing.
    pub fn on_idle(mut self, hook: impl FnMut(&[u8]) -> Option<Vec<u8>> + 'static) -> Machine {
        let hook: IdleHook = Box::new(hook);
        self.plan.idle_hook = Some(hook);
        self
    }

    /// Adds a program; returns its number, which [`super::entry_bytes`] turns into an image.
    pub fn add_program(&mut self, name: &str, program: impl Fn(&mut User) + 'static) -> u32 {
        self.plan.programs.add(name, Rc::new(program))
    }

    /// Runs the kernel from its main function to the machine's end.
    pub fn run(self, kernel_main: fn(BootInfo) -> !) -> Outcome {
        self.run_with(move |boot| kernel_main(boot))
    }

    /// As [`Machine::run`], for a closure that may return; that powers the machine off.
    pub fn run_with(self, kernel_main: impl FnOnce(BootInfo) + 'static) -> Outcome {
        remember_panics();
        last_panic();
        let Machine {
            plan,
            command_line,
            initramfs,
        } = self;
        let state = State::new(plan);
        enter(&state, || {
            start(&state, command_line, initramfs, Box::new(kernel_main))
        })
    }
}

type Main = Box<dyn FnOnce(BootInfo)>;

fn start(
    state: &State,
    command_line: String,
    archive: Option<Vec<u8>>,
    kernel_main: Main,
) -> Outcome {
    if let Some(archive) = &archive {
        state.memory.load_initramfs(archive);
    }
    // The oldest globals are the frame allocator and what it stands on: the last to go.
    let total = frame::statistics();
    // And the CPUs' own frames: other globals may give frames back when they go.
    frame::pay_from(0);
    let oldest = state.globals.len();
    let body = Box::new(move || {
        crate::interrupt::set_controller(Arc::new(super::console::Lines));
        let boot = BootInfo {
            command_line,
            initramfs: frame::take_initramfs()
                .map(|(frames, length)| Initramfs::new(frames, length)),
            device_tree: Arc::from([]),
            cpu_count: machine().cpus.len(),
            memory_bytes: machine().memory.length() as u64,
            random_seed: machine().random.next().to_le_bytes().to_vec(),
        };
        kernel_main(boot);
        finish(Exit::PowerOff(0));
    });
    if let Some(fiber) = Fiber::new("boot/0", body) {
        *state.cpus[0].fiber.borrow_mut() = Some(fiber.clone());
        resume(&fiber);
    }
    let exit = match state.exit.borrow_mut().take() {
        Some(exit) => exit,
        None => Exit::Deadlock(format!("the first thread ended\n{}", situation())),
    };
    let (steps, time_ns) = (state.steps.get(), state.time_ns.get());
    tear_down(state);
    state.globals.drop_down_to(oldest);
    let pages = archive.map_or(0, |archive| archive.len().div_ceil(PAGE_SIZE));
    let leaked_frames = (total.free + pages).saturating_sub(frame::statistics().free);
    state.globals.drop_down_to(0);
    Outcome {
        seed: state.seed,
        exit,
        console: core::mem::take(&mut *state.console.borrow_mut()),
        steps,
        time_ns,
        leaked_frames,
        leaked_threads: state.stacks.get(),
    }
}

/// Unwinds every fiber that is left: first those that a CPU runs, since after a panic they may
/// hold spin locks, each on its own CPU; then those that sleep.
fn tear_down(state: &State) {
    state.tearing_down.set(true);
    state.begin_to_end();
    for number in 0..state.cpus.len() {
        let fiber = state.cpus[number].fiber.borrow_mut().take();
        if let Some(fiber) = fiber
            && !Rc::ptr_eq(&fiber, &state.host)
        {
            state.cpu.set(number);
            fiber.unwind();
        }
    }
    state.cpu.set(0);
    loop {
        let fiber = state.fibers.borrow().last().cloned();
        let Some(fiber) = fiber else { break };
        fiber.unwind();
    }
    debug_assert!(
        state
            .fibers
            .borrow()
            .iter()
            .all(|fiber| fiber.life.get() == Life::Ended)
    );
    engine::quiesce(state);
}

impl Outcome {
    /// The console's output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.console).into_owned()
    }

    /// What went wrong, if anything did: an end other than a power-off with code 0, or a leak.
    pub fn complaint(&self) -> Option<String> {
        let problem = match &self.exit {
            Exit::PowerOff(0) if self.leaked_frames == 0 && self.leaked_threads == 0 => {
                return None;
            }
            Exit::PowerOff(0) => {
                format!(
                    "{} frames, {} threads leaked",
                    self.leaked_frames, self.leaked_threads
                )
            }
            Exit::Deadlock(text) | Exit::StepLimit(text) | Exit::StaleTranslation(text) => {
                let kind = match &self.exit {
                    Exit::Deadlock(_) => "deadlock",
                    Exit::StepLimit(_) => "step limit",
                    _ => "stale translation",
                };
                format!("{kind}: {text}")
            }
            other => format!("{other:?}"),
        };
        Some(format!(
            "seed {}: {problem}\nconsole:\n{}",
            self.seed,
            self.text()
        ))
    }
}
