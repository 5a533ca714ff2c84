//! The table of system calls, as data.
//!
//! Each line gives number, name and typed arguments of a call, and the function that serves it.
//! Dispatch and documentation read the same lines. `with registers` the function gets all of the
//! program's registers, too, after the call.

use base::Result;
use hal::user::{CallRegisters, UserContext};

use crate::arguments::{Argument, Buffer, Descriptor, Text};
use crate::call::{Call, Outcome};
use crate::{file_calls, memory_calls, name_calls, process_calls};
use mem::user::UserPtr;

/// One argument, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentDescription {
    /// Its name.
    pub name: &'static str,
    /// What it is: `int`, `descriptor`, `string`, `buffer`, `pointer`.
    pub kind: &'static str,
}

/// One line of the table.
pub struct SystemCall {
    /// The number in `a7`.
    pub number: usize,
    /// The name in C.
    pub name: &'static str,
    /// The arguments, from `a0` on.
    pub arguments: &'static [ArgumentDescription],
    pub(crate) serve: Serve,
}

/// What serves a call: takes its arguments from the registers and runs.
#[derive(Clone, Copy)]
pub(crate) enum Serve {
    /// Nearly every one.
    Plain(fn(&mut Call<'_>, &CallRegisters<'_>) -> Result<Outcome>),
    /// One that copies or replaces all registers.
    WithRegisters(fn(&mut Call<'_>, &mut UserContext) -> Result<Outcome>),
}

impl SystemCall {
    /// The call of that number.
    pub fn find(number: usize) -> Option<&'static SystemCall> {
        CALLS.get(number.checked_sub(1)?)
    }
}

macro_rules! serve {
    ($function:path; $($argument:ident: $kind:ty),*) => {
        Serve::Plain(|call, _registers| {
            let mut _index = 0..;
            $(let $argument = next::<$kind>(_registers, &mut _index);)*
            $function(call $(, $argument)*).map(Outcome::from)
        })
    };
    (registers $function:path; $($argument:ident: $kind:ty),*) => {
        Serve::WithRegisters(|call, context| {
            let _registers = context.call();
            let mut _index = 0..;
            $(let $argument = next::<$kind>(&_registers, &mut _index);)*
            $function(call, context $(, $argument)*).map(Outcome::from)
        })
    };
}

/// The next argument out of the registers.
#[inline]
fn next<T: Argument>(registers: &CallRegisters<'_>, index: &mut core::ops::RangeFrom<usize>) -> T {
    T::from_register(index.next().map_or(0, |index| registers.argument(index)))
}

macro_rules! calls {
    ($($number:literal $name:ident($($argument:ident: $kind:ty),*) $(with $registers:ident)? = $function:path;)*) => {
        /// Every call, by number: the first is number 1.
        pub static CALLS: &[SystemCall] = &[$(
            SystemCall {
                number: $number,
                name: stringify!($name),
                arguments: &[$(
                    ArgumentDescription {
                        name: stringify!($argument),
                        kind: <$kind as Argument>::KIND,
                    },
                )*],
                serve: serve!($($registers)? $function; $($argument: $kind),*),
            },
        )*];
    };
}

calls! {
    1 fork() with registers = process_calls::fork;
    2 exit(status: i32) = process_calls::exit;
    3 wait(status: UserPtr<i32>) = process_calls::wait;
    4 pipe(descriptors: UserPtr<[i32; 2]>) = file_calls::pipe;
    5 read(descriptor: Descriptor, buffer: Buffer, count: i32) = file_calls::read;
    6 kill(process: i32) = process_calls::kill;
    7 exec(path: Text, arguments: UserPtr<u64>) with registers = process_calls::exec;
    8 fstat(descriptor: Descriptor, status: Buffer) = file_calls::fstat;
    9 chdir(path: Text) = name_calls::chdir;
    10 dup(descriptor: Descriptor) = file_calls::dup;
    11 getpid() = process_calls::getpid;
    12 sbrk(increment: i32) = memory_calls::sbrk;
    13 sleep(ticks: i32) = process_calls::sleep;
    14 uptime() = process_calls::uptime;
    15 open(path: Text, mode: i32) = file_calls::open;
    16 write(descriptor: Descriptor, buffer: Buffer, count: i32) = file_calls::write;
    17 mknod(path: Text, major: i32, minor: i32) = name_calls::mknod;
    18 unlink(path: Text) = name_calls::unlink;
    19 link(old: Text, new: Text) = name_calls::link;
    20 mkdir(path: Text) = name_calls::mkdir;
    21 close(descriptor: Descriptor) = file_calls::close;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_its_numbers() {
        for (index, call) in CALLS.iter().enumerate() {
            assert_eq!(call.number, index + 1, "{}", call.name);
        }
        assert_eq!(CALLS.len(), 21);
        assert!(SystemCall::find(0).is_none() && SystemCall::find(22).is_none());
        assert_eq!(SystemCall::find(16).map(|call| call.name), Some("write"));
        assert_eq!(
            SystemCall::find(5).map(|call| call.arguments.len()),
            Some(3)
        );
    }
}
