//! The scheduler: which thread runs on which CPU, and when.
//!
//! - [`policy`] decides who of one CPU's queue is next: fair by virtual deadline.
//! - [`placement`] decides which CPU a woken thread goes to.
//! - `queue` is a CPU's state; `core` switches threads; `idle` is what a CPU does with nothing to
//!   do: take, then halt; `balance` moves waiting threads between CPUs; `tick` is what the timer and the kick interrupts do.
//! - [`load`] is the load average.
//!
//! **Where a thread may be.** A runnable thread is in exactly one run queue or is the current one
//! of exactly one CPU. A thread that is woken while it is still leaving its CPU (its registers are
//! not saved yet) is queued on *that* CPU, and nobody steals it; so a CPU never has to wait for
//! another before it can switch, and two CPUs can never wait for each other.
//!
//! **Who wakes and then sleeps** keeps the thread it woke on its own CPU, which it is about to
//! leave: a pipe's two ends, a child's end and its parent's wait, then cost a switch and no interrupt
//! between CPUs. What a thread did the last time decides. If the guess was wrong, an idle CPU takes
//! the woken one soon after. An idle CPU watches for work for a moment before it halts, if that
//! has been worth while lately.
//!
//! **When a tick comes.** For a timer, and for the end of a slice that somebody waits for. A CPU
//! that is idle, or runs one thread alone, is left in peace.

mod answer;
mod balance;
mod core;
mod counts;
mod habit;
mod idle;
mod init;
pub mod load;
pub mod placement;
pub mod policy;
mod queue;
mod statistics;
mod tick;

pub(crate) use self::core::{Leave, arrived, exit, switch, wake};
pub(crate) use habit::Habit;
pub use init::init;
pub(crate) use queue::with_run_queue_locked;
pub(crate) use queue::{current, is_current, needs_reschedule, pay_from};
pub use statistics::{CpuStatistics, Statistics, load_averages, statistics, threads};
pub(crate) use statistics::{next_thread_id, note_ended, note_started};
pub(crate) use tick::deadline_added;
