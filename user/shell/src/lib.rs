//! The shell's language and line editor, as plain logic without an operating system.
//!
//! What the shell `sh` understands is decided here, where it can be tested on any machine:
//!
//! * [`parse`] turns text into a tree ([`tree`]), or says that more text is needed.
//! * [`expand`] turns a word of the tree into arguments: parameters, command substitution,
//!   arithmetic, field splitting, patterns. What it needs to know of the world it asks through
//!   [`expand::Host`].
//! * [`pattern`] matches `*`, `?` and `[…]`.
//! * [`regex`]: what `grep` looks for.
//! * [`condition`], [`printf`], [`escape`]: the builtins that have a language of their own.
//! * [`editor`] is the state machine behind the prompt: bytes of a keyboard in, bytes for a screen
//!   out, and in the end a line.
//!
//! Running the tree (processes, pipes, jobs, builtins) is `user/bin/src/sh`.
//!
//! Text is bytes, as file names are; every character with a meaning is ASCII, so UTF-8 passes through.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod arithmetic;
pub mod condition;
pub mod editor;
pub mod escape;
pub mod expand;
pub mod parse;
pub mod pattern;
pub mod printf;
pub mod regex;
pub mod tree;
