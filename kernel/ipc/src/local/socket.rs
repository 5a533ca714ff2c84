//! The socket itself: its kind, its name, its options, and the file that programs hold.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use base::sync::SpinLock;
use base::time::{self, Duration};
use base::wait::WaitQueue;
use base::{Error, Result, rank};
use hal::sync::Once;
use mem::transfer::{Sink, Source};
use object::{
    File, FileKind, FileStatus, Listener, Listeners, PollRegistration, Ready, StatusFlags,
};

use super::connection::Connection;
use super::datagram::late_is_would_block;
use super::mailbox::{Mailbox, Unread};
use super::{Address, Ancillary, PeerCredentials, SEND_BUFFER, address};
use crate::anonymous;
use crate::channel::Patience;

/// How a socket treats what is sent through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes without bounds, connected.
    Stream,
    /// Messages, each to whom it is for.
    Datagram,
    /// Messages, connected.
    SequencedPacket,
}

/// Which directions are shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutDown {
    /// Nothing more is read here.
    Reading,
    /// Nothing more is written here.
    Writing,
    /// Neither.
    Both,
}

/// A socket's name, shared with the ends that are connected to it.
pub(super) struct Name(pub(super) SpinLock<Address>);

impl Name {
    pub(super) fn get(&self) -> Address {
        self.0.lock().clone()
    }
}

/// Connections that wait to be accepted.
pub(super) struct Listening {
    pub(super) most: usize,
    /// Connections being made that will wait here.
    pub(super) promised: usize,
    pub(super) waiting: VecDeque<Arc<LocalSocket>>,
    pub(super) owner: PeerCredentials,
}

/// What changes while a socket lives.
#[derive(Default)]
pub(super) struct State {
    pub(super) listening: Option<Listening>,
    /// Where a datagram without address goes, or the other end of a packet connection.
    pub(super) peer: Option<Weak<LocalSocket>>,
    /// Who is at the other end of a packet connection.
    pub(super) peer_credentials: Option<PeerCredentials>,
    pub(super) peer_name: Option<Arc<Name>>,
    /// It was connected once, even if the other end is gone.
    pub(super) connected: bool,
    pub(super) reading_ended: bool,
    pub(super) writing_ended: bool,
    /// The other end went away with messages unread.
    pub(super) reset: bool,
}

/// See the module [`super`].
pub struct LocalSocket {
    pub(super) this: Weak<LocalSocket>,
    kind: Kind,
    flags: AtomicU32,
    status: FileStatus,
    pub(super) name: Arc<Name>,
    /// What its name in the file tree leads to: a file system may keep it in memory for as long as it is used only, and
    /// who connects finds this socket by it.
    place: Once<Box<dyn Any + Send + Sync>>,
    pub(super) state: SpinLock<State>,
    pub(super) connection: Once<Connection>,
    pub(super) mailbox: Mailbox,
    pub(super) unread: Arc<Unread>,
    /// Woken when it is connected, when somebody waits to be accepted or was, when it is shut down.
    pub(super) changed: WaitQueue,
    /// Told of messages and of who wants to connect. A stream's bytes are told by its channels.
    pub(super) listeners: Listeners,
    pub(super) wants_credentials: Arc<AtomicBool>,
    depth: AtomicU8,
    /// In nanoseconds, 0 for never.
    send_timeout: AtomicU64,
    receive_timeout: AtomicU64,
    send_buffer: AtomicUsize,
    receive_buffer: AtomicUsize,
    options: AtomicU32,
}

impl LocalSocket {
    /// A socket without name or connection.
    pub fn new(kind: Kind, flags: StatusFlags) -> Arc<LocalSocket> {
        let status = FileStatus {
            mode: 0o777,
            ..anonymous::status(FileKind::Socket, anonymous::next_inode())
        };
        Arc::new_cyclic(|this| LocalSocket {
            this: this.clone(),
            kind,
            flags: AtomicU32::new(flags.bits()),
            status,
            name: Arc::new(Name(SpinLock::new(rank::PIPE, Address::Unnamed))),
            place: Once::new(),
            state: SpinLock::new(rank::PIPE, State::default()),
            connection: Once::new(),
            mailbox: Mailbox::new(),
            unread: Arc::default(),
            changed: WaitQueue::new(),
            listeners: Listeners::new(),
            wants_credentials: Arc::default(),
            depth: AtomicU8::new(0),
            send_timeout: AtomicU64::new(0),
            receive_timeout: AtomicU64::new(0),
            send_buffer: AtomicUsize::new(SEND_BUFFER),
            receive_buffer: AtomicUsize::new(SEND_BUFFER),
            options: AtomicU32::new(0),
        })
    }

    /// The shared socket that this is.
    pub fn shared(&self) -> Option<Arc<LocalSocket>> {
        self.this.upgrade()
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is called.
    pub fn address(&self) -> Address {
        self.name.get()
    }

    /// What the other end is called; `NotConnected` without one.
    pub fn peer_address(&self) -> Result<Address> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection.peer_name.get());
        }
        let name = {
            let state = self.state.lock();
            match (&state.peer_name, &state.peer) {
                (Some(name), _) => Some(name.clone()),
                (None, Some(peer)) => peer.upgrade().map(|peer| peer.name.clone()),
                _ => None,
            }
        };
        name.map(|name| name.get()).ok_or(Error::NotConnected)
    }

    /// Who made the other end.
    pub fn peer_credentials(&self) -> Option<PeerCredentials> {
        match self.connection.get() {
            Some(connection) => Some(connection.peer.clone()),
            None => self.state.lock().peer_credentials.clone(),
        }
    }

    /// Whether connections can be accepted from it.
    pub fn is_listening(&self) -> bool {
        self.state.lock().listening.is_some()
    }

    /// Whether received messages say who sent them.
    pub fn wants_credentials(&self) -> bool {
        self.wants_credentials.load(Ordering::Relaxed)
    }

    /// Asks that received messages say who sent them.
    pub fn set_wants_credentials(&self, wanted: bool) {
        self.wants_credentials.store(wanted, Ordering::Relaxed);
    }

    /// How long a receive or an accept waits; `None` for ever.
    pub fn receive_timeout(&self) -> Option<Duration> {
        timeout(&self.receive_timeout)
    }

    /// How long a send or a connect waits; `None` for ever.
    pub fn send_timeout(&self) -> Option<Duration> {
        timeout(&self.send_timeout)
    }

    /// Sets how long a receive or an accept waits.
    pub fn set_receive_timeout(&self, duration: Option<Duration>) {
        set_timeout(&self.receive_timeout, duration);
    }

    /// Sets how long a send or a connect waits.
    pub fn set_send_timeout(&self, duration: Option<Duration>) {
        set_timeout(&self.send_timeout, duration);
    }

    /// How much may be sent and not received yet.
    pub fn send_buffer(&self) -> usize {
        self.send_buffer.load(Ordering::Relaxed)
    }

    /// Sets how much may be sent and not received yet. A stream keeps its pages if more is in them.
    pub fn set_send_buffer(&self, bytes: usize) {
        self.send_buffer.store(bytes, Ordering::Relaxed);
        if let Some(connection) = self.connection.get() {
            connection.set_capacity(bytes);
        }
        self.unread.writable.wake_all();
    }

    /// What was said of how much may wait here. On a local socket the sender's buffer is what
    /// counts, so this is remembered and told again only, as on Linux.
    pub fn receive_buffer(&self) -> usize {
        self.receive_buffer.load(Ordering::Relaxed)
    }

    /// Remembers how much may wait here.
    pub fn set_receive_buffer(&self, bytes: usize) {
        self.receive_buffer.store(bytes, Ordering::Relaxed);
    }

    /// Options that mean nothing to a local socket and are remembered for whoever asks: a bit for
    /// each of the ABI's numbers.
    pub fn options(&self) -> u32 {
        self.options.load(Ordering::Relaxed)
    }

    /// Remembers such an option.
    pub fn set_option(&self, bit: u32, on: bool) {
        if on {
            self.options.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.options.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    pub(super) fn patience(&self, timeout: Option<Duration>, nonblocking: bool) -> Patience {
        Patience {
            nonblocking: nonblocking || self.status_flags().contains(StatusFlags::NONBLOCK),
            deadline: timeout.map(|duration| time::now() + duration),
        }
    }

    pub(super) fn depth(&self) -> u8 {
        self.depth.load(Ordering::Relaxed)
    }

    /// What travels into this socket lies this deep.
    pub(super) fn deepen(&self, depth: u8) {
        self.depth.fetch_max(depth, Ordering::Relaxed);
    }

    /// Gives it an abstract name, or any if `name` is `None`.
    pub fn bind_abstract(&self, name: Option<&[u8]>) -> Result<()> {
        if self.address() != Address::Unnamed {
            return Err(Error::InvalidArgument);
        }
        let name = match name {
            Some(name) => {
                address::enter(name, self.this.clone())?;
                name.to_vec()
            }
            None => address::enter_any(&self.this)?,
        };
        *self.name.0.lock() = Address::Abstract(name);
        Ok(())
    }

    /// Notes the path under which the file tree knows it now, and keeps the `place` it leads to. `InvalidArgument` if it
    /// had a name.
    pub fn bind_path(&self, path: Vec<u8>, place: Box<dyn Any + Send + Sync>) -> Result<()> {
        {
            let mut name = self.name.0.lock();
            if *name != Address::Unnamed {
                return Err(Error::InvalidArgument);
            }
            *name = Address::Path(path);
        }
        // It had no name, so it has no place either.
        let _ = self.place.set(place);
        Ok(())
    }

    /// Ends one direction or both, for all who hold this end.
    pub fn shut_down(&self, what: ShutDown) -> Result<()> {
        if let Some(connection) = self.connection.get() {
            connection.shut_down(what);
            return Ok(());
        }
        let peer = {
            let mut state = self.state.lock();
            if self.kind == Kind::Stream && state.listening.is_none() {
                return Err(Error::NotConnected);
            }
            state.reading_ended |= what != ShutDown::Writing;
            state.writing_ended |= what != ShutDown::Reading;
            state.peer.as_ref().and_then(Weak::upgrade)
        };
        if let Some(peer) = peer
            && self.kind == Kind::SequencedPacket
        {
            {
                let mut state = peer.state.lock();
                state.writing_ended |= what != ShutDown::Writing;
                state.reading_ended |= what != ShutDown::Reading;
            }
            peer.wake_everyone();
        }
        self.wake_everyone();
        Ok(())
    }

    /// Nobody will accept this end: the other one learns so when it is dropped.
    fn refuse(&self) {
        if let Some(connection) = self.connection.get() {
            connection.refuse();
            return;
        }
        let peer = self.state.lock().peer.clone();
        if let Some(peer) = peer.and_then(|peer| peer.upgrade()) {
            peer.state.lock().reset = true;
        }
    }

    pub(super) fn wake_everyone(&self) {
        self.changed.wake_all();
        self.mailbox.readable.wake_all();
        self.mailbox.writable.wake_all();
        self.unread.writable.wake_all();
    }

    /// How many bytes a receive could give now: all of a stream, the first message else.
    pub fn available(&self) -> Result<usize> {
        match self.kind {
            Kind::Stream if self.is_listening() => Err(Error::InvalidArgument),
            Kind::Stream => Ok(self.connection.get().map_or(0, Connection::available)),
            _ => Ok(self.mailbox.first_length().unwrap_or(0)),
        }
    }

    /// How much it has sent that nobody has received.
    pub fn unread(&self) -> usize {
        self.connection
            .get()
            .map_or_else(|| self.unread.bytes(), Connection::unread)
    }

    fn poll_unconnected_stream(&self, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(waiter) = waiter {
            waiter.add(&self.changed);
        }
        // A connection that came meanwhile woke the waiter.
        if let Some(connection) = self.connection.get() {
            return connection.poll(None);
        }
        let state = self.state.lock();
        match &state.listening {
            Some(listening) if listening.waiting.is_empty() => Ready::empty(),
            Some(_) => Ready::READ,
            None => Ready::WRITE | Ready::HANG_UP,
        }
    }
}

fn timeout(nanoseconds: &AtomicU64) -> Option<Duration> {
    match nanoseconds.load(Ordering::Relaxed) {
        0 => None,
        some => Some(Duration::from_nanos(some)),
    }
}

fn set_timeout(nanoseconds: &AtomicU64, duration: Option<Duration>) {
    let value = duration.map_or(0, |duration| {
        u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
    });
    nanoseconds.store(value, Ordering::Relaxed);
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        if let Address::Abstract(name) = self.address() {
            address::leave(&name, &self.this);
        }
        let unread = self.mailbox.clear();
        let peer = {
            let mut state = self.state.lock();
            let listening = state.listening.take();
            let peer = state.peer.take();
            drop(state);
            for waiting in listening.iter().flat_map(|listening| &listening.waiting) {
                waiting.refuse();
            }
            drop(listening);
            peer.and_then(|peer| peer.upgrade())
        };
        if let Some(peer) = peer {
            if self.kind == Kind::SequencedPacket {
                let mut state = peer.state.lock();
                state.reading_ended = true;
                state.writing_ended = true;
                state.reset |= !unread.is_empty();
            }
            peer.wake_everyone();
        }
        drop(unread);
        self.mailbox.writable.wake_all();
    }
}

impl File for LocalSocket {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let Some(connection) = self.connection.get() else {
            return Ok(self.receive(into, false, false)?.count);
        };
        let patience = self.patience(self.receive_timeout(), false);
        match connection.receive(into, patience, false) {
            Err(Error::TimedOut) => Err(Error::WouldBlock),
            // Handles that nobody asked for are closed.
            other => Ok(other?.0),
        }
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        if let Some(connection) = self.connection.get()
            && !connection.asks_for_credentials()
        {
            let patience = self.patience(self.send_timeout(), false);
            return late_is_would_block(connection.send(from, patience, None));
        }
        self.send(from, None, Ancillary::default(), false)
    }

    fn read_at(&self, _offset: u64, _into: &mut Sink<'_>) -> Result<usize> {
        Err(Error::IllegalSeek)
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        let ready = match (self.connection.get(), self.kind) {
            (Some(connection), _) => connection.poll(waiter),
            (None, Kind::Stream) => self.poll_unconnected_stream(waiter),
            _ => self.poll_messages(waiter),
        };
        ready & (interest | Ready::ALWAYS)
    }

    fn report_to(&self, listener: &Arc<dyn Listener>, on: bool) -> Result<()> {
        if on {
            self.listeners.add(Ready::READ | Ready::WRITE, listener)?;
        } else {
            self.listeners.remove(listener);
        }
        match self.connection.get() {
            Some(connection) => connection.report_to(listener, on),
            None => Ok(()),
        }
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(self.status)
    }

    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        self.flags.store(flags.bits(), Ordering::Relaxed);
        Ok(())
    }
}
