//! Pipes, local sockets, futexes, events.
//!
//! - A [`channel::Channel`] is a ring of pages with readers and writers: pipes ([`pipe`]), named
//!   ones ([`fifo`]) and both directions of a local stream are made of it.
//! - A [`local::LocalSocket`] is a socket between programs of this machine: stream, datagram or
//!   sequenced packets, with names, handles and credentials that travel along.
//! - [`futex`] lets threads sleep until a word of user memory is changed and they are told.
//! - [`event`] is a counter that can be waited for like a file.
//! - [`system_v`] has memory, semaphores and messages that go by keys, for an environment at a time.
//!
//! Waiting is always by condition ([`base::wait`]): nothing here can miss a wake-up that came
//! before the sleep, and a wake-up goes to one thread that can use it.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod allowance;
pub mod channel;
pub mod event;
pub mod fifo;
pub mod futex;
pub mod local;
pub mod pipe;
pub mod system_v;

mod anonymous;
#[cfg(test)]
mod tests;
