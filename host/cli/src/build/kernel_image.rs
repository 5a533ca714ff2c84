//! From the linker's ELF to what QEMU loads.

use super::symbols;
use crate::{arch::Arch, project};
use anyhow::{Context, Result, bail};
use object::{Object, ObjectSegment};
use std::{fs, path::Path};

/// Writes the bootable form of the kernel `elf` to `bootable`.
pub fn make(arch: Arch, elf: &Path, bootable: &Path) -> Result<()> {
    let mut bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let (place, table) = {
        let file =
            object::File::parse(bytes.as_slice()).context("the kernel is not an ELF file")?;
        let start = symbols::address(&file, "__symbols_start")?;
        let end = symbols::address(&file, "__symbols_end")?;
        let table = symbols::table(&file, (end - start) as usize)?;
        (file_offset(&file, start)?, table)
    };
    let Some(room) = bytes.get_mut(place..place + table.len()) else {
        bail!("the place for the symbols is not in the kernel's file");
    };
    room.copy_from_slice(&table);
    let result = match arch {
        Arch::Riscv64 => strip_debug(bytes)?,
        Arch::Aarch64 => flat(&bytes)?,
    };
    project::write_if_changed(bootable, &result)
}

/// Where a virtual address lies in the file.
fn file_offset(file: &object::File, address: u64) -> Result<usize> {
    file.segments()
        .find_map(|segment| {
            let (offset, size) = segment.file_range();
            let inside = address.checked_sub(segment.address())?;
            (inside < size).then_some((offset + inside) as usize)
        })
        .context("the place for the symbols is in no segment")
}

/// Cuts section headers and all that no segment needs off the end of the file (QEMU reads
/// segments only; the debug information would be most of the file).
fn strip_debug(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let end = {
        let file = object::File::parse(bytes.as_slice())?;
        file.segments()
            .map(|segment| segment.file_range())
            .map(|(at, size)| at + size)
            .max()
    };
    let end = end.context("the kernel has no segments")? as usize;
    bytes.truncate(end);
    // e_shoff, e_shnum and e_shstrndx of a 64-bit little-endian ELF header: no sections.
    for (at, length) in [(0x28, 8), (0x3c, 2), (0x3e, 2)] {
        bytes[at..at + length].fill(0);
    }
    Ok(bytes)
}

/// The segments' bytes as they lie in physical memory, from the lowest address on.
fn flat(bytes: &[u8]) -> Result<Vec<u8>> {
    use object::read::elf::{FileHeader, ProgramHeader};
    let header = object::elf::FileHeader64::<object::LittleEndian>::parse(bytes)?;
    let endian = header.endian()?;
    let loads: Vec<_> = header
        .program_headers(endian, bytes)?
        .iter()
        .filter(|program| program.p_type(endian) == object::elf::PT_LOAD)
        .filter(|program| program.p_filesz(endian) > 0)
        .collect();
    let base = loads.iter().map(|program| program.p_paddr(endian)).min();
    let base = base.context("the kernel has no segments")?;
    let mut image = Vec::new();
    for program in loads {
        let at = (program.p_paddr(endian) - base) as usize;
        let data = program
            .data(endian, bytes)
            .ok()
            .context("a segment is cut off")?;
        if image.len() < at + data.len() {
            image.resize(at + data.len(), 0);
        }
        image[at..at + data.len()].copy_from_slice(data);
    }
    Ok(image)
}
