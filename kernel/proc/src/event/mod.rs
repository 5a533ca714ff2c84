//! Control events: what the kernel or another process wants a program to know.
//!
//! Interrupt, terminate, stop, continue, child-changed, fault: these are neutral facts about a process or a thread.
//! A Linux program sees them as signals, an xv6 program as "killed", a native program as events on
//! a handle. The rules are the same for all three and live here: what is pending, what is blocked, what happens
//! when nobody asked for anything else, and how a stop reaches the parent.
//!
//! * [`Event`] is a number from 1 to 64; the numbers are those that every Unix-like ABI on our two
//!   architectures uses, so no ABI needs a translation table.
//! * [`EventInfo`] says why it happened: who sent it, which address faulted, which child changed.
//! * [`Action`] is what the program asked for ([`ActionTable`]), [`DefaultAction`] what happens otherwise.
//! * [`PendingSet`] keeps what was sent and not yet seen, per task and per process.
//! * [`send_to_process`], [`send_to_task`] and [`send_to_group`] deliver one; [`Task`](crate::Task) takes it again in
//!   its user loop.
//!
//! ```
//! use proc::{Event, EventSet};
//! let blocked = EventSet::of(&[Event::INTERRUPT, Event::KILL]);
//! assert!(blocked.contains(Event::INTERRUPT));
//! assert!(!blocked.blockable().contains(Event::KILL));
//! ```

mod action;
mod alarm;
mod info;
mod pending;
mod processor;
mod send;
mod take;

pub use action::{Action, ActionFlags, ActionTable, DefaultAction, Disposition};
pub use alarm::ProcessAlarm;
pub use info::{Cause, ChildChange, EventInfo, FaultReason};
pub use pending::PendingSet;
pub use processor::{ProcessorClock, ProcessorTimers};
pub(crate) use send::{child_info, notify_parent};
pub use send::{
    force, may_send, may_send_to_group, send_to_all, send_to_group, send_to_group_as,
    send_to_group_from, send_to_process, send_to_task,
};
pub use take::{PendingEvent, TaskEvents};

/// The number of a control event, 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event(u8);

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $short:literal;)*) => {
        impl Event {
            $($(#[$doc])* pub const $name: Event = Event($number);)*

            /// The short name that programs and people use (`"INT"`), `"RT"` for the real-time ones.
            pub fn name(self) -> &'static str {
                match self.0 { $($number => $short,)* _ => "RT" }
            }
        }
    };
}

events! {
    /// The terminal went away, or a daemon should read its configuration again.
    HANG_UP = 1, "HUP";
    /// Control-C.
    INTERRUPT = 2, "INT";
    /// Control-backslash.
    QUIT = 3, "QUIT";
    /// The processor does not know this instruction.
    ILLEGAL_INSTRUCTION = 4, "ILL";
    /// A breakpoint.
    TRAP = 5, "TRAP";
    /// The program gave up.
    ABORT = 6, "ABRT";
    /// A memory access that no mapping can satisfy (beyond the end of a file, misaligned).
    BUS_ERROR = 7, "BUS";
    /// A division or floating-point error.
    ARITHMETIC_ERROR = 8, "FPE";
    /// Ends the process; cannot be blocked, caught or ignored.
    KILL = 9, "KILL";
    /// Free for programs.
    USER_1 = 10, "USR1";
    /// An access outside any mapping or against its protection.
    SEGMENT_FAULT = 11, "SEGV";
    /// Free for programs.
    USER_2 = 12, "USR2";
    /// A write to a pipe or socket that nobody reads.
    BROKEN_PIPE = 13, "PIPE";
    /// A timer ran out.
    ALARM = 14, "ALRM";
    /// A polite request to end.
    TERMINATE = 15, "TERM";
    /// Unused, kept for its number.
    STACK_FAULT = 16, "STKFLT";
    /// A child ended, stopped or continued.
    CHILD_CHANGED = 17, "CHLD";
    /// Continue after a stop.
    CONTINUE = 18, "CONT";
    /// Stops the process; cannot be blocked, caught or ignored.
    STOP = 19, "STOP";
    /// Control-Z.
    TERMINAL_STOP = 20, "TSTP";
    /// A background process read from its terminal.
    TERMINAL_INPUT = 21, "TTIN";
    /// A background process wrote to its terminal.
    TERMINAL_OUTPUT = 22, "TTOU";
    /// Urgent data on a socket.
    URGENT = 23, "URG";
    /// The limit of processor time is used up.
    CPU_LIMIT = 24, "XCPU";
    /// The limit of file size would be passed.
    FILE_LIMIT = 25, "XFSZ";
    /// The virtual interval timer.
    VIRTUAL_ALARM = 26, "VTALRM";
    /// The profiling interval timer.
    PROFILE = 27, "PROF";
    /// The terminal's window changed its size.
    WINDOW_CHANGED = 28, "WINCH";
    /// Input or output is possible.
    IO_READY = 29, "IO";
    /// Power is failing.
    POWER = 30, "PWR";
    /// A system call that does not exist or is not allowed.
    BAD_CALL = 31, "SYS";
}

impl Event {
    /// The highest number.
    pub const MAX: u8 = 64;
    /// The first real-time event: from here on events queue, with a value each.
    pub const REAL_TIME_MIN: Event = Event(32);

    /// The event of that number, or `None` outside 1..=64.
    pub const fn new(number: usize) -> Option<Event> {
        if number >= 1 && number <= Self::MAX as usize {
            Some(Event(number as u8))
        } else {
            None
        }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether several of it queue up, each with its own information.
    pub const fn is_real_time(self) -> bool {
        self.0 >= Self::REAL_TIME_MIN.0
    }

    /// KILL and STOP: no mask and no action applies to them.
    pub const fn is_unstoppable(self) -> bool {
        self.0 == Event::KILL.0 || self.0 == Event::STOP.0
    }

    /// Whether a fault of the program itself raises it.
    pub const fn is_fault(self) -> bool {
        EventSet::FAULTS.contains(self)
    }
}

impl core::fmt::Debug for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.name() {
            "RT" => write!(f, "RT{}", self.0),
            name => f.write_str(name),
        }
    }
}

/// A set of events: bit `n - 1` stands for event `n`, as on the wire of every ABI.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct EventSet(pub u64);

impl EventSet {
    /// No event.
    pub const EMPTY: EventSet = EventSet(0);
    /// Every event.
    pub const ALL: EventSet = EventSet(u64::MAX);
    /// Those whose default action stops a process.
    pub const STOPS: EventSet = EventSet::of(&[
        Event::STOP,
        Event::TERMINAL_STOP,
        Event::TERMINAL_INPUT,
        Event::TERMINAL_OUTPUT,
    ]);
    /// Those that neither mask nor action can hold back.
    pub const UNSTOPPABLE: EventSet = EventSet::of(&[Event::KILL, Event::STOP]);
    /// Those that a program's own fault raises; they are taken before any other.
    pub const FAULTS: EventSet = EventSet::of(&[
        Event::ILLEGAL_INSTRUCTION,
        Event::TRAP,
        Event::BUS_ERROR,
        Event::ARITHMETIC_ERROR,
        Event::SEGMENT_FAULT,
        Event::BAD_CALL,
    ]);

    /// The set of these.
    pub const fn of(events: &[Event]) -> EventSet {
        let mut bits = 0;
        let mut index = 0;
        while index < events.len() {
            bits |= 1 << (events[index].0 - 1);
            index += 1;
        }
        EventSet(bits)
    }

    /// Whether the event is in it.
    pub const fn contains(self, event: Event) -> bool {
        self.0 & (1 << (event.0 - 1)) != 0
    }

    /// Adds one.
    pub fn insert(&mut self, event: Event) {
        self.0 |= 1 << (event.0 - 1);
    }

    /// Takes one out.
    pub fn remove(&mut self, event: Event) {
        self.0 &= !(1 << (event.0 - 1));
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both together.
    pub const fn union(self, other: EventSet) -> EventSet {
        EventSet(self.0 | other.0)
    }

    /// What both have.
    pub const fn intersection(self, other: EventSet) -> EventSet {
        EventSet(self.0 & other.0)
    }

    /// What this has and `other` has not.
    pub const fn without(self, other: EventSet) -> EventSet {
        EventSet(self.0 & !other.0)
    }

    /// The part that a mask may hold back: everything but KILL and STOP.
    pub const fn blockable(self) -> EventSet {
        self.without(Self::UNSTOPPABLE)
    }

    /// The lowest event in it.
    pub fn first(self) -> Option<Event> {
        Event::new(self.0.trailing_zeros() as usize + 1).filter(|_| self.0 != 0)
    }

    /// Each event in it, lowest first.
    pub fn iter(self) -> impl Iterator<Item = Event> {
        (1..=Event::MAX)
            .map(Event)
            .filter(move |event| self.contains(*event))
    }
}
