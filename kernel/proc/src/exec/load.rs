//! Bringing a checked image into an address space that nobody uses yet.
//!
//! Whole pages are mapped from the file, privately, and come into memory when they are touched. The page in which a
//! segment's bytes end and its zeros begin is cleared by hand. A segment whose file offset does not agree with its
//! address within a page (old linkers' `-N`, as xv6's programs are linked) is copied instead.

use super::elf::{HEADER_SIZE, Header, MAX_INTERPRETER, PROGRAM_HEADER_SIZE};
use super::{ElfError, ElfImage, ImageKind, Layout, Segment};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use base::{Error, Result, Room, log};
use hal::PAGE_SIZE;
use mem::transfer::Sink;
use mem::{AddressSpace, AreaKind, Backing, MapRequest, Placement, Protection, Sharing};
use object::File;
use vfs::{
    Capabilities, Credentials, FsContext, MountFlags, OpenFile, OpenOptions, SET_GROUP_ID,
    SET_USER_ID,
};

/// `e_machine` of this machine.
fn machine() -> u16 {
    if hal::ARCH == "aarch64" {
        elf::abi::EM_AARCH64
    } else {
        elf::abi::EM_RISCV
    }
}

/// Reads up to a buffer's length; less only at the end of the file.
pub(crate) fn read_some(file: &OpenFile, offset: u64, into: &mut [u8]) -> Result<usize> {
    let mut done = 0;
    while done < into.len() {
        let read = file.read_at(offset + done as u64, &mut Sink::kernel(&mut into[done..]))?;
        if read == 0 {
            break;
        }
        done += read;
    }
    Ok(done)
}

fn refuse(reason: ElfError) -> Error {
    log::info!("exec: refused: {reason}");
    Error::NotExecutable
}

/// Reads and checks a file's headers.
pub(crate) fn read_image(file: &Arc<OpenFile>) -> Result<ElfImage> {
    // The header and, in nearly every file, the whole table.
    let mut head = [0; HEADER_SIZE + 10 * PROGRAM_HEADER_SIZE];
    let length = read_some(file, 0, &mut head)?;
    let header = match Header::parse(&head[..length], machine()) {
        Ok(header) => header,
        // A text file that somebody made executable: the shell will take it, no need to log.
        Err(ElfError::NotElf) => return Err(Error::NotExecutable),
        Err(reason) => return Err(refuse(reason)),
    };
    let size = file.status()?.size;
    let limit = hal::USER_END as u64;
    let start = usize::try_from(header.table_offset).unwrap_or(usize::MAX);
    let image = match head[..length]
        .get(start..)
        .and_then(|rest| rest.get(..header.table_size()))
    {
        Some(table) => ElfImage::parse(header, table, size, limit),
        None => {
            let mut table = Vec::new();
            table.make_room(header.table_size())?;
            table.resize(header.table_size(), 0);
            let length = match header.table_offset.checked_add(header.table_size() as u64) {
                Some(end) if end <= size => read_some(file, header.table_offset, &mut table)?,
                _ => return Err(refuse(ElfError::Truncated)),
            };
            ElfImage::parse(header, &table[..length], size, limit)
        }
    };
    image.map_err(refuse)
}

/// Opens the interpreter that the image asks for, and checks it.
pub(super) fn open_interpreter(
    fs: &FsContext,
    file: &Arc<OpenFile>,
    image: &ElfImage,
) -> Result<Option<(Arc<OpenFile>, ElfImage)>> {
    let Some((offset, length)) = image.interpreter else {
        return Ok(None);
    };
    let mut path = vec![0; length.min(MAX_INTERPRETER) as usize];
    if read_some(file, offset, &mut path)? != path.len() || path.contains(&0) {
        return Err(refuse(ElfError::BadInterpreter));
    }
    let interpreter = fs.open(&path, &OpenOptions::executing())?;
    let image = read_image(&interpreter)?;
    if image.is_dynamic() {
        return Err(refuse(ElfError::BadInterpreter));
    }
    Ok(Some((interpreter, image)))
}

/// Takes over the file's owner where its set-id bits say so and the mount allows; says whether that gave new rights.
pub(super) fn apply_set_id(
    file: &OpenFile,
    credentials: &mut Credentials,
    no_new_privileges: bool,
) -> Result<bool> {
    let before = (credentials.euid, credentials.egid);
    let status = file.status()?;
    let allowed = !file.path().mount().flags().contains(MountFlags::NO_SET_ID);
    if allowed && !no_new_privileges {
        if status.mode & SET_USER_ID != 0 {
            credentials.euid = status.uid;
        }
        // Without group execute permission the bit means something else (mandatory locking).
        if status.mode & SET_GROUP_ID != 0 && status.mode & 0o010 != 0 {
            credentials.egid = status.gid;
        }
    }
    // A program of the super-user's begins with everything.
    credentials.given_up = Capabilities::empty();
    credentials.lost = Capabilities::empty();
    credentials.suid = credentials.euid;
    credentials.fsuid = credentials.euid;
    credentials.sgid = credentials.egid;
    credentials.fsgid = credentials.egid;
    Ok(before != (credentials.euid, credentials.egid) || credentials.uid != credentials.euid)
}

/// Where things ended up.
pub(super) struct Loaded {
    pub(super) bias: usize,
    pub(super) entry: usize,
    pub(super) start: usize,
    pub(super) interpreter_base: Option<usize>,
    pub(super) image_end: usize,
}

/// Maps the program and its interpreter, and says where the heap may begin.
pub(super) fn load(
    space: &Arc<AddressSpace>,
    file: &Arc<OpenFile>,
    image: &ElfImage,
    interpreter: Option<&(Arc<OpenFile>, ElfImage)>,
    layout: &Layout,
) -> Result<Loaded> {
    let bias = match image.header.kind {
        ImageKind::Fixed => 0,
        ImageKind::Relocatable => relocation(image, layout),
    };
    // The page at 0 belongs to nobody but the programs of an ABI that links there: elsewhere it catches null pointers.
    let lowest = if layout.low_programs {
        0
    } else {
        hal::USER_START
    };
    if (image.span().0 as usize).saturating_add(bias) < lowest {
        return Err(refuse(ElfError::OutsideUserSpace));
    }
    map_segments(space, file, image, bias)?;
    let entry = image.header.entry as usize + bias;
    let image_end = image.span().1 as usize + bias;
    // The heap begins at a random distance from the program, unless its ABI's programs know where.
    let gap = if layout.fixed { 0 } else { random_pages(13) };
    space.set_heap_start(image_end + gap);
    let (start, interpreter_base) = match interpreter {
        None => (entry, None),
        Some((file, image)) => {
            let base = reserve(space, image)?;
            map_segments(space, file, image, base)?;
            (image.header.entry as usize + base, Some(base))
        }
    };
    Ok(Loaded {
        bias,
        entry,
        start,
        interpreter_base,
        image_end,
    })
}

/// Random bits for a place, so many pages' worth.
fn random_pages(bits: u32) -> usize {
    let mut bytes = [0; 8];
    base::random::fill(&mut bytes);
    (u64::from_le_bytes(bytes) as usize & ((1 << bits) - 1)) * PAGE_SIZE
}

fn relocation(image: &ElfImage, layout: &Layout) -> usize {
    let first = image.span().0 as usize;
    let shift = if layout.fixed { 0 } else { random_pages(14) };
    let base = (layout.program_base + shift) & !(image.alignment as usize - 1);
    base.saturating_sub(first)
}

/// The stack's end, moved by a random distance unless the ABI's programs know it.
pub(super) fn stack_top(layout: &Layout) -> usize {
    if layout.fixed {
        layout.stack_top
    } else {
        layout.stack_top - random_pages(11)
    }
}

/// Finds room for an interpreter: its span is reserved as a whole and then covered by its segments.
fn reserve(space: &AddressSpace, image: &ElfImage) -> Result<usize> {
    let (first, last) = image.span();
    if image.header.kind == ImageKind::Fixed {
        return Ok(0);
    }
    let length = (last - first) as usize;
    let address = space.map(MapRequest::anonymous(
        Placement::Anywhere(0),
        length,
        Protection::empty(),
    ))?;
    space.unmap(address, length)?;
    Ok(address.wrapping_sub(first as usize))
}

fn map_segments(
    space: &AddressSpace,
    file: &Arc<OpenFile>,
    image: &ElfImage,
    bias: usize,
) -> Result<()> {
    for segment in &image.segments {
        if segment.is_mappable() {
            map_segment(space, file, segment, bias)?;
        } else {
            copy_segment(space, file, segment, bias)?;
        }
    }
    Ok(())
}

fn protection(segment: &Segment) -> Protection {
    let mut protection = Protection::empty();
    protection.set(Protection::READ, segment.read);
    protection.set(Protection::WRITE, segment.write);
    protection.set(Protection::EXECUTE, segment.execute);
    protection
}

fn map_segment(
    space: &AddressSpace,
    file: &Arc<OpenFile>,
    segment: &Segment,
    bias: usize,
) -> Result<()> {
    let address = segment.address as usize + bias;
    let in_page = address % PAGE_SIZE;
    let end = (address + segment.memory_size as usize).next_multiple_of(PAGE_SIZE);
    let file_end = address + segment.file_size as usize;
    let mut mapped_end = address - in_page;
    if segment.file_size > 0 {
        mapped_end = file_end.next_multiple_of(PAGE_SIZE);
        space.map(MapRequest {
            placement: Placement::FixedNoReplace(address - in_page),
            length: mapped_end - (address - in_page),
            protection: protection(segment),
            sharing: Sharing::Private,
            backing: Backing::Object {
                object: file.memory_object()?,
                offset: segment.file_offset - in_page as u64,
                maximum: Protection::all(),
            },
            kind: AreaKind::Program,
        })?;
    }
    if end > mapped_end {
        map_zeros(space, mapped_end, end - mapped_end, protection(segment))?;
    }
    // What follows the file's bytes in their last page must be zero, for those who may write there; what a
    // read-only segment shows behind its end nobody relies on.
    if segment.memory_size > segment.file_size
        && mapped_end > file_end
        && segment.write
        && segment.file_size > 0
    {
        space.zero_bytes(file_end, mapped_end - file_end)?;
    }
    Ok(())
}

fn map_zeros(
    space: &AddressSpace,
    address: usize,
    length: usize,
    protection: Protection,
) -> Result<()> {
    let placement = Placement::FixedNoReplace(address);
    let request = MapRequest {
        kind: AreaKind::Program,
        ..MapRequest::anonymous(placement, length, protection)
    };
    space.map(request).map(|_| ())
}

fn copy_segment(
    space: &AddressSpace,
    file: &Arc<OpenFile>,
    segment: &Segment,
    bias: usize,
) -> Result<()> {
    let (first, last) = segment.pages();
    let (first, length) = (first as usize + bias, (last - first) as usize);
    map_zeros(space, first, length, Protection::READ | Protection::WRITE)?;
    let mut buffer = vec![0; PAGE_SIZE];
    let mut done = 0;
    while done < segment.file_size {
        let part = (segment.file_size - done).min(PAGE_SIZE as u64) as usize;
        if read_some(file, segment.file_offset + done, &mut buffer[..part])? != part {
            return Err(refuse(ElfError::Truncated));
        }
        space.write_bytes(
            segment.address as usize + bias + done as usize,
            &buffer[..part],
        )?;
        done += part as u64;
    }
    space.protect(first, length, protection(segment))
}
