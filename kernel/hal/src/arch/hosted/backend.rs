//! What common code asks of the hosted backend: the list of `arch/mod.rs`, answered in a line or
//! two each by the modules beside this one.

use super::engine;
use super::fibers::Fiber;
use super::report::Exit;
use super::state::machine;
use super::tlb::forget_on;
use crate::arch::{Decoded, KernelAccess, MemoryMap};
use crate::paging::PageFlags;
use crate::user::Access;
use crate::{OutOfMemory, PAGE_SIZE};
use std::boxed::Box;
use std::io::Write;
use std::rc::Rc;

pub(crate) use super::context::UserState;
pub use super::context::{FloatingPointState, GeneralRegisters};
pub(crate) use super::global::GlobalCell;
pub(crate) use super::plant::refuses_allocation;

pub(crate) const NAME: &str = "riscv64";
pub(crate) const BROADCAST_FLUSH: bool = false;

/// Few identifiers, so that every test sees them run out.
const ASIDS: usize = 8;

pub(crate) fn interrupts_save_disable() -> bool {
    engine::save_disable()
}

pub(crate) fn interrupts_restore(enabled: bool) {
    engine::restore(enabled);
}

pub(crate) fn interrupts_enabled() -> bool {
    machine().this_cpu().interrupts.get()
}

pub(crate) fn wait_for_interrupt() {
    engine::wait();
}

pub(crate) fn external_interrupts_enable() {
    machine().this_cpu().external.set(true);
}

pub(crate) fn spin_relax() {
    engine::spin();
}

pub(crate) fn cpu_id() -> usize {
    machine().cpu.get()
}

pub(crate) fn mark_cpu(cpu: usize, marked: bool) {
    if let Some(cpu) = machine().cpus.get(cpu) {
        cpu.mark.set(marked);
    }
}

pub(crate) fn is_cpu_marked() -> bool {
    machine().this_cpu().mark.get()
}

pub(crate) fn cpu_count() -> usize {
    machine().cpus.len()
}

pub(crate) fn start_cpus() {
    let machine = machine();
    for (number, cpu) in machine.cpus.iter().enumerate().skip(1) {
        let body = Box::new(|| crate::cpu::secondary_main());
        if let Some(fiber) = Fiber::new(&std::format!("boot/{number}"), body) {
            *cpu.fiber.borrow_mut() = Some(fiber);
            cpu.started.set(true);
        }
    }
}

pub(crate) fn send_kick(cpu: usize) {
    machine().cpus[cpu].kicked.set(true);
    machine().step(engine::ENTRY_NS);
}

/// See [`crate::timer::ticks`].
pub(crate) fn ticks() -> u64 {
    now_ns()
}

/// See [`crate::timer::ticks_to_ns`].
pub(crate) fn ticks_to_ns(ticks: u64) -> u64 {
    ticks
}

/// A tick is a nanosecond.
pub(crate) fn tick_scale() -> u64 {
    1 << 32
}

pub(crate) fn now_ns() -> u64 {
    machine().time_ns.get()
}

pub(crate) fn set_deadline_ns(deadline: Option<u64>) {
    machine().this_cpu().deadline.set(deadline);
}

/// The time of day at which every machine starts: 2026-01-01.
const WALL_CLOCK_NS: u64 = 1_767_225_600_000_000_000;

pub(crate) fn wall_clock_ns() -> Option<u64> {
    Some(WALL_CLOCK_NS + now_ns())
}

pub(crate) fn cycle_counter() -> u64 {
    machine().random.next()
}

pub(crate) fn console_write(bytes: &[u8]) {
    let machine = machine();
    machine.console.borrow_mut().extend_from_slice(bytes);
    if machine.echo {
        // For people who watch; if nobody can read it, nothing is lost.
        let _ = std::io::stderr().write_all(bytes);
    }
}

pub(crate) fn power_off(code: u32) -> ! {
    engine::power(Exit::PowerOff(code))
}

pub(crate) fn power_reset() -> ! {
    engine::power(Exit::Reset)
}

pub(crate) fn memory_map() -> MemoryMap {
    machine().memory.map()
}

pub(crate) fn physical_to_virtual(physical: usize) -> *mut u8 {
    machine().memory.at(physical)
}

/// Page table entries: bit 0 valid, bit 1 a page, bits 2 to 9 its flags, the address above.
pub(crate) mod pte {
    use super::{Decoded, KernelAccess, PAGE_SIZE, PageFlags};

    const VALID: u64 = 1;
    const PAGE: u64 = 2;
    const FLAGS: u32 = 2;

    pub(crate) const INVALID: u64 = 0;

    pub(crate) fn leaf(physical: usize, flags: PageFlags) -> u64 {
        physical as u64 | u64::from(flags.bits()) << FLAGS | PAGE | VALID
    }

    pub(crate) fn table(physical: usize) -> u64 {
        physical as u64 | VALID
    }

    #[allow(dead_code, reason = "the hosted backend has no kernel half")]
    pub(crate) fn kernel_leaf(physical: usize, _access: KernelAccess) -> u64 {
        physical as u64 | PAGE | VALID
    }

    pub(crate) fn decode(entry: u64) -> Decoded {
        let physical = entry as usize & !(PAGE_SIZE - 1);
        match entry & (VALID | PAGE) {
            VALID => Decoded::Table(physical),
            3 => {
                let flags = PageFlags::from_bits_truncate((entry >> FLAGS) as u16 & 0xff);
                Decoded::Leaf(physical, flags)
            }
            _ => Decoded::Invalid,
        }
    }
}

/// # Safety
/// `root` points to a zeroed table.
pub(crate) unsafe fn prepare_root(_root: *mut u64) {}

pub(crate) fn asid_limit() -> usize {
    ASIDS
}

/// # Safety
/// `root` is a table that stays valid until another is set.
pub(crate) unsafe fn set_user_root(root: Option<usize>, asid: usize) {
    machine().this_cpu().root.set(root.map(|root| (root, asid)));
}

pub(crate) fn flush_local_all() {
    forget_on(1 << cpu_id(), |_, _| true);
}

pub(crate) fn flush_local_asid(asid: usize) {
    forget_on(1 << cpu_id(), |entry, _| entry == asid);
}

pub(crate) fn flush_pages(cpus: usize, asid: usize, start: usize, end: usize) {
    // The firmware's call takes its time; others go on meanwhile.
    machine().step(engine::ENTRY_NS);
    let pages = start / PAGE_SIZE..end.div_ceil(PAGE_SIZE);
    forget_on(cpus, |entry, page| entry == asid && pages.contains(&page));
}

#[allow(dead_code, reason = "the hosted backend has no kernel half")]
pub(crate) fn flush_kernel(_start: usize, _end: usize) {}

pub(crate) fn fence_instructions(_cpus: usize) {}

/// While one lives, a translation that disagrees with the tables is not a bug yet.
pub(crate) struct TablesChanging;

impl TablesChanging {
    pub(crate) fn begin() -> Self {
        let count = &machine().tables_changing;
        count.set(count.get() + 1);
        Self
    }
}

impl Drop for TablesChanging {
    fn drop(&mut self) {
        let count = &machine().tables_changing;
        count.set(count.get() - 1);
    }
}

/// A kernel thread's fiber.
pub(crate) struct Stack {
    fiber: Rc<Fiber>,
}

// SAFETY: fibers stay on the host thread of their machine: the counts of the `Rc` are only touched
// by threads of the machine, which all are fibers of that host thread. A `KernelThread` is made,
// switched to and dropped by kernel code, that is, on its machine.
unsafe impl Send for Stack {}
// SAFETY: as above.
unsafe impl Sync for Stack {}

impl Stack {
    pub(crate) fn new() -> Result<Self, OutOfMemory> {
        crate::refusal::check()?;
        let body = Box::new(|| crate::thread::first_switch());
        let fiber = Fiber::new("kernel thread", body).ok_or(OutOfMemory)?;
        machine().stacks.set(machine().stacks.get() + 1);
        Ok(Self { fiber })
    }

    /// Names the thread for reports.
    pub(crate) fn set_name(&self, name: &str) {
        *self.fiber.name.borrow_mut() = name.into();
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.fiber.release();
    }
}

/// Which fiber a thread continues.
pub(crate) struct ThreadContext {
    fiber: Rc<Fiber>,
}

impl ThreadContext {
    pub(crate) fn boot() -> Self {
        Self {
            fiber: machine().running.borrow().clone(),
        }
    }

    pub(crate) fn new(stack: &Stack) -> Self {
        Self {
            fiber: stack.fiber.clone(),
        }
    }
}

/// # Safety
/// Both are contexts of threads, `to` is not running.
pub(crate) unsafe fn switch(_from: *mut ThreadContext, to: *const ThreadContext) {
    // SAFETY: the caller's context, which is kept alive while its thread runs.
    engine::replace_fiber(unsafe { &(*to).fiber });
}

/// Does `work` on each piece of a user range that lies in one page, until one cannot be reached;
/// returns the number of bytes done.
fn pieces(
    address: usize,
    length: usize,
    access: Access,
    mut work: impl FnMut(*mut u8, usize, usize),
) -> usize {
    let mut done = 0;
    while done < length {
        machine().step(engine::COPY_NS);
        let at = address + done;
        let count = (PAGE_SIZE - at % PAGE_SIZE).min(length - done);
        let Some(place) = machine().translate(at, access) else {
            break;
        };
        work(place, done, count);
        done += count;
    }
    done
}

/// # Safety
/// `into` is valid for `length` bytes, `address + length` is at most `USER_END`.
pub(crate) unsafe fn user_read(address: usize, into: *mut u8, length: usize) -> usize {
    pieces(address, length, Access::Read, |place, done, count| {
        // SAFETY: the caller's buffer; the place is RAM of this machine up to its page's end.
        unsafe { core::ptr::copy(place, into.add(done), count) };
    })
}

/// # Safety
/// `from` is valid for `length` bytes, `address + length` is at most `USER_END`.
pub(crate) unsafe fn user_write(address: usize, from: *const u8, length: usize) -> usize {
    pieces(address, length, Access::Write, |place, done, count| {
        // SAFETY: as in `user_read`, the other way.
        unsafe { core::ptr::copy(from.add(done), place, count) };
    })
}

pub(crate) fn user_zero(address: usize, length: usize) -> usize {
    pieces(address, length, Access::Write, |place, _, count| {
        // SAFETY: the place is RAM of this machine up to its page's end.
        unsafe { core::ptr::write_bytes(place, 0, count) };
    })
}

pub(crate) fn user_load_u32(address: usize) -> Option<u32> {
    machine().step(engine::COPY_NS);
    let place = machine().translate(address, Access::Read)?;
    // SAFETY: an aligned word in RAM of this machine.
    Some(unsafe { place.cast::<u32>().read() })
}

pub(crate) fn user_compare_exchange_u32(address: usize, old: u32, new: u32) -> Option<u32> {
    machine().step(engine::COPY_NS);
    let place = machine().translate(address, Access::Write)?.cast::<u32>();
    // SAFETY: as in `user_load_u32`; nothing else runs between the two accesses.
    unsafe {
        let found = place.read();
        if found == old {
            place.write(new);
        }
        Some(found)
    }
}

/// # Safety
/// `to` is a page that only the caller writes.
pub(crate) unsafe fn zero_page(to: *mut u8) {
    // SAFETY: the caller's page.
    unsafe { core::ptr::write_bytes(to, 0, PAGE_SIZE) };
}

/// # Safety
/// Both are pages.
pub(crate) unsafe fn copy_page(to: *mut u8, from: *const u8) {
    // SAFETY: the caller's pages.
    unsafe { core::ptr::copy(from, to, PAGE_SIZE) };
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

pub(crate) use super::registers::*;
