//! The names of local sockets, and the register of the abstract ones.
//!
//! A name in the file tree belongs to the file system; the socket keeps the text that it was bound
//! with, because that is what others are told. Abstract names are bytes that lead to a socket as
//! long as it lives.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use base::sync::SpinLock;
use base::{Error, Result, rank};
use hal::Global;

use super::LocalSocket;

/// What a socket is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// Nothing.
    #[default]
    Unnamed,
    /// A path, as its owner wrote it.
    Path(Vec<u8>),
    /// An abstract name: any bytes.
    Abstract(Vec<u8>),
}

type Names = BTreeMap<Vec<u8>, Weak<LocalSocket>>;

static NAMES: Global<SpinLock<Names>> = Global::new(|| SpinLock::new(rank::PIPE, Names::new()));

/// Names tried when a socket wants any abstract name (unix(7), "Autobind feature").
const AUTOMATIC_NAMES: u32 = 1 << 20;

/// The socket of an abstract name; `ConnectionRefused` if there is none.
pub fn find_abstract(name: &[u8]) -> Result<Arc<LocalSocket>> {
    NAMES
        .lock()
        .get(name)
        .and_then(Weak::upgrade)
        .ok_or(Error::ConnectionRefused)
}

/// Enters an abstract name; `AddressInUse` if it leads to a living socket.
pub(super) fn enter(name: &[u8], socket: Weak<LocalSocket>) -> Result<()> {
    let mut names = NAMES.lock();
    if names
        .get(name)
        .is_some_and(|owner| owner.strong_count() > 0)
    {
        return Err(Error::AddressInUse);
    }
    names.insert(name.to_vec(), socket);
    Ok(())
}

/// Enters a name of five hexadecimal digits that nobody has.
pub(super) fn enter_any(socket: &Weak<LocalSocket>) -> Result<Vec<u8>> {
    for number in 0..AUTOMATIC_NAMES {
        let name = alloc::format!("{number:05x}").into_bytes();
        match enter(&name, socket.clone()) {
            Err(Error::AddressInUse) => {}
            outcome => return outcome.map(|()| name),
        }
    }
    Err(Error::NoSpace)
}

/// Takes a name out, unless somebody else has taken it over.
pub(super) fn leave(name: &[u8], socket: &Weak<LocalSocket>) {
    let mut names = NAMES.lock();
    if names.get(name).is_some_and(|owner| owner.ptr_eq(socket)) {
        names.remove(name);
    }
}
