//! The two directions of a connected stream.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use base::{Error, Result};
use mem::transfer::{Sink, Source};
use object::{Listener, PollRegistration, Ready};

use super::socket::Name;
use super::{Ancillary, PeerCredentials, ShutDown};
use crate::channel::{Channel, Patience};

/// One end: where it reads, where it writes, and who is at the other.
pub(super) struct Connection {
    incoming: Arc<Channel>,
    outgoing: Arc<Channel>,
    /// The other end went away with bytes unread: told once.
    reset_here: Arc<AtomicBool>,
    reset_there: Arc<AtomicBool>,
    /// Whether the other end wants to know who sends.
    wants_credentials_here: Arc<AtomicBool>,
    wants_credentials_there: Arc<AtomicBool>,
    pub(super) peer_name: Arc<Name>,
    pub(super) peer: PeerCredentials,
}

impl Connection {
    /// Two ends; the first belongs to the socket of `first`, and sees `second` at the other end.
    pub(super) fn pair(
        first: (Arc<Name>, PeerCredentials, Arc<AtomicBool>),
        second: (Arc<Name>, PeerCredentials, Arc<AtomicBool>),
    ) -> (Connection, Connection) {
        let (one, two) = (Arc::new(Channel::new()), Arc::new(Channel::new()));
        let (reset_one, reset_two) = (Arc::default(), Arc::default());
        let end = |incoming: &Arc<Channel>, outgoing: &Arc<Channel>| {
            incoming.add_reader();
            outgoing.add_writer();
            (incoming.clone(), outgoing.clone())
        };
        let ((in_one, out_one), (in_two, out_two)) = (end(&one, &two), end(&two, &one));
        let make =
            |incoming,
             outgoing,
             here: &Arc<AtomicBool>,
             there: &Arc<AtomicBool>,
             own: &Arc<AtomicBool>,
             (peer_name, peer, wants): &(Arc<Name>, PeerCredentials, Arc<AtomicBool>)| {
                Connection {
                    incoming,
                    outgoing,
                    reset_here: here.clone(),
                    reset_there: there.clone(),
                    wants_credentials_here: own.clone(),
                    wants_credentials_there: wants.clone(),
                    peer_name: peer_name.clone(),
                    peer: peer.clone(),
                }
            };
        (
            make(in_one, out_one, &reset_one, &reset_two, &first.2, &second),
            make(in_two, out_two, &reset_two, &reset_one, &second.2, &first),
        )
    }

    /// Whether a message should say who sends it.
    pub(super) fn asks_for_credentials(&self) -> bool {
        self.wants_credentials_here.load(Ordering::Relaxed)
            || self.wants_credentials_there.load(Ordering::Relaxed)
    }

    pub(super) fn receive(
        &self,
        into: &mut Sink<'_>,
        patience: Patience,
        peek: bool,
    ) -> Result<(usize, Option<Ancillary>)> {
        let (count, ancillary) = self.incoming.receive(into, patience, peek)?;
        if count == 0 && into.remaining() > 0 && self.reset_here.swap(false, Ordering::SeqCst) {
            return Err(Error::ConnectionReset);
        }
        Ok((count, ancillary))
    }

    pub(super) fn send(
        &self,
        from: &mut Source<'_>,
        patience: Patience,
        ancillary: Option<Ancillary>,
    ) -> Result<usize> {
        self.outgoing.send(from, patience, ancillary)
    }

    /// The other end learns that nobody ever took this one.
    pub(super) fn refuse(&self) {
        self.reset_there.store(true, Ordering::SeqCst);
    }

    pub(super) fn shut_down(&self, what: ShutDown) {
        if what != ShutDown::Writing {
            self.incoming.close_reading();
        }
        if what != ShutDown::Reading {
            self.outgoing.close_writing();
        }
    }

    /// Sets how much may wait for the other end; more than what is there now, or nothing changes.
    pub(super) fn set_capacity(&self, bytes: usize) {
        let _ = self
            .outgoing
            .set_capacity(bytes.min(crate::channel::MAXIMUM_CAPACITY));
    }

    /// How many bytes wait to be read.
    pub(super) fn available(&self) -> usize {
        self.incoming.length()
    }

    /// How many sent bytes nobody has read.
    pub(super) fn unread(&self) -> usize {
        self.outgoing.length()
    }

    pub(super) fn report_to(&self, listener: &Arc<dyn Listener>, on: bool) -> Result<()> {
        self.incoming.report_to(Ready::READ, listener, on)?;
        self.outgoing.report_to(Ready::WRITE, listener, on)
    }

    pub(super) fn poll(&self, mut waiter: Option<&mut PollRegistration>) -> Ready {
        let incoming = self.incoming.poll_read(waiter.as_deref_mut());
        let outgoing = self.outgoing.poll_write(waiter);
        let ended = incoming.contains(Ready::HANG_UP);
        let mut ready = Ready::empty();
        // The end of the stream is something to read, unlike a pipe's.
        ready.set(Ready::READ, incoming.contains(Ready::READ) || ended);
        ready.set(Ready::READ_HANG_UP, ended);
        ready.set(Ready::WRITE, outgoing.contains(Ready::WRITE));
        ready.set(Ready::HANG_UP, ended && outgoing.contains(Ready::ERROR));
        ready.set(Ready::ERROR, self.reset_here.load(Ordering::SeqCst));
        ready
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.incoming.length() > 0 {
            self.reset_there.store(true, Ordering::SeqCst);
        }
        // Going away ends both directions for the other end.
        self.incoming.close_reading();
        self.outgoing.close_writing();
        self.incoming.remove_reader();
        self.outgoing.remove_writer();
    }
}
