//! Local sockets: programs of one machine that speak to each other.
//!
//! A [`LocalSocket`] is one of three kinds. A *stream* is connected once, and then two
//! [`Channel`](crate::channel::Channel)s carry its bytes, as they carry a pipe's. *Datagrams* and
//! *sequenced packets* keep their bounds: each socket has a [`mailbox`] that senders put messages
//! into. Along with bytes travel handles and the sender's credentials ([`Ancillary`]).
//!
//! A socket is found by its [`Address`]: a name in the file tree (the inode knows the socket that
//! is bound to it) or an abstract one, which is gone with the socket. Who connects to a listening
//! socket gets its other end at once; `accept` only hands it out, as on Linux.
//!
//! Limits are Linux's: a socket's sent and unread bytes, messages that wait for a receiver who is
//! not connected back, sockets that travel in sockets that travel. Nothing is sent that could not
//! be received later; handles that nobody received are closed with the socket.

mod address;
mod ancillary;
mod connect;
mod connection;
mod datagram;
mod mailbox;
mod socket;

pub use address::{Address, find_abstract};
pub use ancillary::{Ancillary, PeerCredentials, Writer, set_writer};
pub use datagram::Received;
pub use socket::{Kind, LocalSocket, ShutDown};

/// How many connections may wait to be accepted, whatever `listen` was told (`SOMAXCONN`).
pub const MOST_WAITING: usize = 4096;

/// Bytes that a socket may have sent that are not received yet, counted with what keeping each
/// message costs.
pub const SEND_BUFFER: usize = 212_992;
