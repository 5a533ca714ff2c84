//! The calls of epoll: epoll_create1, epoll_ctl, epoll_pwait, epoll_pwait2.

use alloc::sync::Arc;
use base::time::{Duration, Instant};
use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};
use object::{File, FileKind, Rights};

use super::epoll::{CreateFlags, Epoll};
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::*;
use crate::signal::mask::with_temporary_mask;

/// epoll_create1(2).
pub(crate) fn epoll_create1(call: &mut Call<'_>, flags: CreateFlags) -> Result<usize> {
    call.install(Epoll::new(), flags.contains(CreateFlags::CLOSE_ON_EXEC))
}

fn set_of(file: &Arc<dyn File>) -> Result<&Epoll> {
    file.downcast::<Epoll>().ok_or(Error::InvalidArgument)
}

/// Events that may stand beside `EPOLLEXCLUSIVE`.
const EXCLUSIVE_OK: u32 =
    POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

/// epoll_ctl(2).
pub(crate) fn epoll_ctl(
    call: &mut Call<'_>,
    epoll: Fd,
    operation: i32,
    file: Fd,
    event: UserPtr<EpollEvent>,
) -> Result<usize> {
    const ADD: i32 = 1;
    const DELETE: i32 = 2;
    const MODIFY: i32 = 3;
    let event = if operation == DELETE {
        EpollEvent::default()
    } else {
        event.read()?
    };
    let watched = call.file(file, Rights::empty())?;
    let set = call.file(epoll, Rights::empty())?;
    // Regular files and directories are always ready: epoll refuses them (epoll_ctl(2), EPERM).
    let always_ready = matches!(
        watched.status()?.kind,
        FileKind::Regular | FileKind::Directory
    );
    if always_ready && !watched.can_be_awaited() {
        return Err(Error::NotPermitted);
    }
    if Arc::ptr_eq(&watched, &set) {
        return Err(Error::InvalidArgument);
    }
    let set = set_of(&set)?;
    if event.events & EPOLLEXCLUSIVE != 0
        && (operation == MODIFY || event.events & !EXCLUSIVE_OK != 0 || set_of(&watched).is_ok())
    {
        return Err(Error::InvalidArgument);
    }
    match operation {
        ADD => set.add(file.0, &watched, event)?,
        DELETE => set.remove(file.0, &watched)?,
        MODIFY => set.modify(file.0, &watched, event)?,
        _ => return Err(Error::InvalidArgument),
    }
    Ok(0)
}

fn wait(
    call: &mut Call<'_>,
    epoll: Fd,
    events: UserPtr<EpollEvent>,
    count: i32,
    deadline: Option<Instant>,
    mask: UserSlice,
) -> Result<usize> {
    const MOST: usize = i32::MAX as usize / size_of::<EpollEvent>();
    let most = usize::try_from(count)
        .ok()
        .filter(|count| (1..=MOST).contains(count));
    let most = most.ok_or(Error::InvalidArgument)?;
    let file = call.file(epoll, Rights::empty())?;
    let set = set_of(&file)?;
    let found = with_temporary_mask(call, mask, |_| set.wait(most, deadline))?;
    events.write_many(&found)?;
    Ok(found.len())
}

/// epoll_pwait(2).
pub(crate) fn epoll_pwait(
    call: &mut Call<'_>,
    epoll: Fd,
    events: UserPtr<EpollEvent>,
    count: i32,
    milliseconds: i32,
    mask: UserSlice,
) -> Result<usize> {
    let deadline = u64::try_from(milliseconds).ok();
    let deadline = deadline.map(|time| base::time::now() + Duration::from_millis(time));
    wait(call, epoll, events, count, deadline, mask)
}

/// epoll_pwait2(2).
pub(crate) fn epoll_pwait2(
    call: &mut Call<'_>,
    epoll: Fd,
    events: UserPtr<EpollEvent>,
    count: i32,
    timeout: UserPtr<TimeSpecification>,
    mask: UserSlice,
) -> Result<usize> {
    let deadline = match timeout.non_null() {
        Some(timeout) => Some(base::time::now() + timeout.read()?.to_duration()?),
        None => None,
    };
    wait(call, epoll, events, count, deadline, mask)
}
