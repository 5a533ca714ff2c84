//! The records that Linux programs and this kernel exchange, byte for byte.
//!
//! Everything here is plain data with an explicit layout: `repr(C)`, no implicit padding (zerocopy's
//! `IntoBytes` refuses it), and a test beside each record that pins its size and offsets. RISC-V and
//! AArch64 both use the kernel's generic records (`include/uapi/asm-generic`), so one definition
//! serves both; the few that differ (open flags, `sigaction`, signal frames) are in [`crate::machine`].
//! Crates made from Linux's headers are of no use here, because on the hosted backend they would pick
//! the developer's machine's records.

mod block;
mod extents;
mod files;
mod loops;
mod marks;
mod polling;
mod process;
mod signal;
mod terminal;
mod time;

pub use block::*;
pub use extents::*;
pub use files::*;
pub use loops::*;
pub use marks::*;
pub use polling::*;
pub use process::*;
pub use signal::*;
pub use terminal::*;
pub use time::*;

/// What every record exchanged with a program derives: plain bytes in both directions.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident : $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout,
        )]
        #[repr(C)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type),* }
    };
}
pub(crate) use record;
