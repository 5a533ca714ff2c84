//! Ring 2: what native programs rely on: errors instead of harm, records that grow, rights, spawn.

use scarlet_abi::call::CALLS;
use scarlet_abi::event::KILL;
use scarlet_abi::file::{OpenFlags, PathPair};
use scarlet_abi::handle::{HandleFlags, HandleInfo, SAME_RIGHTS};
use scarlet_abi::memory::MapRequest;
use scarlet_abi::process::{Bytes, EXITED, HandleMapping, SpawnRequest, TERMINATED};
use scarlet_abi::system::{CLOCK_MONOTONIC, MemoryInfo};
use scarlet_abi::{CURRENT_DIRECTORY, Call, ErrorCode, NONE, Rights};
use testkit::memory::{bytes, push, word32};
use testkit::scarlet::number;
use testkit::system::scarlet;
use testkit::{Scarlet, System};
use zerocopy::{FromZeros, IntoBytes};

/// Addresses at which nothing is, for one reason or another.
const NOWHERE: [usize; 7] = [
    0,
    1,
    0x7fff_f000,
    (1 << 38) - 2,
    1 << 38,
    1 << 63,
    usize::MAX - 4,
];

/// Opens a file; gives its handle.
fn open(scarlet: &mut Scarlet<'_>, path: &str, flags: OpenFlags) -> Result<usize, i32> {
    let text = push(scarlet.user, path.as_bytes());
    let flags = flags.bits() as usize;
    scarlet.call(
        Call::Open,
        &[CURRENT_DIRECTORY, text, path.len(), flags, 0o644],
    )
}

fn record<T: IntoBytes + zerocopy::Immutable>(scarlet: &mut Scarlet<'_>, value: &T) -> usize {
    push(scarlet.user, value.as_bytes())
}

fn error<T: std::fmt::Debug>(outcome: Result<T, i32>, code: ErrorCode) {
    assert_eq!(outcome.unwrap_err(), number(code));
}

#[test]
fn bad_addresses_give_errors() {
    scarlet(|scarlet| {
        let (reading, writing) = scarlet.pipe().unwrap();
        scarlet.write(writing, b"something to read").unwrap();
        let file = open(
            scarlet,
            "/tmp/file",
            OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE,
        );
        let file = file.unwrap();
        scarlet.write(file, b"contents").unwrap();
        let directory = open(scarlet, "/tmp", OpenFlags::READ | OpenFlags::DIRECTORY).unwrap();
        let good = push(scarlet.user, b"/tmp/file");
        let here = CURRENT_DIRECTORY;
        for bad in NOWHERE {
            let calls: &[(Call, &[usize])] = &[
                (Call::Read, &[reading, bad, 8]),
                (Call::Write, &[writing, bad, 8]),
                (Call::ReadAt, &[file, bad, 8, 0]),
                (Call::WriteAt, &[file, bad, 8, 0]),
                (Call::HandleInfo, &[file, bad, 16]),
                (Call::Pipe, &[bad, 0]),
                (Call::Poll, &[bad, 1, 0]),
                (Call::ReadDirectory, &[directory, bad, 512]),
                (Call::HandleStatus, &[file, bad, 96]),
                (Call::Open, &[here, bad, 9, 1, 0]),
                (Call::Status, &[here, bad, 9, 0, good, 96]),
                (Call::Status, &[here, good, 9, 0, bad, 96]),
                (Call::MakeDirectory, &[here, bad, 5, 0o755]),
                (Call::Remove, &[here, bad, 5, 0]),
                (Call::Rename, &[bad]),
                (Call::Link, &[bad]),
                (Call::SymbolicLink, &[here, bad, 5, good, 9]),
                (Call::SymbolicLink, &[here, good, 9, bad, 5]),
                (Call::ReadLink, &[here, bad, 5, good, 9]),
                (Call::SetAttributes, &[here, good, 9, 0, bad]),
                (Call::MakeNode, &[here, good, 9, bad]),
                (Call::ChangeDirectory, &[here, bad, 4]),
                (Call::CurrentDirectory, &[bad, 64]),
                (Call::Map, &[bad]),
                (Call::Spawn, &[bad]),
                (Call::Execute, &[bad]),
                (Call::ProcessInfo, &[0, bad, 96]),
                (Call::CreateThread, &[bad]),
                (Call::FutexWait, &[bad & !3, 0, 0]),
                (Call::Clock, &[CLOCK_MONOTONIC, bad]),
                (Call::Random, &[bad, 16]),
                (Call::SystemInfo, &[bad, 328]),
                (Call::MemoryInfo, &[bad, 48]),
                (Call::SetHostName, &[bad, 4]),
                (Call::Mount, &[bad]),
                (Call::Unmount, &[NONE, here, bad, 4, 0]),
                (Call::Bind, &[bad]),
                (Call::CreateView, &[here, bad, 4]),
            ];
            for (call, arguments) in calls {
                let outcome = scarlet.call(*call, arguments);
                assert!(outcome.is_err(), "{call:?} with {bad:#x} gave {outcome:?}");
            }
        }
        // Nothing was lost by it: the pipe still holds its bytes, no handle was leaked.
        assert_eq!(scarlet.read(reading, 64).unwrap(), b"something to read");
        let next = scarlet
            .call(Call::Duplicate, &[0, 0, SAME_RIGHTS, 0])
            .unwrap();
        assert_eq!(next, directory + 1);
    });
}

/// Calls that would end or block the program, or run it where a test cannot follow.
fn is_harmless(call: Call) -> bool {
    !matches!(
        call,
        Call::Exit
            | Call::ExitThread
            | Call::Execute
            | Call::Fork
            | Call::Spawn
            | Call::CreateThread
            | Call::SendEvent
            | Call::Power
            | Call::Sleep
            | Call::FutexWait
            | Call::Poll
            | Call::SetIdentity
            | Call::EnterView
            | Call::Unmap
            | Call::Map
            | Call::Protect
    )
}

/// Makes calls at random; may end up in a sleep that only a kill ends, say in a pipe of its own.
fn call_at_random(scarlet: &mut Scarlet<'_>, seed: u64) {
    for handle in 0..3 {
        let _ = scarlet.close(handle);
    }
    let buffer = scarlet.user.allocate(4096);
    let calls: Vec<Call> = CALLS
        .iter()
        .map(|line| line.call)
        .filter(|call| is_harmless(*call))
        .collect();
    let mut state = seed;
    let mut random = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize
    };
    for _ in 0..300 {
        let call = calls[random() % calls.len()];
        let mut arguments = [0; 6];
        for argument in &mut arguments {
            *argument = match random() % 10 {
                0 => usize::MAX,
                1 => NOWHERE[random() % NOWHERE.len()],
                2 => buffer + random() % 4096,
                3 => buffer,
                4 => 1 << (random() % 64),
                5 => random(),
                _ => random() % 16,
            };
        }
        let _ = scarlet.call(call, &arguments);
    }
}

#[test]
fn random_calls_harm_nothing() {
    scarlet(|scarlet| {
        for seed in 12345..12353 {
            let child = scarlet
                .fork(move |child| call_at_random(child, seed))
                .unwrap();
            scarlet.call(Call::Sleep, &[20_000_000]).unwrap();
            let _ = scarlet.call(Call::SendEvent, &[child, KILL as usize]);
            let (ended, kind, value) = scarlet.wait().unwrap();
            assert_eq!(ended, child);
            assert!(matches!((kind, value), (EXITED, 0) | (TERMINATED, KILL)));
        }
    });
}

#[test]
fn unknown_calls_and_flags_are_refused() {
    scarlet(|scarlet| {
        for call in [0, 17, 99, 134, 1 << 40, usize::MAX] {
            let result = scarlet.user.syscall(call, [0; 6]) as isize;
            assert_eq!(-result, number(ErrorCode::NotImplemented) as isize);
        }
        let text = push(scarlet.user, b"/tmp/x");
        let open = [CURRENT_DIRECTORY, text, 6, 1 << 20 | 1, 0o644];
        error(scarlet.call(Call::Open, &open), ErrorCode::InvalidArgument);
        let place = scarlet.user.allocate(8);
        error(
            scarlet.call(Call::Pipe, &[place, 1 << 9]),
            ErrorCode::InvalidArgument,
        );
        error(
            scarlet.call(Call::Pipe, &[place, 1 << 40]),
            ErrorCode::InvalidArgument,
        );
        let pair = PathPair {
            size: size_of::<PathPair>() as u32,
            flags: 8,
            ..Default::default()
        };
        let pair = record(scarlet, &pair);
        error(
            scarlet.call(Call::Rename, &[pair]),
            ErrorCode::InvalidArgument,
        );
    });
}

#[test]
fn records_grow_at_their_end() {
    scarlet(|scarlet| {
        let mut request = MapRequest::new_zeroed();
        request.size = size_of::<MapRequest>() as u32 + 16;
        request.length = 4096;
        request.protection = 3;
        request.handle = NONE as u64;
        let mut longer = request.as_bytes().to_vec();
        longer.extend([0; 16]);
        let place = push(scarlet.user, &longer);
        assert!(scarlet.call(Call::Map, &[place]).is_ok());
        // A newer program asks for something that this kernel does not know.
        if let Some(last) = longer.last_mut() {
            *last = 1;
        }
        let place = push(scarlet.user, &longer);
        error(
            scarlet.call(Call::Map, &[place]),
            ErrorCode::InvalidArgument,
        );
        // An older program knows only the beginning of an answer, a newer one more than there is.
        let place = push(scarlet.user, &[0xaa; 64]);
        assert_eq!(scarlet.call(Call::MemoryInfo, &[place, 8]), Ok(0));
        assert_eq!(word32(scarlet.user, place), size_of::<MemoryInfo>() as u32);
        assert_eq!(bytes(scarlet.user, place + 8, 8), [0xaa; 8]);
        assert_eq!(scarlet.call(Call::MemoryInfo, &[place, 64]), Ok(0));
        assert_eq!(bytes(scarlet.user, place + 48, 16), [0; 16]);
        error(
            scarlet.call(Call::MemoryInfo, &[place, 2]),
            ErrorCode::InvalidArgument,
        );
        error(
            scarlet.call(Call::MemoryInfo, &[place, 1 << 20]),
            ErrorCode::InvalidArgument,
        );
    });
}

#[test]
fn rights_only_shrink_and_are_enforced() {
    scarlet(|scarlet| {
        let all = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE;
        let file = open(scarlet, "/tmp/file", all).unwrap();
        scarlet.write(file, b"text").unwrap();
        let few = (Rights::READ | Rights::SEEK | Rights::DUPLICATE).bits() as usize;
        let reader = scarlet.call(Call::Duplicate, &[file, 0, few, 0]).unwrap();
        assert_eq!(scarlet.call(Call::Seek, &[reader, 0, 0]), Ok(0));
        assert_eq!(scarlet.read(reader, 9).unwrap(), b"text");
        error(scarlet.write(reader, b"no"), ErrorCode::NotPermitted);
        error(
            scarlet.call(Call::Truncate, &[reader, 0]),
            ErrorCode::NotPermitted,
        );
        let more = few | Rights::WRITE.bits() as usize;
        error(
            scarlet.call(Call::Duplicate, &[reader, 0, more, 0]),
            ErrorCode::NotPermitted,
        );
        let silent = scarlet.call(Call::Duplicate, &[reader, 0, 0, 0]).unwrap();
        error(scarlet.read(silent, 1), ErrorCode::NotPermitted);
        error(
            scarlet.call(Call::Duplicate, &[silent, 0, 0, 0]),
            ErrorCode::NotPermitted,
        );
        let place = scarlet.user.allocate(96);
        error(
            scarlet.call(Call::HandleStatus, &[silent, place, 96]),
            ErrorCode::NotPermitted,
        );
        let size = size_of::<HandleInfo>();
        assert_eq!(
            scarlet.call(Call::HandleInfo, &[reader, place, size]),
            Ok(0)
        );
        assert_eq!(word32(scarlet.user, place + 4) as usize, few);
        // Below a directory held without the right to change it, nothing can be made.
        let directory = open(scarlet, "/tmp", OpenFlags::READ | OpenFlags::DIRECTORY).unwrap();
        let look = (Rights::READ | Rights::EXECUTE).bits() as usize;
        let directory = scarlet
            .call(Call::Duplicate, &[directory, 0, look, 0])
            .unwrap();
        let name = push(scarlet.user, b"file");
        assert!(
            scarlet
                .call(Call::Open, &[directory, name, 4, 1, 0])
                .is_ok()
        );
        error(
            scarlet.call(Call::MakeDirectory, &[directory, name, 3, 0o755]),
            ErrorCode::NotPermitted,
        );
        error(
            scarlet.call(Call::Remove, &[directory, name, 4, 0]),
            ErrorCode::NotPermitted,
        );
    });
}

/// Starts `/child` with these handles.
fn spawn(scarlet: &mut Scarlet<'_>, handles: &[HandleMapping]) -> Result<usize, i32> {
    let path = push(scarlet.user, b"/child");
    let text = Bytes {
        address: path as u64,
        length: 6,
    };
    let arguments = record(scarlet, &text);
    let handle_count = handles.len() as u64;
    let handles = push(scarlet.user, handles.as_bytes());
    let request = SpawnRequest {
        size: size_of::<SpawnRequest>() as u32,
        directory: CURRENT_DIRECTORY as u64,
        path: text,
        arguments: arguments as u64,
        argument_count: 1,
        handles: handles as u64,
        handle_count,
        working_directory: CURRENT_DIRECTORY as u64,
        terminal: u32::MAX,
        ..SpawnRequest::default()
    };
    let request = record(scarlet, &request);
    scarlet.call(Call::Spawn, &[request])
}

fn mapping(target: usize, source: usize, rights: u32) -> HandleMapping {
    HandleMapping {
        target: target as u32,
        source: source as u32,
        rights,
        reserved: 0,
    }
}

#[test]
fn a_child_gets_the_handles_of_the_map_and_no_others() {
    System::new()
        .scarlet("/init", |scarlet| {
            let (reading, writing) = scarlet.pipe().unwrap();
            let only_write = (Rights::WRITE | Rights::TRANSFER).bits();
            let child = spawn(scarlet, &[mapping(7, writing, only_write)]).unwrap();
            scarlet.close(writing).unwrap();
            assert_eq!(scarlet.read(reading, 64).unwrap(), b"from the child");
            assert_eq!(scarlet.read(reading, 64).unwrap(), b"");
            assert_eq!(scarlet.wait().unwrap(), (child, 1, 5));
            // A handle that is not there, rights that it does not have, a program that is not there.
            error(
                spawn(scarlet, &[mapping(0, 99, u32::MAX)]),
                ErrorCode::BadHandle,
            );
            let too_much = Rights::WRITE.bits();
            error(
                spawn(scarlet, &[mapping(0, reading, too_much)]),
                ErrorCode::NotPermitted,
            );
            error(scarlet.wait(), ErrorCode::NoChild);
        })
        .scarlet("/child", |scarlet| {
            for handle in (0..7).chain(8..32) {
                error(scarlet.close(handle), ErrorCode::BadHandle);
            }
            error(
                scarlet.call(Call::Duplicate, &[7, 0, SAME_RIGHTS, 0]),
                ErrorCode::NotPermitted,
            );
            scarlet.write(7, b"from the child").unwrap();
            scarlet.exit(5);
        })
        .check();
}

#[test]
fn execute_keeps_what_is_not_marked() {
    System::new()
        .scarlet("/init", |scarlet| {
            let kept = scarlet
                .call(Call::Duplicate, &[1, 10, SAME_RIGHTS, 0])
                .unwrap();
            let marked = HandleFlags::CLOSE_ON_EXECUTE.bits() as usize;
            let gone = scarlet
                .call(Call::Duplicate, &[1, 20, SAME_RIGHTS, marked])
                .unwrap();
            assert_eq!((kept, gone), (10, 20));
            let path = push(scarlet.user, b"/child");
            let request = SpawnRequest {
                size: size_of::<SpawnRequest>() as u32,
                directory: CURRENT_DIRECTORY as u64,
                path: Bytes {
                    address: path as u64,
                    length: 6,
                },
                ..SpawnRequest::default()
            };
            let request = record(scarlet, &request);
            let failed = scarlet.call(Call::Execute, &[request]);
            panic!("still here: {failed:?}");
        })
        .scarlet("/child", |scarlet| {
            assert!(scarlet.close(10).is_ok());
            error(scarlet.close(20), ErrorCode::BadHandle);
        })
        .check();
}
