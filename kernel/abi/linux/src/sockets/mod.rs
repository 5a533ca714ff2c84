//! Sockets: the local family, and an honest no for every other.
//!
//! What a local socket does is [`ipc::local`]'s; here is how Linux programs spell it: addresses
//! ([`address`]), calls by name ([`names`]), messages ([`transfer`], [`message`]) with what travels
//! along ([`ancillary`]), and options ([`options`]).

mod address;
mod ancillary;
mod many;
mod message;
mod names;
mod options;
mod transfer;

pub(crate) use many::{recvmmsg, sendmmsg};
pub(crate) use message::{recvmsg, sendmsg};
pub(crate) use names::{
    accept, accept4, bind, connect, getpeername, getsockname, listen, shutdown,
};
pub(crate) use options::{getsockopt, setsockopt};
pub(crate) use transfer::{recvfrom, sendto};

use alloc::sync::Arc;

use base::{Error, Result};
use ipc::local::{Kind, LocalSocket, PeerCredentials};
use mem::user::UserPtr;
use object::{File, Handle, Rights, StatusFlags};

use crate::arguments::Fd;
use crate::call::Call;
use crate::files::descriptors::O_CLOEXEC;
use crate::files::pipes::install_pair;

const AF_UNIX: i32 = 1;
const SOCK_STREAM: i32 = 1;
const SOCK_DGRAM: i32 = 2;
const SOCK_RAW: i32 = 3;
const SOCK_SEQPACKET: i32 = 5;
const SOCK_PACKET: i32 = 10;
const SOCK_NONBLOCK: i32 = 0o4000;
/// The kind proper, below the flags.
const KIND: i32 = 0xf;

/// What `socket` and `socketpair` were asked for.
struct Wanted {
    kind: Kind,
    flags: StatusFlags,
    close_on_exec: bool,
}

impl Wanted {
    /// The checks come in Linux's order.
    fn check(domain: i32, kind: i32, protocol: i32) -> Result<Wanted> {
        let (flags, close_on_exec) = creation_flags(kind & !KIND)?;
        let kind = kind & KIND;
        if domain != AF_UNIX {
            return Err(Error::AddressFamilyNotSupported);
        }
        if kind == 0 || kind > SOCK_PACKET {
            return Err(Error::InvalidArgument);
        }
        if protocol != 0 && protocol != AF_UNIX {
            return Err(Error::ProtocolNotSupported);
        }
        let kind = match kind {
            SOCK_STREAM => Kind::Stream,
            // Raw is another word for datagrams here (af_unix.c, `unix_create`).
            SOCK_DGRAM | SOCK_RAW => Kind::Datagram,
            SOCK_SEQPACKET => Kind::SequencedPacket,
            _ => return Err(Error::SocketTypeNotSupported),
        };
        Ok(Wanted {
            kind,
            flags,
            close_on_exec,
        })
    }
}

/// `SOCK_NONBLOCK` and `SOCK_CLOEXEC`; nothing else is known.
fn creation_flags(flags: i32) -> Result<(StatusFlags, bool)> {
    if flags & !(SOCK_NONBLOCK | O_CLOEXEC as i32) != 0 {
        return Err(Error::InvalidArgument);
    }
    let mut status = StatusFlags::empty();
    status.set(StatusFlags::NONBLOCK, flags & SOCK_NONBLOCK != 0);
    Ok((status, flags & O_CLOEXEC as i32 != 0))
}

/// socket(2).
pub(crate) fn socket(call: &mut Call<'_>, domain: i32, kind: i32, protocol: i32) -> Result<usize> {
    let wanted = Wanted::check(domain, kind, protocol)?;
    call.install(
        LocalSocket::new(wanted.kind, wanted.flags),
        wanted.close_on_exec,
    )
}

/// socketpair(2).
pub(crate) fn socketpair(
    call: &mut Call<'_>,
    domain: i32,
    kind: i32,
    protocol: i32,
    descriptors: UserPtr<[i32; 2]>,
) -> Result<usize> {
    let wanted = Wanted::check(domain, kind, protocol)?;
    let (first, second) = LocalSocket::pair(wanted.kind, wanted.flags, &own_credentials(call));
    install_pair(
        call,
        Handle::from_file(first).with_close_on_exec(wanted.close_on_exec),
        Handle::from_file(second).with_close_on_exec(wanted.close_on_exec),
        descriptors,
    )
}

/// An open file that was found to be a socket.
struct SocketFile(Arc<dyn File>);

impl SocketFile {
    /// `EBADF` for no descriptor, `ENOTSOCK` for one of something else.
    fn of(call: &Call<'_>, descriptor: Fd, rights: Rights) -> Result<SocketFile> {
        let file = call.file(descriptor, rights)?;
        if file.downcast::<LocalSocket>().is_none() {
            return Err(Error::NotSocket);
        }
        Ok(SocketFile(file))
    }

    fn get(&self) -> Result<&LocalSocket> {
        self.0.downcast::<LocalSocket>().ok_or(Error::NotSocket)
    }
}

/// Who the caller is to the other end.
fn own_credentials(call: &Call<'_>) -> PeerCredentials {
    let credentials = call.process().credentials();
    PeerCredentials {
        process: call.process().identity().clone(),
        uid: credentials.euid,
        gid: credentials.egid,
    }
}
