//! The first process: its environment, its handles, and what its end means.

use crate::{Failure, Options};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use base::{Error, log};
use object::{Handle, HandleTable};
use proc::{
    AbiView, Environment, EnvironmentLimits, Event, EventSet, ExecRequest, ExitStatus, Process,
};
use proc::{SpawnGroup, SpawnOptions};
use vfs::{FsContext, OpenOptions, View};

/// One thread for this much memory, at most: its kernel stack, its tables and the least a program needs.
const MEMORY_PER_THREAD: usize = 256 << 10;
/// How many handles the first process may have, and by inheritance everybody.
const HANDLES: usize = 1024;

/// Starts the first process and waits for its end; gives the machine's exit code.
pub(crate) fn run(view: Arc<View>, options: &Options) -> Result<u32, Failure> {
    let process = start(view, options)?;
    log::set_console_level(options.later_console_level);
    let status = process.wait_ended();
    log::info!("the first process ended: {status:?}");
    Ok(match status {
        ExitStatus::Exited(status) => status as u32 & 0xFF,
        ExitStatus::Killed { event, .. } => {
            log::error!("the first process was killed by {event:?}");
            128 + u32::from(event.number())
        }
    })
}

fn start(view: Arc<View>, options: &Options) -> Result<Arc<Process>, Failure> {
    let pages = hal::frame::statistics().total;
    let threads = (pages * hal::PAGE_SIZE / MEMORY_PER_THREAD).clamp(64, 32_000);
    let fail = |what: &'static str| move |error: Error| Failure::new(what, error);
    let environment = Environment::new("machine", "scarlet", EnvironmentLimits::threads(threads))
        .map_err(fail("the first environment"))?;
    environment.set_view(
        "scarlet",
        AbiView {
            view: view.clone(),
            root: view.root(),
        },
    );
    proc::machine::start(&environment);
    let fs = FsContext::new(view);
    let handles = standard_handles(&fs);
    let mut arguments = Vec::from([Vec::from(options.init.as_bytes())]);
    arguments.extend(
        options
            .arguments
            .iter()
            .map(|word| Vec::from(word.as_bytes())),
    );
    let mut variables = Vec::from([String::from("HOME=/"), String::from("TERM=linux")]);
    variables.extend(options.environment.iter().cloned());
    let request = ExecRequest {
        path: options.init.as_bytes().into(),
        arguments,
        environment: variables.into_iter().map(String::into_bytes).collect(),
        ..ExecRequest::default()
    };
    log::info!(
        "starting {} after {} ms",
        options.init,
        hal::timer::now_ns() / 1_000_000
    );
    let spawn_options = SpawnOptions {
        keeps_view: false,
        handles,
        fs,
        group: SpawnGroup::Session,
        environment: Some(environment),
        blocked: EventSet::EMPTY,
        ignored: EventSet::EMPTY,
        exit_event: Some(Event::CHILD_CHANGED),
        before_start: None,
    };
    proc::spawn_first(request, spawn_options).map_err(|error| explain(&options.init, error))
}

/// Input, output and errors on `/dev/console`; without one the process starts with no handles, and says nothing.
fn standard_handles(fs: &FsContext) -> HandleTable {
    let handles = HandleTable::new(HANDLES);
    let options = OpenOptions {
        read: true,
        write: true,
        ..OpenOptions::default()
    };
    match fs.open(b"/dev/console", &options) {
        Ok(console) => {
            for _ in 0..3 {
                // A fresh table has room for three.
                let _ = handles.insert(Handle::from_file(console.clone()), 0);
            }
        }
        Err(error) => log::warn!("/dev/console: {error}; the first process starts without it"),
    }
    handles
}

/// What a person can do about it.
fn explain(path: &str, error: Error) -> Failure {
    let reason = match error {
        Error::NotFound => {
            format!(
                "there is no {path} in the root file system; add one, or name another with init=PATH"
            )
        }
        Error::NotExecutable => format!("{path} is no program for this machine"),
        Error::AccessDenied => format!("{path} is not executable (its mode, or it is a directory)"),
        Error::OutOfMemory => format!("there is not enough memory for {path}"),
        error => format!("{path}: {error}"),
    };
    Failure::new("the first process", reason)
}
