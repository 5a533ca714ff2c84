//! Waiting for several handles.

use alloc::vec::Vec;

use base::wait::Waiter;
use base::{Error, Result, Room};
use mem::user::UserPtr;
use object::{Object, PollRegistration, Ready, Rights};
use scarlet_abi::poll as contract;
use scarlet_abi::poll::PollEntry;

use crate::arguments::HandleNumber;
use crate::handles::handle;
use crate::invocation::Invocation;

fn to_kernel(ready: contract::Ready) -> Ready {
    let mut kernel = Ready::empty();
    kernel.set(Ready::READ, ready.contains(contract::Ready::READ));
    kernel.set(Ready::WRITE, ready.contains(contract::Ready::WRITE));
    kernel.set(Ready::PRIORITY, ready.contains(contract::Ready::PRIORITY));
    kernel
}

fn from_kernel(ready: Ready) -> contract::Ready {
    let mut told = contract::Ready::empty();
    told.set(contract::Ready::READ, ready.contains(Ready::READ));
    told.set(contract::Ready::WRITE, ready.contains(Ready::WRITE));
    told.set(contract::Ready::ERROR, ready.contains(Ready::ERROR));
    told.set(
        contract::Ready::HANG_UP,
        ready.intersects(Ready::HANG_UP | Ready::READ_HANG_UP),
    );
    told.set(contract::Ready::PRIORITY, ready.contains(Ready::PRIORITY));
    told
}

pub(crate) fn poll(
    call: &mut Invocation<'_>,
    entries: UserPtr<PollEntry>,
    count: usize,
    timeout_ns: usize,
) -> Result<usize> {
    if count > contract::MAXIMUM {
        return Err(Error::InvalidArgument);
    }
    let mut list = entries.read_many(count)?;
    let mut objects: Vec<Option<(Object, Ready)>> = Vec::new();
    objects.make_room(count)?;
    for entry in &list {
        let interest = contract::Ready::from_bits(entry.interest).ok_or(Error::InvalidArgument)?;
        objects.push(if entry.handle == u32::MAX {
            None
        } else {
            let number = HandleNumber(entry.handle as usize);
            Some((
                handle(call, number, Rights::WAIT)?.object,
                to_kernel(interest),
            ))
        });
    }
    let deadline = call.deadline(timeout_ns);
    let ready = wait(&mut list, &objects, deadline, timeout_ns == 0)?;
    entries.write_many(&list)?;
    Ok(ready)
}

/// Looks, and sleeps until there is something to see.
fn wait(
    list: &mut [PollEntry],
    objects: &[Option<(Object, Ready)>],
    deadline: Option<base::time::Instant>,
    only_look: bool,
) -> Result<usize> {
    let waiter = Waiter::new();
    loop {
        waiter.reset();
        let mut registration = PollRegistration::new(waiter.clone());
        let mut count = 0;
        for (entry, object) in list.iter_mut().zip(objects) {
            let Some((object, interest)) = object else {
                entry.ready = 0;
                continue;
            };
            // Once something is ready nobody will sleep, so nobody need be woken.
            let registration = (count == 0 && !only_look).then_some(&mut registration);
            let ready = object.poll(*interest, registration) & (*interest | Ready::ALWAYS);
            entry.ready = from_kernel(ready).bits();
            count += usize::from(entry.ready != 0);
        }
        if count > 0 || only_look {
            return Ok(count);
        }
        match waiter.wait(deadline, true) {
            Ok(()) => {}
            Err(Error::TimedOut) => return Ok(0),
            Err(error) => return Err(error),
        }
    }
}
