//! Processes: this one, and those it starts.

mod command;
mod status;

pub use command::{Child, Command, Output, Stdio};
pub use status::{ExitStatus, WaitOutcome, wait_any, wait_for};

use crate::io;
use crate::sys;
use core::fmt::Display;
pub use scarlet_abi::process::{ProcessInfo, WaitFlags};

/// Ends the program.
pub fn exit(status: i32) -> ! {
    // Output that cannot be written is a failure, unless there is already one to report.
    let failed = io::flush_standard_output().is_err();
    sys::exit(if failed && status == 0 { 1 } else { status })
}

/// This process's number.
pub fn id() -> u32 {
    information(0).map_or(0, |record| record.process)
}

/// The number of the process that started this one, or that took it over.
pub fn parent_id() -> u32 {
    information(0).map_or(0, |record| record.parent)
}

/// What is known of a process; 0 is this one.
pub fn information(process: u32) -> io::Result<ProcessInfo> {
    let mut record = ProcessInfo::default();
    sys::process_info(process, &mut record)?;
    Ok(record)
}

/// Copies this process: `None` in the copy, the copy's number in the original.
///
/// The copy has only the calling thread. A program with several threads should start programs with
/// [`Command`] instead: a lock that another thread holds at this moment stays held in the copy.
pub fn fork() -> io::Result<Option<u32>> {
    let _ = io::flush_standard_output();
    let child = sys::fork()?;
    Ok((child != 0).then_some(child as u32))
}

/// Moves a process (0: this one) into a group (0: a new one).
pub fn set_group(process: u32, group: u32) -> io::Result<()> {
    sys::set_group(process, group)?;
    Ok(())
}

/// Makes this process the leader of a new session.
pub fn create_session() -> io::Result<u32> {
    Ok(sys::create_session()? as u32)
}

/// What `main` may give.
pub trait Termination {
    /// As an exit status.
    fn status(self) -> i32;
}

impl Termination for () {
    fn status(self) -> i32 {
        0
    }
}

impl Termination for i32 {
    fn status(self) -> i32 {
        self
    }
}

impl<T: Termination, E: Display> Termination for Result<T, E> {
    fn status(self) -> i32 {
        match self {
            Ok(value) => value.status(),
            Err(error) => {
                crate::eprintln!("{}: {}", crate::env::program_name(), error);
                1
            }
        }
    }
}
