//! AArch64 at EL1: a Cortex-A53 or newer, a GICv2, PSCI, and a loader that speaks the Linux boot
//! protocol.
//!
//! | file | what |
//! |---|---|
//! | `boot` | the first instructions |
//! | `cpu`, `psci` | CPUs, and the firmware that starts them and ends the machine |
//! | `layout`, `kernel_table`, `pte`, `tlb`, `cache` | what is where in memory, and the tables that say so |
//! | `trap`, `user`, `floating`, `copy` | exceptions, user mode, and user memory |
//! | `memory` | copying and filling frames |
//! | `switch` | kernel threads |
//! | `timer`, `devices`, `mmio` | the clock, the console, device registers |

mod boot;
mod cache;
mod copy;
mod cpu;
mod devices;
mod floating;
mod kernel_table;
mod layout;
mod memory;
mod memory_functions;
mod mmio;
mod psci;
pub(crate) mod pte;
mod registers;
mod switch;
mod timer;
mod tlb;
mod trap;
mod user;

pub(crate) use boot::{cpu_count, memory_map};
pub(crate) use cache::{clean_code, fence_instructions};
pub(crate) use copy::{user_compare_exchange_u32, user_load_u32, user_read, user_write, user_zero};
pub(crate) use cpu::{cpu_id, is_cpu_marked, mark_cpu, send_kick, start_cpus};
pub(crate) use devices::{console_write, wall_clock_ns};
pub use floating::FloatingPointState;
pub(crate) use kernel_table::{kernel_root, prepare_root, writable_and_executable};
pub(crate) use layout::{DEVICE_AREA, STACK_AREA, image_offset, physical_to_virtual};
pub(crate) use memory::{copy_bytes, copy_page, fill_bytes, zero_page};
pub(crate) use mmio::{
    mmio_map, mmio_read8, mmio_read16, mmio_read32, mmio_read64, mmio_write8, mmio_write16,
    mmio_write32, mmio_write64,
};
pub(crate) use psci::{power_off, power_reset};
pub(crate) use switch::{ThreadContext, switch};
pub(crate) use timer::{cycle_counter, now_ns, set_deadline_ns, tick_scale, ticks, ticks_to_ns};
pub(crate) use tlb::{
    BROADCAST_FLUSH, asid_limit, fence_new_mapping, flush_kernel, flush_local_all,
    flush_local_asid, flush_pages, set_user_root,
};
pub(crate) use trap::{caller, frame_pointer};
pub use user::GeneralRegisters;
pub(crate) use user::UserState;

pub(crate) use crate::arch::bare::{GlobalCell, Stack, TablesChanging, refuses_allocation};

use alloc::sync::Arc;
use core::arch::asm;

use crate::interrupt;

/// The architecture of the programs.
pub(crate) const NAME: &str = "aarch64";

/// PSTATE.I, as it stands in DAIF.
const MASK_INTERRUPTS: u64 = 1 << 7;

/// Disables interrupts and says whether they were enabled.
#[inline(always)]
pub(crate) fn interrupts_save_disable() -> bool {
    let enabled = interrupts_enabled();
    // SAFETY: disabling interrupts is always sound. Not `nomem`: it orders what it guards.
    unsafe { asm!("msr daifset, #2", options(nostack, preserves_flags)) };
    enabled
}

/// Enables interrupts if `enabled`.
#[inline(always)]
pub(crate) fn interrupts_restore(enabled: bool) {
    if enabled {
        // SAFETY: handlers run on this thread's stack and keep every register.
        unsafe { asm!("msr daifclr, #2", options(nostack, preserves_flags)) };
    }
}

/// Whether interrupts are enabled.
#[inline(always)]
pub(crate) fn interrupts_enabled() -> bool {
    registers::read_register!("daif") & MASK_INTERRUPTS == 0
}

/// Sleeps until an interrupt is pending, masked or not.
pub(crate) fn wait_for_interrupt() {
    // SAFETY: waiting has no effect but time.
    unsafe { asm!("dsb sy", "wfi", options(nostack, preserves_flags)) };
}

/// Lets device lines, the timer and kicks reach this CPU. The timer and the kicks arrive through
/// the same controller as devices do.
pub(crate) fn external_interrupts_enable() {
    interrupt::set_handler(
        devices::timer_line(),
        Arc::new(|| {
            timer::stop();
            interrupt::dispatch_tick();
        }),
    );
    interrupt::set_handler(cpu::KICK_LINE, Arc::new(interrupt::dispatch_kick));
}

/// One turn of a waiting loop.
#[inline(always)]
pub(crate) fn spin_relax() {
    core::hint::spin_loop();
}
