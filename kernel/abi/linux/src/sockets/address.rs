//! `struct sockaddr_un`: a family, then a path, or a NUL and an abstract name, or nothing.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::{Error, Result};
use ipc::local::{Address, LocalSocket, find_abstract};
use mem::user::{UserPtr, UserSlice};
use object::FileKind;
use vfs::{Permission, ResolveFlags};

use super::AF_UNIX;
use crate::call::Call;

const AF_UNSPEC: u16 = 0;
const FAMILY: usize = size_of::<u16>();
/// The longest address (`sizeof(struct sockaddr_un)`).
const LONGEST: usize = FAMILY + 108;
/// The longest address of any family (`sizeof(struct sockaddr_storage)`).
const LONGEST_OF_ALL: usize = 128;

/// An address as a program gave it.
pub(super) enum Given {
    /// `AF_UNSPEC`: to forget a connection.
    Unspecified,
    /// Just the family: any abstract name will do.
    Any,
    /// The path of a socket.
    Path(Vec<u8>),
    /// An abstract name.
    Abstract(Vec<u8>),
}

/// Reads an address of `length` bytes.
pub(super) fn read(address: usize, length: i32) -> Result<Given> {
    let length = usize::try_from(length).map_err(|_| Error::InvalidArgument)?;
    if length > LONGEST_OF_ALL {
        return Err(Error::InvalidArgument);
    }
    let bytes = UserSlice::new(address, length).read_all(LONGEST_OF_ALL, Error::InvalidArgument)?;
    let Some((family, name)) = bytes.split_at_checked(FAMILY) else {
        return Err(Error::InvalidArgument);
    };
    let family = u16::from_ne_bytes([family[0], family[1]]);
    if family == AF_UNSPEC {
        return Ok(Given::Unspecified);
    }
    if i32::from(family) != AF_UNIX || length > LONGEST {
        return Err(Error::InvalidArgument);
    }
    match name.first() {
        None => Ok(Given::Any),
        Some(0) => Ok(Given::Abstract(name[1..].to_vec())),
        Some(_) => {
            let end = name.iter().position(|byte| *byte == 0);
            Ok(Given::Path(name[..end.unwrap_or(name.len())].to_vec()))
        }
    }
}

/// The bytes of an address, without those of an unnamed one if `named_only`.
fn bytes(address: &Address) -> Vec<u8> {
    let mut bytes = (AF_UNIX as u16).to_ne_bytes().to_vec();
    match address {
        Address::Unnamed => {}
        Address::Path(path) => {
            bytes.extend_from_slice(path);
            bytes.push(0);
        }
        Address::Abstract(name) => {
            bytes.push(0);
            bytes.extend_from_slice(name);
        }
    }
    bytes
}

/// Writes an address where there is room for `*length` bytes, and its own length there.
pub(super) fn write(address: &Address, to: usize, length: UserPtr<i32>) -> Result<()> {
    let room = usize::try_from(length.read()?).map_err(|_| Error::InvalidArgument)?;
    let bytes = bytes(address);
    mem::user::write_bytes(to, &bytes[..bytes.len().min(room)])?;
    length.write(&(bytes.len() as i32))
}

/// Writes the sender of a message; an unnamed one, or none, has length zero.
pub(super) fn write_sender(from: Option<&Address>, to: usize, room: i32) -> Result<i32> {
    let Some(from) = from.filter(|from| **from != Address::Unnamed) else {
        return Ok(0);
    };
    let room = usize::try_from(room).map_err(|_| Error::InvalidArgument)?;
    let bytes = bytes(from);
    mem::user::write_bytes(to, &bytes[..bytes.len().min(room)])?;
    Ok(bytes.len() as i32)
}

/// The socket that an address leads to.
pub(super) fn find(call: &Call<'_>, given: &Given) -> Result<Arc<LocalSocket>> {
    match given {
        Given::Unspecified | Given::Any => Err(Error::InvalidArgument),
        Given::Abstract(name) => find_abstract(name),
        Given::Path(path) => {
            let context = call.process().fs();
            let place = context.resolve(None, path, ResolveFlags::empty())?;
            context.check(&place, Permission::WRITE)?;
            if place.inode().kind() != FileKind::Socket {
                return Err(Error::ConnectionRefused);
            }
            let bound: Arc<dyn Any + Send + Sync> = place
                .inode()
                .attachments()
                .and_then(vfs::Attachments::socket)
                .ok_or(Error::ConnectionRefused)?;
            bound.downcast().map_err(|_| Error::ConnectionRefused)
        }
    }
}
