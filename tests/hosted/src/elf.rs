//! Tiny ELF files whose only code is the entry of a simulated program.
//!
//! One segment holds the file's own headers and the entry's bytes (read, execute); a second one,
//! a page further, is a page of zeros that the program may write. Which ABI a file is for shows
//! in what that ABI looks at: the OS/ABI byte, and the address it is linked at.

use hal::hosted::{ENTRY_BYTES, entry_bytes};

/// Which ABI a program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abi {
    /// The native one.
    Scarlet,
    /// Linux on RISC-V.
    Linux,
    /// MIT xv6 on RISC-V.
    Xv6,
}

impl Abi {
    /// `e_ident[EI_OSABI]`.
    fn os_abi(self) -> u8 {
        match self {
            Abi::Scarlet => scarlet_abi::ELF_OS_ABI,
            Abi::Linux | Abi::Xv6 => 0,
        }
    }

    /// Where its programs are linked.
    pub fn base(self) -> u64 {
        match self {
            Abi::Scarlet | Abi::Linux => 0x1_0000,
            Abi::Xv6 => 0,
        }
    }

    /// Where its programs find a page of zeros of their own.
    pub fn data(self) -> usize {
        self.base() as usize + 0x1000
    }
}

const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const ENTRY: usize = HEADER + 2 * PROGRAM_HEADER;

/// An executable of `abi` that runs program number `number`.
pub fn image(abi: Abi, number: u32) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend([0x7f, b'E', b'L', b'F', 2, 1, 1, abi.os_abi()]);
    file.extend([0; 8]);
    // An executable for RISC-V, version 1; entry, program headers, no sections.
    file.extend(2u16.to_le_bytes());
    file.extend(243u16.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    file.extend((abi.base() + ENTRY as u64).to_le_bytes());
    file.extend((HEADER as u64).to_le_bytes());
    file.extend(0u64.to_le_bytes());
    file.extend(0u32.to_le_bytes());
    for half in [HEADER, PROGRAM_HEADER, 2, 0, 0, 0] {
        file.extend((half as u16).to_le_bytes());
    }
    let length = (ENTRY + ENTRY_BYTES) as u64;
    segment(&mut file, 0b101, abi.base(), length, length);
    segment(&mut file, 0b110, abi.base() + 0x1000, 0, 0x1000);
    file.extend(entry_bytes(number));
    file
}

/// One loadable segment, at the start of the file.
fn segment(file: &mut Vec<u8>, flags: u32, address: u64, in_file: u64, in_memory: u64) {
    file.extend(1u32.to_le_bytes());
    file.extend(flags.to_le_bytes());
    for word in [0, address, address, in_file, in_memory, 0x1000] {
        file.extend(word.to_le_bytes());
    }
}
