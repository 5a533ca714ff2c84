//! pipe2.

use base::{Error, Result};
use mem::user::UserPtr;
use object::{Handle, StatusFlags};

use super::descriptors::O_CLOEXEC;
use crate::call::Call;
use crate::machine::current::open::O_DIRECT;

const O_NONBLOCK: u32 = 0o4000;

/// pipe2(2).
pub(crate) fn pipe2(
    call: &mut Call<'_>,
    descriptors: UserPtr<[i32; 2]>,
    flags: u32,
) -> Result<usize> {
    if flags & !(O_CLOEXEC | O_NONBLOCK | O_DIRECT) != 0 {
        return Err(Error::InvalidArgument);
    }
    let mut status = StatusFlags::empty();
    status.set(StatusFlags::NONBLOCK, flags & O_NONBLOCK != 0);
    status.set(StatusFlags::DIRECT, flags & O_DIRECT != 0);
    let (reader, writer) = ipc::pipe::charged_pipe(status, call.process().pipe_maker())?;
    let close_on_exec = flags & O_CLOEXEC != 0;
    install_pair(
        call,
        Handle::from_file(reader).with_close_on_exec(close_on_exec),
        Handle::from_file(writer).with_close_on_exec(close_on_exec),
        descriptors,
    )
}

/// Puts two handles into the table and their numbers into the program's memory; neither stays if
/// the program cannot be told.
pub(crate) fn install_pair(
    call: &Call<'_>,
    first: Handle,
    second: Handle,
    descriptors: UserPtr<[i32; 2]>,
) -> Result<usize> {
    let handles = call.handles();
    let (one, two) = handles.insert_pair(first, second)?;
    if let Err(error) = descriptors.write(&[one as i32, two as i32]) {
        drop(handles.remove(one));
        drop(handles.remove(two));
        return Err(error);
    }
    Ok(0)
}
