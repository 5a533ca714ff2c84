//! The native calls that the tests make. Errors are the native numbers.

use crate::memory::{bytes, push, word32};
use hal::hosted::User;
use scarlet_abi::environment::{EnvironmentInfo, EnvironmentRequest};
use scarlet_abi::file::OpenFlags;
use scarlet_abi::memory::{MapRequest, Protection};
use scarlet_abi::process::{Bytes, SpawnFlags, SpawnRequest};
use scarlet_abi::{CURRENT_DIRECTORY, Call, ErrorCode};
use zerocopy::{FromBytes, IntoBytes};

/// What a call gives: a value, or an error number.
pub type Answer<T> = Result<T, i32>;

/// A program's side of the native ABI.
pub struct Scarlet<'a> {
    /// The bare hands below.
    pub user: &'a mut User,
}

impl<'a> Scarlet<'a> {
    /// The ABI in a program's hands.
    pub fn new(user: &'a mut User) -> Scarlet<'a> {
        Scarlet { user }
    }

    /// Makes a call.
    pub fn call(&mut self, call: Call, arguments: &[usize]) -> Answer<usize> {
        let mut registers = [0; 6];
        registers[..arguments.len()].copy_from_slice(arguments);
        answer(self.user.syscall(call as usize, registers))
    }

    /// Runs `work`, and gives back what it took of the stack.
    pub fn scoped<R>(&mut self, work: impl FnOnce(&mut Scarlet<'_>) -> R) -> R {
        let before = self.user.stack_pointer();
        let result = work(&mut Scarlet::new(self.user));
        self.user.set_stack_pointer(before);
        result
    }

    /// `Fork`: the child runs `child` and exits 0 after it.
    pub fn fork(&mut self, child: impl FnOnce(&mut Scarlet<'_>) + 'static) -> Answer<usize> {
        answer(self.user.fork(Call::Fork as usize, [0; 6], move |user| {
            let mut scarlet = Scarlet::new(user);
            child(&mut scarlet);
            scarlet.exit(0)
        }))
    }

    /// `Exit`
    pub fn exit(&mut self, status: i32) {
        let _ = self.call(Call::Exit, &[status as usize]);
    }

    /// `Read`
    pub fn read(&mut self, handle: usize, count: usize) -> Answer<Vec<u8>> {
        self.scoped(|scarlet| {
            let place = scarlet.user.allocate(count);
            let done = scarlet.call(Call::Read, &[handle, place, count])?;
            Ok(bytes(scarlet.user, place, done))
        })
    }

    /// `Write`
    pub fn write(&mut self, handle: usize, from: &[u8]) -> Answer<usize> {
        self.scoped(|scarlet| {
            let place = push(scarlet.user, from);
            scarlet.call(Call::Write, &[handle, place, from.len()])
        })
    }

    /// `Pipe`
    pub fn pipe(&mut self) -> Answer<(usize, usize)> {
        self.scoped(|scarlet| {
            let place = scarlet.user.allocate(8);
            scarlet.call(Call::Pipe, &[place, 0])?;
            let read = word32(scarlet.user, place) as usize;
            Ok((read, word32(scarlet.user, place + 4) as usize))
        })
    }

    /// `Close`
    pub fn close(&mut self, handle: usize) -> Answer<usize> {
        self.call(Call::Close, &[handle])
    }

    /// `Wait` for any child: (process, kind, value).
    pub fn wait(&mut self) -> Answer<(usize, u32, u32)> {
        self.scoped(|scarlet| {
            let size = size_of::<scarlet_abi::process::WaitStatus>();
            let place = scarlet.user.allocate(size);
            let arguments = [scarlet_abi::process::ANY_CHILD as usize, 0, place, size];
            let child = scarlet.call(Call::Wait, &arguments)?;
            Ok((
                child,
                word32(scarlet.user, place + 4),
                word32(scarlet.user, place + 8),
            ))
        })
    }

    /// `CreateEnvironment` with [`scarlet_abi::environment::EnvironmentFlags`]; 0 threads or bytes for no limit.
    pub fn create_environment(&mut self, flags: u32, threads: u64, memory: u64) -> Answer<usize> {
        self.scoped(|scarlet| {
            let name = push(scarlet.user, b"test") as u64;
            let request = EnvironmentRequest {
                size: size_of::<EnvironmentRequest>() as u32,
                flags,
                name: Bytes {
                    address: name,
                    length: 4,
                },
                abi: Bytes::default(),
                threads,
                memory,
            };
            let request = push(scarlet.user, request.as_bytes());
            scarlet.call(Call::CreateEnvironment, &[request])
        })
    }

    /// `EnvironmentInfo`
    pub fn environment_info(&mut self, environment: usize) -> Answer<EnvironmentInfo> {
        self.scoped(|scarlet| {
            let size = size_of::<EnvironmentInfo>();
            let place = scarlet.user.allocate(size);
            scarlet.call(Call::EnvironmentInfo, &[environment, place, size])?;
            let bytes = bytes(scarlet.user, place, size);
            Ok(EnvironmentInfo::read_from_bytes(&bytes).expect("as long as it is"))
        })
    }

    /// `Spawn` of a program without arguments and handles, inside an environment.
    pub fn spawn_inside(&mut self, path: &str, environment: Option<usize>) -> Answer<usize> {
        self.scoped(|scarlet| {
            let text = push(scarlet.user, path.as_bytes());
            let text = Bytes {
                address: text as u64,
                length: path.len() as u64,
            };
            let flags = environment.map_or(SpawnFlags::empty(), |_| SpawnFlags::INSIDE);
            let request = SpawnRequest {
                size: size_of::<SpawnRequest>() as u32,
                flags: flags.bits(),
                directory: CURRENT_DIRECTORY as u64,
                path: text,
                arguments: push(scarlet.user, text.as_bytes()) as u64,
                argument_count: 1,
                working_directory: CURRENT_DIRECTORY as u64,
                terminal: u32::MAX,
                inside: environment.unwrap_or(0) as u32,
                ..SpawnRequest::default()
            };
            let request = push(scarlet.user, request.as_bytes());
            scarlet.call(Call::Spawn, &[request])
        })
    }

    /// `Map` of fresh memory, to read and write.
    pub fn map(&mut self, length: usize) -> Answer<usize> {
        self.scoped(|scarlet| {
            let request = MapRequest {
                size: size_of::<MapRequest>() as u32,
                length: length as u64,
                protection: (Protection::READ | Protection::WRITE).bits(),
                handle: scarlet_abi::NONE as u64,
                ..MapRequest::default()
            };
            let request = push(scarlet.user, request.as_bytes());
            scarlet.call(Call::Map, &[request])
        })
    }

    /// Makes a call whose first argument is a path from the working directory (three registers),
    /// after `before` and followed by `after`.
    pub fn call_path(
        &mut self,
        call: Call,
        before: &[usize],
        path: &str,
        after: &[usize],
    ) -> Answer<usize> {
        self.scoped(|scarlet| {
            let address = push(scarlet.user, path.as_bytes());
            let mut arguments = Vec::from(before);
            arguments.extend([CURRENT_DIRECTORY, address, path.len()]);
            arguments.extend(after);
            scarlet.call(call, &arguments)
        })
    }

    /// `Open`
    pub fn open(&mut self, path: &str, flags: OpenFlags) -> Answer<usize> {
        self.call_path(Call::Open, &[], path, &[flags.bits() as usize, 0o644])
    }
}

fn answer(result: usize) -> Answer<usize> {
    if (result as isize) < 0 {
        Err(-(result as isize) as i32)
    } else {
        Ok(result)
    }
}

/// The number of an error.
pub fn number(code: ErrorCode) -> i32 {
    code as i32
}
