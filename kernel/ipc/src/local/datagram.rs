//! Sending and receiving with everything that a message can carry.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use base::{Error, Result, Room, room};
use mem::transfer::{Sink, Source};
use object::{PollRegistration, Ready};

use super::ancillary::writer;
use super::mailbox::{Message, Refused};
use super::{Address, Ancillary, Kind, LocalSocket};

/// What a receive gave.
pub struct Received {
    /// Bytes that were delivered.
    pub count: usize,
    /// Bytes that the message had; more than were delivered if it was cut.
    pub length: usize,
    /// What came along.
    pub ancillary: Ancillary,
    /// Who sent it; `None` for a stream, which has one other end only.
    pub from: Option<Address>,
}

/// A time limit of the socket's own that has passed is told as on a socket that never waits.
pub(super) fn late_is_would_block<T>(outcome: Result<T>) -> Result<T> {
    outcome.map_err(|error| match error {
        Error::TimedOut => Error::WouldBlock,
        other => other,
    })
}

/// A whole message, out of the sender's memory.
fn read_all(from: &mut Source<'_>) -> Result<Vec<u8>> {
    let length = from.remaining();
    room::for_one_more()?;
    let mut bytes = Vec::new();
    bytes.make_room(length)?;
    bytes.resize(length, 0);
    let mut filled = 0;
    while filled < length {
        match from.read(&mut bytes[filled..])? {
            0 => return Err(Error::BadAddress),
            count => filled += count,
        }
    }
    Ok(bytes)
}

impl LocalSocket {
    /// Whether a message to this socket should say who sends it.
    fn asks_for_credentials(&self, target: Option<&Arc<LocalSocket>>) -> bool {
        if let Some(connection) = self.connection.get() {
            return connection.asks_for_credentials();
        }
        if self.wants_credentials() {
            return true;
        }
        match target {
            Some(target) => target.wants_credentials(),
            None => {
                let peer = self.state.lock().peer.clone();
                peer.and_then(|peer| peer.upgrade())
                    .is_some_and(|peer| peer.wants_credentials())
            }
        }
    }

    /// Sends bytes, all of them in one message unless it is a stream. `target` is for datagrams;
    /// without it they go to the noted peer. Where an end asked for the sender, and the sender did not
    /// say who it is, it is noted here.
    pub fn send(
        &self,
        from: &mut Source<'_>,
        target: Option<&Arc<LocalSocket>>,
        mut ancillary: Ancillary,
        nonblocking: bool,
    ) -> Result<usize> {
        if ancillary.credentials.is_none() && self.asks_for_credentials(target) {
            ancillary.credentials = writer();
        }
        let depth = ancillary.depth()?;
        let outcome = if self.kind() == Kind::Stream {
            self.send_stream(from, target, ancillary, depth, nonblocking)
        } else {
            self.send_message(from, target, ancillary, depth, nonblocking)
        };
        late_is_would_block(outcome)
    }

    fn send_stream(
        &self,
        from: &mut Source<'_>,
        target: Option<&Arc<LocalSocket>>,
        ancillary: Ancillary,
        depth: u8,
        nonblocking: bool,
    ) -> Result<usize> {
        let connection = self.connection.get();
        if target.is_some() {
            return Err(match connection {
                Some(_) => Error::AlreadyConnected,
                None => Error::Unsupported,
            });
        }
        let connection = connection.ok_or(Error::NotConnected)?;
        // Both ends are as deep as what travels between them.
        self.deepen(depth);
        let patience = self.patience(self.send_timeout(), nonblocking);
        let ancillary = (!ancillary.is_empty()).then_some(ancillary);
        connection.send(from, patience, ancillary)
    }

    /// Whom a message goes to.
    fn receiver(&self, target: Option<&Arc<LocalSocket>>) -> Result<Arc<LocalSocket>> {
        let mut state = self.state.lock();
        if state.writing_ended {
            return Err(Error::BrokenPipe);
        }
        if let Some(target) = target {
            if self.kind() == Kind::SequencedPacket {
                // The connection is what counts there.
                if !state.connected {
                    return Err(Error::NotConnected);
                }
            } else {
                return Ok(target.clone());
            }
        }
        let peer = state.peer.as_ref().ok_or(Error::NotConnected)?;
        match peer.upgrade() {
            Some(peer) => Ok(peer),
            None if self.kind() == Kind::SequencedPacket => Err(Error::BrokenPipe),
            None => {
                // The next one learns that there is nobody at all.
                state.peer = None;
                state.connected = false;
                Err(Error::ConnectionRefused)
            }
        }
    }

    /// A datagram socket that is connected hears its peer alone.
    pub(super) fn check_may_send(&self, receiver: &LocalSocket) -> Result<()> {
        let peer = receiver.state.lock().peer.clone();
        match peer {
            Some(peer) if receiver.kind() == Kind::Datagram && !peer.ptr_eq(&self.this) => {
                Err(Error::NotPermitted)
            }
            _ => Ok(()),
        }
    }

    fn is_peer_of(&self, receiver: &LocalSocket) -> bool {
        receiver
            .state
            .lock()
            .peer
            .as_ref()
            .is_some_and(|peer| peer.ptr_eq(&self.this))
    }

    fn send_message(
        &self,
        from: &mut Source<'_>,
        target: Option<&Arc<LocalSocket>>,
        ancillary: Ancillary,
        depth: u8,
        nonblocking: bool,
    ) -> Result<usize> {
        if core::mem::take(&mut self.state.lock().reset) {
            return Err(Error::ConnectionReset);
        }
        let receiver = self.receiver(target)?;
        if receiver.kind() != self.kind() {
            return Err(Error::WrongProtocolType);
        }
        let length = from.remaining();
        if length > self.send_buffer().saturating_sub(32) {
            return Err(Error::MessageTooLong);
        }
        let bytes = read_all(from)?;
        self.check_may_send(&receiver)?;
        let patience = self.patience(self.send_timeout(), nonblocking);
        let fits = || self.unread.bytes() < self.send_buffer();
        if !fits() {
            if patience.nonblocking {
                return Err(Error::WouldBlock);
            }
            self.unread
                .writable
                .wait_interruptible(patience.deadline, || {
                    (fits() || self.state.lock().writing_ended).then_some(())
                })?;
        }
        receiver.deepen(depth);
        let mut message = Message::new(bytes, ancillary, self.address(), &self.unread);
        loop {
            if self.state.lock().writing_ended || receiver.state.lock().reading_ended {
                return Err(Error::BrokenPipe);
            }
            let stranger = !self.is_peer_of(&receiver);
            message = match receiver.mailbox.put(message, stranger) {
                Ok(()) => {
                    receiver.listeners.tell(Ready::READ);
                    return Ok(length);
                }
                Err(Refused::NoMemory) => return Err(Error::OutOfMemory),
                Err(Refused::Full(message)) => message,
            };
            if patience.nonblocking {
                return Err(Error::WouldBlock);
            }
            receiver
                .mailbox
                .writable
                .wait_interruptible(patience.deadline, || {
                    let ready = !receiver.mailbox.is_full()
                        || receiver.state.lock().reading_ended
                        || self.state.lock().writing_ended
                        || self.is_peer_of(&receiver);
                    ready.then_some(())
                })?;
        }
    }

    /// Receives bytes, or one message. With `peek` it stays.
    pub fn receive(&self, into: &mut Sink<'_>, nonblocking: bool, peek: bool) -> Result<Received> {
        let outcome = if self.kind() == Kind::Stream {
            self.receive_stream(into, nonblocking, peek)
        } else {
            self.receive_message(into, nonblocking, peek)
        };
        late_is_would_block(outcome)
    }

    fn receive_stream(
        &self,
        into: &mut Sink<'_>,
        nonblocking: bool,
        peek: bool,
    ) -> Result<Received> {
        // Linux's answer for a stream that was never connected (af_unix.c, `unix_stream_recvmsg`).
        let connection = self.connection.get().ok_or(Error::InvalidArgument)?;
        let patience = self.patience(self.receive_timeout(), nonblocking);
        let (count, ancillary) = connection.receive(into, patience, peek)?;
        Ok(Received {
            count,
            length: count,
            ancillary: ancillary.unwrap_or_default(),
            from: None,
        })
    }

    fn receive_message(
        &self,
        into: &mut Sink<'_>,
        nonblocking: bool,
        peek: bool,
    ) -> Result<Received> {
        if self.kind() == Kind::SequencedPacket && !self.state.lock().connected {
            return Err(Error::NotConnected);
        }
        let patience = self.patience(self.receive_timeout(), nonblocking);
        loop {
            if peek {
                if let Some((bytes, ancillary, from)) = self.mailbox.peek() {
                    return Ok(Received {
                        count: into.write(&bytes)?,
                        length: bytes.len(),
                        ancillary,
                        from: Some(from),
                    });
                }
            } else if let Some(mut message) = self.mailbox.take() {
                let count = match into.write(&message.bytes) {
                    Ok(count) => count,
                    Err(error) => {
                        self.mailbox.put_back(message);
                        return Err(error);
                    }
                };
                return Ok(Received {
                    count,
                    length: message.bytes.len(),
                    ancillary: core::mem::take(&mut message.ancillary),
                    from: Some(core::mem::take(&mut message.from)),
                });
            }
            {
                let mut state = self.state.lock();
                if core::mem::take(&mut state.reset) {
                    return Err(Error::ConnectionReset);
                }
                if state.reading_ended {
                    return Ok(Received {
                        count: 0,
                        length: 0,
                        ancillary: Ancillary::default(),
                        from: None,
                    });
                }
            }
            if patience.nonblocking {
                return Err(Error::WouldBlock);
            }
            self.mailbox
                .readable
                .wait_interruptible(patience.deadline, || {
                    let ready = self.mailbox.length() > 0 || self.state.lock().reading_ended;
                    ready.then_some(())
                })?;
        }
    }

    pub(super) fn poll_messages(&self, waiter: Option<&mut PollRegistration>) -> Ready {
        let peer = {
            let state = self.state.lock();
            state.peer.as_ref().and_then(Weak::upgrade)
        };
        if let Some(waiter) = waiter {
            waiter.add(&self.mailbox.readable);
            waiter.add(&self.unread.writable);
            waiter.add(&self.changed);
            if let Some(peer) = &peer {
                waiter.add(&peer.mailbox.writable);
            }
        }
        let strangers_wait = peer
            .as_ref()
            .is_some_and(|peer| !self.is_peer_of(peer) && peer.mailbox.is_full());
        let state = self.state.lock();
        if let Some(listening) = &state.listening {
            return if listening.waiting.is_empty() {
                Ready::empty()
            } else {
                Ready::READ
            };
        }
        let mut ready = Ready::empty();
        let unconnected = self.kind() == Kind::SequencedPacket && !state.connected;
        ready.set(
            Ready::READ,
            self.mailbox.length() > 0 || state.reading_ended,
        );
        ready.set(
            Ready::WRITE,
            self.unread.bytes() < self.send_buffer() && !strangers_wait,
        );
        ready.set(Ready::READ_HANG_UP, state.reading_ended);
        ready.set(
            Ready::HANG_UP,
            (state.reading_ended && state.writing_ended) || unconnected,
        );
        ready.set(Ready::ERROR, state.reset);
        ready
    }
}
