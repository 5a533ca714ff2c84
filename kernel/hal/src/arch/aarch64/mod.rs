//! AArch64 at EL1.
#![allow(dead_code, clippy::empty_loop, reason = "not built yet")]

use crate::OutOfMemory;
use crate::arch::{Decoded, KernelAccess, MemoryMap};
use crate::paging::PageFlags;
use crate::user::UserEvent;

pub(crate) use crate::arch::bare::GlobalCell;

pub(crate) const NAME: &str = "aarch64";
pub(crate) const BROADCAST_FLUSH: bool = false;

pub(crate) fn interrupts_save_disable() -> bool {
    false
}
pub(crate) fn interrupts_restore(_enabled: bool) {}
pub(crate) fn interrupts_enabled() -> bool {
    false
}
pub(crate) fn wait_for_interrupt() {}
pub(crate) fn external_interrupts_enable() {}
pub(crate) fn spin_relax() {
    core::hint::spin_loop();
}
pub(crate) fn cpu_id() -> usize {
    0
}
pub(crate) fn cpu_count() -> usize {
    1
}
pub(crate) fn start_cpus() {}
pub(crate) fn send_kick(_cpu: usize) {}
pub(crate) fn now_ns() -> u64 {
    0
}
pub(crate) fn set_deadline_ns(_deadline: Option<u64>) {}
pub(crate) fn wall_clock_ns() -> Option<u64> {
    None
}
pub(crate) fn cycle_counter() -> u64 {
    0
}
pub(crate) fn console_write(_bytes: &[u8]) {}
pub(crate) fn power_off(_code: u32) -> ! {
    loop {}
}
pub(crate) fn power_reset() -> ! {
    loop {}
}
pub(crate) fn memory_map() -> MemoryMap {
    MemoryMap::default()
}
pub(crate) fn physical_to_virtual(physical: usize) -> *mut u8 {
    core::ptr::without_provenance_mut(physical)
}

pub(crate) mod pte {
    use super::*;
    pub(crate) const INVALID: u64 = 0;
    pub(crate) fn leaf(_physical: usize, _flags: PageFlags) -> u64 {
        0
    }
    pub(crate) fn table(_physical: usize) -> u64 {
        0
    }
    pub(crate) fn kernel_leaf(_physical: usize, _access: KernelAccess) -> u64 {
        0
    }
    pub(crate) fn decode(_entry: u64) -> Decoded {
        Decoded::Invalid
    }
}

/// # Safety
/// `root` points to a zeroed table.
pub(crate) unsafe fn prepare_root(_root: *mut u64) {}
pub(crate) fn asid_limit() -> usize {
    0
}
/// # Safety
/// `root` is a table that stays valid until another is set.
pub(crate) unsafe fn set_user_root(_root: Option<usize>, _asid: usize) {}
pub(crate) fn flush_local_all() {}
pub(crate) fn flush_local_asid(_asid: usize) {}
pub(crate) fn flush_pages(_cpus: usize, _asid: usize, _start: usize, _end: usize) {}
pub(crate) fn flush_kernel(_start: usize, _end: usize) {}
pub(crate) fn fence_new_mapping() {}
pub(crate) fn fence_instructions(_cpus: usize) {}

pub(crate) use crate::arch::bare::Stack;
pub(crate) struct ThreadContext;
impl ThreadContext {
    pub(crate) fn boot() -> Self {
        Self
    }
    pub(crate) fn new(_stack: &Stack) -> Self {
        Self
    }
}
/// # Safety
/// Both are contexts of threads, `to` is not running.
pub(crate) unsafe fn switch(_from: *mut ThreadContext, _to: *const ThreadContext) {}

/// The general registers.
#[derive(Clone, Debug, Default)]
pub struct GeneralRegisters {
    /// x0 to x31; x0 is always 0.
    pub x: [usize; 32],
    /// The program counter.
    pub pc: usize,
}
/// The floating point registers.
#[derive(Clone, Debug, Default)]
pub struct FloatingPointState {
    /// f0 to f31.
    pub f: [u64; 32],
    /// The control and status register.
    pub fcsr: u32,
}

#[derive(Clone)]
pub(crate) struct UserState {
    registers: GeneralRegisters,
}
impl UserState {
    pub(crate) fn new(entry: usize, stack: usize) -> Self {
        let mut registers = GeneralRegisters {
            pc: entry,
            ..Default::default()
        };
        registers.x[2] = stack;
        Self { registers }
    }
    pub(crate) fn run(&mut self) -> UserEvent {
        UserEvent::Illegal
    }
    pub(crate) fn pc(&self) -> usize {
        self.registers.pc
    }
    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.registers.pc = pc;
    }
    pub(crate) fn sp(&self) -> usize {
        self.registers.x[2]
    }
    pub(crate) fn set_sp(&mut self, sp: usize) {
        self.registers.x[2] = sp;
    }
    pub(crate) fn tls(&self) -> usize {
        self.registers.x[4]
    }
    pub(crate) fn set_tls(&mut self, tls: usize) {
        self.registers.x[4] = tls;
    }
    pub(crate) fn syscall_number(&self) -> usize {
        self.registers.x[17]
    }
    pub(crate) fn syscall_arguments(&self) -> [usize; 6] {
        core::array::from_fn(|index| self.registers.x[10 + index])
    }
    pub(crate) fn set_argument(&mut self, index: usize, value: usize) {
        self.registers.x[10 + index] = value;
    }
    pub(crate) fn rewind_syscall(&mut self) {}
    pub(crate) fn registers(&self) -> &GeneralRegisters {
        &self.registers
    }
    pub(crate) fn registers_mut(&mut self) -> &mut GeneralRegisters {
        &mut self.registers
    }
    pub(crate) fn floating_point(&self) -> FloatingPointState {
        FloatingPointState::default()
    }
    pub(crate) fn set_floating_point(&mut self, _state: &FloatingPointState) {}
}

/// # Safety
/// `into` is valid for `length` bytes, `address + length` is at most `USER_END`.
pub(crate) unsafe fn user_read(_address: usize, _into: *mut u8, _length: usize) -> usize {
    0
}
/// # Safety
/// `from` is valid for `length` bytes, `address + length` is at most `USER_END`.
pub(crate) unsafe fn user_write(_address: usize, _from: *const u8, _length: usize) -> usize {
    0
}
pub(crate) fn user_zero(_address: usize, _length: usize) -> usize {
    0
}
pub(crate) fn user_load_u32(_address: usize) -> Option<u32> {
    None
}
pub(crate) fn user_compare_exchange_u32(_address: usize, _old: u32, _new: u32) -> Option<u32> {
    None
}

/// # Safety
/// The range holds device registers, and nobody else maps it.
pub(crate) unsafe fn mmio_map(_physical: usize, _length: usize) -> Result<usize, OutOfMemory> {
    Err(OutOfMemory)
}
/// # Safety
/// `address` lies in what `mmio_map` returned, and is aligned.
pub(crate) unsafe fn mmio_read8(_address: usize) -> u8 {
    0
}
/// # Safety
/// `address` lies in what `mmio_map` returned, and is aligned.
pub(crate) unsafe fn mmio_write8(_address: usize, _value: u8) {}
/// # Safety
/// `address` lies in what `mmio_map` returned, and is aligned.
pub(crate) unsafe fn mmio_read16(_address: usize) -> u16 {
    0
}
/// # Safety
/// `address` lies in what `mmio_map` returned, and is aligned.
pub(crate) unsafe fn mmio_write16(_address: usize, _value: u16) {}
/// # Safety
/// `address` lies in what `mmio_map` returned, and is aligned.
pub(crate) unsafe fn mmio_read32(_address: usize) -> u32 {
    0
}
/// # Safety
/// `address` lies in what `mmio_map` returned, and is aligned.
pub(crate) unsafe fn mmio_write32(_address: usize, _value: u32) {}
/// # Safety
/// `address` lies in what `mmio_map` returned, and is aligned.
pub(crate) unsafe fn mmio_read64(_address: usize) -> u64 {
    0
}
/// # Safety
/// `address` lies in what `mmio_map` returned, and is aligned.
pub(crate) unsafe fn mmio_write64(_address: usize, _value: u64) {}

/// # Safety
/// `to` is a page that only the caller writes.
pub(crate) unsafe fn zero_page(to: *mut u8) {
    // SAFETY: the caller's page.
    unsafe { core::ptr::write_bytes(to, 0, crate::PAGE_SIZE) };
}
/// # Safety
/// Both are pages.
pub(crate) unsafe fn copy_page(to: *mut u8, from: *const u8) {
    // SAFETY: the caller's pages.
    unsafe { core::ptr::copy(from, to, crate::PAGE_SIZE) };
}
/// # Safety
/// `to` is valid for writes of `length` bytes, `from` for reads.
pub(crate) unsafe fn copy_bytes(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: the caller's ranges.
    unsafe { core::ptr::copy(from, to, length) };
}
/// # Safety
/// `to` is valid for writes of `length` bytes.
pub(crate) unsafe fn fill_bytes(to: *mut u8, value: u8, length: usize) {
    // SAFETY: the caller's range.
    unsafe { core::ptr::write_bytes(to, value, length) };
}
pub(crate) fn clean_code(_page: *mut u8) {}

pub(crate) const STACK_AREA: usize = 0;
pub(crate) const DEVICE_AREA: usize = 0;
pub(crate) fn kernel_root() -> usize {
    0
}
pub(crate) fn frame_pointer() -> usize {
    0
}
pub(crate) fn caller(_frame: usize) -> Option<(usize, usize)> {
    None
}
