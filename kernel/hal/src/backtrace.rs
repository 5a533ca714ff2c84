//! Who called whom: frame pointers, and names for addresses.
//!
//! The kernel is compiled with frame pointers. The names are put into the image after linking,
//! into a section that the linker script reserves: `SCSYMS01`, a count, the total length, then
//! for each function, in the order of addresses, its offset from the image's start and its name's
//! offset from the section's start, then the names, each with a terminator. All numbers have 32
//! bits. Where there is no such table, bare addresses are printed.

use core::arch::global_asm;
use core::fmt::Write;

use crate::arch;

global_asm!(
    r#"
    .section .symbols, "a"
    .balign 8
    .zero 524288
    .text
"#
);

unsafe extern "C" {
    static __kernel_start: u8;
    static __text_end: u8;
    static __symbols_start: u8;
    static __symbols_end: u8;
}

const MAGIC: [u8; 8] = *b"SCSYMS01";
const HEADER: usize = 16;
const MOST_FRAMES: usize = 48;

/// The table's bytes.
fn table() -> &'static [u8] {
    let start = &raw const __symbols_start;
    let length = &raw const __symbols_end as usize - start as usize;
    // SAFETY: the linker script reserves this section in the image, read-only.
    unsafe { core::slice::from_raw_parts(core::hint::black_box(start), length) }
}

fn word(table: &[u8], offset: usize) -> Option<usize> {
    let bytes = table.get(offset..offset + 4)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}

/// The function that an address lies in, and how far in.
pub(crate) fn symbol(address: usize) -> Option<(&'static str, usize)> {
    let table = table();
    if table.get(..MAGIC.len())? != MAGIC {
        return None;
    }
    let offset = address.checked_sub(&raw const __kernel_start as usize)?;
    let count = word(table, 8)?;
    // The last entry that does not lie beyond the address.
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if word(table, HEADER + middle * 8)? <= offset {
            low = middle + 1
        } else {
            high = middle
        }
    }
    let entry = HEADER + low.checked_sub(1)? * 8;
    let start = word(table, entry)?;
    let name = table.get(word(table, entry + 4)?..)?;
    let end = name.iter().position(|&byte| byte == 0)?;
    Some((core::str::from_utf8(&name[..end]).ok()?, offset - start))
}

/// Whether an address is in the kernel's code.
fn is_code(address: usize) -> bool {
    (&raw const __kernel_start as usize..&raw const __text_end as usize).contains(&address)
}

/// Prints one line for an address.
pub(crate) fn print_address(out: &mut dyn Write, address: usize) {
    let _ = match symbol(address) {
        Some((name, offset)) => writeln!(out, "  {address:#018x} {name}+{offset:#x}"),
        None => writeln!(out, "  {address:#018x}"),
    };
}

/// Prints the callers from a frame pointer on.
pub(crate) fn print(out: &mut dyn Write, mut frame: usize) {
    for _ in 0..MOST_FRAMES {
        let Some((return_address, caller)) = arch::caller(frame) else {
            return;
        };
        if !is_code(return_address) {
            return;
        }
        // The call is before where it returns to.
        print_address(out, return_address - 1);
        // Stacks grow down: a caller's frame lies higher, unless the chain is broken (or goes
        // over to another stack, where it ends for us).
        if caller <= frame {
            return;
        }
        frame = caller;
    }
}
