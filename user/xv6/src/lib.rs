//! What the programs for the xv6 ABI share: its system calls, printf and memory.
#![no_std]
