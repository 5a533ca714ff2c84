//! The native ABI: the calls of `scarlet_abi`, on the kernel's objects.
//!
//! [`table`] is the list of calls as data: a number and a handler. A handler is a plain function whose
//! parameters say what its arguments are ([`arguments::Argument`]: a handle's slot, a path, a user
//! buffer, flags); taking them out of the registers, and refusing what cannot be one, is done once for
//! all. Handlers are short, because the work is a method of the object.
//!
//! [`abi::ScarletAbi`] plugs this into `proc`; [`register`] is called once by the composition.
//!
//! What only this ABI has: control events arrive as records on a stream ([`events`]), and an
//! interrupted call either ends with `Interrupted` because an event was received, or goes on as if
//! nothing had happened ([`state`]).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod abi;
mod arguments;
mod describe;
mod environments;
mod error;
mod events;
mod handles;
mod invocation;
mod memory;
mod mounts;
mod names;
mod poll;
mod process;
mod records;
mod spawn;
mod state;
mod stream;
mod system;
mod table;
mod terminal;
mod thread;

#[cfg(test)]
mod tests;

/// Makes native programs known to the kernel.
pub fn register() {
    proc::abi::register(alloc::sync::Arc::new(abi::ScarletAbi));
}

pub use table::handled_calls;
