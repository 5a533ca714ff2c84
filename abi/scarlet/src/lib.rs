//! The native contract: numbers, records and errors shared by the kernel and native programs.
#![no_std]
#![forbid(unsafe_code)]
