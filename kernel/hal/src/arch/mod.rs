//! The backends, and the list of what each must provide.
//!
//! Exactly one is compiled: `riscv64` or `aarch64` on a bare target, `hosted` elsewhere. Each
//! exports the same names, which are all that common code knows of it. This is the list; "I" means
//! that it is called with interrupts disabled.
//!
//! | name | meaning |
//! |---|---|
//! | `const NAME: &str` | the architecture of the programs |
//! | `struct GlobalCell<T>` | `const fn new(fn() -> T)`, `get(&self) -> &T`: once per machine; bare metal shares `bare::GlobalCell` |
//! | `fn interrupts_save_disable() -> bool` | disables, returns whether they were enabled |
//! | `fn interrupts_restore(enabled: bool)` | enables if so |
//! | `fn interrupts_enabled() -> bool` | |
//! | `fn wait_for_interrupt()` | I: sleeps until one is pending; does not handle it |
//! | `fn external_interrupts_enable()` | I: lets device lines of the controller reach this CPU |
//! | `fn spin_relax()` | one turn of a waiting loop; hosted runs another CPU |
//! | `fn cpu_id() -> usize`, `fn cpu_count() -> usize` | |
//! | `fn start_cpus()` | starts the others; each calls `cpu::secondary_main()`, I |
//! | `fn mark_cpu(cpu, marked: bool)`, `fn is_cpu_marked() -> bool` | `cpu::mark` |
//! | `fn send_kick(cpu)` | makes that CPU call `interrupt::dispatch_kick()` |
//! | `fn ticks()`, `fn ticks_to_ns(ticks)` | see [`crate::timer`] |
//! | `fn tick_scale() -> u64` | nanoseconds a tick, in units of 2⁻³²: what programs calculate with |
//! | `fn now_ns()`, `fn set_deadline_ns(Option<u64>)`, `fn wall_clock_ns()` | see [`crate::timer`]; the deadline calls `interrupt::dispatch_tick()` |
//! | `fn cycle_counter() -> u64` | any fast-moving counter |
//! | `fn console_write(&[u8])`, `fn power_off(u32) -> !`, `fn power_reset() -> !` | |
//! | `fn memory_map() -> MemoryMap` | what is RAM and what of it is taken; asked once per machine |
//! | `fn physical_to_virtual(usize) -> *mut u8` | where RAM at a physical address is mapped for the kernel (direct map) |
//! | `unsafe fn zero_page(*mut u8)`, `unsafe fn copy_page(to, from)` | whole frames, page aligned, as fast as the machine can |
//! | `unsafe fn copy_bytes(to, from, len)`, `unsafe fn fill_bytes(to, value, len)` | memory that programs or devices may change meanwhile |
//! | `mod pte` | page table entries, see below |
//! | `fn prepare_root(*mut u64)` | writes what every user root table must hold (RISC-V: the kernel's half) |
//! | `const ASID_LIMIT` via `fn asid_limit() -> usize` | how many identifiers there are, 0 if the machine has none |
//! | `const BROADCAST_FLUSH: bool` | whether a flush reaches every CPU without being told which (AArch64) |
//! | `unsafe fn set_user_root(root: Option<usize>, asid: usize)` | I: this CPU's user tables from now on; None: none at all |
//! | `fn flush_local_all()` | I: forgets every translation of user addresses on this CPU |
//! | `fn flush_local_asid(asid)` | I: forgets one identifier's translations on this CPU |
//! | `fn flush_pages(cpus: usize, asid, start, end)` | forgets a range on every CPU in the mask (this one included if in it); returns when all have |
//! | `fn frame_pointer() -> usize`, `fn caller(frame) -> Option<(return address, its frame)>` | bare metal only; `None` where the frame is not on a kernel stack |
//! | `fn writable_and_executable() -> Option<usize>` | bare metal only, for the tests: a kernel address that is both |
//! | `const STACK_AREA`, `const DEVICE_AREA`, `fn kernel_root() -> usize` | bare metal only: see `bare::kernel_map` |
//! | `fn refuses_allocation() -> bool` | whether a test wants this allocation to fail; bare metal shares `bare::refuses_allocation`: never |
//! | `fn image_offset() -> usize` | bare metal only: see `bare::layout` |
//! | `fn flush_kernel(start, end)` | forgets a range of kernel addresses on all CPUs |
//! | `struct TablesChanging` | `begin()`: until it is dropped, tables and caches may disagree; only hosted keeps count, bare metal shares `bare::TablesChanging` |
//! | `fn fence_new_mapping()` | bare metal only; after invalid entries became valid: makes the walker see them |
//! | `fn clean_code(*mut u8)` | a frame will be executed: its bytes must reach where fetches look |
//! | `fn fence_instructions(cpus: usize)` | after that: no CPU in the mask (this one included) fetches what was there before |
//! | `struct Stack` | `new() -> Result<_, OutOfMemory>`, a kernel stack with a guard (`set_name(&str)` is for hosted's reports); bare metal shares `bare::Stack` (`bottom()`, `top()`) |
//! | `struct ThreadContext` | `boot()`, `new(&Stack)`: starts at `thread::first_switch()`, I; dropped with the thread |
//! | `unsafe fn switch(from: *mut ThreadContext, to: *const ThreadContext)` | I |
//! | `struct GeneralRegisters`, `struct FloatingPointState` | public, `Clone` |
//! | `struct UserState` | the methods that [`crate::user::UserContext`] forwards |
//! | `unsafe fn user_read(address, *mut u8, len) -> usize` | copies from user memory, returns bytes done; address + len ≤ USER_END |
//! | `unsafe fn user_write(address, *const u8, len) -> usize` | the other way |
//! | `fn user_zero(address, len) -> usize` | |
//! | `fn user_load_u32(address) -> Option<u32>` | aligned, below USER_END |
//! | `fn user_compare_exchange_u32(address, old, new) -> Option<u32>` | returns what was found |
//! | `unsafe fn mmio_map(physical, length) -> Result<usize, OutOfMemory>` | a handle (bare metal: an address) for the registers |
//! | `unsafe fn mmio_read8/16/32/64(handle + offset)`, `mmio_write8/…` | |
//!
//! `pte` is `INVALID: u64`, `leaf(physical, PageFlags) -> u64` (a user page),
//! `table(physical) -> u64`, `kernel_leaf(physical, KernelAccess) -> u64`,
//! `decode(u64) -> Decoded` (a user page with no access decodes as a leaf with none). Three levels of 512 entries, 39-bit addresses, on all of them.

#[cfg(target_os = "none")]
pub(crate) mod bare;

#[cfg(all(target_os = "none", target_arch = "riscv64"))]
mod riscv64;
#[cfg(all(target_os = "none", target_arch = "riscv64"))]
pub(crate) use riscv64::*;
#[cfg(all(target_os = "none", target_arch = "riscv64"))]
pub use riscv64::{FloatingPointState, GeneralRegisters};

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
mod aarch64;
#[cfg(all(target_os = "none", target_arch = "aarch64"))]
pub(crate) use aarch64::*;
#[cfg(all(target_os = "none", target_arch = "aarch64"))]
pub use aarch64::{FloatingPointState, GeneralRegisters};

#[cfg(not(target_os = "none"))]
pub mod hosted;
#[cfg(not(target_os = "none"))]
pub(crate) use hosted::backend::*;
#[cfg(not(target_os = "none"))]
pub use hosted::backend::{FloatingPointState, GeneralRegisters};

use crate::paging::PageFlags;

/// A range of physical addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PhysicalRange {
    /// The first byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
}

/// What a machine's memory looks like when the kernel starts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemoryMap {
    /// RAM, all of it in the direct map. Empty ranges are ignored.
    pub(crate) ram: [PhysicalRange; 8],
    /// Parts of it that are taken for ever: firmware, the kernel's image, boot tables.
    pub(crate) reserved: [PhysicalRange; 16],
    /// The initramfs: taken, but given to the kernel as frames. Empty if there is none.
    pub(crate) initramfs: PhysicalRange,
}

/// What a page table entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// Nothing is there.
    Invalid,
    /// The next level's table is at this physical address.
    Table(usize),
    /// A page is mapped.
    Leaf(usize, PageFlags),
}

/// What the kernel may do with a page of its own half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the hosted backend has no kernel half")]
pub(crate) enum KernelAccess {
    /// Constants: read.
    Read,
    /// Code: read, execute.
    ReadExecute,
    /// Memory: read, write, never execute.
    ReadWrite,
    /// Device registers: read, write, in order, uncached.
    Device,
}
