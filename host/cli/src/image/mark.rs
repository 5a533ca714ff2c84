//! What is done to our programs' ELF files on their way into an image.

use anyhow::{Result, bail};

/// The OS/ABI byte of a native Scarlet program (an `S`). The linker has no option for it.
const NATIVE: u8 = 0x53;
const OS_ABI_AT: usize = 7;

/// Marks an ELF file as a native Scarlet program.
pub fn native(elf: &mut [u8]) -> Result<()> {
    if !elf.starts_with(b"\x7fELF") || elf.len() <= OS_ABI_AT {
        bail!("not an ELF file");
    }
    elf[OS_ABI_AT] = NATIVE;
    Ok(())
}

/// The file without what follows its last segment (symbols, debug information, section headers).
pub fn without_debug(mut elf: Vec<u8>) -> Result<Vec<u8>> {
    use object::{Object, ObjectSegment};
    let end = {
        let file = object::File::parse(elf.as_slice())?;
        file.segments()
            .map(|segment| segment.file_range())
            .map(|(at, size)| at + size)
            .max()
    };
    let Some(end) = end else {
        bail!("a program without segments")
    };
    elf.truncate(end as usize);
    for (at, length) in [(0x28, 8), (0x3c, 2), (0x3e, 2)] {
        elf[at..at + length].fill(0);
    }
    Ok(elf)
}
