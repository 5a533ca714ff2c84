//! Memory objects, page cache, address spaces, faults, user memory.
//!
//! - An [`AddressSpace`] is what a process sees as its memory: areas, each backed by nothing (zero
//!   pages on demand) or by a [`MemoryObject`], such as the [`PageCache`] of a file.
//! - A page fault comes to [`AddressSpace::handle_fault`], from the user loop or from the kernel's
//!   own access to user memory.
//! - The kernel reaches user memory only through [`user`] (typed values, strings) and through
//!   [`transfer`] (the bytes of a read or a write); both resolve faults and go on.
//! - When memory runs out, user-driven allocations fail first, and [`pressure`] asks for relief.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod cache;
mod identity;
mod object;
pub mod pressure;
mod space;
#[cfg(test)]
mod testing;
mod text;
pub mod transfer;
pub mod user;
mod zero;

pub use cache::{
    Ahead, Begun, CacheStatistics, ErrorMark, PageBudget, PageCache, PageSource, Pattern, Shrinker,
    Storing, add_shrinker, cache_statistics, cached_pages, drop_clean_pages, store_everything,
};
pub use identity::next_identity;
pub use object::{MemoryObject, ObjectDescription};
pub use space::{
    AddressSpace, Advice, AreaInfo, AreaKind, Backing, FaultKind, MapRequest, Placement,
    Protection, RemapRequest, Sharing, SpaceStatistics,
};
