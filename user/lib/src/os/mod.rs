//! What Scarlet has and other systems do not, or not so: handles with rights, terminals, control
//! events, mounts and views, the machine itself.

pub mod environment;
pub mod events;
mod handle;
pub mod mount;
pub mod system;
pub mod terminal;

pub use handle::{AsHandle, OwnedHandle, Poll, Ready, pipe, poll};
pub use scarlet_abi::Rights;
