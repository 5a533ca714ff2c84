//! Terminals: mode and window size.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

bitflags::bitflags! {
    /// What a terminal does with what is typed and printed.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct ModeFlags: u32 {
        /// Input arrives in whole lines that can be edited.
        const LINES = 1 << 0;
        /// What is typed is shown.
        const ECHO = 1 << 1;
        /// ^C, ^\ and ^Z send events to the foreground group.
        const EVENTS = 1 << 2;
        /// A typed carriage return reads as a line feed.
        const RETURN_IS_NEWLINE = 1 << 3;
        /// ^S and ^Q hold and continue output.
        const FLOW_CONTROL = 1 << 4;
        /// A printed line feed also returns the carriage.
        const OUTPUT_PROCESSING = 1 << 5;
        /// A background process that prints is stopped.
        const STOP_BACKGROUND_OUTPUT = 1 << 6;
    }
}

/// A terminal's mode.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct TerminalMode {
    /// Size of this record.
    pub size: u32,
    /// [`ModeFlags`].
    pub flags: u32,
    /// Without `LINES`: a read waits for this many bytes.
    pub minimum: u8,
    /// Without `LINES`: a read waits this many tenths of a second.
    pub timeout: u8,
    /// Zero.
    pub reserved: [u8; 6],
}

/// `SetTerminalMode`: now.
pub const NOW: usize = 0;
/// `SetTerminalMode`: when all output is printed.
pub const DRAIN: usize = 1;
/// `SetTerminalMode`: when all output is printed, forgetting what was typed.
pub const FLUSH: usize = 2;

/// A terminal's window.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct WindowSize {
    /// Size of this record.
    pub size: u32,
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub columns: u16,
}
