//! System V inter-process communication: objects that go by numbers, not by names or handles.
//!
//! Three kinds of objects, each in a [`Table`]: segments of memory ([`shared_memory`]), sets of semaphores
//! ([`semaphores`]), queues of messages ([`messages`]). A program finds one by a key that it agreed on with
//! others, or makes one without a key; from then on it goes by an identifier. An object stays until it is
//! removed, whoever made it, so everything that one costs is bounded: a [`Namespace`] holds the three tables
//! of one environment and counts what they keep.
//!
//! What programs see of it follows Linux (sysvipc(7)); numbers of commands and layouts of records are the
//! ABI's. Nothing here touches user memory.

pub mod messages;
pub mod permission;
pub mod semaphores;
pub mod shared_memory;
mod sleeper;
mod table;
mod undo;
mod usage;

use alloc::sync::Arc;

use base::sync::Rank;

pub use messages::Queue;
pub use permission::{Access, Caller, Permission};
pub use semaphores::Set;
pub use shared_memory::Segment;
pub use table::{Keyed, PRIVATE, Request, Table};
use undo::Undoers;
use usage::Totals;

/// A set of semaphores or a queue of messages; held while one is worked on, never while anybody sleeps for it.
const OBJECT: Rank = Rank(302);
/// What became of a sleeper, and who has adjustments to be undone.
const DETAIL: Rank = Rank(303);
/// A table. An area of memory that goes may remove a segment, so this lies inside an address space.
const TABLE: Rank = Rank(403);
/// A segment's state.
const SEGMENT: Rank = Rank(404);

/// The objects of one environment.
pub struct Namespace {
    segments: Table<Segment>,
    sets: Table<Set>,
    queues: Table<Queue>,
    undoers: Undoers,
    totals: Arc<Totals>,
    /// The number of the process that runs, for what happens without a call: an area that goes at its end.
    current: fn() -> u32,
}

impl Namespace {
    /// One without objects. `current` tells the number of the process that runs, 0 for none; it may be asked under
    /// an address space's lock.
    pub fn new(current: fn() -> u32) -> Arc<Namespace> {
        Arc::new(Namespace {
            segments: Table::new(shared_memory::MOST_SEGMENTS),
            sets: Table::new(semaphores::MOST_SETS),
            queues: Table::new(messages::MOST_QUEUES),
            undoers: Undoers::new(),
            totals: Arc::new(Totals::default()),
            current,
        })
    }

    /// The segments of memory.
    pub fn segments(&self) -> &Table<Segment> {
        &self.segments
    }

    /// The sets of semaphores.
    pub fn sets(&self) -> &Table<Set> {
        &self.sets
    }

    /// The queues of messages.
    pub fn queues(&self) -> &Table<Queue> {
        &self.queues
    }

    /// How many pages all segments may have together at this moment, used or not.
    pub fn reserved_pages(&self) -> usize {
        self.totals.pages()
    }

    /// How many bytes of kernel memory semaphores and messages take.
    pub fn kernel_bytes(&self) -> usize {
        self.totals.kernel_bytes()
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    base::time::wall_clock().as_secs() as i64
}
