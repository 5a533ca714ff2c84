//! The native programs' standard library.
#![no_std]
