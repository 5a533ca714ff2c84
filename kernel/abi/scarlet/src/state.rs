//! What this ABI remembers about a process and about a task.
//!
//! A call that an event interrupts is in one of two situations. If the event is one that the program
//! receives, the call ends with `Interrupted`. If it was not (the process was stopped and continues,
//! the event turned out to be ignored), the call is made again, and the program notices nothing; calls
//! with a timeout then go on with the deadline that they had.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use base::Room;
use base::rank;
use base::sync::SpinLock;
use base::time::Instant;
use base::wait::WaitQueue;
use proc::{EventInfo, Process, Task};
use scarlet_abi::event::EventRecord;

/// More events than this are not kept for a program that does not read them.
const MOST_EVENTS: usize = 256;

/// Events received and not yet read.
pub(crate) struct EventQueue {
    records: SpinLock<VecDeque<EventRecord>>,
    pub(crate) arrived: WaitQueue,
}

impl EventQueue {
    fn new() -> EventQueue {
        EventQueue {
            records: SpinLock::new(rank::LEAF, VecDeque::new()),
            arrived: WaitQueue::new(),
        }
    }

    /// Takes the oldest.
    pub(crate) fn take(&self) -> Option<EventRecord> {
        self.records.lock().pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.lock().is_empty()
    }

    fn put(&self, record: EventRecord) {
        {
            let mut records = self.records.lock();
            // As with pending events: one of a kind waits, the latest news.
            if let Some(known) = records.iter_mut().find(|known| known.event == record.event) {
                *known = record;
            } else if records.len() < MOST_EVENTS && records.make_room(1).is_ok() {
                records.push_back(record);
            }
        }
        self.arrived.wake_all();
    }
}

/// What is remembered about a process.
pub(crate) struct ProcessState {
    events: Arc<EventQueue>,
}

impl ProcessState {
    pub(crate) fn new() -> ProcessState {
        ProcessState {
            events: Arc::new(EventQueue::new()),
        }
    }

    /// The state of a native process; a fresh one for any other, which nobody will read.
    pub(crate) fn of(process: &Process) -> Arc<ProcessState> {
        process
            .abi_state::<ProcessState>()
            .unwrap_or_else(|| Arc::new(ProcessState::new()))
    }

    pub(crate) fn events(&self) -> &Arc<EventQueue> {
        &self.events
    }

    /// Puts an event on the stream.
    pub(crate) fn receive(&self, info: &EventInfo) {
        self.events.put(EventRecord {
            event: u32::from(info.event.number()),
            sender: info.sender,
            user: info.user,
            reserved: 0,
        });
    }
}

#[derive(Default)]
struct Interruption {
    /// The last call was interrupted and nobody has decided yet how it goes on.
    undecided: bool,
    /// The deadline of that call.
    deadline: Option<Instant>,
}

/// What is remembered about a task.
pub(crate) struct TaskState {
    interruption: SpinLock<Interruption>,
}

impl TaskState {
    pub(crate) fn new() -> TaskState {
        TaskState {
            interruption: SpinLock::new(rank::LEAF, Interruption::default()),
        }
    }

    pub(crate) fn of(task: &Task) -> Arc<TaskState> {
        task.abi_state::<TaskState>()
            .unwrap_or_else(|| Arc::new(TaskState::new()))
    }

    /// The call is over, or, `interrupted`, may have to be made again.
    pub(crate) fn finish(&self, interrupted: bool) {
        let mut interruption = self.interruption.lock();
        interruption.undecided = interrupted;
        if !interrupted {
            interruption.deadline = None;
        }
    }

    /// Whether the call is to be made again.
    pub(crate) fn take_interrupted(&self) -> bool {
        core::mem::take(&mut self.interruption.lock().undecided)
    }

    /// The deadline of a call: what it had when it was interrupted, else `fresh`.
    pub(crate) fn deadline(&self, fresh: Instant) -> Instant {
        *self.interruption.lock().deadline.get_or_insert(fresh)
    }
}
