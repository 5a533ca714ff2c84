//! Threads.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Request of `CreateThread`.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ThreadRequest {
    /// Size of this record.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// Where it begins, with `argument` in the first argument register.
    pub entry: u64,
    /// Its stack pointer, 16-byte aligned.
    pub stack: u64,
    /// What it gets.
    pub argument: u64,
    /// Its thread pointer register.
    pub thread_pointer: u64,
    /// Address of a u32 that becomes 0, and whose sleepers are woken, when the thread is gone; or 0.
    pub clear_on_exit: u64,
}
