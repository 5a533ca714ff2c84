//! getsockopt and setsockopt at the level of sockets; a local socket has no other.

use alloc::vec::Vec;

use base::time::Duration;
use base::{Error, Result};
use ipc::local::{Kind, LocalSocket};
use mem::user::{UserPtr, UserSlice};
use object::Rights;
use zerocopy::IntoBytes;

use super::ancillary::ucred;
use super::{AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, SocketFile};
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::TimeValue;

const SOL_SOCKET: i32 = 1;
const SO_DEBUG: i32 = 1;
const SO_REUSEADDR: i32 = 2;
const SO_TYPE: i32 = 3;
const SO_ERROR: i32 = 4;
const SO_DONTROUTE: i32 = 5;
const SO_BROADCAST: i32 = 6;
const SO_SNDBUF: i32 = 7;
const SO_RCVBUF: i32 = 8;
const SO_KEEPALIVE: i32 = 9;
const SO_OOBINLINE: i32 = 10;
const SO_REUSEPORT: i32 = 15;
const SO_PASSCRED: i32 = 16;
const SO_PEERCRED: i32 = 17;
const SO_RCVLOWAT: i32 = 18;
const SO_SNDLOWAT: i32 = 19;
const SO_RCVTIMEO: i32 = 20;
const SO_SNDTIMEO: i32 = 21;
const SO_ACCEPTCONN: i32 = 30;
const SO_SNDBUFFORCE: i32 = 32;
const SO_RCVBUFFORCE: i32 = 33;
const SO_PROTOCOL: i32 = 38;
const SO_DOMAIN: i32 = 39;

/// The smallest buffers (`SOCK_MIN_SNDBUF`, `SOCK_MIN_RCVBUF`) and the largest that one may ask for
/// (`sysctl_wmem_max`); the kernel doubles what was asked for.
const SMALLEST_SEND: usize = 4608;
const SMALLEST_RECEIVE: usize = 2304;
const LARGEST: usize = 212_992;

/// Debian's Linux counts timeouts in ticks of this many nanoseconds.
const TICK: u128 = 4_000_000;

/// Options that are remembered and change nothing on a local socket.
fn remembered(option: i32) -> Option<u32> {
    match option {
        SO_DEBUG | SO_REUSEADDR | SO_DONTROUTE | SO_BROADCAST | SO_KEEPALIVE | SO_OOBINLINE => {
            Some(1 << option)
        }
        _ => None,
    }
}

/// getsockopt(2).
pub(crate) fn getsockopt(
    call: &mut Call<'_>,
    file: Fd,
    level: i32,
    option: i32,
    value: usize,
    length: UserPtr<i32>,
) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::empty())?;
    if level != SOL_SOCKET {
        return Err(Error::Unsupported);
    }
    let room = usize::try_from(length.read()?).map_err(|_| Error::InvalidArgument)?;
    let bytes = current(call, file.get()?, option)?;
    let count = bytes.len().min(room);
    mem::user::write_bytes(value, &bytes[..count])?;
    length.write(&(count as i32))?;
    Ok(0)
}

fn current(call: &Call<'_>, socket: &LocalSocket, option: i32) -> Result<Vec<u8>> {
    if let Some(bit) = remembered(option) {
        let on = i32::from(socket.options() & bit != 0);
        return Ok(on.to_ne_bytes().to_vec());
    }
    let number = match option {
        SO_TYPE => match socket.kind() {
            Kind::Stream => SOCK_STREAM,
            Kind::Datagram => SOCK_DGRAM,
            Kind::SequencedPacket => SOCK_SEQPACKET,
        },
        SO_ERROR | SO_PROTOCOL | SO_REUSEPORT => 0,
        SO_SNDBUF => socket.send_buffer() as i32,
        SO_RCVBUF => socket.receive_buffer() as i32,
        SO_PASSCRED => i32::from(socket.wants_credentials()),
        SO_RCVLOWAT | SO_SNDLOWAT => 1,
        SO_ACCEPTCONN => i32::from(socket.is_listening()),
        SO_DOMAIN => AF_UNIX,
        SO_PEERCRED => {
            let credentials = match socket.peer_credentials() {
                Some(credentials) => ucred(call, Some(&credentials)),
                // Nobody yet: no process, and ids that nobody has.
                None => [0, u32::MAX, u32::MAX],
            };
            return Ok(credentials.as_bytes().to_vec());
        }
        SO_RCVTIMEO => return Ok(time(socket.receive_timeout())),
        SO_SNDTIMEO => return Ok(time(socket.send_timeout())),
        _ => return Err(Error::NoSuchOption),
    };
    Ok(number.to_ne_bytes().to_vec())
}

fn time(duration: Option<Duration>) -> Vec<u8> {
    TimeValue::from_duration(duration.unwrap_or_default())
        .as_bytes()
        .to_vec()
}

/// setsockopt(2).
pub(crate) fn setsockopt(
    call: &mut Call<'_>,
    file: Fd,
    level: i32,
    option: i32,
    value: UserSlice,
) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::empty())?;
    if level != SOL_SOCKET {
        return Err(Error::Unsupported);
    }
    let socket = file.get()?;
    // The length is a C int.
    let length = usize::try_from(value.length as i32).map_err(|_| Error::InvalidArgument)?;
    if length < size_of::<i32>() {
        return Err(Error::InvalidArgument);
    }
    let number = UserPtr::<i32>::from(value.address).read()?;
    if let Some(bit) = remembered(option) {
        socket.set_option(bit, number != 0);
        return Ok(0);
    }
    let privileged = call.process().credentials().is_superuser();
    let asked = usize::try_from(number).unwrap_or(0);
    match option {
        SO_PASSCRED => socket.set_wants_credentials(number != 0),
        SO_SNDBUF => socket.set_send_buffer((asked.min(LARGEST) * 2).max(SMALLEST_SEND)),
        SO_RCVBUF => socket.set_receive_buffer((asked.min(LARGEST) * 2).max(SMALLEST_RECEIVE)),
        SO_SNDBUFFORCE | SO_RCVBUFFORCE if !privileged => return Err(Error::NotPermitted),
        SO_SNDBUFFORCE => {
            socket.set_send_buffer((asked.min(LARGEST * 16) * 2).max(SMALLEST_SEND));
        }
        SO_RCVBUFFORCE => {
            socket.set_receive_buffer((asked.min(LARGEST * 16) * 2).max(SMALLEST_RECEIVE));
        }
        SO_RCVTIMEO | SO_SNDTIMEO => {
            if length < size_of::<TimeValue>() {
                return Err(Error::InvalidArgument);
            }
            let duration = timeout(UserPtr::<TimeValue>::from(value.address).read()?)?;
            if option == SO_RCVTIMEO {
                socket.set_receive_timeout(duration);
            } else {
                socket.set_send_timeout(duration);
            }
        }
        SO_REUSEPORT if number != 0 => return Err(Error::Unsupported),
        SO_REUSEPORT => {}
        SO_TYPE | SO_PROTOCOL | SO_DOMAIN | SO_ERROR | SO_ACCEPTCONN | SO_PEERCRED => {
            return Err(Error::NoSuchOption);
        }
        _ => return Err(Error::NoSuchOption),
    }
    Ok(0)
}

/// A timeout: zero is for ever, a negative one is over at once (`sock_set_timeout`).
fn timeout(value: TimeValue) -> Result<Option<Duration>> {
    if !(0..1_000_000).contains(&value.microseconds) {
        return Err(Error::OutOfDomain);
    }
    if value.seconds < 0 {
        return Ok(Some(Duration::from_nanos(1)));
    }
    // In whole ticks, of which there are 250 a second, as one sees when one asks for it again.
    let ticks = value.to_duration()?.as_nanos().div_ceil(TICK);
    let nanoseconds = u64::try_from(ticks * TICK).unwrap_or(u64::MAX);
    Ok((ticks > 0).then(|| Duration::from_nanos(nanoseconds)))
}
