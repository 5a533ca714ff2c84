//! What this ABI remembers: per process and per thread.
//!
//! Most of what Linux calls a process's state is the kernel's own (masks, actions, limits). Left over is
//! what only Linux programs know of: alternate signal stacks, robust lists, the timers of
//! timer_create, and what an interrupted call needs when it starts again.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use base::rank;
use base::sync::{Rank, SpinLock};
use base::time::Instant;
use base::{Error, Result};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use mem::AddressSpace;
use proc::{Process, Task};

use crate::call::Restart;
use crate::layout::{SS_AUTODISARM, SS_DISABLE, SS_ONSTACK, SignalStack};
use crate::time::posix::PosixTimer;

/// Small leaf locks, held for a copy.
const SMALL: Rank = Rank(rank::HANDLES.0 + 2);

/// Per process.
pub struct ProcessState {
    /// Where handlers return through; 0 until the first signal.
    return_code: AtomicUsize,
    personality: AtomicU32,
    not_dumpable: AtomicBool,
    /// What is mapped from now on is brought in at once (`MCL_FUTURE`); neither fork nor exec keeps it.
    maps_at_once: AtomicBool,
    timers: SpinLock<TimerTable>,
}

/// The timers of timer_create, by identifier.
#[derive(Default)]
pub struct TimerTable {
    /// The timers.
    pub timers: BTreeMap<i32, Arc<PosixTimer>>,
    /// The next identifier to try.
    pub next: i32,
}

impl ProcessState {
    /// Of a process that starts a program.
    pub fn new() -> ProcessState {
        ProcessState {
            return_code: AtomicUsize::new(0),
            personality: AtomicU32::new(0),
            not_dumpable: AtomicBool::new(false),
            maps_at_once: AtomicBool::new(false),
            timers: SpinLock::new(SMALL, TimerTable::default()),
        }
    }

    /// Of a forked process: the memory is the same, timers are not inherited (fork(2)).
    pub fn forked(&self) -> ProcessState {
        let state = ProcessState::new();
        state
            .return_code
            .store(self.return_code.load(Ordering::Relaxed), Ordering::Relaxed);
        state.set_personality(self.personality());
        state.set_dumpable(self.is_dumpable());
        state
    }

    /// The state of a process that speaks this ABI.
    pub fn of(process: &Process) -> Result<Arc<ProcessState>> {
        process
            .abi_state::<ProcessState>()
            .ok_or(Error::NoSuchProcess)
    }

    /// Where handlers of a process with this memory return through.
    pub fn return_code(&self, space: &AddressSpace) -> Option<usize> {
        match self.return_code.load(Ordering::Relaxed) {
            0 => {
                let address = crate::vdso::find_return_code(space)?;
                self.return_code.store(address, Ordering::Relaxed);
                Some(address)
            }
            address => Some(address),
        }
    }

    /// The flags of personality(2).
    pub fn personality(&self) -> u32 {
        self.personality.load(Ordering::Relaxed)
    }

    /// Sets the flags of personality(2).
    pub fn set_personality(&self, personality: u32) {
        self.personality.store(personality, Ordering::Relaxed);
    }

    /// Whether the process may be looked into (PR_SET_DUMPABLE).
    pub fn is_dumpable(&self) -> bool {
        !self.not_dumpable.load(Ordering::Relaxed)
    }

    /// Sets whether the process may be looked into.
    pub fn set_dumpable(&self, dumpable: bool) {
        self.not_dumpable.store(!dumpable, Ordering::Relaxed);
    }

    /// Whether what is mapped from now on is brought in at once.
    pub fn maps_at_once(&self) -> bool {
        self.maps_at_once.load(Ordering::Relaxed)
    }

    /// Sets whether what is mapped from now on is brought in at once.
    pub fn set_maps_at_once(&self, at_once: bool) {
        self.maps_at_once.store(at_once, Ordering::Relaxed);
    }

    /// Looks at the timers.
    pub fn with_timers<R>(&self, look: impl FnOnce(&mut TimerTable) -> R) -> R {
        look(&mut self.timers.lock())
    }
}

impl Default for ProcessState {
    fn default() -> Self {
        Self::new()
    }
}

/// The alternate signal stack of a thread; size 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlternateStack {
    /// Lowest byte.
    pub base: usize,
    /// Size in bytes.
    pub size: usize,
    /// It is forgotten while a handler runs on it.
    pub disarm: bool,
}

impl AlternateStack {
    /// Whether a stack pointer is on it. With `SS_AUTODISARM` no stack is ever left to be on.
    pub fn contains(&self, stack_pointer: usize) -> bool {
        !self.disarm && stack_pointer > self.base && stack_pointer - self.base <= self.size
    }

    /// The record that sigaltstack and signal frames show.
    pub fn record(&self, stack_pointer: usize) -> SignalStack {
        let mut flags = if self.size == 0 {
            SS_DISABLE
        } else if self.contains(stack_pointer) {
            SS_ONSTACK
        } else {
            0
        };
        if self.disarm {
            flags |= SS_AUTODISARM;
        }
        SignalStack {
            base: self.base as u64,
            flags,
            pad: 0,
            size: self.size as u64,
        }
    }
}

/// A call that a signal interrupted, until it is known what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct Interrupted {
    /// What it asked for.
    pub restart: Restart,
    /// When its relative timeout ends, if it has one.
    pub deadline: Option<Instant>,
}

struct ThreadFields {
    signal_stack: AlternateStack,
    interrupted: Option<Interrupted>,
    /// When the sleep of an interrupted call would have ended.
    deadline: Option<Instant>,
    robust_list: usize,
    /// As ioprio_set(2) spells it; 0 is none.
    io_priority: u32,
    /// `SCHED_OTHER`, `SCHED_BATCH` or `SCHED_IDLE`.
    policy: i32,
}

/// Per thread.
pub struct ThreadState {
    fields: SpinLock<ThreadFields>,
}

impl ThreadState {
    /// Of a process's first thread.
    pub fn new() -> ThreadState {
        let fields = ThreadFields {
            signal_stack: AlternateStack::default(),
            interrupted: None,
            deadline: None,
            robust_list: 0,
            io_priority: 0,
            policy: 0,
        };
        ThreadState {
            fields: SpinLock::new(SMALL, fields),
        }
    }

    /// Of a forked process's thread, which keeps the alternate stack; a new thread of the same
    /// process has none (sigaltstack(2)). The priority of its input and output is inherited.
    pub fn forked(&self, same_process: bool) -> ThreadState {
        let state = ThreadState::new();
        if !same_process {
            state.set_signal_stack(self.signal_stack());
        }
        state.inherit(self);
        state
    }

    /// Takes over what threads, children and the next program have in common with it: how they are scheduled.
    pub fn inherit(&self, from: &ThreadState) {
        self.set_io_priority(from.io_priority());
        self.set_policy(from.policy());
    }

    /// Its scheduling policy.
    pub fn policy(&self) -> i32 {
        self.fields.lock().policy
    }

    /// Sets its scheduling policy.
    pub fn set_policy(&self, policy: i32) {
        self.fields.lock().policy = policy;
    }

    /// The state of a thread that speaks this ABI.
    pub fn of(task: &Task) -> Result<Arc<ThreadState>> {
        task.abi_state::<ThreadState>().ok_or(Error::NoSuchProcess)
    }

    /// The alternate signal stack.
    pub fn signal_stack(&self) -> AlternateStack {
        self.fields.lock().signal_stack
    }

    /// Sets the alternate signal stack.
    pub fn set_signal_stack(&self, stack: AlternateStack) {
        self.fields.lock().signal_stack = stack;
    }

    /// Notes that a call was interrupted.
    pub fn set_interrupted(&self, interrupted: Interrupted) {
        self.fields.lock().interrupted = Some(interrupted);
    }

    /// The interrupted call, once.
    pub fn take_interrupted(&self) -> Option<Interrupted> {
        self.fields.lock().interrupted.take()
    }

    /// Remembers the moment a timed call would have ended, in case it starts again.
    pub fn remember_deadline(&self, deadline: Instant) {
        self.fields.lock().deadline = Some(deadline);
    }

    /// The remembered moment, once.
    pub fn take_remembered_deadline(&self) -> Option<Instant> {
        self.fields.lock().deadline.take()
    }

    /// Its priority of input and output, 0 for none of its own.
    pub fn io_priority(&self) -> u32 {
        self.fields.lock().io_priority
    }

    /// Sets its priority of input and output.
    pub fn set_io_priority(&self, priority: u32) {
        self.fields.lock().io_priority = priority;
    }

    /// The head of the robust list, 0 for none.
    pub fn robust_list(&self) -> usize {
        self.fields.lock().robust_list
    }

    /// Sets the head of the robust list.
    pub fn set_robust_list(&self, head: usize) {
        self.fields.lock().robust_list = head;
    }
}

impl Default for ThreadState {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alternate_stack_knows_who_is_on_it() {
        let stack = AlternateStack {
            base: 0x1000,
            size: 0x1000,
            disarm: false,
        };
        assert!(!stack.contains(0x1000));
        assert!(stack.contains(0x2000));
        assert!(!stack.contains(0x2001));
        assert_eq!(stack.record(0x1800).flags, SS_ONSTACK);
        assert_eq!(stack.record(0x8000).flags, 0);
        assert_eq!(AlternateStack::default().record(0).flags, SS_DISABLE);
    }
}
