//! Pairs, listen, connect, accept.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use base::{Error, Result};
use object::{Ready, StatusFlags};

use super::connection::Connection;
use super::socket::{Listening, State};
use super::{Kind, LocalSocket, MOST_WAITING, PeerCredentials};

impl LocalSocket {
    /// Two sockets that are connected to each other, made by `owner`.
    pub fn pair(
        kind: Kind,
        flags: StatusFlags,
        owner: &PeerCredentials,
    ) -> (Arc<LocalSocket>, Arc<LocalSocket>) {
        let one = LocalSocket::new(kind, flags);
        let two = LocalSocket::new(kind, flags);
        join(&one, owner.clone(), &two, owner.clone());
        (one, two)
    }

    /// Lets others connect; at most `backlog` wait to be accepted. It needs a name.
    pub fn listen(&self, backlog: usize, owner: PeerCredentials) -> Result<()> {
        if self.kind() == Kind::Datagram {
            return Err(Error::Unsupported);
        }
        if self.address() == super::Address::Unnamed {
            return Err(Error::InvalidArgument);
        }
        {
            let mut state = self.state.lock();
            if state.connected || self.connection.get().is_some() {
                return Err(Error::InvalidArgument);
            }
            let most = backlog.min(MOST_WAITING);
            match &mut state.listening {
                Some(listening) => listening.most = most,
                None => {
                    state.listening = Some(Listening {
                        most,
                        promised: 0,
                        waiting: VecDeque::new(),
                        owner,
                    });
                }
            }
        }
        // More may fit now.
        self.changed.wake_all();
        Ok(())
    }

    /// Connects to `target`, made by `owner`. A datagram socket only notes it, and forgets the one
    /// before; `None` forgets only.
    pub fn connect(&self, target: Option<&Arc<LocalSocket>>, owner: PeerCredentials) -> Result<()> {
        if self.kind() == Kind::Datagram {
            return self.note_peer(target);
        }
        let target = target.ok_or(Error::InvalidArgument)?;
        if target.kind() != self.kind() {
            return Err(Error::WrongProtocolType);
        }
        let patience = self.patience(self.send_timeout(), false);
        loop {
            self.check_connectable()?;
            if self.try_connect(target, &owner)? {
                return Ok(());
            }
            if patience.nonblocking {
                return Err(Error::WouldBlock);
            }
            target
                .changed
                .wait_interruptible(patience.deadline, || {
                    let state = target.state.lock();
                    (!is_full(&state)).then_some(())
                })
                .map_err(|error| match error {
                    Error::TimedOut => Error::WouldBlock,
                    other => other,
                })?;
        }
    }

    fn check_connectable(&self) -> Result<()> {
        let state = self.state.lock();
        if self.connection.get().is_some() || state.connected {
            Err(Error::AlreadyConnected)
        } else if state.listening.is_some() {
            Err(Error::InvalidArgument)
        } else {
            Ok(())
        }
    }

    /// Connects if there is room; `ConnectionRefused` if nobody listens.
    fn try_connect(&self, target: &Arc<LocalSocket>, owner: &PeerCredentials) -> Result<bool> {
        let this = self.this.upgrade().ok_or(Error::BadHandle)?;
        let listener = {
            let mut state = target.state.lock();
            if state.reading_ended {
                return Err(Error::ConnectionRefused);
            }
            if is_full(&state) {
                return Ok(false);
            }
            let listening = state.listening.as_mut().ok_or(Error::ConnectionRefused)?;
            listening.promised += 1;
            listening.owner.clone()
        };
        let other = LocalSocket::new(self.kind(), StatusFlags::empty());
        *other.name.0.lock() = target.address();
        other.set_wants_credentials(target.wants_credentials());
        join(&this, owner.clone(), &other, listener);
        if let Some(listening) = &mut target.state.lock().listening {
            listening.promised -= 1;
            listening.waiting.push_back(other);
        }
        target.changed.wake_all();
        self.changed.wake_all();
        target.listeners.tell(Ready::READ);
        if let Some(connection) = self.connection.get() {
            for listener in self.listeners.all() {
                connection.report_to(&listener, true)?;
            }
        }
        self.listeners.tell(Ready::WRITE);
        Ok(true)
    }

    fn note_peer(&self, target: Option<&Arc<LocalSocket>>) -> Result<()> {
        if target.is_some_and(|target| target.kind() != Kind::Datagram) {
            return Err(Error::WrongProtocolType);
        }
        if let Some(target) = target {
            self.check_may_send(target)?;
        }
        let before = {
            let mut state = self.state.lock();
            state.connected = target.is_some();
            core::mem::replace(&mut state.peer, target.map(Arc::downgrade))
        };
        let Some(before) = before.and_then(|before| before.upgrade()) else {
            return Ok(());
        };
        if target.is_some_and(|target| Arc::ptr_eq(target, &before)) {
            return Ok(());
        }
        // What the old peer sent is lost with the connection, and it learns so.
        let lost = self.mailbox.clear();
        if !lost.is_empty() {
            let mut state = before.state.lock();
            state.reset |= state
                .peer
                .as_ref()
                .is_some_and(|peer| peer.ptr_eq(&self.this));
        }
        drop(lost);
        // Who was waiting for room looks again.
        before.wake_everyone();
        self.wake_everyone();
        Ok(())
    }

    /// Takes the connection that has waited longest.
    pub fn accept(&self, flags: StatusFlags) -> Result<Arc<LocalSocket>> {
        if self.kind() == Kind::Datagram {
            return Err(Error::Unsupported);
        }
        let patience = self.patience(self.receive_timeout(), false);
        let take = || -> Option<Result<Arc<LocalSocket>>> {
            let mut state = self.state.lock();
            let ended = state.reading_ended;
            let Some(listening) = &mut state.listening else {
                return Some(Err(Error::InvalidArgument));
            };
            match listening.waiting.pop_front() {
                Some(socket) => Some(Ok(socket)),
                None if ended => Some(Err(Error::InvalidArgument)),
                None => None,
            }
        };
        let socket = match take() {
            Some(outcome) => outcome?,
            None if patience.nonblocking => return Err(Error::WouldBlock),
            None => match self.changed.wait_interruptible(patience.deadline, take) {
                Err(Error::TimedOut) => return Err(Error::WouldBlock),
                other => other??,
            },
        };
        object::File::set_status_flags(&*socket, flags)?;
        // There is room for one more.
        self.changed.wake_all();
        Ok(socket)
    }
}

fn is_full(state: &State) -> bool {
    state
        .listening
        .as_ref()
        .is_some_and(|listening| listening.waiting.len() + listening.promised > listening.most)
}

/// Connects two sockets; each knows who made the other.
fn join(
    one: &Arc<LocalSocket>,
    one_owner: PeerCredentials,
    two: &Arc<LocalSocket>,
    two_owner: PeerCredentials,
) {
    if one.kind() == Kind::Stream {
        let end = |socket: &LocalSocket, owner| {
            (socket.name.clone(), owner, socket.wants_credentials.clone())
        };
        let (first, second) = Connection::pair(end(one, one_owner), end(two, two_owner));
        one.connection.get_or_init(|| first);
        two.connection.get_or_init(|| second);
        return;
    }
    let tie = |here: &LocalSocket, there: &Arc<LocalSocket>, owner: PeerCredentials| {
        let name = there.name.clone();
        let mut state = here.state.lock();
        state.peer = Some(Arc::downgrade(there));
        state.peer_credentials = Some(owner);
        state.peer_name = Some(name);
        state.connected = true;
    };
    tie(one, two, two_owner);
    tie(two, one, one_owner);
}
