//! Control messages: handles and credentials as Linux programs lay them out (cmsg(3)).
//!
//! Each is a header (length as a word, level, type), its data, and padding to the next word.

use alloc::vec::Vec;

use base::{Error, Result};
use ipc::local::{Ancillary, PeerCredentials};
use object::{Handle, Rights};
use proc::Identity;

use crate::arguments::Fd;
use crate::call::Call;

const SOL_SOCKET: i32 = 1;
const SCM_RIGHTS: i32 = 1;
const SCM_CREDENTIALS: i32 = 2;
/// Handles in one message (`SCM_MAX_FD`).
const MOST_HANDLES: usize = 253;
const HEADER: usize = 16;
/// The most control bytes that are read (`sysctl_optmem_max`).
const MOST_BYTES: usize = 131_072;
/// The user and group of a sender that nobody knows.
const NOBODY: u32 = 65534;

fn padded(length: usize) -> usize {
    length.next_multiple_of(8)
}

fn word(bytes: &[u8], at: usize) -> Option<i32> {
    let four = bytes.get(at..at + 4)?;
    Some(i32::from_ne_bytes(four.try_into().ok()?))
}

/// Reads what is to travel along.
pub(super) fn read(call: &Call<'_>, address: usize, length: usize) -> Result<Ancillary> {
    let mut ancillary = Ancillary::default();
    if length == 0 {
        return Ok(ancillary);
    }
    let bytes =
        mem::user::UserSlice::new(address, length).read_all(MOST_BYTES, Error::NoBufferSpace)?;
    let mut at = 0;
    while at + HEADER <= bytes.len() {
        let size = bytes[at..at + 8]
            .try_into()
            .map(u64::from_ne_bytes)
            .map_err(|_| Error::InvalidArgument)? as usize;
        if size < HEADER || size > bytes.len() - at {
            return Err(Error::InvalidArgument);
        }
        let data = &bytes[at + HEADER..at + size];
        if word(&bytes, at + 8) == Some(SOL_SOCKET) {
            match word(&bytes, at + 12) {
                Some(SCM_RIGHTS) => add_handles(call, data, &mut ancillary.handles)?,
                Some(SCM_CREDENTIALS) => ancillary.credentials = Some(claimed(call, data)?),
                _ => return Err(Error::InvalidArgument),
            }
        }
        at += padded(size);
    }
    Ok(ancillary)
}

fn add_handles(call: &Call<'_>, data: &[u8], handles: &mut Vec<Handle>) -> Result<()> {
    let count = data.len() / 4;
    if handles.len() + count > MOST_HANDLES {
        return Err(Error::InvalidArgument);
    }
    for descriptor in data.chunks_exact(4) {
        let descriptor = word(descriptor, 0).ok_or(Error::InvalidArgument)?;
        let handle = call.handle(Fd(descriptor))?;
        if !handle.rights.contains(Rights::TRANSFER) {
            return Err(Error::NotPermitted);
        }
        handles.push(handle);
    }
    Ok(())
}

/// Who the sender says it is: only the super-user may say anything else than the truth.
fn claimed(call: &Call<'_>, data: &[u8]) -> Result<PeerCredentials> {
    if data.len() != 12 {
        return Err(Error::InvalidArgument);
    }
    let field = |index: usize| word(data, index * 4).map(|value| value as u32);
    let (Some(pid), Some(uid), Some(gid)) = (field(0), field(1), field(2)) else {
        return Err(Error::InvalidArgument);
    };
    let own = call.process().credentials();
    let honest = pid == call.process().id()
        && [own.uid, own.euid, own.suid].contains(&uid)
        && [own.gid, own.egid, own.sgid].contains(&gid);
    if !honest && !own.is_superuser() {
        return Err(Error::NotPermitted);
    }
    let process = if pid == call.process().id() {
        call.process().identity().clone()
    } else {
        let process = call.process().namespace().process(pid);
        process.ok_or(Error::NoSuchProcess)?.identity().clone()
    };
    Ok(PeerCredentials { process, uid, gid })
}

/// `struct ucred` as the caller sees it.
pub(super) fn ucred(call: &Call<'_>, credentials: Option<&PeerCredentials>) -> [u32; 3] {
    match credentials {
        Some(credentials) => {
            let pid = credentials
                .process
                .downcast_ref::<Identity>()
                .map_or(0, |identity| identity.number_in(call.process().namespace()));
            [pid, credentials.uid, credentials.gid]
        }
        None => [0, NOBODY, NOBODY],
    }
}

/// Where control messages are written, and what became of them.
pub(super) struct Writer {
    address: usize,
    room: usize,
    /// Bytes used.
    pub(super) used: usize,
    /// Something did not fit.
    pub(super) cut: bool,
}

impl Writer {
    pub(super) fn new(address: usize, room: usize) -> Writer {
        Writer {
            address,
            room: if address == 0 { 0 } else { room },
            used: 0,
            cut: false,
        }
    }

    fn left(&self) -> usize {
        self.room - self.used
    }

    fn put(&mut self, kind: i32, data: &[u8]) -> Result<()> {
        if self.left() < HEADER {
            self.cut = true;
            return Ok(());
        }
        let mut length = HEADER + data.len();
        if length > self.left() {
            self.cut = true;
            length = self.left();
        }
        let mut record = Vec::with_capacity(length);
        record.extend_from_slice(&(length as u64).to_ne_bytes());
        record.extend_from_slice(&SOL_SOCKET.to_ne_bytes());
        record.extend_from_slice(&kind.to_ne_bytes());
        record.extend_from_slice(&data[..length - HEADER]);
        mem::user::write_bytes(self.address + self.used, &record)?;
        self.used += padded(length).min(self.left());
        Ok(())
    }

    /// Tells who sent it.
    pub(super) fn credentials(
        &mut self,
        call: &Call<'_>,
        credentials: Option<&PeerCredentials>,
    ) -> Result<()> {
        let mut data = Vec::with_capacity(12);
        for field in ucred(call, credentials) {
            data.extend_from_slice(&field.to_ne_bytes());
        }
        self.put(SCM_CREDENTIALS, &data)
    }

    /// Gives the receiver handles of its own, as many as there is room for; the rest is closed.
    pub(super) fn handles(
        &mut self,
        call: &Call<'_>,
        handles: Vec<Handle>,
        close_on_exec: bool,
    ) -> Result<()> {
        if handles.is_empty() {
            return Ok(());
        }
        let room = self.left().saturating_sub(HEADER) / 4;
        let mut data = Vec::new();
        let mut slots = Vec::new();
        let table = call.handles();
        self.cut |= handles.len() > room;
        for handle in handles.into_iter().take(room) {
            match table.insert(handle.with_close_on_exec(close_on_exec), 0) {
                Ok(slot) => {
                    data.extend_from_slice(&(slot as i32).to_ne_bytes());
                    slots.push(slot);
                }
                Err(_) => {
                    self.cut = true;
                    break;
                }
            }
        }
        if data.is_empty() {
            return Ok(());
        }
        let outcome = self.put(SCM_RIGHTS, &data);
        if outcome.is_err() {
            for slot in slots {
                drop(table.remove(slot));
            }
        }
        outcome
    }
}
