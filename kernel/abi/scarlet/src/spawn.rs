//! Starting programs: `Spawn` and `Execute`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use base::{Error, Result, Room};
use hal::user::UserContext;
use mem::user::{UserPtr, UserSlice};
use object::{Handle, HandleTable, Rights};
use proc::{EventSet, ExecRequest, Process, SpawnGroup, SpawnOptions};
use scarlet_abi::process::{Bytes, HandleMapping, SpawnFlags, SpawnRequest};
use tty::TerminalFile;

use crate::arguments::{Argument, HandleNumber, Words, read_path};
use crate::handles::{directory, handle};
use crate::invocation::Invocation;
use crate::{environments, mounts, records};

/// More arguments, environment strings or handles than this are not looked at.
const MOST_STRINGS: u64 = 1 << 16;
const MOST_HANDLES: u64 = 1024;
/// All strings together; what the program's ABI takes is checked again when it is known.
const MOST_BYTES: usize = 2 << 20;

fn slice(bytes: &Bytes) -> UserSlice {
    UserSlice::new(bytes.address as usize, bytes.length as usize)
}

/// Reads an array of strings; none may contain the zero byte that ends it on the new stack.
fn strings(address: u64, count: u64, budget: &mut usize) -> Result<Vec<Vec<u8>>> {
    if count > MOST_STRINGS {
        return Err(Error::ArgumentListTooLong);
    }
    let pieces = UserPtr::<Bytes>::from(address as usize);
    let mut all = Vec::new();
    all.make_room(count as usize)?;
    for index in 0..count as usize {
        let text = slice(&pieces.offset(index).read()?);
        let text = text.read_all(*budget, Error::ArgumentListTooLong)?;
        if text.contains(&0) {
            return Err(Error::InvalidArgument);
        }
        *budget -= text.len();
        all.push(text);
    }
    Ok(all)
}

/// The part of the record that says which program.
fn program(call: &Invocation<'_>, request: &SpawnRequest) -> Result<ExecRequest> {
    let directory_number = usize::try_from(request.directory).map_err(|_| Error::BadHandle)?;
    let mut budget = MOST_BYTES;
    Ok(ExecRequest {
        at: directory(call, directory_number, false)?,
        path: read_path(slice(&request.path))?,
        arguments: strings(request.arguments, request.argument_count, &mut budget)?,
        environment: strings(request.environment, request.environment_count, &mut budget)?,
        ..ExecRequest::default()
    })
}

/// The child's handles: those of the map, with the rights of the map, and no others.
fn handle_table(call: &Invocation<'_>, request: &SpawnRequest) -> Result<HandleTable> {
    if request.handle_count > MOST_HANDLES {
        return Err(Error::TooManyHandles);
    }
    let map = UserPtr::<HandleMapping>::from(request.handles as usize);
    let table = HandleTable::new(call.handles().limit());
    for line in map.read_many(request.handle_count as usize)? {
        if line.reserved != 0 {
            return Err(Error::InvalidArgument);
        }
        let source = handle(call, HandleNumber(line.source as usize), Rights::TRANSFER)?;
        let mut given = Handle {
            close_on_exec: false,
            ..source
        };
        if line.rights != u32::MAX {
            let wanted = Rights::from_bits(line.rights).ok_or(Error::InvalidArgument)?;
            if !given.rights.contains(wanted) {
                return Err(Error::NotPermitted);
            }
            given.rights = wanted;
        }
        drop(table.insert_at(line.target as usize, given)?);
    }
    Ok(table)
}

pub(crate) fn spawn(call: &mut Invocation<'_>, record: UserPtr<SpawnRequest>) -> Result<usize> {
    let request = records::read(record)?;
    let flags = SpawnFlags::from_bits(request.flags).ok_or(Error::InvalidArgument)?;
    let program = program(call, &request)?;
    let mut options = SpawnOptions::inherit(call.task, handle_table(call, &request)?);
    if flags.contains(SpawnFlags::IN_VIEW) {
        options.fs = mounts::entered(call, HandleNumber(request.view as usize))?;
        options.keeps_view = true;
    } else if request.view != 0 {
        return Err(Error::InvalidArgument);
    }
    let start = usize::try_from(request.working_directory).map_err(|_| Error::BadHandle)?;
    if let Some(place) = directory(call, start, false)? {
        options.fs.enter_directory(&place)?;
    }
    if flags.contains(SpawnFlags::INSIDE) {
        let number = HandleNumber(request.inside as usize);
        options.environment = Some(environments::to_start_in(call, number)?);
    } else if request.inside != 0 {
        return Err(Error::InvalidArgument);
    }
    let group_flags = flags - (SpawnFlags::INSIDE | SpawnFlags::IN_VIEW);
    options.group = match (flags.contains(SpawnFlags::NEW_SESSION), request.group) {
        (true, _) if group_flags != SpawnFlags::NEW_SESSION => return Err(Error::InvalidArgument),
        (true, _) => SpawnGroup::Session,
        (false, _) if !flags.contains(SpawnFlags::SET_GROUP) => SpawnGroup::Inherit,
        (false, 0) => SpawnGroup::Own,
        (false, group) => SpawnGroup::Join(group),
    };
    let inherited = options.ignored.without(EventSet(request.default_events));
    options.ignored = inherited
        .union(EventSet(request.ignored_events))
        .blockable();
    if flags.contains(SpawnFlags::FOREGROUND) {
        let number = HandleNumber(request.terminal as usize);
        let terminal = handle(call, number, Rights::CONTROL)?.object;
        let file = terminal.file().ok_or(Error::NotTerminal)?.clone();
        if file.downcast::<TerminalFile>().is_none() {
            return Err(Error::NotTerminal);
        }
        options.before_start = Some(Box::new(move |child| {
            let group = crate::terminal::kernel_number(child.group().identity());
            if let Some(terminal) = file.downcast::<TerminalFile>() {
                // A terminal that is not the caller's stays as it is; the child then runs in the
                // background and is told when it reads.
                let _ = terminal.set_foreground_group(group);
            }
        }));
    }
    // The image is looked up in the child's working directory otherwise, which in a view is what is meant.
    let program = if flags.contains(SpawnFlags::IN_VIEW) {
        program
    } else {
        anchored(call, program)
    };
    let child = proc::spawn(call.process(), program, options)?;
    Ok(number_of(call, &child))
}

/// A relative path starts where the caller is, also when the child starts elsewhere.
fn anchored(call: &Invocation<'_>, mut program: ExecRequest) -> ExecRequest {
    program
        .at
        .get_or_insert_with(|| call.fs().working_directory.clone());
    program
}

fn number_of(call: &Invocation<'_>, process: &Process) -> usize {
    process.identity().number_in(call.process().namespace()) as usize
}

pub(crate) fn execute(
    call: &mut Invocation<'_>,
    context: &mut UserContext,
    words: &mut Words<'_>,
) -> Result<Option<usize>> {
    let request: SpawnRequest = records::read(UserPtr::take(words)?)?;
    if request.flags != 0 || request.handle_count != 0 || request.inside != 0 {
        return Err(Error::InvalidArgument);
    }
    let program = program(call, &request)?;
    proc::exec(call.task, context, program)?;
    Ok(None)
}
