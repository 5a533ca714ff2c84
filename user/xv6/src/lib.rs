//! What the programs for the xv6 ABI share: its 21 system calls, printing, strings and memory.
//!
//! The ABI is that of MIT's xv6 for RISC-V (the book "xv6: a simple, Unix-like teaching operating
//! system", chapter 1): the call's number in `a7`, arguments in `a0` to `a2`, the result in `a0`,
//! and -1 for every error. A program begins at `_start` with the number of its arguments in `a0`
//! and an array of pointers to them in `a1`.
//!
//! A program is a file in `src/bin`; it says `xv6::main!(program)` and gets its arguments as a slice
//! of byte strings:
//!
//! ```text
//! xv6::main!(program);
//! fn program(arguments: &[&[u8]]) -> i32 {
//!     xv6::println!("{} arguments", arguments.len());
//!     0
//! }
//! ```
#![cfg_attr(target_os = "none", no_std)]

extern crate alloc;

mod call;
#[cfg(target_os = "none")]
mod heap;
mod output;
#[cfg(target_os = "none")]
mod start;

pub use call::*;
pub use output::{Descriptor, read_line};

/// Names the function that a program begins with: `fn(&[&[u8]]) -> i32`.
#[macro_export]
macro_rules! main {
    ($function:path) => {
        /// Called by the start code with the program's arguments.
        #[cfg(target_os = "none")]
        #[unsafe(no_mangle)]
        extern "Rust" fn xv6_program_main(arguments: &[&[u8]]) -> i32 {
            $function(arguments)
        }

        #[cfg(not(target_os = "none"))]
        fn main() {
            let _: fn(&[&[u8]]) -> i32 = $function;
        }
    };
}

/// Prints to standard output.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => { $crate::Descriptor(1).print(format_args!($($argument)*)) };
}

/// Prints a line to standard output.
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($argument:tt)*) => { $crate::print!("{}\n", format_args!($($argument)*)) };
}

/// Prints a line to standard error.
#[macro_export]
macro_rules! complain {
    ($($argument:tt)*) => {
        $crate::Descriptor(2).print(format_args!("{}\n", format_args!($($argument)*)))
    };
}

/// Bytes as text, for printing: names need not be UTF-8.
pub fn text(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or(""),
    }
}

/// The number that a text begins with, as C's `atoi` reads it; 0 where there is none.
pub fn number(text: &[u8]) -> i32 {
    text.iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |sum: i32, byte| {
            sum.wrapping_mul(10).wrapping_add(i32::from(byte - b'0'))
        })
}
