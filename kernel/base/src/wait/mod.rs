//! Sleeping until something holds, without lost wake-ups.
//!
//! A [`WaitQueue`] is where threads wait for one thing (data in a pipe, a child's end, a lock).
//! The rule that makes it safe: a sleeper first *registers*, then *checks* its condition, then
//! sleeps; a waker first changes the condition, then wakes. Whatever the order, either the check
//! sees the change or the wake-up finds the registration. The methods here follow the rule, so
//! that callers only say what they wait for:
//!
//! ```text
//! let byte = pipe.readers.wait_interruptible(None, || pipe.state.lock().bytes.pop_front())?;
//! …
//! pipe.state.lock().bytes.push_back(byte);
//! pipe.readers.wake_one();
//! ```
//!
//! A [`Waiter`] is one sleeper that may be registered on many queues at once: that is `poll`.
//!
//! Two kinds of registration: a thread inside `wait_until` takes what it was woken for, so
//! [`WaitQueue::wake_one`] wakes one of these only; a [`Waiter`] merely looks, so every wake-up
//! reaches all of them and counts for none.
//!
//! Waking takes spin locks only and never sleeps or allocates: interrupt handlers may do it.

mod queue;
mod waiter;

pub use queue::{Registration, WaitQueue};
pub use waiter::{Hook, Waiter};
