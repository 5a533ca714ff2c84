//! The bytes of a read or a write, on their way.
//!
//! A file does not know whether it fills one user buffer, several (`readv`), or kernel memory: it
//! puts bytes into a [`Sink`] or takes them out of a [`Source`], straight from and to the frames
//! that hold them. Faults on the user's side are resolved on the way, which may sleep: neither may
//! be used with a spin lock held.
//!
//! A step that moves at least one byte succeeds with that number, even when a fault stopped it;
//! the next step then reports the fault. So a file that moved some bytes returns how many, and
//! one that could move none returns `Error::BadAddress`.

mod segments;
mod sink;
mod source;

pub use sink::Sink;
pub use source::Source;
