//! ppoll: readiness of a list of descriptors.

use alloc::vec::Vec;
use base::time::Instant;
use base::wait::Waiter;
use base::{Error, Result, Room};
use mem::user::{UserPtr, UserSlice};
use object::{Object, PollRegistration, Ready};

use super::readiness::{found, interest, until_found};
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::{POLLNVAL, PollFd, TimeSpecification};
use crate::signal::mask::with_temporary_mask;

/// The moment a timeout argument names: `None` for no limit. A call that starts again after an
/// interruption goes on with the moment it computed the first time.
pub(crate) fn deadline(
    call: &Call<'_>,
    timeout: UserPtr<TimeSpecification>,
) -> Result<Option<Instant>> {
    let Some(timeout) = timeout.non_null() else {
        return Ok(None);
    };
    let duration = timeout.read()?.to_duration()?;
    Ok(Some(call.deadline_after(duration)?))
}

/// One descriptor being polled.
struct Polled {
    record: PollFd,
    object: Option<Object>,
}

impl Polled {
    fn new(call: &Call<'_>, record: PollFd) -> Polled {
        let object = match record.descriptor {
            negative if negative < 0 => None,
            descriptor => call.object(Fd(descriptor)).ok(),
        };
        Polled { record, object }
    }

    /// Looks at it, leaving a registration if given one.
    fn look(&mut self, registration: Option<&mut PollRegistration>) -> bool {
        let events = u32::from(self.record.events);
        let bits = match &self.object {
            Some(object) => {
                let ready: Ready = object.poll(interest(events), registration);
                found(ready, events)
            }
            None if self.record.descriptor < 0 => 0,
            None => POLLNVAL,
        };
        self.record.found = bits as u16;
        bits != 0
    }
}

/// ppoll(2).
pub(crate) fn ppoll(
    call: &mut Call<'_>,
    files: UserPtr<PollFd>,
    count: u32,
    timeout: UserPtr<TimeSpecification>,
    mask: UserSlice,
) -> Result<usize> {
    let count = count as usize;
    if count > call.handles().limit() {
        return Err(Error::InvalidArgument);
    }
    let deadline = deadline(call, timeout)?;
    let mut polled = Vec::new();
    polled.make_room(count)?;
    for record in files.read_many(count)? {
        polled.push(Polled::new(call, record));
    }
    let ready = with_temporary_mask(call, mask, |_| {
        let waiter = Waiter::new();
        let mut registration = PollRegistration::new(waiter.clone());
        until_found(deadline, &waiter, |first| {
            let mut ready = 0;
            for entry in &mut polled {
                // Once something is ready nobody will sleep: no need to register any more.
                let register = first && ready == 0;
                ready += usize::from(entry.look(register.then_some(&mut registration)));
            }
            Ok(ready)
        })
    })?;
    for (index, entry) in polled.iter().enumerate() {
        files.offset(index).write(&entry.record)?;
    }
    Ok(ready)
}
