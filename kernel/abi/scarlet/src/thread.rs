//! Threads, and sleeping on a word.

use base::{Error, Result};
use hal::user::UserContext;
use mem::AddressSpace;
use mem::user::UserPtr;
use proc::ThreadOptions;
use scarlet_abi::thread::ThreadRequest;

use crate::arguments::{Argument, Words};
use crate::invocation::Invocation;
use crate::records;

/// Any wake-up will do.
const ALL_BITS: u32 = u32::MAX;

pub(crate) fn create(
    call: &mut Invocation<'_>,
    caller: &mut UserContext,
    words: &mut Words<'_>,
) -> Result<Option<usize>> {
    let request: ThreadRequest = records::read(UserPtr::take(words)?)?;
    if request.flags != 0 || !request.stack.is_multiple_of(16) {
        return Err(Error::InvalidArgument);
    }
    let mut context = UserContext::new(request.entry as usize, request.stack as usize);
    context.set_argument(0, request.argument as usize);
    context.set_tls(request.thread_pointer as usize);
    copy_global_pointer(caller, &mut context);
    let clear_on_exit = (request.clear_on_exit != 0).then_some(request.clear_on_exit as usize);
    if clear_on_exit.is_some_and(|address| !address.is_multiple_of(4)) {
        return Err(Error::InvalidArgument);
    }
    let options = ThreadOptions {
        clear_on_exit,
        ..ThreadOptions::default()
    };
    let thread = proc::spawn_thread(call.task, context, &options)?;
    Ok(Some(thread.id() as usize))
}

/// A RISC-V program reaches its data through a register that is the same in all its threads.
#[cfg(target_arch = "riscv64")]
fn copy_global_pointer(from: &UserContext, to: &mut UserContext) {
    to.registers_mut().x[3] = from.registers().x[3];
}

#[cfg(not(target_arch = "riscv64"))]
fn copy_global_pointer(_from: &UserContext, _to: &mut UserContext) {}

pub(crate) fn exit(call: &mut Invocation<'_>) -> Result<usize> {
    proc::end_thread(call.task, 0);
    Ok(0)
}

pub(crate) fn id(call: &mut Invocation<'_>) -> Result<usize> {
    Ok(call.task.id() as usize)
}

pub(crate) fn futex_wait(
    call: &mut Invocation<'_>,
    address: usize,
    expected: u32,
    timeout_ns: usize,
) -> Result<usize> {
    let space = AddressSpace::current().ok_or(Error::NoSuchProcess)?;
    let key = ipc::futex::Key::new(&space, address, true)?;
    let deadline = call.deadline(timeout_ns);
    ipc::futex::wait(key, address, expected, ALL_BITS, deadline)?;
    Ok(0)
}

pub(crate) fn futex_wake(
    _call: &mut Invocation<'_>,
    address: usize,
    count: usize,
) -> Result<usize> {
    let space = AddressSpace::current().ok_or(Error::NoSuchProcess)?;
    Ok(ipc::futex::wake(
        ipc::futex::Key::new(&space, address, true)?,
        count,
        ALL_BITS,
    ))
}

pub(crate) fn give_way(_call: &mut Invocation<'_>) -> Result<usize> {
    base::thread::yield_now();
    Ok(0)
}
