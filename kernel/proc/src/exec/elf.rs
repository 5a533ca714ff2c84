//! What an ELF file says, checked before anything believes it.
//!
//! Pure functions over bytes: no file, no memory, no process. [`Header::parse`] reads the first 64 bytes,
//! [`ElfImage::parse`] the program headers; together they return either a description that the loader can follow
//! blindly or an [`ElfError`] that says what is wrong. Everything that a hostile file may choose is
//! checked here: sums that overflow, segments outside user space or over each other, a file shorter than it claims.
//! The bytes are read by the `elf` crate; the judgement is ours.
//!
//! References: System V ABI (gABI) chapter 5 "Program Loading", elf(5).

use alloc::vec::Vec;
use elf::abi;
use elf::endian::LittleEndian;
use elf::file::{Class, FileHeader, parse_ident};
use elf::parse::{ParseError, ParsingTable};
use elf::segment::ProgramHeader;

const PAGE: u64 = hal::PAGE_SIZE as u64;
/// Bytes of an ELF-64 file header.
pub const HEADER_SIZE: usize = 64;
/// Bytes of one ELF-64 program header.
pub const PROGRAM_HEADER_SIZE: usize = 56;
/// More program headers than this no sane linker writes; it bounds what a hostile file makes the kernel read.
pub const MAX_PROGRAM_HEADERS: usize = 1024;
/// The longest interpreter path, with its terminating zero.
pub const MAX_INTERPRETER: u64 = 4096;

/// Why a file is not a program this machine can load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElfError {
    /// The file ends before what its headers promise.
    Truncated,
    /// The first four bytes are not ELF's.
    NotElf,
    /// 32 bits, big-endian or of an unknown version.
    WrongFormat,
    /// Built for another processor.
    WrongMachine(u16),
    /// Neither an executable nor position-independent (an object file, a core dump).
    NotExecutable,
    /// The program header table has entries of the wrong size, none, or too many.
    BadProgramHeaders,
    /// Nothing to load.
    NoSegments,
    /// A segment has more bytes in the file than in memory.
    FileLargerThanMemory,
    /// An alignment that is no power of two, or an address that contradicts it.
    BadAlignment,
    /// Segments share a page or are not in ascending order.
    OverlappingSegments,
    /// A segment reaches into the kernel's half or wraps around.
    OutsideUserSpace,
    /// The entry point is in no executable segment.
    EntryOutside,
    /// The interpreter's path is empty, too long, or not terminated; or there are several.
    BadInterpreter,
}

impl core::fmt::Display for ElfError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            ElfError::Truncated => f.write_str("the file is truncated"),
            ElfError::NotElf => f.write_str("not an ELF file"),
            ElfError::WrongFormat => f.write_str("not a 64-bit little-endian ELF file"),
            ElfError::WrongMachine(machine) => {
                write!(f, "built for another machine (number {machine})")
            }
            ElfError::NotExecutable => f.write_str("not an executable"),
            ElfError::BadProgramHeaders => f.write_str("bad program header table"),
            ElfError::NoSegments => f.write_str("nothing to load"),
            ElfError::FileLargerThanMemory => {
                f.write_str("a segment is larger in the file than in memory")
            }
            ElfError::BadAlignment => f.write_str("a segment's alignment makes no sense"),
            ElfError::OverlappingSegments => f.write_str("segments overlap or are out of order"),
            ElfError::OutsideUserSpace => f.write_str("a segment lies outside user space"),
            ElfError::EntryOutside => f.write_str("the entry point is in no executable segment"),
            ElfError::BadInterpreter => f.write_str("bad interpreter path"),
        }
    }
}

impl From<ParseError> for ElfError {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::BadMagic(_) => ElfError::NotElf,
            ParseError::SliceReadError(_) | ParseError::BadOffset(_) => ElfError::Truncated,
            _ => ElfError::WrongFormat,
        }
    }
}

/// Whether the image has fixed addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImageKind {
    /// Linked at fixed addresses (ET_EXEC).
    Fixed,
    /// May be loaded anywhere (ET_DYN: static PIE, dynamic executables, interpreters).
    Relocatable,
}

/// One piece of the file that becomes memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Where it starts, before any relocation.
    pub address: u64,
    /// Its bytes in memory.
    pub memory_size: u64,
    /// Where its contents start in the file.
    pub file_offset: u64,
    /// How many of its bytes come from the file; the rest is zero.
    pub file_size: u64,
    /// It may be read.
    pub read: bool,
    /// It may be written.
    pub write: bool,
    /// It may be executed.
    pub execute: bool,
}

impl Segment {
    /// The pages it covers: first byte and one past the last.
    pub fn pages(&self) -> (u64, u64) {
        (
            self.address & !(PAGE - 1),
            (self.address + self.memory_size + PAGE - 1) & !(PAGE - 1),
        )
    }

    /// Whether pages of the file can be mapped as they are: offset and address agree within a page.
    pub fn is_mappable(&self) -> bool {
        self.address % PAGE == self.file_offset % PAGE
    }
}

/// What the file header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Fixed or relocatable.
    pub kind: ImageKind,
    /// Byte 7 of the identification: which system's program it claims to be.
    pub os_abi: u8,
    /// The entry point before relocation.
    pub entry: u64,
    /// Where the program headers are in the file.
    pub table_offset: u64,
    /// How many there are.
    pub table_entries: usize,
}

impl Header {
    /// Checks the first bytes of a file that must run on `machine` (`e_machine`).
    pub fn parse(bytes: &[u8], machine: u16) -> Result<Header, ElfError> {
        if !bytes.starts_with(&abi::ELFMAGIC) {
            return Err(if abi::ELFMAGIC.starts_with(bytes) {
                ElfError::Truncated
            } else {
                ElfError::NotElf
            });
        }
        let bytes = bytes.get(..HEADER_SIZE).ok_or(ElfError::Truncated)?;
        let (ident, tail) = bytes.split_at(abi::EI_NIDENT);
        let ident = parse_ident::<LittleEndian>(ident)?;
        if ident.1 != Class::ELF64 {
            return Err(ElfError::WrongFormat);
        }
        let header = FileHeader::parse_tail(ident, tail)?;
        if header.e_machine != machine {
            return Err(ElfError::WrongMachine(header.e_machine));
        }
        let kind = match header.e_type {
            abi::ET_EXEC => ImageKind::Fixed,
            abi::ET_DYN => ImageKind::Relocatable,
            _ => return Err(ElfError::NotExecutable),
        };
        let entries = header.e_phnum as usize;
        if header.e_phentsize as usize != PROGRAM_HEADER_SIZE
            || entries == 0
            || entries > MAX_PROGRAM_HEADERS
        {
            return Err(ElfError::BadProgramHeaders);
        }
        Ok(Header {
            kind,
            os_abi: header.osabi,
            entry: header.e_entry,
            table_offset: header.e_phoff,
            table_entries: entries,
        })
    }

    /// How many bytes the program header table takes.
    pub fn table_size(&self) -> usize {
        self.table_entries * PROGRAM_HEADER_SIZE
    }
}

/// A program file that passed every check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ElfImage {
    /// What the file header says.
    pub header: Header,
    /// What to load, ascending, never overlapping, within `0..limit` of [`ElfImage::parse`].
    pub segments: Vec<Segment>,
    /// Offset and length of the interpreter's path in the file, without its terminating zero.
    pub interpreter: Option<(u64, u64)>,
    /// Where the program headers are once loaded, before relocation (0: in no segment).
    pub table_address: u64,
    /// The largest alignment that a segment asks for, at least a page.
    pub alignment: u64,
    /// Whether the stack must be executable (PT_GNU_STACK with X).
    pub executable_stack: bool,
}

impl ElfImage {
    /// Checks the program headers. `table` holds `header.table_size()` bytes, `file_size` is the file's length and
    /// `limit` the first address that is not user space.
    pub fn parse(
        header: Header,
        table: &[u8],
        file_size: u64,
        limit: u64,
    ) -> Result<ElfImage, ElfError> {
        let table = table
            .get(..header.table_size())
            .ok_or(ElfError::Truncated)?;
        let table =
            ParsingTable::<LittleEndian, ProgramHeader>::new(LittleEndian, Class::ELF64, table);
        let mut image = ElfImage {
            header,
            segments: Vec::new(),
            interpreter: None,
            table_address: 0,
            alignment: PAGE,
            executable_stack: false,
        };
        for entry in table.iter() {
            match entry.p_type {
                abi::PT_LOAD => image.add_segment(&entry, file_size, limit)?,
                abi::PT_INTERP => image.set_interpreter(&entry, file_size)?,
                abi::PT_GNU_STACK => image.executable_stack = entry.p_flags & abi::PF_X != 0,
                _ => {}
            }
        }
        image.check_entry()?;
        image.find_table();
        Ok(image)
    }

    fn add_segment(
        &mut self,
        entry: &ProgramHeader,
        file_size: u64,
        limit: u64,
    ) -> Result<(), ElfError> {
        if entry.p_filesz > entry.p_memsz {
            return Err(ElfError::FileLargerThanMemory);
        }
        if entry.p_align > 1 && !entry.p_align.is_power_of_two() {
            return Err(ElfError::BadAlignment);
        }
        let file_end = entry
            .p_offset
            .checked_add(entry.p_filesz)
            .ok_or(ElfError::Truncated)?;
        if entry.p_filesz > 0 && file_end > file_size {
            return Err(ElfError::Truncated);
        }
        let end = entry
            .p_vaddr
            .checked_add(entry.p_memsz)
            .ok_or(ElfError::OutsideUserSpace)?;
        if end > limit || entry.p_align > limit {
            return Err(ElfError::OutsideUserSpace);
        }
        if entry.p_memsz == 0 {
            return Ok(());
        }
        let segment = Segment {
            address: entry.p_vaddr,
            memory_size: entry.p_memsz,
            file_offset: entry.p_offset,
            file_size: entry.p_filesz,
            read: entry.p_flags & abi::PF_R != 0,
            write: entry.p_flags & abi::PF_W != 0,
            execute: entry.p_flags & abi::PF_X != 0,
        };
        if segment.pages().1 > limit {
            return Err(ElfError::OutsideUserSpace);
        }
        if let Some(last) = self.segments.last()
            && segment.pages().0 < last.pages().1
        {
            return Err(ElfError::OverlappingSegments);
        }
        self.alignment = self.alignment.max(entry.p_align);
        self.segments.push(segment);
        Ok(())
    }

    fn set_interpreter(&mut self, entry: &ProgramHeader, file_size: u64) -> Result<(), ElfError> {
        if self.interpreter.is_some() || entry.p_filesz < 2 || entry.p_filesz > MAX_INTERPRETER {
            return Err(ElfError::BadInterpreter);
        }
        let end = entry
            .p_offset
            .checked_add(entry.p_filesz)
            .ok_or(ElfError::Truncated)?;
        if end > file_size {
            return Err(ElfError::Truncated);
        }
        self.interpreter = Some((entry.p_offset, entry.p_filesz - 1));
        Ok(())
    }

    fn check_entry(&self) -> Result<(), ElfError> {
        if self.segments.is_empty() {
            return Err(ElfError::NoSegments);
        }
        let entry = self.header.entry;
        let inside = |segment: &Segment| {
            segment.execute
                && entry >= segment.address
                && entry - segment.address < segment.memory_size
        };
        if self.segments.iter().any(inside) {
            Ok(())
        } else {
            Err(ElfError::EntryOutside)
        }
    }

    /// The loaded address of the table is that of its bytes in the file, if a segment brings them along.
    fn find_table(&mut self) {
        let start = self.header.table_offset;
        let size = self.header.table_size() as u64;
        for segment in &self.segments {
            let offset = segment.file_offset;
            if start >= offset
                && start - offset <= segment.file_size
                && segment.file_size - (start - offset) >= size
            {
                self.table_address = segment.address + (start - offset);
            }
        }
    }

    /// The span of pages from the first segment to the last.
    pub fn span(&self) -> (u64, u64) {
        match (self.segments.first(), self.segments.last()) {
            (Some(first), Some(last)) => (first.pages().0, last.pages().1),
            _ => (0, 0),
        }
    }

    /// Whether an interpreter has to load it.
    pub fn is_dynamic(&self) -> bool {
        self.interpreter.is_some()
    }
}
