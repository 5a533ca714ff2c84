//! The first instructions, and everything up to the kernel's main function.
//!
//! OpenSBI jumps to `_start` with translation off, the hart's number in `a0` and the device tree
//! in `a1`. Assembly builds a first table (the direct map, and the image as one gigapage) and goes
//! up to the linked addresses. [`riscv_boot`] reads the device tree, builds the final tables, in
//! which nothing is both writable and executable, and hands over to common code.
//!
//! OpenSBI before 1.3 marks a hart as started before it writes down where the hart is to begin (SBI 2.0, chapter 9,
//! knows no such moment): on a busy host the hart may be faster and come to `_start`, too, where the first one came.
//! So a hart that is not the first one here goes on as the one that is [being started](cpu::STARTING).

use core::arch::global_asm;

use super::layout::{
    DIRECT_MAP_SIZE, IMAGE_OFFSET, image, physical_to_virtual, virtual_to_physical,
};
use super::{cpu, csr, devices, kernel_table, power, timer, trap};
use crate::arch::MemoryMap;
use crate::boot::facts::Facts;
use crate::sync::Once;
use crate::{MAX_CPUS, console};

global_asm!(
    r#"
    .section .text.entry, "ax"
    .globl _start
_start:
    csrw    sie, zero
    csrci   sstatus, 2
    // Whoever comes second was meant to arrive at secondary_start.
    lla     t0, 4f
    li      t1, 1
    .option push
    .option arch, +a
    amoswap.w.aqrl t1, t1, (t0)
    .option pop
    bnez    t1, 5f
    lla     t0, __bss_start
    lla     t1, __bss_end
1:  sd      zero, 0(t0)
    addi    t0, t0, 8
    bltu    t0, t1, 1b
    // The direct map: 128 gigapages, read and write.
    lla     t0, {root}
    li      t1, 0xe7
    li      t2, 1 << 28
    addi    t3, t0, 256 * 4
    addi    t3, t3, 256 * 4
    addi    t4, t3, 128 * 4
    addi    t4, t4, 128 * 4
2:  sd      t1, 0(t3)
    add     t1, t1, t2
    addi    t3, t3, 8
    bltu    t3, t4, 2b
    // The image: one gigapage with every access, for the moment.
    li      t1, (2 << 28) | 0xef
    li      t3, 510 * 8
    add     t3, t3, t0
    sd      t1, 0(t3)
    srli    t0, t0, 12
    li      t1, {sv39}
    or      t0, t0, t1
    li      t3, {image_offset}
    lla     t2, 3f
    add     t2, t2, t3
    csrw    stvec, t2
    sfence.vma
    csrw    satp, t0
    // The next fetch faults, because nothing is mapped at low addresses, and goes on at stvec.
    .balign 4
3:  lla     sp, __boot_stack_top
    lla     tp, {blocks}
    csrw    sscratch, zero
    li      s0, 0
    tail    {riscv_boot}
5:  lla     t0, {starting}
    ld      a1, 0(t0)
    tail    secondary_start

    // Not among what the first one zeroes.
    .section .data
    .balign 4
4:  .word   0
"#,
    root = sym kernel_table::BOOT_ROOT,
    sv39 = const csr::SATP_SV39 as isize,
    image_offset = const IMAGE_OFFSET as isize,
    blocks = sym cpu::CPU_BLOCKS,
    riscv_boot = sym riscv_boot,
    starting = sym cpu::STARTING,
);

/// What was found out about the machine.
pub(super) struct Machine {
    /// RAM and what of it is taken.
    memory: MemoryMap,
    /// How many CPUs there are.
    pub(super) cpu_count: usize,
    /// Ticks a second of the `time` register.
    pub(super) timebase: u64,
    /// Whether a hart's timer can be set without the firmware.
    pub(super) has_sstc: bool,
    /// Whether there are double precision registers.
    pub(super) has_floating_point: bool,
    /// Whether blocks of 64 bytes can be zeroed by one instruction.
    has_block_zero: bool,
}

static MACHINE: Once<Machine> = Once::new();

/// What was found out about the machine.
pub(super) fn machine() -> &'static Machine {
    match MACHINE.get() {
        Some(machine) => machine,
        None => panic!("the machine was asked about before it was known"),
    }
}

/// Whether blocks of 64 bytes can be zeroed by one instruction.
#[inline]
pub(super) fn has_block_zero() -> bool {
    MACHINE.get().is_some_and(|machine| machine.has_block_zero)
}

/// RAM and what of it is taken.
pub(crate) fn memory_map() -> MemoryMap {
    machine().memory
}

/// Where the first CPU enters Rust, on the boot tables and the boot stack.
extern "C" fn riscv_boot(hart: usize, tree: usize) -> ! {
    trap::init_cpu();
    // SAFETY: the firmware passes a device tree's address in a1 (SBI 2.0, chapter 3).
    let blob = unsafe { tree_blob(tree) };
    let Some(facts) = Facts::read(blob) else {
        console::early_write(b"scarlet: the firmware passed no usable device tree\n");
        power::power_off(1)
    };
    let mut memory = facts.memory;
    let image = image();
    let start = virtual_to_physical(image.start);
    memory.reserve(start, image.end - image.start);
    memory.reserve(tree, blob.len());
    let (harts, cpu_count) = order_harts(hart, &facts.cpus[..facts.cpu_count]);
    cpu::set_harts(&harts[..cpu_count]);
    // "rv64imafdc_zicboz_sstc": single letters first, then names.
    let letters = facts
        .isa
        .split('_')
        .next()
        .unwrap_or("")
        .trim_start_matches("rv64");
    let has = |name| {
        facts
            .isa
            .split('_')
            .skip(1)
            .any(|extension| extension == name)
    };
    let known = Machine {
        memory,
        cpu_count,
        timebase: if facts.timebase == 0 {
            10_000_000
        } else {
            facts.timebase
        },
        has_sstc: has("sstc"),
        has_block_zero: has("zicboz") && facts.zero_block == 64,
        has_floating_point: letters.contains('d') || letters.contains('g'),
    };
    if MACHINE.set(known).is_err() {
        unreachable!("the machine boots once");
    }
    kernel_table::build(&memory);
    timer::init();
    timer::init_cpu();
    csr::enable_interrupts(csr::INTERRUPT_SOFTWARE | csr::INTERRUPT_TIMER);
    devices::find(blob);
    crate::boot::enter(blob, &facts)
}

/// The device tree at a physical address, or nothing if there is none.
///
/// # Safety
/// If `physical` is not 0 and holds a tree's magic number, a whole tree is there, in RAM, for
/// ever unchanged.
unsafe fn tree_blob(physical: usize) -> &'static [u8] {
    const HEADER: usize = 8;
    if physical == 0 || !physical.is_multiple_of(8) || physical > DIRECT_MAP_SIZE - HEADER {
        return &[];
    }
    let pointer = physical_to_virtual(physical);
    // SAFETY: the boot tables map all physical addresses below DIRECT_MAP_SIZE.
    let header = unsafe { core::slice::from_raw_parts(pointer, HEADER) };
    if header[..4] != [0xd0, 0x0d, 0xfe, 0xed] {
        return &[];
    }
    let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
    // SAFETY: the caller's promise; the range is reserved before memory is handed out.
    unsafe { core::slice::from_raw_parts(pointer, length.min(1 << 21)) }
}

/// The harts with the one that booted first.
fn order_harts(boot: usize, harts: &[usize]) -> ([usize; MAX_CPUS], usize) {
    let mut ordered = [boot; MAX_CPUS];
    let mut count = 1;
    for &hart in harts.iter().filter(|&&hart| hart != boot) {
        if count < MAX_CPUS {
            ordered[count] = hart;
            count += 1;
        }
    }
    (ordered, count)
}
