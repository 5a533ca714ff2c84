//! The machine inside a test process.
//!
//! The very same kernel crates run here, on a simulated machine, inside `cargo test`:
//!
//! ```text
//! let mut machine = Machine::new(seed);
//! let hello = machine.add_program("hello", |user| { user.syscall(…); });
//! let outcome = machine.initramfs(archive_with(entry_bytes(hello))).run(kernel_main);
//! assert_eq!(outcome.complaint(), None);
//! ```
//!
//! - `fiber`, `fibers`: every kernel thread and every program has a host stack of its own; all
//!   stacks of a machine run one at a time, on one host thread.
//! - `engine`: simulated CPUs that interleave at steps, by one seeded generator; interrupts;
//!   virtual time; what counts as a deadlock.
//! - `memory`, `tlb`: RAM at made-up physical addresses, the real page tables in it, and a
//!   translation cache for each CPU that believes what it has read until it is flushed.
//! - `program`, `user`, `context`: programs are closures behind a program counter.
//! - `state`, `global`: many machines in one process, each with its own `hal::Global`s.
//! - `machine`, `report`: starting one, and what became of it.
//! - `plant`: bugs to order, to test the tests.

pub(crate) mod backend;
mod console;
mod context;
mod engine;
mod fiber;
mod fibers;
mod global;
mod machine;
mod memory;
mod plant;
mod program;
mod random;
mod registers;
mod report;
mod state;
mod tlb;
mod user;

pub use console::{CONSOLE_INTERRUPT, console_input};
pub use machine::{Machine, Outcome};
pub use plant::{Bug, is_planted};
pub use program::{ENTRY_BYTES, entry_bytes};
pub use report::Exit;
pub use user::User;
