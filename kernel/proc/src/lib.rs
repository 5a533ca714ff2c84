//! Processes, threads, exec, control events, environments.
//!
//! This room knows what a process is, and no ABI's spelling of it.
//!
//! - [`Process`] is what threads share; [`Task`] is one of them; [`user_loop`] runs the program.
//! - [`fork`], [`spawn_thread`], [`spawn()`], [`exec()`], [`end_process`], [`wait()`]: the life of both.
//! - [`Event`]: control events, which ABIs know as signals, as "killed", as events on a handle.
//! - [`PidNamespace`], [`ProcessGroup`], [`Session`]: by which numbers they go, and who belongs together.
//! - [`Environment`]: the views, ids and limits that a process is shut into.
//! - [`Abi`]: what a crate under `kernel/abi` implements.
//!
//! Below stand `mem` (address spaces), `object` (handles) and `vfs` (files). Lock order, outermost first: the tree
//! (100), id tables (105), a process and its actions (110 to 115), sessions and groups (120), a task (130), and the
//! small slots whose contents are replaced (135 and up).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod abi;
mod accounting;
mod admission;
mod environment;
mod environment_report;
mod event;
pub mod exec;
mod exit;
mod file;
mod fork;
mod group;
mod limits;
mod locate;
pub mod machine;
mod memory_pressure;
mod namespace;
mod parent_death;
mod process;
pub mod record;
mod record_locks;
mod spawn;
mod status;
mod stop;
mod storage;
mod task;
pub mod terminal;
pub mod trace;
mod tree;
pub mod user_loop;
mod wait;

pub use abi::Abi;
pub use environment::{AbiView, Environment, EnvironmentLimits};
pub use environment_report::environment_report;
pub use event::{
    Action, ActionFlags, ActionTable, Cause, ChildChange, DefaultAction, Disposition, Event,
    EventInfo, EventSet, FaultReason, PendingEvent, PendingSet, ProcessAlarm, ProcessorClock,
    ProcessorTimers, force, may_send, may_send_to_group, send_to_all, send_to_group,
    send_to_group_as, send_to_group_from, send_to_process, send_to_task,
};
pub use exec::{ElfError, ElfImage, ExecInfo, ExecRequest, ImageKind, InitialState, Layout, exec};
pub use exit::{end_process, end_thread, kill_process};
pub use file::ProcessFile;
pub use fork::{CloneOptions, ThreadOptions, fork, fork_with, spawn_thread};
pub use group::{ProcessGroup, Session};
pub use limits::{Limit, Limits, Resource, UNLIMITED};
pub use namespace::{DEFAULT_MAXIMUM, HIGHEST_MAXIMUM, Identity, PidNamespace};
pub use process::{AbiState, Image, Process, SharedFsContext, shared_fs_context};
pub use spawn::{BeforeStart, SpawnGroup, SpawnOptions, spawn, spawn_first};
pub use status::{ExitStatus, ResourceUsage, WaitStatus};
pub use storage::{store_everything, store_for_good};
pub use task::Task;
pub use wait::{WaitOptions, WaitResult, WaitSelector, wait};
