//! sendmsg and recvmsg: pieces of memory, an address, and what travels along.

use base::{Error, Result};
use ipc::local::{Kind, LocalSocket};
use mem::transfer::{Sink, Source};
use mem::user::UserPtr;
use object::Rights;

use super::transfer::{MSG_CMSG_CLOEXEC, MSG_CTRUNC, MSG_TRUNC, receive, send};
use super::{SocketFile, address, ancillary};
use crate::arguments::Fd;
use crate::call::Call;
use crate::files::vectors::segments;
use crate::layout::{IoVector, MessageHeader};

fn pieces(header: &MessageHeader) -> Result<alloc::vec::Vec<(usize, usize)>> {
    let vectors = UserPtr::<IoVector>::from(header.vectors as usize);
    segments(vectors, header.vector_count as usize).map_err(|error| match error {
        // Too many pieces is this here, unlike in readv.
        Error::InvalidArgument if header.vector_count > 1024 => Error::MessageTooLong,
        other => other,
    })
}

/// sendmsg(2).
pub(crate) fn sendmsg(
    call: &mut Call<'_>,
    file: Fd,
    message: UserPtr<MessageHeader>,
    flags: u32,
) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::WRITE)?;
    send_one(call, file.get()?, &message.read()?, flags)
}

/// Sends what a header describes.
pub(super) fn send_one(
    call: &Call<'_>,
    socket: &LocalSocket,
    header: &MessageHeader,
    flags: u32,
) -> Result<usize> {
    let target = if header.name == 0 || header.name_length == 0 {
        None
    } else {
        let given = address::read(header.name as usize, header.name_length as i32)?;
        Some(address::find(call, &given)?)
    };
    let pieces = pieces(header)?;
    let control = (header.control as usize, header.control_length as usize);
    let along = ancillary::read(call, control.0, control.1)?;
    let mut source = Source::user_segments(pieces);
    send(call, socket, &mut source, target.as_ref(), along, flags)
}

/// recvmsg(2).
pub(crate) fn recvmsg(
    call: &mut Call<'_>,
    file: Fd,
    message: UserPtr<MessageHeader>,
    flags: u32,
) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::READ)?;
    let mut header = message.read()?;
    let count = receive_one(call, file.get()?, &mut header, flags)?;
    message.write(&header)?;
    Ok(count)
}

/// Receives into what a header describes, and notes there what came.
pub(super) fn receive_one(
    call: &Call<'_>,
    socket: &LocalSocket,
    header: &mut MessageHeader,
    flags: u32,
) -> Result<usize> {
    let mut sink = Sink::user_segments(pieces(header)?);
    let received = receive(socket, &mut sink, flags)?;
    header.flags = flags & MSG_CMSG_CLOEXEC;
    let length = if header.name == 0 {
        0
    } else {
        let room = header.name_length as i32;
        address::write_sender(received.from.as_ref(), header.name as usize, room)?
    };
    header.name_length = length as u32;
    let mut writer =
        ancillary::Writer::new(header.control as usize, header.control_length as usize);
    if socket.wants_credentials() {
        writer.credentials(call, received.ancillary.credentials.as_ref())?;
    }
    let close_on_exec = flags & MSG_CMSG_CLOEXEC != 0;
    writer.handles(call, received.ancillary.handles, close_on_exec)?;
    header.control_length = writer.used as u64;
    if writer.cut {
        header.flags |= MSG_CTRUNC;
    }
    if received.length > received.count {
        header.flags |= MSG_TRUNC;
    }
    let whole = flags & MSG_TRUNC != 0 && socket.kind() != Kind::Stream;
    Ok(if whole {
        received.length
    } else {
        received.count
    })
}
