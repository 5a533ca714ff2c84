//! Processes and control events.

use super::{Answer, address, invoke, record_address, record_address_mut};
use alloc::vec::Vec;
use scarlet_abi::process::{Bytes, HandleMapping, ProcessInfo, SpawnRequest, WaitStatus};
use scarlet_abi::{CURRENT_DIRECTORY, Call};

pub(crate) fn exit(status: i32) -> ! {
    loop {
        // SAFETY: no memory is named; the process runs no further.
        let _ = unsafe { invoke(Call::Exit, [status as usize]) };
    }
}

/// What to start, in Rust's terms.
pub(crate) struct Program<'a> {
    pub(crate) path: &'a [u8],
    pub(crate) arguments: &'a [Vec<u8>],
    pub(crate) environment: &'a [Vec<u8>],
    pub(crate) handles: &'a [HandleMapping],
}

fn pieces(strings: &[Vec<u8>]) -> Vec<Bytes> {
    strings
        .iter()
        .map(|string| Bytes {
            address: address(string) as u64,
            length: string.len() as u64,
        })
        .collect()
}

/// Fills the strings into `request` and makes the call.
fn start(call: Call, program: &Program<'_>, mut request: SpawnRequest) -> Answer {
    let arguments = pieces(program.arguments);
    let environment = pieces(program.environment);
    request.size = size_of::<SpawnRequest>() as u32;
    request.directory = CURRENT_DIRECTORY as u64;
    request.path = Bytes {
        address: address(program.path) as u64,
        length: program.path.len() as u64,
    };
    request.arguments = address(&arguments) as u64;
    request.argument_count = arguments.len() as u64;
    request.environment = address(&environment) as u64;
    request.environment_count = environment.len() as u64;
    request.handles = address(program.handles) as u64;
    request.handle_count = program.handles.len() as u64;
    // SAFETY: the kernel reads the record, the arrays and the strings, all of which live until the
    // call is over.
    unsafe { invoke(call, [record_address(&request)]) }
}

pub(crate) fn spawn(program: &Program<'_>, request: SpawnRequest) -> Answer {
    start(Call::Spawn, program, request)
}

pub(crate) fn execute(program: &Program<'_>) -> Answer {
    let request = SpawnRequest {
        working_directory: CURRENT_DIRECTORY as u64,
        ..SpawnRequest::default()
    };
    start(Call::Execute, program, request)
}

pub(crate) fn fork() -> Answer {
    // SAFETY: no memory is named; the copy has a copy of all memory.
    unsafe { invoke(Call::Fork, []) }
}

pub(crate) fn wait(selector: isize, flags: u32, record: &mut WaitStatus) -> Answer {
    let size = size_of::<WaitStatus>();
    let target = record_address_mut(record);
    // SAFETY: the kernel writes at most `size` bytes into the record.
    unsafe {
        invoke(
            Call::Wait,
            [selector as usize, flags as usize, target, size],
        )
    }
}

pub(crate) fn process_info(process: u32, record: &mut ProcessInfo) -> Answer {
    let size = size_of::<ProcessInfo>();
    let target = record_address_mut(record);
    // SAFETY: the kernel writes at most `size` bytes into the record.
    unsafe { invoke(Call::ProcessInfo, [process as usize, target, size]) }
}

pub(crate) fn send_event(process: isize, event: u32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::SendEvent, [process as usize, event as usize]) }
}

pub(crate) fn set_group(process: u32, group: u32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::SetGroup, [process as usize, group as usize]) }
}

pub(crate) fn create_session() -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::CreateSession, []) }
}

pub(crate) fn set_event_action(event: u32, action: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::SetEventAction, [event as usize, action]) }
}

pub(crate) fn open_events(flags: u32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::OpenEvents, [flags as usize]) }
}
