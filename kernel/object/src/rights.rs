//! What a handle lets its holder do, whatever the object could do.

use bitflags::bitflags;

bitflags! {
    /// The rights of one handle. A handle made from another one never has more.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Rights: u32 {
        /// Bytes may be read.
        const READ = 1 << 0;
        /// Bytes may be written.
        const WRITE = 1 << 1;
        /// The position may be moved.
        const SEEK = 1 << 2;
        /// It may be executed.
        const EXECUTE = 1 << 3;
        /// It may be mapped into memory.
        const MAP = 1 << 4;
        /// A second handle to the same object may be made.
        const DUPLICATE = 1 << 5;
        /// It may be given to another process.
        const TRANSFER = 1 << 6;
        /// It may be configured (status flags, device controls, truncation, attributes).
        const CONTROL = 1 << 7;
        /// Its status may be looked at.
        const STATUS = 1 << 8;
        /// It may be waited for.
        const WAIT = 1 << 9;
    }
}
