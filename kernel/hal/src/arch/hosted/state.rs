//! One simulated machine: everything there is of it, and how code finds the one it runs on.
//!
//! A machine belongs to one host thread; all of it is `Cell`s and `RefCell`s. No `RefCell` borrow
//! is held across a switch of fibers.
//!
//! Code that runs outside of `Machine::run` (an ordinary unit test that takes a spin lock) finds
//! an *ambient* machine of its host thread, made at the first use: one CPU, some memory, no other
//! threads.

use super::fibers::Fiber;
use super::memory::Memory;
use super::plant::Bug;
use super::program::Programs;
use super::random::Random;
use super::report::Exit;
use super::tlb::Tlb;
use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::vec::Vec;

/// One simulated CPU.
pub(super) struct Cpu {
    /// It has been started.
    pub(super) started: Cell<bool>,
    /// It waits for an interrupt.
    pub(super) halted: Cell<bool>,
    /// It takes interrupts.
    pub(super) interrupts: Cell<bool>,
    /// Its fiber is a program's, not the kernel's.
    pub(super) in_user: Cell<bool>,
    /// Its one timer deadline.
    pub(super) deadline: Cell<Option<u64>>,
    /// Another CPU has kicked it.
    pub(super) kicked: Cell<bool>,
    /// See [`crate::cpu::mark`].
    pub(super) mark: Cell<bool>,
    /// It takes interrupts of devices.
    pub(super) external: Cell<bool>,
    /// What runs on it.
    pub(super) fiber: RefCell<Option<Rc<Fiber>>>,
    /// The root table and the identifier of its user address space.
    pub(super) root: Cell<Option<(usize, usize)>>,
    /// Its translation cache.
    pub(super) tlb: RefCell<Tlb>,
}

impl Cpu {
    fn new() -> Cpu {
        Cpu {
            started: Cell::new(false),
            halted: Cell::new(false),
            interrupts: Cell::new(false),
            in_user: Cell::new(false),
            deadline: Cell::new(None),
            kicked: Cell::new(false),
            mark: Cell::new(false),
            external: Cell::new(false),
            fiber: RefCell::new(None),
            root: Cell::new(None),
            tlb: RefCell::new(Tlb::new()),
        }
    }
}

/// Gives the machine input when it has nothing left to do: sees the console's output so far, and
/// returns what is typed next.
pub(super) type IdleHook = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>>>;

/// One simulated machine.
pub(super) struct State {
    pub(super) seed: u64,
    pub(super) random: Random,
    /// One step in this many lets another CPU go on.
    pub(super) switch_every: u64,
    /// One user step in this many is struck by an interrupt.
    pub(super) preempt_every: u64,
    /// Programs are now and then interrupted for nothing. Not on every machine: it may be what hides that
    /// the interrupt which should come does not.
    pub(super) interrupts_for_nothing: bool,
    pub(super) cpus: Vec<Cpu>,
    pub(super) cpu: Cell<usize>,
    /// The fiber that runs.
    pub(super) running: RefCell<Rc<Fiber>>,
    /// The host's own stack, from which the machine was started.
    pub(super) host: Rc<Fiber>,
    /// Every fiber that has a stack.
    pub(super) fibers: RefCell<Vec<Rc<Fiber>>>,
    /// How many kernel threads have a stack.
    pub(super) stacks: Cell<usize>,
    pub(super) time_ns: Cell<u64>,
    pub(super) steps: Cell<u64>,
    pub(super) step_limit: u64,
    pub(super) memory: Memory,
    pub(super) globals: super::global::Globals,
    pub(super) console: RefCell<Vec<u8>>,
    pub(super) echo: bool,
    pub(super) input: RefCell<VecDeque<u8>>,
    /// Raised interrupt lines, one bit each.
    pub(super) lines: Cell<u64>,
    pub(super) lines_enabled: Cell<u64>,
    pub(super) idle_hook: RefCell<Option<IdleHook>>,
    pub(super) programs: Programs,
    pub(super) bug: Option<Bug>,
    /// How many allocations from now on one is refused; 0 for none.
    pub(super) refusal: Cell<u64>,
    /// How many page table cursors are in the middle of a change.
    pub(super) tables_changing: Cell<usize>,
    pub(super) exit: RefCell<Option<Exit>>,
    /// The machine is ending: the last step that CPUs may take to come to rest.
    pub(super) last_step: Cell<Option<u64>>,
    /// Nothing runs any more but destructors.
    pub(super) tearing_down: Cell<bool>,
}

/// What a machine is made of; the builder fills it in.
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) cpus: usize,
    pub(super) memory_bytes: usize,
    pub(super) step_limit: u64,
    pub(super) echo: bool,
    pub(super) bug: Option<Bug>,
    pub(super) programs: Programs,
    pub(super) idle_hook: Option<IdleHook>,
}

impl State {
    pub(super) fn new(plan: Plan) -> State {
        let random = Random::new(plan.seed);
        // How densely CPUs interleave is part of what the seed decides: some races need two
        // switches within a few steps, others a long undisturbed run.
        let switch_every = [2, 5, 20, 100][random.below(4) as usize];
        let preempt_every = [3, 10, 40][random.below(3) as usize];
        let interrupts_for_nothing = random.one_in(2);
        let host = Rc::new(Fiber::host());
        let cpus: Vec<Cpu> = (0..plan.cpus).map(|_| Cpu::new()).collect();
        cpus[0].started.set(true);
        *cpus[0].fiber.borrow_mut() = Some(host.clone());
        State {
            seed: plan.seed,
            random,
            switch_every,
            preempt_every,
            interrupts_for_nothing,
            cpus,
            cpu: Cell::new(0),
            running: RefCell::new(host.clone()),
            host,
            fibers: RefCell::new(Vec::new()),
            stacks: Cell::new(0),
            time_ns: Cell::new(1),
            steps: Cell::new(0),
            step_limit: plan.step_limit,
            memory: Memory::new(plan.memory_bytes),
            globals: super::global::Globals::new(),
            console: RefCell::new(Vec::new()),
            echo: plan.echo,
            input: RefCell::new(VecDeque::new()),
            lines: Cell::new(0),
            lines_enabled: Cell::new(0),
            idle_hook: RefCell::new(plan.idle_hook),
            programs: plan.programs,
            bug: plan.bug,
            refusal: Cell::new(0),
            tables_changing: Cell::new(0),
            exit: RefCell::new(None),
            last_step: Cell::new(None),
            tearing_down: Cell::new(false),
        }
    }

    /// The CPU that runs.
    pub(super) fn this_cpu(&self) -> &Cpu {
        &self.cpus[self.cpu.get()]
    }
}

std::thread_local! {
    static CURRENT: Cell<*const State> = const { Cell::new(core::ptr::null()) };
}

/// Memory of an ambient machine. The host commits only what is touched.
const AMBIENT_MEMORY: usize = 64 << 20;

/// The machine that this code runs on.
///
/// The lifetime is that of the machine's run, which the compiler is not told: code of a machine
/// must not hand references to its state to the outside. What is reachable from safe code
/// (`Global`) states the same rule.
pub(super) fn machine() -> &'static State {
    let current = CURRENT.get();
    if current.is_null() {
        return ambient();
    }
    // SAFETY: set to a live machine by `enter`, and reset before that machine is dropped; an
    // ambient machine is never dropped.
    unsafe { &*current }
}

#[cold]
fn ambient() -> &'static State {
    let state: &'static State = Box::leak(Box::new(State::new(Plan {
        seed: 0,
        cpus: 1,
        memory_bytes: AMBIENT_MEMORY,
        step_limit: u64::MAX,
        echo: false,
        bug: None,
        programs: Programs::new(),
        idle_hook: None,
    })));
    CURRENT.set(state);
    state
}

/// The fiber that runs on this host thread's machine, if it has one, has begun to panic.
pub(super) fn note_panic() {
    let current = CURRENT.get();
    if !current.is_null() {
        // SAFETY: as in `machine`.
        let running = unsafe { &(*current).running };
        if let Ok(running) = running.try_borrow() {
            running.unwinding.set(true);
        }
    }
}

/// Makes `state` this host thread's machine while `work` runs.
pub(super) fn enter<R>(state: &State, work: impl FnOnce() -> R) -> R {
    struct Restore(*const State);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let restore = Restore(CURRENT.replace(state));
    let result = work();
    drop(restore);
    result
}
