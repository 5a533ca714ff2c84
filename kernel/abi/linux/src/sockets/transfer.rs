//! sendto and recvfrom: bytes and an address, nothing else.

use alloc::sync::Arc;

use base::{Error, Result};
use ipc::local::{Ancillary, Kind, LocalSocket, Received};
use mem::transfer::{Sink, Source};
use mem::user::{UserPtr, UserSlice};
use object::Rights;

use super::{SocketFile, address};
use crate::arguments::Fd;
use crate::call::Call;
use crate::files::read_write::MOST;

pub(super) const MSG_OOB: u32 = 0x1;
pub(super) const MSG_PEEK: u32 = 0x2;
pub(super) const MSG_CTRUNC: u32 = 0x8;
pub(super) const MSG_TRUNC: u32 = 0x20;
pub(super) const MSG_DONTWAIT: u32 = 0x40;
pub(super) const MSG_WAITALL: u32 = 0x100;
pub(super) const MSG_NOSIGNAL: u32 = 0x4000;
pub(super) const MSG_CMSG_CLOEXEC: u32 = 0x4000_0000;

/// A buffer that some program could have.
pub(super) fn checked(buffer: UserSlice) -> Result<(usize, usize)> {
    let length = buffer.length.min(MOST);
    match buffer.address.checked_add(length) {
        Some(end) if end <= hal::USER_END => Ok((buffer.address, length)),
        _ => Err(Error::BadAddress),
    }
}

/// Sends, with the event that goes with a broken connection.
pub(super) fn send(
    call: &Call<'_>,
    socket: &LocalSocket,
    from: &mut Source<'_>,
    target: Option<&Arc<LocalSocket>>,
    along: Ancillary,
    flags: u32,
) -> Result<usize> {
    if flags & MSG_OOB != 0 {
        return Err(Error::Unsupported);
    }
    let outcome = socket.send(from, target, along, flags & MSG_DONTWAIT != 0);
    if outcome == Err(Error::BrokenPipe)
        && flags & MSG_NOSIGNAL == 0
        && socket.kind() != Kind::Datagram
    {
        crate::signal::send::raise(call.task, proc::Event::BROKEN_PIPE);
    }
    outcome
}

/// Receives. With `MSG_WAITALL` a stream goes on until the buffer is full, or until something was
/// sent along.
pub(super) fn receive(socket: &LocalSocket, into: &mut Sink<'_>, flags: u32) -> Result<Received> {
    if flags & MSG_OOB != 0 {
        return Err(match socket.kind() {
            Kind::Stream => Error::InvalidArgument,
            _ => Error::Unsupported,
        });
    }
    let (nonblocking, peek) = (flags & MSG_DONTWAIT != 0, flags & MSG_PEEK != 0);
    let mut received = socket.receive(into, nonblocking, peek)?;
    let patient = flags & MSG_WAITALL != 0 && socket.kind() == Kind::Stream && !peek;
    while patient && into.remaining() > 0 && received.ancillary.is_empty() {
        match socket.receive(into, nonblocking, false) {
            Ok(more) if more.count > 0 => {
                received.count += more.count;
                received.length += more.count;
                received.ancillary = more.ancillary;
            }
            _ => break,
        }
    }
    Ok(received)
}

/// sendto(2).
pub(crate) fn sendto(
    call: &mut Call<'_>,
    file: Fd,
    buffer: UserSlice,
    flags: u32,
    name: usize,
    name_length: i32,
) -> Result<usize> {
    let (at, length) = checked(buffer)?;
    let file = SocketFile::of(call, file, Rights::WRITE)?;
    let target = if name == 0 {
        None
    } else {
        let given = address::read(name, name_length)?;
        Some(address::find(call, &given)?)
    };
    let mut source = Source::user(at, length);
    send(
        call,
        file.get()?,
        &mut source,
        target.as_ref(),
        Ancillary::default(),
        flags,
    )
}

/// recvfrom(2).
pub(crate) fn recvfrom(
    call: &mut Call<'_>,
    file: Fd,
    buffer: UserSlice,
    flags: u32,
    name: usize,
    name_length: UserPtr<i32>,
) -> Result<usize> {
    let (at, length) = checked(buffer)?;
    let file = SocketFile::of(call, file, Rights::READ)?;
    let received = receive(file.get()?, &mut Sink::user(at, length), flags)?;
    if name != 0 {
        let room = name_length.read()?;
        let length = address::write_sender(received.from.as_ref(), name, room)?;
        name_length.write(&length)?;
    }
    let whole = flags & MSG_TRUNC != 0 && file.get()?.kind() != Kind::Stream;
    Ok(if whole {
        received.length
    } else {
        received.count
    })
}
