//! Sockets: local pairs, and an honest no for every other family.

use base::{Error, Result};
use mem::user::UserPtr;
use object::{Handle, StatusFlags};

use crate::call::Call;
use crate::files::descriptors::O_CLOEXEC;
use crate::files::pipes::install_pair;

const AF_UNIX: i32 = 1;
const SOCK_STREAM: i32 = 1;
const SOCK_NONBLOCK: i32 = 0o4000;
/// The kind proper, below the flags.
const KIND: i32 = 0xf;

fn check_kind(kind: i32) -> Result<i32> {
    if kind & !(KIND | SOCK_NONBLOCK | O_CLOEXEC as i32) != 0 {
        return Err(Error::InvalidArgument);
    }
    Ok(kind & KIND)
}

/// socket(2): no family has sockets that could be bound or connected yet.
pub(crate) fn socket(
    _call: &mut Call<'_>,
    _domain: i32,
    kind: i32,
    _protocol: i32,
) -> Result<usize> {
    check_kind(kind)?;
    Err(Error::AddressFamilyNotSupported)
}

/// socketpair(2): local streams.
pub(crate) fn socketpair(
    call: &mut Call<'_>,
    domain: i32,
    kind: i32,
    protocol: i32,
    descriptors: UserPtr<[i32; 2]>,
) -> Result<usize> {
    let base_kind = check_kind(kind)?;
    if domain != AF_UNIX {
        return Err(Error::AddressFamilyNotSupported);
    }
    if protocol != 0 && protocol != AF_UNIX {
        return Err(Error::ProtocolNotSupported);
    }
    if base_kind != SOCK_STREAM {
        return Err(Error::SocketTypeNotSupported);
    }
    let mut flags = StatusFlags::empty();
    flags.set(StatusFlags::NONBLOCK, kind & SOCK_NONBLOCK != 0);
    let (first, second) = ipc::stream::pair(flags);
    let close_on_exec = kind & O_CLOEXEC as i32 != 0;
    install_pair(
        call,
        Handle::from_file(first).with_close_on_exec(close_on_exec),
        Handle::from_file(second).with_close_on_exec(close_on_exec),
        descriptors,
    )
}
