//! Descriptors: opening, reading, writing, closing.

use alloc::sync::Arc;

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use mem::user::UserPtr;
use object::{File, FileKind, Handle, Rights, SeekFrom, StatusFlags};
use vfs::{OpenFile, OpenOptions};

use crate::arguments::{Buffer, Descriptor, Text};
use crate::call::Call;
use crate::limits::DESCRIPTORS;
use crate::record::Status;
use crate::{directory, path};

const WRITE_ONLY: i32 = 0x1;
const READ_WRITE: i32 = 0x2;
const CREATE: i32 = 0x200;
const TRUNCATE: i32 = 0x400;

/// Opens a file. A directory only for reading, with no other bit set.
pub(crate) fn open(call: &mut Call<'_>, name: Text, mode: i32) -> Result<usize> {
    let fs = call.fs();
    let creates = mode & CREATE != 0;
    let name = if creates {
        path::read(&fs, name.0)?
    } else {
        path::read_existing(&fs, name.0)?
    };
    let options = OpenOptions {
        read: mode & WRITE_ONLY == 0,
        write: mode & (WRITE_ONLY | READ_WRITE) != 0,
        create: creates,
        truncate: mode & TRUNCATE != 0,
        // xv6 has no permissions: what is made may be run, too.
        mode: 0o777,
        ..OpenOptions::default()
    };
    let file = fs.open(&name, &options)?;
    if mode != 0 && file.inode().kind() == FileKind::Directory {
        return Err(Error::IsDirectory);
    }
    call.process()
        .handles()
        .insert_below(Handle::from_file(file), DESCRIPTORS)
}

/// Closes a descriptor.
pub(crate) fn close(call: &mut Call<'_>, descriptor: Descriptor) -> Result<usize> {
    drop(call.process().handles().remove(Call::slot(descriptor)?)?);
    Ok(0)
}

/// Makes a second descriptor of the same open file: the lowest that is free.
pub(crate) fn dup(call: &mut Call<'_>, descriptor: Descriptor) -> Result<usize> {
    let handles = call.process().handles();
    let handle = handles
        .get(Call::slot(descriptor)?)?
        .with_close_on_exec(false);
    handles.insert_below(handle, DESCRIPTORS)
}

/// Reads; from a directory, records of names.
pub(crate) fn read(
    call: &mut Call<'_>,
    descriptor: Descriptor,
    buffer: Buffer,
    count: i32,
) -> Result<usize> {
    let file = call.file(descriptor, Rights::READ)?;
    let count = usize::try_from(count).map_err(|_| Error::InvalidArgument)?;
    let mut sink = Sink::user(buffer.0, count);
    match directory::of(&*file) {
        Some(directory) => directory::read(directory, &mut sink),
        None => file.read(&mut sink),
    }
}

/// Writes. To a file all or it failed, and never beyond the end; to a pipe or a device what went.
pub(crate) fn write(
    call: &mut Call<'_>,
    descriptor: Descriptor,
    buffer: Buffer,
    count: i32,
) -> Result<usize> {
    let file = call.file(descriptor, Rights::WRITE)?;
    let count = usize::try_from(count).map_err(|_| Error::InvalidArgument)?;
    let regular = is_regular(&file);
    if regular && file.seek(SeekFrom::Current(0))? > file.status()?.size {
        return Err(Error::InvalidArgument);
    }
    let done = file.write(&mut Source::user(buffer.0, count))?;
    if regular && done < count {
        Err(Error::BadAddress)
    } else {
        Ok(done)
    }
}

fn is_regular(file: &Arc<dyn File>) -> bool {
    file.downcast::<OpenFile>()
        .is_some_and(|file| file.inode().kind() == FileKind::Regular)
}

/// Tells about an open file, if it has a place in a file system.
pub(crate) fn fstat(call: &mut Call<'_>, descriptor: Descriptor, into: Buffer) -> Result<usize> {
    let file = call.file(descriptor, Rights::STATUS)?;
    let status = file.status()?;
    if matches!(
        status.kind,
        FileKind::Fifo | FileKind::Socket | FileKind::Anonymous
    ) {
        return Err(Error::InvalidArgument);
    }
    let entries = directory::of(&*file).map_or(Ok(0), directory::count)?;
    UserPtr::from(into.0).write(&Status::new(&status, entries))?;
    Ok(0)
}

/// Makes a pipe and tells its two descriptors, or leaves nothing behind.
pub(crate) fn pipe(call: &mut Call<'_>, descriptors: UserPtr<[i32; 2]>) -> Result<usize> {
    let handles = call.process().handles();
    let (reader, writer) =
        ipc::pipe::charged_pipe(StatusFlags::empty(), call.process().pipe_maker())?;
    let first = handles.insert_below(Handle::from_file(reader), DESCRIPTORS)?;
    let second = handles.insert_below(Handle::from_file(writer), DESCRIPTORS);
    let told = match second {
        Ok(second) => descriptors.write(&[first as i32, second as i32]),
        Err(error) => Err(error),
    };
    if let Err(error) = told {
        drop(handles.remove(first));
        if let Ok(second) = second {
            drop(handles.remove(second));
        }
        return Err(error);
    }
    Ok(0)
}
