//! bind, listen, accept, connect, getsockname, getpeername, shutdown.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use core::any::Any;

use base::{Error, Result};
use ipc::local::{Address, LocalSocket, ShutDown};
use mem::user::UserPtr;
use object::{Handle, Rights};
use vfs::NewInode;

use super::address::{self, Given};
use super::{SocketFile, creation_flags, own_credentials};
use crate::arguments::Fd;
use crate::call::Call;

/// The open file itself, as what others look up and hold.
fn shared(socket: &LocalSocket) -> Result<Arc<LocalSocket>> {
    socket.shared().ok_or(Error::BadHandle)
}

/// bind(2). A path is made as a name of the file tree; that there is one already means that the address
/// is in use.
pub(crate) fn bind(call: &mut Call<'_>, file: Fd, name: usize, length: i32) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::empty())?;
    let socket = file.get()?;
    match address::read(name, length)? {
        Given::Unspecified => return Err(Error::InvalidArgument),
        Given::Any => {
            if socket.address() == Address::Unnamed {
                socket.bind_abstract(None)?;
            }
        }
        Given::Abstract(name) => socket.bind_abstract(Some(&name))?,
        Given::Path(path) => {
            let context = call.process().fs();
            let mode = 0o777 & !context.umask;
            let place = context
                .mknod(None, &path, NewInode::Socket, mode)
                .map_err(|error| match error {
                    Error::Exists => Error::AddressInUse,
                    other => other,
                })?;
            let weak: Weak<dyn Any + Send + Sync> = Arc::downgrade(&shared(socket)?) as _;
            let bound = match place.inode().attachments() {
                Some(attachments) => socket
                    .bind_path(path.clone(), Box::new(place.clone()))
                    .map(|()| attachments.bind_socket(weak)),
                None => Err(Error::Unsupported),
            };
            if let Err(error) = bound {
                // The socket had a name: the new one goes again.
                let _ = context.unlink(None, &path);
                return Err(error);
            }
        }
    }
    Ok(0)
}

/// listen(2).
pub(crate) fn listen(call: &mut Call<'_>, file: Fd, backlog: i32) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::empty())?;
    // A negative backlog is a huge one (af_unix.c compares without sign).
    let backlog = usize::try_from(backlog).unwrap_or(usize::MAX);
    file.get()?.listen(backlog, own_credentials(call))?;
    Ok(0)
}

/// connect(2).
pub(crate) fn connect(call: &mut Call<'_>, file: Fd, name: usize, length: i32) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::empty())?;
    let given = address::read(name, length)?;
    let target = match given {
        Given::Unspecified => None,
        ref given => Some(address::find(call, given)?),
    };
    file.get()?
        .connect(target.as_ref(), own_credentials(call))?;
    Ok(0)
}

/// accept(2).
pub(crate) fn accept(
    call: &mut Call<'_>,
    file: Fd,
    name: usize,
    length: UserPtr<i32>,
) -> Result<usize> {
    accept4(call, file, name, length, 0)
}

/// accept4(2).
pub(crate) fn accept4(
    call: &mut Call<'_>,
    file: Fd,
    name: usize,
    length: UserPtr<i32>,
    flags: i32,
) -> Result<usize> {
    let (status, close_on_exec) = creation_flags(flags)?;
    let file = SocketFile::of(call, file, Rights::empty())?;
    let accepted = file.get()?.accept(status)?;
    if name != 0 {
        let peer = accepted.peer_address().unwrap_or_default();
        address::write(&peer, name, length)?;
    }
    let handle = Handle::from_file(accepted).with_close_on_exec(close_on_exec);
    call.handles().insert(handle, 0)
}

/// getsockname(2).
pub(crate) fn getsockname(
    call: &mut Call<'_>,
    file: Fd,
    name: usize,
    length: UserPtr<i32>,
) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::empty())?;
    address::write(&file.get()?.address(), name, length)?;
    Ok(0)
}

/// getpeername(2).
pub(crate) fn getpeername(
    call: &mut Call<'_>,
    file: Fd,
    name: usize,
    length: UserPtr<i32>,
) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::empty())?;
    address::write(&file.get()?.peer_address()?, name, length)?;
    Ok(0)
}

/// shutdown(2).
pub(crate) fn shutdown(call: &mut Call<'_>, file: Fd, how: i32) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::empty())?;
    let what = match how {
        0 => ShutDown::Reading,
        1 => ShutDown::Writing,
        2 => ShutDown::Both,
        _ => return Err(Error::InvalidArgument),
    };
    file.get()?.shut_down(what)?;
    Ok(0)
}
