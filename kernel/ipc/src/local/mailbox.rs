//! Messages that wait for a socket that keeps their bounds.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Room, rank};

use super::{Address, Ancillary};

/// Messages that may wait for a receiver who is not connected to their sender
/// (`net.unix.max_dgram_qlen`; one more than that fits).
const MOST_FROM_STRANGERS: usize = 10;

/// What keeping a message costs beside its bytes, as Linux counts it against the sender.
const OVERHEAD: usize = 768;

/// Bytes that fit into the smallest buffer and cost nothing beyond [`OVERHEAD`].
const SMALL: usize = 128;

/// A message.
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    pub(super) ancillary: Ancillary,
    pub(super) from: Address,
    _charge: Charge,
}

/// What a message takes of its sender's buffer, given back when it is gone.
struct Charge {
    unread: Arc<Unread>,
    cost: usize,
}

/// How much a socket has sent that is not received yet, and who waits for less.
#[derive(Default)]
pub(super) struct Unread {
    bytes: AtomicUsize,
    pub(super) writable: WaitQueue,
}

impl Unread {
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::SeqCst)
    }

    fn charge(self: &Arc<Self>, cost: usize) -> Charge {
        self.bytes.fetch_add(cost, Ordering::SeqCst);
        Charge {
            unread: self.clone(),
            cost,
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.unread.bytes.fetch_sub(self.cost, Ordering::SeqCst);
        self.unread.writable.wake_all();
    }
}

impl Message {
    /// A message that counts against its sender from now on.
    pub(super) fn new(
        bytes: Vec<u8>,
        ancillary: Ancillary,
        from: Address,
        sender: &Arc<Unread>,
    ) -> Message {
        let cost = Self::cost(bytes.len());
        Message {
            bytes,
            ancillary,
            from,
            _charge: sender.charge(cost),
        }
    }

    /// What a message of this length costs.
    pub(super) fn cost(length: usize) -> usize {
        if length <= SMALL {
            OVERHEAD
        } else {
            OVERHEAD + length.next_power_of_two()
        }
    }
}

/// Why a message was not taken.
pub(super) enum Refused {
    /// Too many of strangers wait: here it is, for later.
    Full(Message),
    /// There is no memory; the message is gone.
    NoMemory,
}

/// The messages for one socket.
pub(super) struct Mailbox {
    messages: SpinLock<VecDeque<Message>>,
    length: AtomicUsize,
    pub(super) readable: WaitQueue,
    pub(super) writable: WaitQueue,
}

impl Mailbox {
    pub(super) fn new() -> Mailbox {
        Mailbox {
            messages: SpinLock::new(rank::PIPE, VecDeque::new()),
            length: AtomicUsize::new(0),
            readable: WaitQueue::new(),
            writable: WaitQueue::new(),
        }
    }

    pub(super) fn length(&self) -> usize {
        self.length.load(Ordering::SeqCst)
    }

    /// Whether a stranger has to wait.
    pub(super) fn is_full(&self) -> bool {
        self.length() > MOST_FROM_STRANGERS
    }

    /// How many bytes the first message has.
    pub(super) fn first_length(&self) -> Option<usize> {
        self.messages.lock().front().map(|first| first.bytes.len())
    }

    /// Puts a message in; `stranger`s only while there is room for them.
    pub(super) fn put(&self, message: Message, stranger: bool) -> Result<(), Refused> {
        let mut messages = self.messages.lock();
        if stranger && messages.len() > MOST_FROM_STRANGERS {
            return Err(Refused::Full(message));
        }
        if messages.make_room(1).is_err() {
            return Err(Refused::NoMemory);
        }
        messages.push_back(message);
        self.length.store(messages.len(), Ordering::SeqCst);
        drop(messages);
        self.readable.wake_one();
        Ok(())
    }

    /// Takes the first message.
    pub(super) fn take(&self) -> Option<Message> {
        let mut messages = self.messages.lock();
        let message = messages.pop_front()?;
        self.length.store(messages.len(), Ordering::SeqCst);
        drop(messages);
        self.writable.wake_one();
        Some(message)
    }

    /// Looks at the first message and leaves it: a copy of its bytes and what came along.
    pub(super) fn peek(&self) -> Option<(Vec<u8>, Ancillary, Address)> {
        let messages = self.messages.lock();
        let first = messages.front()?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(first.bytes.len()).ok()?;
        bytes.extend_from_slice(&first.bytes);
        Some((bytes, first.ancillary.clone(), first.from.clone()))
    }

    /// Puts a message back in front that could not be delivered.
    pub(super) fn put_back(&self, message: Message) {
        let mut messages = self.messages.lock();
        messages.push_front(message);
        self.length.store(messages.len(), Ordering::SeqCst);
        drop(messages);
        self.readable.wake_one();
    }

    /// Takes everything out, for a socket that closes.
    pub(super) fn clear(&self) -> VecDeque<Message> {
        let mut messages = self.messages.lock();
        self.length.store(0, Ordering::SeqCst);
        core::mem::take(&mut *messages)
    }
}
