//! User mode: running programs, and reaching their memory.
//!
//! Running a program is a function call: [`UserContext::run`] enters user mode and returns the
//! reason it came back; system calls are answered on the way, by the [`Kernel`] it was given. All
//! of that is ordinary safe code.
//!
//! User memory is reached only through the copies in this module. They act on the space active
//! on this CPU, survive a fault at any byte, never sleep and never allocate; the layer above
//! resolves a fault and tries again.

mod context;
mod copy;

pub use context::{CallRegisters, Kernel, Next, UserContext, UserEvent};
pub use copy::{
    Access, UserFault, compare_exchange_u32, copy_frame_to_user, copy_from_user, copy_to_user,
    copy_user_to_frame, load_u32, store_u32, synchronize_instructions, zero_user,
};

pub use crate::arch::{FloatingPointState, GeneralRegisters};
