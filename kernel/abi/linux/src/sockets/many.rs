//! sendmmsg and recvmmsg: several messages in one call.

use base::{Error, Result};
use mem::user::UserPtr;
use object::Rights;

use super::SocketFile;
use super::message::{receive_one, send_one};
use super::transfer::MSG_DONTWAIT;
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::{MessageHeader, TimeSpecification};

const MSG_WAITFORONE: u32 = 0x10000;
/// The most messages of one call (`UIO_MAXIOV`).
const MOST: u32 = 1024;
/// `struct mmsghdr`: a message, how much of it went, padding.
const RECORD: usize = size_of::<MessageHeader>() + 8;

fn message(vector: usize, index: u32) -> (UserPtr<MessageHeader>, UserPtr<u32>) {
    let at = vector.wrapping_add(index as usize * RECORD);
    (
        UserPtr::from(at),
        UserPtr::from(at.wrapping_add(size_of::<MessageHeader>())),
    )
}

/// sendmmsg(2). An error counts only if it is the first message's.
pub(crate) fn sendmmsg(
    call: &mut Call<'_>,
    file: Fd,
    vector: usize,
    count: u32,
    flags: u32,
) -> Result<usize> {
    let file = SocketFile::of(call, file, Rights::WRITE)?;
    let mut done = 0;
    for index in 0..count.min(MOST) {
        let (header, length) = message(vector, index);
        let outcome = header
            .read()
            .and_then(|header| send_one(call, file.get()?, &header, flags))
            .and_then(|sent| length.write(&(sent as u32)));
        match outcome {
            Ok(()) => done += 1,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// recvmmsg(2). The time is looked at after each message only, as on Linux.
pub(crate) fn recvmmsg(
    call: &mut Call<'_>,
    file: Fd,
    vector: usize,
    count: u32,
    flags: u32,
    timeout: UserPtr<TimeSpecification>,
) -> Result<usize> {
    let deadline = match timeout.non_null() {
        Some(timeout) => Some(base::time::now() + timeout.read()?.to_duration()?),
        None => None,
    };
    let file = SocketFile::of(call, file, Rights::READ)?;
    let mut flags = flags;
    let mut done = 0;
    for index in 0..count.min(MOST) {
        let (header_at, length) = message(vector, index);
        let outcome = header_at.read().and_then(|mut header| {
            let received = receive_one(call, file.get()?, &mut header, flags & !MSG_WAITFORONE)?;
            header_at.write(&header)?;
            length.write(&(received as u32))
        });
        match outcome {
            Ok(()) => done += 1,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
        if flags & MSG_WAITFORONE != 0 {
            flags |= MSG_DONTWAIT;
        }
        if deadline.is_some_and(|deadline| base::time::now() >= deadline) {
            break;
        }
    }
    if done == 0 && count == 0 {
        return Ok(0);
    }
    if done == 0 {
        Err(Error::WouldBlock)
    } else {
        Ok(done)
    }
}
