//! What travels along with bytes: handles, and who sent them.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::sync::Once;
use base::{Error, Result};
use hal::Global;
use object::Handle;

use super::LocalSocket;

/// How deep sockets may travel in sockets that travel (as on Linux). It bounds how deep the closing of
/// one may nest.
const DEEPEST: u8 = 4;

/// Says who calls.
pub type Writer = fn() -> Option<PeerCredentials>;

static WRITER: Global<Once<Writer>> = Global::new(Once::new);

/// Lets sockets ask who calls, for what is sent to one whose receiver wants to know the sender. Set
/// once, at boot, by the room that knows processes.
pub fn set_writer(writer: Writer) {
    let _ = WRITER.set(writer);
}

/// Who calls, if that is a process.
pub(super) fn writer() -> Option<PeerCredentials> {
    WRITER.get().and_then(|writer| writer())
}

/// Who is, or was, at the other end.
#[derive(Clone)]
pub struct PeerCredentials {
    /// The process, as the room above knows it: an identity that outlives the process.
    pub process: Arc<dyn Any + Send + Sync>,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

impl PeerCredentials {
    /// Whether both are the same process with the same ids.
    pub fn is_same(&self, other: &PeerCredentials) -> bool {
        Arc::ptr_eq(&self.process, &other.process) && self.uid == other.uid && self.gid == other.gid
    }
}

/// What is received together with the first of the bytes that it was sent with.
#[derive(Clone, Default)]
pub struct Ancillary {
    /// Handles; the receiver gets new ones to the same objects.
    pub handles: Vec<Handle>,
    /// The sender.
    pub credentials: Option<PeerCredentials>,
}

impl Ancillary {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.handles.is_empty() && self.credentials.is_none()
    }

    /// How deep a socket lies that receives this; `TooManyReferences` beyond what is allowed.
    pub(super) fn depth(&self) -> Result<u8> {
        let inside = self
            .handles
            .iter()
            .filter_map(|handle| handle.object.file()?.downcast::<LocalSocket>())
            .map(|socket| socket.depth() + 1)
            .max()
            .unwrap_or(0);
        if inside > DEEPEST {
            Err(Error::TooManyReferences)
        } else {
            Ok(inside)
        }
    }
}
