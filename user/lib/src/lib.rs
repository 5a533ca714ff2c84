//! The standard library of native Scarlet programs.
//!
//! It has the shape of Rust's `std`, so that a program reads as any Rust program does: [`mod@env`],
//! [`fs`], [`io`], [`process`], [`thread`], [`time`], [`sync`]. Underneath are the calls of the native
//! contract (`scarlet_abi`) and nothing else. What only Scarlet has is in [`os`]: handles with rights,
//! terminals, control events, mounts and views.
//!
//! ```text
//! #![no_std]
//! #![no_main]
//! scarlet::main!(main);
//!
//! fn main() -> i32 {
//!     scarlet::println!("Hello, world!");
//!     0
//! }
//! ```
//!
//! File names are bytes, so whatever takes a path takes anything that is bytes: `"a"`, a `String`, a
//! `Vec<u8>`.
//!
//! Unsafe code lives in `sys` (the system call instruction and the entry), in the allocator, in
//! thread creation and in the cells of `sync`; everything else is written on top of those in safe
//! Rust.
#![no_std]

extern crate alloc;

#[macro_use]
mod macros;

mod allocator;
pub mod env;
pub mod fs;
pub mod io;
pub mod os;
mod panic;
pub mod path;
pub mod process;
mod start;
pub mod sync;
mod sys;
pub mod thread;
pub mod time;

pub use alloc::{borrow, boxed, collections, format, rc, string, vec};
pub use scarlet_abi as contract;
#[doc(hidden)]
pub use start::enter;

/// What most programs need: the parts of `alloc` that Rust's own prelude would bring.
pub mod prelude {
    pub use crate::io::{BufRead, Read, Write};
    pub use crate::{eprint, eprintln, print, println};
    pub use alloc::borrow::ToOwned;
    pub use alloc::boxed::Box;
    pub use alloc::string::{String, ToString};
    pub use alloc::vec::Vec;
    pub use alloc::{format, vec};
}
