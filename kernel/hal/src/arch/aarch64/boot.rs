//! The first instructions, and everything up to the kernel's main function.
//!
//! The image begins with the header of Linux's arm64 boot protocol
//! (`Documentation/arch/arm64/booting.rst`), so every loader that starts Linux starts this kernel:
//! at any multiple of 2 MiB, with translation off, the device tree's address in `x0`, in EL2 or
//! EL1. Assembly goes down to EL1, builds three tables (the image at its linked address, the
//! gigabytes that hold it and the device tree in the direct map, and the first of the two where it
//! lies), and goes up to the linked addresses. [`aarch64_boot`] reads the device tree, builds the
//! final tables, in which nothing is both writable and executable, and hands over to common code.

use core::arch::global_asm;

use super::layout::{
    DIRECT_MAP_SIZE, image, physical_to_virtual, set_image_physical, virtual_to_physical,
};
use super::registers::read_register;
use super::{cpu, devices, kernel_table, psci, timer, trap};
use crate::arch::MemoryMap;
use crate::boot::facts::Facts;
use crate::sync::Once;
use crate::{MAX_CPUS, console};

/// SCTLR_EL1 with translation off: the bits that are reserved as one, little endian.
const SCTLR_OFF: u64 = 0x30d0_0800;
/// SCTLR_EL1 as the kernel runs: translation (M), caches (C, I), stack alignment checks (SA, SA0);
/// user mode may read CTR_EL0 (UCT), zero by cache lines (DZE), clean and invalidate caches for
/// code it writes (UCI), and wait (nTWI, nTWE), all as on Linux. SPAN stays set, so that PAN is
/// left alone, where the CPU has none.
const SCTLR_ON: u64 = SCTLR_OFF
    | 1
    | 1 << 2
    | 1 << 3
    | 1 << 4
    | 1 << 8
    | 1 << 12
    | 1 << 14
    | 1 << 15
    | 1 << 16
    | 1 << 18
    | 1 << 26;
/// MAIR_EL1: index 0 is write-back memory, index 1 is Device-nGnRE (see `pte`).
const MEMORY_KINDS: u64 = 0x04ff;
/// TCR_EL1: 39 bits in both halves, 4 KiB granule, tables in shared write-back memory, the top byte
/// of user addresses ignored as on Linux. Address size and ASID width come from the CPU.
const TRANSLATION: u64 =
    25 | 25 << 16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30 | 1 << 37;

global_asm!(
    r#"
    .section .text.entry, "ax"
    .globl _start
_start:
    b       1f
    .long   0
    .quad   0                       // offset from a multiple of 2 MiB
    .quad   __image_size
    .quad   0xa                     // little endian, 4 KiB pages, anywhere in memory
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

1:  mov     x20, x0
    bl      enter_el1
    // x21: where the image is. x22: low root, x23: high root, x24: the image's table.
    adrp    x21, _start
    adrp    x22, __boot_tables
    add     x23, x22, #4096
    add     x24, x23, #4096
    mov     x0, x22
    add     x1, x22, #3 * 4096
2:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    2b
    // Where the image is, one gigabyte: read-only, executable.
    mov     x5, #0x701              // a block of write-back memory, inner shareable, accessed
    lsr     x1, x21, #30
    lsl     x2, x1, #30
    orr     x2, x2, x5
    orr     x3, x2, #0x80           // read-only
    str     x3, [x22, x1, lsl #3]
    // The direct map of the image's gigabyte and of the device tree's: never executable.
    mov     x6, #3 << 53
    orr     x2, x2, x6
    add     x3, x23, #256 * 8
    str     x2, [x3, x1, lsl #3]
    lsr     x1, x20, #30
    cmp     x1, #128
    b.hs    3f
    lsl     x2, x1, #30
    orr     x2, x2, x5
    orr     x2, x2, x6
    str     x2, [x3, x1, lsl #3]
    // The image: blocks of 2 MiB with every access, for the moment.
3:  orr     x1, x24, #3
    str     x1, [x23, #510 * 8]
    ldr     x2, =__image_size
    orr     x1, x21, x5
4:  str     x1, [x24], #8
    add     x1, x1, #0x200000
    subs    x2, x2, #0x200000
    b.hi    4b
    // What was written with caches off must not be hidden by stale lines.
    dmb     sy
    mov     x0, x22
    add     x1, x22, #3 * 4096
5:  dc      ivac, x0
    add     x0, x0, #16
    cmp     x0, x1
    b.lo    5b
    dsb     sy
    mov     x0, x22
    mov     x1, x23
    bl      translation_on
    ldr     x0, =6f
    br      x0
6:  ldr     x0, =__boot_stack_top
    mov     sp, x0
    ldr     x0, =__bss_start
    ldr     x1, =__bss_end
7:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    7b
    ldr     x0, ={blocks}
    msr     tpidr_el1, x0
    mov     x0, x20
    mov     x1, x21
    mov     x29, #0
    mov     x30, #0
    b       {aarch64_boot}

    // Another CPU; x0: the physical address of its block.
    .globl scarlet_secondary_start
scarlet_secondary_start:
    mov     x20, x0
    bl      enter_el1
    adrp    x0, __boot_tables
    ldr     x1, [x20, {block_root}]
    bl      translation_on
    ldr     x0, =8f
    br      x0
8:  ldr     x1, [x20, {block_virtual}]
    msr     tpidr_el1, x1
    ldr     x0, [x1, {block_stack}]
    mov     sp, x0
    mov     x29, #0
    mov     x30, #0
    b       {secondary_boot}

    // From EL2 to EL1, or nothing. Uses x2.
enter_el1:
    ldr     x2, ={sctlr_off}
    msr     sctlr_el1, x2
    mrs     x2, CurrentEL
    cmp     x2, #2 << 2
    b.eq    1f
    isb
    ret
1:  mov     x2, #1 << 31            // EL1 is AArch64
    msr     hcr_el2, x2
    mov     x2, #3                  // EL1 may use the timers
    msr     cnthctl_el2, x2
    msr     cntvoff_el2, xzr
    mrs     x2, midr_el1
    msr     vpidr_el2, x2
    mrs     x2, mpidr_el1
    msr     vmpidr_el2, x2
    mov     x2, #0x33ff             // no floating point traps to EL2
    msr     cptr_el2, x2
    msr     hstr_el2, xzr
    mov     x2, #0x3c5              // EL1 with its own stack pointer, everything masked
    msr     spsr_el2, x2
    msr     elr_el2, x30
    eret

    // x0, x1: the two roots. Uses x2 to x4.
translation_on:
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    ldr     x2, ={memory_kinds}
    msr     mair_el1, x2
    ldr     x2, ={translation}
    mrs     x3, id_aa64mmfr0_el1
    and     x4, x3, #0xf            // physical address size, 48 bits at most
    cmp     x4, #5
    mov     x3, #5
    csel    x4, x4, x3, lo
    bfi     x2, x4, #32, #3
    mrs     x3, id_aa64mmfr0_el1
    ubfx    x4, x3, #4, #4
    cmp     x4, #2
    b.ne    1f
    orr     x2, x2, #1 << 36        // 16-bit address space identifiers
1:  msr     tcr_el1, x2
    msr     ttbr0_el1, x0
    msr     ttbr1_el1, x1
    isb
    ldr     x2, ={sctlr_on}
    mrs     x3, id_aa64mmfr1_el1
    ubfx    x3, x3, #20, #4
    cbz     x3, 2f
    bic     x2, x2, #1 << 23        // taking an exception closes PAN
2:  msr     sctlr_el1, x2
    isb
    ret

    // x0: an empty root, x1: the new root of the upper half. Runs where it physically is.
    .globl scarlet_exchange_kernel_root
scarlet_exchange_kernel_root:
    msr     ttbr1_el1, x0
    isb
    tlbi    vmalle1
    dsb     nsh
    isb
    msr     ttbr1_el1, x1
    isb
    ret
    .pool
"#,
    blocks = sym cpu::CPU_BLOCKS,
    aarch64_boot = sym aarch64_boot,
    secondary_boot = sym cpu::secondary_boot,
    block_root = const cpu::BLOCK_ROOT,
    block_virtual = const cpu::BLOCK_VIRTUAL,
    block_stack = const cpu::BLOCK_STACK,
    sctlr_off = const SCTLR_OFF,
    sctlr_on = const SCTLR_ON,
    memory_kinds = const MEMORY_KINDS,
    translation = const TRANSLATION,
);

unsafe extern "C" {
    /// Exchanges the upper half's root; see the assembly.
    #[link_name = "scarlet_exchange_kernel_root"]
    pub(super) fn exchange_kernel_root();
    /// Where another CPU starts, with translation off.
    #[link_name = "scarlet_secondary_start"]
    pub(super) fn secondary_start();
}

/// What was found out about the machine.
struct Machine {
    memory: MemoryMap,
    cpu_count: usize,
}

static MACHINE: Once<Machine> = Once::new();

fn machine() -> &'static Machine {
    match MACHINE.get() {
        Some(machine) => machine,
        None => panic!("the machine was asked about before it was known"),
    }
}

/// RAM and what of it is taken.
pub(crate) fn memory_map() -> MemoryMap {
    machine().memory
}

/// How many CPUs there are.
pub(crate) fn cpu_count() -> usize {
    machine().cpu_count
}

/// Where the first CPU enters Rust, on the boot tables and the boot stack.
extern "C" fn aarch64_boot(tree: usize, image_physical: usize) -> ! {
    set_image_physical(image_physical);
    trap::init_cpu();
    // SAFETY: the boot protocol passes a device tree's address in x0.
    let blob = unsafe { tree_blob(tree) };
    let Some(facts) = Facts::read(blob) else {
        console::early_write(b"scarlet: the loader passed no usable device tree\n");
        psci::power_off(1)
    };
    let mut memory = facts.memory;
    let image = image();
    memory.reserve(virtual_to_physical(image.start), image.end - image.start);
    memory.reserve(tree, blob.len());
    let (identifiers, cpu_count) = order_cpus(&facts.cpus[..facts.cpu_count]);
    cpu::set_identifiers(&identifiers[..cpu_count]);
    if MACHINE.set(Machine { memory, cpu_count }).is_err() {
        unreachable!("the machine boots once");
    }
    kernel_table::build(&memory);
    timer::init_cpu();
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
    const LONGEST: usize = 1 << 21;
    if physical == 0 || !physical.is_multiple_of(8) || physical > DIRECT_MAP_SIZE - HEADER {
        return &[];
    }
    let pointer = physical_to_virtual(physical);
    // SAFETY: the boot tables map the gigabyte around this address.
    let header = unsafe { core::slice::from_raw_parts(pointer, HEADER) };
    if header[..4] != [0xd0, 0x0d, 0xfe, 0xed] {
        return &[];
    }
    let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
    // SAFETY: the caller's promise; the range is reserved before memory is handed out.
    unsafe { core::slice::from_raw_parts(pointer, length.min(LONGEST)) }
}

/// The affinity part of MPIDR_EL1, by which CPUs are known to firmware and device tree.
pub(super) fn own_identifier() -> usize {
    (read_register!("mpidr_el1") & 0xff_00ff_ffff) as usize
}

/// The CPUs with the one that booted first.
fn order_cpus(known: &[usize]) -> ([usize; MAX_CPUS], usize) {
    let boot = own_identifier();
    let mut ordered = [boot; MAX_CPUS];
    let mut count = 1;
    for &identifier in known.iter().filter(|&&identifier| identifier != boot) {
        if count < MAX_CPUS {
            ordered[count] = identifier;
            count += 1;
        }
    }
    (ordered, count)
}
