//! pselect6: readiness of three sets of descriptors.

use alloc::vec;
use alloc::vec::Vec;
use base::wait::Waiter;
use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};
use object::{Object, PollRegistration};

use super::poll::deadline;
use super::readiness::{found, interest, until_found};
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::*;
use crate::signal::mask::with_temporary_mask;

/// Which bits make a descriptor ready in each of the sets (select(2), "Correspondence between
/// select() and poll() notifications").
const READ_SET: u32 = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR;
const WRITE_SET: u32 = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR;
const EXCEPT_SET: u32 = POLLPRI;

/// One set: where it is in the program's memory, what was asked, what was found.
struct Set {
    address: usize,
    events: u32,
    asked: Vec<u8>,
    found: Vec<u8>,
}

impl Set {
    fn read(address: usize, events: u32, bytes: usize) -> Result<Set> {
        let mut asked = vec![0; bytes];
        if address != 0 {
            mem::user::read_bytes(address, &mut asked)?;
        }
        Ok(Set {
            address,
            events,
            asked,
            found: vec![0; bytes],
        })
    }

    fn asks(&self, descriptor: usize) -> bool {
        self.asked[descriptor / 8] & (1 << (descriptor % 8)) != 0
    }

    fn mark(&mut self, descriptor: usize) {
        self.found[descriptor / 8] |= 1 << (descriptor % 8);
    }

    fn write(&self) -> Result<()> {
        if self.address == 0 {
            Ok(())
        } else {
            mem::user::write_bytes(self.address, &self.found)
        }
    }
}

/// A descriptor in any of the sets.
struct Selected {
    descriptor: usize,
    object: Object,
    events: u32,
}

/// pselect6(2).
pub(crate) fn pselect6(
    call: &mut Call<'_>,
    count: i32,
    read: usize,
    write: usize,
    except: usize,
    timeout: UserPtr<TimeSpecification>,
    mask: UserPtr<SignalMaskArgument>,
) -> Result<usize> {
    let count = usize::try_from(count).map_err(|_| Error::InvalidArgument)?;
    let count = count.min(call.handles().limit());
    let deadline = deadline(call, timeout)?;
    let mask = match mask.non_null() {
        Some(pointer) => {
            let argument = pointer.read()?;
            UserSlice::new(argument.address as usize, argument.size as usize)
        }
        None => UserSlice::new(0, 0),
    };
    // Sets are read and written in whole longs.
    let bytes = count.div_ceil(64) * 8;
    let mut sets = [
        Set::read(read, READ_SET, bytes)?,
        Set::read(write, WRITE_SET, bytes)?,
        Set::read(except, EXCEPT_SET, bytes)?,
    ];
    let selected = select_objects(call, &sets, count)?;
    let ready = with_temporary_mask(call, mask, |_| {
        let waiter = Waiter::new();
        let mut registration = PollRegistration::new(waiter.clone());
        until_found(deadline, &waiter, |first| {
            let mut ready = 0;
            for entry in &selected {
                let register = (first && ready == 0).then_some(&mut registration);
                let bits = entry.object.poll(interest(entry.events), register);
                let bits = found(bits, entry.events);
                for set in &mut sets {
                    if set.asks(entry.descriptor) && bits & set.events != 0 {
                        set.mark(entry.descriptor);
                        ready += 1;
                    }
                }
            }
            Ok(ready)
        })
    })?;
    for set in &sets {
        set.write()?;
    }
    write_back_remaining(timeout, deadline);
    Ok(ready)
}

fn select_objects(call: &Call<'_>, sets: &[Set; 3], count: usize) -> Result<Vec<Selected>> {
    let mut selected = Vec::new();
    for descriptor in 0..count {
        let asked = sets.iter().filter(|set| set.asks(descriptor));
        let events = asked.fold(0, |events, set| events | set.events);
        if events == 0 {
            continue;
        }
        match call.object(Fd(descriptor as i32)) {
            Ok(object) => selected.push(Selected {
                descriptor,
                object,
                events,
            }),
            // Linux looks no further than its table of descriptors reaches.
            Err(_) if descriptor >= table_size(call) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(selected)
}

/// How many descriptors Linux's table would have room for: 64, or, once one of these numbers or above is
/// open, a multiple of 128.
fn table_size(call: &Call<'_>) -> usize {
    match call.handles().highest().unwrap_or(0) {
        0..64 => 64,
        highest => (highest / 128 + 1).next_power_of_two() * 128,
    }
}

/// Linux tells what was left of the timeout; a program that keeps it in read-only memory is not
/// punished (select(2), "Linux system call").
fn write_back_remaining(
    timeout: UserPtr<TimeSpecification>,
    deadline: Option<base::time::Instant>,
) {
    if let Some(deadline) = deadline {
        let left = deadline.since(base::time::now());
        let _ = timeout.write(&TimeSpecification::from_duration(left));
    }
}
