//! Control events: what the system, a terminal or another process tells a process.
//!
//! For each event a process chooses an [`Action`]. With [`Action::Default`] the event does what its
//! documentation below says; with [`Action::Ignore`] nothing; with [`Action::Receive`] it is put on
//! the process's event stream (`OpenEvents`), from which [`EventRecord`]s are read like bytes from a
//! file, and which can be polled with everything else. No code of the program is ever interrupted by
//! an event, so there is nothing that "may not be called in a handler": a thread that sleeps in a
//! call when a received event arrives gets `Interrupted`, and that is all.
//!
//! Starting another program keeps ignored events ignored and sets received ones back to default.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

macro_rules! events {
    ($($name:ident = $number:literal, $word:literal, $sentence:literal;)*) => {
        $(#[doc = $sentence] pub const $name: u32 = $number;)*

        /// Number, short name, sentence of each named event.
        pub const NAMES: &[(u32, &str, &str)] = &[$(($number, $word, $sentence),)*];
    };
}

events! {
    HANG_UP = 1, "HUP", "hang-up of the terminal; ends the process";
    INTERRUPT = 2, "INT", "interrupt from the terminal (^C); ends the process";
    QUIT = 3, "QUIT", "quit from the terminal (^\\); ends the process";
    ILLEGAL = 4, "ILL", "illegal instruction; ends the process";
    TRAP = 5, "TRAP", "breakpoint; ends the process";
    ABORT = 6, "ABRT", "abort; ends the process";
    BUS = 7, "BUS", "access to memory that has no storage; ends the process";
    ARITHMETIC = 8, "FPE", "arithmetic fault; ends the process";
    KILL = 9, "KILL", "ends the process; cannot be ignored or received";
    USER_1 = 10, "USR1", "the program's own meaning; ends the process";
    MEMORY = 11, "SEGV", "access to memory that is not mapped so; ends the process";
    USER_2 = 12, "USR2", "the program's own meaning; ends the process";
    PIPE = 13, "PIPE", "write to a pipe that nobody reads; ends the process";
    ALARM = 14, "ALRM", "timer ran out; ends the process";
    TERMINATE = 15, "TERM", "asks the process to end; ends it";
    CHILD = 17, "CHLD", "a child ended, stopped or continued; does nothing";
    CONTINUE = 18, "CONT", "continues a stopped process";
    STOP = 19, "STOP", "stops the process; cannot be ignored or received";
    TERMINAL_STOP = 20, "TSTP", "stop from the terminal (^Z); stops the process";
    TERMINAL_INPUT = 21, "TTIN", "read from the terminal in the background; stops the process";
    TERMINAL_OUTPUT = 22, "TTOU", "change of the terminal in the background; stops the process";
    URGENT = 23, "URG", "urgent data; does nothing";
    CPU_LIMIT = 24, "XCPU", "limit of CPU time; ends the process";
    SIZE_LIMIT = 25, "XFSZ", "limit of file size; ends the process";
    VIRTUAL_ALARM = 26, "VTALRM", "timer of CPU time ran out; ends the process";
    PROFILE_ALARM = 27, "PROF", "profiling timer ran out; ends the process";
    WINDOW = 28, "WINCH", "the terminal's window changed; does nothing";
    READY = 29, "IO", "input or output became possible; ends the process";
    POWER = 30, "PWR", "power failure; ends the process";
    BAD_CALL = 31, "SYS", "bad system call; ends the process";
}

/// The highest event number.
pub const MAXIMUM: u32 = 64;

/// What an event does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Action {
    /// What the event's own documentation says.
    Default = 0,
    /// Nothing.
    Ignore = 1,
    /// It goes to the event stream.
    Receive = 2,
}

impl Action {
    /// The action with this number.
    pub const fn from_number(number: usize) -> Option<Action> {
        match number {
            0 => Some(Action::Default),
            1 => Some(Action::Ignore),
            2 => Some(Action::Receive),
            _ => None,
        }
    }
}

/// One event read from the event stream.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EventRecord {
    /// Which event.
    pub event: u32,
    /// The process that sent it, 0 for the kernel.
    pub sender: u32,
    /// The sender's user.
    pub user: u32,
    /// Zero.
    pub reserved: u32,
}
