//! name_to_handle_at, open_by_handle_at: a file found again without its name.
//!
//! A handle is `struct file_handle`: how many bytes there are, of which type they are, and the bytes, which programs take
//! as they come. As Linux's ext2 and tmpfs have it, type 1 is the inode's number and generation in 32 bits each;
//! a number that needs more comes in three words.

use alloc::vec::Vec;

use base::{Error, Result};
use mem::user::{UserPtr, UserSlice, UserText};
use vfs::{Capabilities, FileHandle, ResolveFlags};

use super::open;
use super::paths::{Named, place_of};
use crate::arguments::{DirectoryFd, Fd, UserPath};
use crate::call::Call;

/// The handle is only compared with others, never opened.
const AT_HANDLE_FID: u32 = 0x200;
const AT_SYMLINK_FOLLOW: u32 = 0x400;
const AT_EMPTY_PATH: u32 = 0x1000;

/// Bytes of a handle before what is the file system's.
const HEADER: usize = 8;
/// The most bytes of a file system (`MAX_HANDLE_SZ`).
const LONGEST: u32 = 128;
/// `FILEID_INO32_GEN`.
const SHORT: u32 = 1;
/// The same with a number of 64 bits: the generation comes first, as in Linux's tmpfs.
const LONG: u32 = 2;
/// What a handle that does not fit has as its type (`FILEID_INVALID`).
const INVALID: u32 = 0xff;

fn encode(handle: FileHandle) -> (u32, Vec<u8>) {
    let generation = handle.generation.to_le_bytes();
    match u32::try_from(handle.inode) {
        Ok(number) => (SHORT, [number.to_le_bytes(), generation].concat()),
        Err(_) => (
            LONG,
            [&generation[..], &handle.inode.to_le_bytes()].concat(),
        ),
    }
}

fn decode(kind: u32, bytes: &[u8]) -> Option<FileHandle> {
    let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    match kind {
        SHORT => Some(FileHandle {
            inode: word(0)?.into(),
            generation: word(4)?,
        }),
        LONG => Some(FileHandle {
            inode: u64::from(word(4)?) | u64::from(word(8)?) << 32,
            generation: word(0)?,
        }),
        _ => None,
    }
}

/// name_to_handle_at(2). A handle that does not fit is answered with its size.
pub(crate) fn name_to_handle_at(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    handle: UserPtr<[u32; 2]>,
    mount: UserPtr<i32>,
    flags: u32,
) -> Result<usize> {
    if flags & !(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | AT_HANDLE_FID) != 0 {
        return Err(Error::InvalidArgument);
    }
    let mut resolve = ResolveFlags::empty();
    resolve.set(ResolveFlags::NO_FOLLOW, flags & AT_SYMLINK_FOLLOW == 0);
    resolve.set(ResolveFlags::EMPTY_PATH, flags & AT_EMPTY_PATH != 0);
    let place = Named::read(call, directory, path, &mut UserText::new())?.resolve(resolve)?;
    let found = match place.handle() {
        // Just to compare files by it, any file system's number serves.
        Err(Error::Unsupported) if flags & AT_HANDLE_FID != 0 => FileHandle {
            inode: place.status()?.inode,
            generation: 0,
        },
        found => found?,
    };
    let [room, _] = handle.read()?;
    if room > LONGEST {
        return Err(Error::InvalidArgument);
    }
    let (kind, bytes) = encode(found);
    let fits = bytes.len() <= room as usize;
    mount.write(&(place.mount().id() as i32))?;
    let kind = if fits { kind } else { INVALID };
    handle.write(&[bytes.len() as u32, kind])?;
    if !fits {
        return Err(Error::Overflow);
    }
    UserSlice::new(handle.address().wrapping_add(HEADER), bytes.len()).write_from(&bytes)?;
    Ok(0)
}

/// open_by_handle_at(2).
pub(crate) fn open_by_handle_at(
    call: &mut Call<'_>,
    mount: DirectoryFd,
    handle: UserPtr<[u32; 2]>,
    flags: u32,
) -> Result<usize> {
    let [length, kind] = handle.read()?;
    if length == 0 || length > LONGEST {
        return Err(Error::InvalidArgument);
    }
    let context = call.process().fs();
    let place = match mount {
        DirectoryFd::WORKING_DIRECTORY => context.working_directory.clone(),
        DirectoryFd(descriptor) => place_of(call, Fd(descriptor))?,
    };
    context.check_capability(Capabilities::FIND_ANYWHERE)?;
    let length = length as usize;
    let bytes = UserSlice::new(handle.address().wrapping_add(HEADER), length)
        .read_all(length, Error::InvalidArgument)?;
    let wanted = decode(kind, &bytes).ok_or(Error::Stale)?;
    let (options, close_on_exec) = open::without_name(flags)?;
    let file = context.open_handle(&place, wanted, &options)?;
    call.install(file, close_on_exec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_come_back_as_they_were() {
        for inode in [2, 0xffff_ffff, 0x1_0000_0007] {
            let handle = FileHandle {
                inode,
                generation: 0xdead_beef,
            };
            let (kind, bytes) = encode(handle);
            assert_eq!(decode(kind, &bytes), Some(handle));
            assert_eq!(decode(kind, &bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(decode(7, &[0; 32]), None);
    }
}
