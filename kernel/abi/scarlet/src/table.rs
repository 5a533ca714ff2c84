//! The list of calls: which number is answered by which function.
//!
//! The numbers and their documentation are in `scarlet_abi::call`; a test checks that every call of
//! the contract is answered here.

use alloc::vec::Vec;

use base::{Error, Result};
use hal::user::UserContext;
use scarlet_abi::Call;

use crate::arguments::{Handler, Words};
use crate::invocation::Invocation;
use crate::{
    environments, events, memory, mounts, names, poll, process, spawn, stream, system, terminal,
    thread,
};

/// One call and who answers it.
struct Entry {
    call: Call,
    answer: Answer,
}

/// Answers a call that copies or replaces the program's registers; `None` if they are not to be
/// touched any more.
type WithRegisters =
    fn(&mut Invocation<'_>, &mut UserContext, &mut Words<'_>) -> Result<Option<usize>>;

/// Who answers a call.
#[derive(Clone, Copy)]
enum Answer {
    /// Nearly every one.
    Plain(fn(&mut Invocation<'_>, &mut Words<'_>) -> Result<usize>),
    /// One with all registers.
    WithRegisters(WithRegisters),
}

macro_rules! answer {
    ($handler:path) => {
        Answer::Plain(|invocation, words| Handler::answer($handler, invocation, words))
    };
    (registers $handler:path) => {
        Answer::WithRegisters($handler)
    };
}

macro_rules! table {
    ($($call:ident $(with $registers:ident)? => $handler:path;)*) => {
        const ENTRIES: &[Entry] = &[
            $(Entry {
                call: Call::$call,
                answer: answer!($($registers)? $handler),
            },)*
        ];
    };
}

table! {
    Read => stream::read;
    Write => stream::write;
    ReadAt => stream::read_at;
    WriteAt => stream::write_at;
    Seek => stream::seek;
    Close => stream::close;
    Duplicate => stream::duplicate;
    Replace => stream::replace;
    HandleInfo => stream::handle_info;
    HandleSetFlags => stream::set_flags;
    Pipe => stream::pipe;
    Poll => poll::poll;
    Sync => stream::sync;
    Truncate => stream::truncate;
    ReadDirectory => stream::read_directory;
    HandleStatus => names::handle_status;

    Open => names::open;
    Status => names::status;
    MakeDirectory => names::make_directory;
    Remove => names::remove;
    Rename => names::rename;
    Link => names::link;
    SymbolicLink => names::symbolic_link;
    ReadLink => names::read_link;
    SetAttributes => names::set_attributes;
    MakeNode => names::make_node;
    ChangeDirectory => names::change_directory;
    CurrentDirectory => names::current_directory;
    SetMask => names::set_mask;

    Map => memory::map;
    Unmap => memory::unmap;
    Protect => memory::protect;

    Exit => process::exit;
    Spawn => spawn::spawn;
    Execute with registers => spawn::execute;
    Fork with registers => process::fork;
    Wait => process::wait;
    ProcessInfo => process::process_info;
    SendEvent => process::send_event;
    SetGroup => process::set_group;
    CreateSession => process::create_session;
    SetIdentity => process::set_identity;

    SetEventAction => events::set_action;
    OpenEvents => events::open;

    CreateThread with registers => thread::create;
    ExitThread => thread::exit;
    ThreadId => thread::id;
    FutexWait => thread::futex_wait;
    FutexWake => thread::futex_wake;
    Yield => thread::give_way;

    Clock => system::clock;
    Sleep => system::sleep;
    SetClock => system::set_clock;
    Random => system::random;

    TerminalMode => terminal::mode;
    SetTerminalMode => terminal::set_mode;
    WindowSize => terminal::window_size;
    SetWindowSize => terminal::set_window_size;
    ForegroundGroup => terminal::foreground;
    SetForegroundGroup => terminal::set_foreground;
    AttachTerminal => terminal::attach;

    SystemInfo => system::system_info;
    MemoryInfo => system::memory_info;
    SetHostName => system::set_host_name;
    Power => system::power;

    Mount => mounts::mount;
    Unmount => mounts::unmount;
    Bind => mounts::bind;
    CreateView => mounts::create_view;
    AttachView => mounts::attach_view;
    EnterView => mounts::enter_view;
    SealView => mounts::seal_view;

    CreateEnvironment => environments::create;
    GiveView => environments::give_view;
    EnvironmentInfo => environments::info;
}

/// One more than the highest number.
const NUMBERS: usize = 143;
/// No entry.
const NOBODY: u8 = u8::MAX;

/// Which entry answers a number.
const INDEX: [u8; NUMBERS] = {
    let mut index = [NOBODY; NUMBERS];
    let mut entry = 0;
    while entry < ENTRIES.len() {
        index[ENTRIES[entry].call as usize] = entry as u8;
        entry += 1;
    }
    index
};

fn find(number: usize) -> Option<Answer> {
    let index = INDEX.get(number).copied().unwrap_or(NOBODY) as usize;
    Some(ENTRIES.get(index)?.answer)
}

/// Answers a call; `None` if it needs all registers.
pub(crate) fn dispatch(
    invocation: &mut Invocation<'_>,
    number: usize,
    words: &[usize; 6],
) -> Option<Result<usize>> {
    match find(number) {
        Some(Answer::Plain(answer)) => Some(answer(invocation, &mut Words::of(words))),
        Some(Answer::WithRegisters(_)) => None,
        None => {
            base::log::info!("native call {number} does not exist");
            Some(Err(Error::NotImplemented))
        }
    }
}

/// Answers a call that needs all registers; `None` if they are not to be touched any more.
pub(crate) fn dispatch_with_registers(
    invocation: &mut Invocation<'_>,
    context: &mut UserContext,
) -> Result<Option<usize>> {
    let words = context.syscall_arguments();
    match find(context.syscall_number()) {
        Some(Answer::WithRegisters(answer)) => answer(invocation, context, &mut Words::of(&words)),
        _ => Err(Error::NotImplemented),
    }
}

/// The calls that are answered, in the order of the table.
pub fn handled_calls() -> Vec<Call> {
    ENTRIES.iter().map(|entry| entry.call).collect()
}
