//! RISC-V 64 under OpenSBI: Sv39, S-mode, harts started through the firmware.
//!
//! `boot` is where it begins, `trap` and `user` are where programs come and go, `copy` reaches
//! their memory, `tlb` and `kernel_table` are translation, `sbi` is the firmware.

mod boot;
mod console;
mod copy;
mod cpu;
mod csr;
mod devices;
mod kernel_table;
mod layout;
mod memory_functions;
mod mmio;
mod power;
pub(crate) mod pte;
mod sbi;
mod thread;
mod timer;
mod tlb;
mod trap;
mod user;

pub(crate) use super::bare::{GlobalCell, Stack, TablesChanging, refuses_allocation};
pub(crate) use boot::memory_map;
pub(crate) use console::console_write;
pub(crate) use copy::{
    copy_bytes, copy_page, fill_bytes, user_compare_exchange_u32, user_load_u32, user_read,
    user_write, user_zero, zero_page,
};
pub(crate) use cpu::{
    cpu_count, cpu_id, hart as hardware_id, is_cpu_marked, mark_cpu, send_kick, start_cpus,
};
pub(crate) use csr::{
    external_interrupts_enable, interrupts_enabled, interrupts_restore, interrupts_save_disable,
    spin_relax, wait_for_interrupt,
};
pub(crate) use devices::wall_clock_ns;
pub(crate) use kernel_table::{kernel_root, prepare_root, writable_and_executable};
pub(crate) use layout::{DEVICE_AREA, STACK_AREA, image_offset, physical_to_virtual};
pub(crate) use mmio::{
    mmio_map, mmio_read8, mmio_read16, mmio_read32, mmio_read64, mmio_write8, mmio_write16,
    mmio_write32, mmio_write64,
};
pub(crate) use power::{power_off, power_reset};
pub(crate) use thread::{ThreadContext, switch};
pub(crate) use timer::{cycle_counter, now_ns, set_deadline_ns, tick_scale, ticks, ticks_to_ns};
pub(crate) use tlb::{
    BROADCAST_FLUSH, asid_limit, clean_code, fence_instructions, fence_new_mapping, flush_kernel,
    flush_local_all, flush_local_asid, flush_pages, set_user_root,
};
pub(crate) use trap::{caller, frame_pointer};
pub(crate) use user::UserState;
pub use user::{FloatingPointState, GeneralRegisters};

/// The architecture of the programs.
pub(crate) const NAME: &str = "riscv64";
