//! Queues of messages with types.
//!
//! A message goes from its sender straight to the receiver that has waited longest for one of its type; only
//! when there is none does it lie in the queue. Where it finds no room there, its sender waits with it, and whoever
//! makes room puts it in.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::sync::{Mutex, MutexGuard};
use base::{Error, Result, Room, room};

use super::permission::{Access, Caller, Permission};
use super::sleeper::Sleeper;
use super::table::{Keyed, Request};
use super::usage::Charge;
use super::{Namespace, OBJECT, now};

/// The most queues of a namespace (`MSGMNI`).
pub const MOST_QUEUES: usize = 32_000;
/// The longest message (`MSGMAX`).
pub const LONGEST_MESSAGE: usize = 8192;
/// The bytes that a fresh queue may hold (`MSGMNB`); also the most messages.
pub const QUEUE_BYTES: u64 = 16_384;

/// A message.
pub struct Message {
    /// Its type, above 0.
    pub kind: i64,
    /// What it says.
    pub bytes: Vec<u8>,
    _charge: Charge,
}

/// Which message a receiver wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The first.
    Any,
    /// The first of this type.
    Kind(i64),
    /// The first of another type.
    Except(i64),
    /// The first of the lowest type that is not above this.
    UpTo(i64),
}

impl Wanted {
    fn takes(self, kind: i64) -> bool {
        match self {
            Wanted::Any => true,
            Wanted::Kind(wanted) => kind == wanted,
            Wanted::Except(other) => kind != other,
            Wanted::UpTo(highest) => kind <= highest,
        }
    }
}

/// How a message is received.
#[derive(Clone, Copy, Debug)]
pub struct Reception {
    /// Which one.
    pub wanted: Wanted,
    /// How many bytes there is room for.
    pub room: usize,
    /// A longer message is cut off instead of refused.
    pub truncate: bool,
}

impl Reception {
    fn fits(&self, message: &Message) -> bool {
        self.truncate || message.bytes.len() <= self.room
    }
}

struct Receiver {
    sleeper: Arc<Sleeper<Message>>,
    reception: Reception,
    process: u32,
}

struct Sender {
    sleeper: Arc<Sleeper<()>>,
    message: Message,
    process: u32,
}

/// A queue of messages.
pub struct Queue {
    id: i32,
    state: Mutex<State>,
    _charge: Charge,
}

struct State {
    status: QueueStatus,
    messages: VecDeque<Message>,
    receivers: VecDeque<Receiver>,
    senders: VecDeque<Sender>,
    removed: bool,
}

/// What is told of a queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueStatus {
    /// Whose it is.
    pub permission: Permission,
    /// When a message was sent last; times are seconds since 1970, 0 for never.
    pub send_time: i64,
    /// When one was received last.
    pub receive_time: i64,
    /// When it was made or changed last.
    pub change_time: i64,
    /// Bytes in it.
    pub bytes: u64,
    /// Messages in it.
    pub messages: usize,
    /// The most bytes, and the most messages.
    pub limit: u64,
    /// The process that sent last.
    pub last_sender: u32,
    /// The process that received last.
    pub last_receiver: u32,
}

/// What an owner changes of a queue.
#[derive(Clone, Copy, Debug)]
pub struct QueueChange {
    /// The owner.
    pub user: u32,
    /// The owner's group.
    pub group: u32,
    /// Nine bits.
    pub mode: u32,
    /// The most bytes.
    pub limit: u64,
}

impl Keyed for Queue {
    fn permission(&self) -> Permission {
        self.state.lock().status.permission
    }
}

impl Namespace {
    /// The queue of that key, or a new one (msgget(2)).
    pub fn queue(&self, caller: &Caller, request: Request) -> Result<i32> {
        let prepare = || Charge::kernel_bytes(&self.totals, size_of::<Queue>());
        let make = |id, charge| {
            let status = QueueStatus {
                permission: Permission::new(caller, request.key, request.mode),
                send_time: 0,
                receive_time: 0,
                change_time: now(),
                bytes: 0,
                messages: 0,
                limit: QUEUE_BYTES,
                last_sender: 0,
                last_receiver: 0,
            };
            let state = State {
                status,
                messages: VecDeque::new(),
                receivers: VecDeque::new(),
                senders: VecDeque::new(),
                removed: false,
            };
            Arc::new(Queue {
                id,
                state: Mutex::new(OBJECT, state),
                _charge: charge,
            })
        };
        self.queues.get(caller, request, |_| Ok(()), prepare, make)
    }

    /// A message that is to be sent; the caller fills it.
    pub fn message(&self, kind: i64, bytes: Vec<u8>) -> Result<Message> {
        let charge = Charge::kernel_bytes(&self.totals, size_of::<Message>() + bytes.len())?;
        Ok(Message {
            kind,
            bytes,
            _charge: charge,
        })
    }

    /// Removes a queue with its messages; who waits for it gets `Error::IdentifierRemoved`.
    pub fn remove_queue(&self, caller: &Caller, queue: &Queue) -> Result<()> {
        let (messages, senders) = {
            let mut state = queue.state()?;
            state.status.permission.check_owner(caller)?;
            state.removed = true;
            drop(self.queues.remove(state.status.permission.key, queue.id));
            for receiver in core::mem::take(&mut state.receivers) {
                receiver.sleeper.finish(Err(Error::IdentifierRemoved));
            }
            (
                core::mem::take(&mut state.messages),
                core::mem::take(&mut state.senders),
            )
        };
        for sender in senders {
            sender.sleeper.finish(Err(Error::IdentifierRemoved));
        }
        drop(messages);
        Ok(())
    }
}

impl Queue {
    fn state(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.state.lock();
        if state.removed {
            return Err(Error::IdentifierRemoved);
        }
        Ok(state)
    }

    /// Sends a message; without room it waits, or fails with `Error::WouldBlock` if it shall not.
    pub fn send(&self, caller: &Caller, message: Message, wait: bool) -> Result<()> {
        let sleeper = {
            let mut state = self.state()?;
            state.status.permission.check(caller, Access::WRITE)?;
            // Whoever makes room later must not have to find memory.
            let coming = state.senders.len() + 1;
            state.messages.make_room(coming)?;
            if state.has_room(&message) {
                state.accept(message, caller.process);
                return Ok(());
            }
            if !wait {
                return Err(Error::WouldBlock);
            }
            room::for_one_more()?;
            state.senders.make_room(1)?;
            let sleeper = Arc::new(Sleeper::new());
            state.senders.push_back(Sender {
                sleeper: sleeper.clone(),
                message,
                process: caller.process,
            });
            sleeper
        };
        sleeper.sleep(None, || {
            let mut state = self.state.lock();
            let mine = |sender: &Sender| Arc::ptr_eq(&sender.sleeper, &sleeper);
            if let Some(at) = state.senders.iter().position(mine) {
                state.senders.remove(at);
            }
        })
    }

    /// Receives a message. Without one it waits, or fails with `Error::NoMessage` if it shall not; one that is too
    /// long stays, and the call fails with `Error::ArgumentListTooLong`.
    pub fn receive(&self, caller: &Caller, reception: Reception, wait: bool) -> Result<Message> {
        let sleeper = {
            let mut state = self.state()?;
            state.status.permission.check(caller, Access::READ)?;
            if let Some(at) = state.find(reception.wanted) {
                if !reception.fits(&state.messages[at]) {
                    return Err(Error::ArgumentListTooLong);
                }
                if let Some(message) = state.messages.remove(at) {
                    state.take_note(&message, caller.process);
                    state.admit();
                    return Ok(message);
                }
            }
            if !wait {
                return Err(Error::NoMessage);
            }
            room::for_one_more()?;
            state.receivers.make_room(1)?;
            let sleeper = Arc::new(Sleeper::new());
            state.receivers.push_back(Receiver {
                sleeper: sleeper.clone(),
                reception,
                process: caller.process,
            });
            sleeper
        };
        sleeper.sleep(None, || {
            let mut state = self.state.lock();
            let mine = |receiver: &Receiver| Arc::ptr_eq(&receiver.sleeper, &sleeper);
            if let Some(at) = state.receivers.iter().position(mine) {
                state.receivers.remove(at);
            }
        })
    }

    /// What is told of it.
    pub fn status(&self) -> QueueStatus {
        let state = self.state.lock();
        QueueStatus {
            messages: state.messages.len(),
            ..state.status
        }
    }

    /// Gives it another owner, mode and limit; only the superuser raises the limit beyond [`QUEUE_BYTES`].
    pub fn change(&self, caller: &Caller, change: QueueChange) -> Result<()> {
        let mut state = self.state()?;
        let permission = &mut state.status.permission;
        permission.check_owner(caller)?;
        if change.limit > QUEUE_BYTES && !caller.superuser {
            return Err(Error::NotPermitted);
        }
        permission.change(caller, change.user, change.group, change.mode)?;
        state.status.limit = change.limit;
        state.status.change_time = now();
        // Who waits may not be allowed to any more, and asks again.
        state.admit();
        Ok(())
    }
}

impl State {
    fn has_room(&self, message: &Message) -> bool {
        let bytes = self.status.bytes + message.bytes.len() as u64;
        let messages = self.messages.len() as u64 + 1;
        bytes <= self.status.limit && messages <= self.status.limit
    }

    /// Hands a message to who waits for it, or puts it into the queue, which has made room for it.
    fn accept(&mut self, message: Message, sender: u32) {
        self.status.send_time = now();
        self.status.last_sender = sender;
        let mut at = 0;
        while let Some(receiver) = self.receivers.get(at) {
            if !receiver.reception.wanted.takes(message.kind) {
                at += 1;
                continue;
            }
            let Some(receiver) = self.receivers.remove(at) else {
                break;
            };
            if receiver.reception.fits(&message) {
                self.status.receive_time = now();
                self.status.last_receiver = receiver.process;
                return receiver.sleeper.finish(Ok(message));
            }
            receiver.sleeper.finish(Err(Error::ArgumentListTooLong));
        }
        self.status.bytes += message.bytes.len() as u64;
        self.messages.push_back(message);
    }

    fn find(&self, wanted: Wanted) -> Option<usize> {
        let mut matching = self.messages.iter().enumerate();
        match wanted {
            // The first among those of the lowest type.
            Wanted::UpTo(_) => matching
                .filter(|(_, message)| wanted.takes(message.kind))
                .min_by_key(|(_, message)| message.kind)
                .map(|(at, _)| at),
            _ => matching
                .find(|(_, message)| wanted.takes(message.kind))
                .map(|(at, _)| at),
        }
    }

    /// A message was taken out.
    fn take_note(&mut self, message: &Message, receiver: u32) {
        self.status.bytes -= message.bytes.len() as u64;
        self.status.receive_time = now();
        self.status.last_receiver = receiver;
    }

    /// There may be room: senders' messages come in, the longest waiting first.
    fn admit(&mut self) {
        let mut at = 0;
        while let Some(sender) = self.senders.get(at) {
            if !self.has_room(&sender.message) {
                at += 1;
                continue;
            }
            if let Some(sender) = self.senders.remove(at) {
                self.accept(sender.message, sender.process);
                sender.sleeper.finish(Ok(()));
            }
        }
    }
}
