//! ioctl: what every descriptor understands, then what its kind of file does.

use base::{Error, Result};
use ipc::local::LocalSocket;
use ipc::pipe::PipeFile;
use mem::user::UserPtr;
use object::{File, FileKind, Rights, SeekFrom, StatusFlags};

use super::terminal;
use crate::arguments::Fd;
use crate::call::Call;
use crate::events::watches::WatchQueue;
use crate::layout::request::*;
use crate::process::namespaces;

/// ioctl(2). What nobody understands is `ENOTTY`.
pub(crate) fn ioctl(call: &mut Call<'_>, file: Fd, request: u32, argument: usize) -> Result<usize> {
    let handle = call.handle(file)?;
    let opened = handle.file(Rights::empty())?;
    if super::paths::open_file(opened).is_some_and(|file| file.is_path_only()) {
        return Err(Error::BadHandle);
    }
    match request {
        FIOCLEX | FIONCLEX => {
            call.handles()
                .set_close_on_exec(file.slot()?, request == FIOCLEX)?;
            return Ok(0);
        }
        FIOASYNC => {
            let on = UserPtr::<i32>::from(argument).read()? != 0;
            let mut flags = opened.status_flags();
            flags.set(StatusFlags::ASYNC, on);
            super::owner::set_flags(opened, file, flags)?;
            // What has nothing to tell of stays as it is.
            return match opened.status_flags().contains(StatusFlags::ASYNC) == on {
                true => Ok(0),
                false => Err(Error::NotTerminal),
            };
        }
        FIONBIO => {
            let on = UserPtr::<i32>::from(argument).read()? != 0;
            let mut flags = opened.status_flags();
            flags.set(StatusFlags::NONBLOCK, on);
            opened.set_status_flags(flags)?;
            return Ok(0);
        }
        _ => {}
    }
    if let Some(result) = terminal::ioctl(call, opened, request, argument)? {
        return Ok(result);
    }
    if let Some(result) = super::block::ioctl(call, &**opened, request, argument)? {
        return Ok(result);
    }
    if let Some(result) = super::loops::ioctl(call, &**opened, request, argument)? {
        return Ok(result);
    }
    if let Some(result) = super::extents::ioctl(call, &**opened, request, argument)? {
        return Ok(result);
    }
    if let Some(result) = super::marks::ioctl(call, &**opened, request, argument)? {
        return Ok(result);
    }
    if let Some(result) = namespaces::ioctl(&**opened, request, argument)? {
        return Ok(result);
    }
    match request {
        TIOCOUTQ => {
            let socket = opened.downcast::<LocalSocket>().ok_or(Error::NotTerminal)?;
            let unread = i32::try_from(socket.unread()).unwrap_or(i32::MAX);
            UserPtr::<i32>::from(argument).write(&unread)?;
            Ok(0)
        }
        FIONREAD => {
            UserPtr::<i32>::from(argument).write(&readable(&**opened)?)?;
            Ok(0)
        }
        // No file system here shares blocks between files.
        FICLONE | FICLONERANGE if is_bytes(&**opened) => Err(Error::Unsupported),
        RNDGETENTCNT if is_random(&**opened) => {
            UserPtr::<i32>::from(argument).write(&POOL_BITS)?;
            Ok(0)
        }
        _ => Err(Error::NotTerminal),
    }
}

/// Bits of randomness that the generator answers with: it is seeded, or nobody gets any.
const POOL_BITS: i32 = 256;

fn is_bytes(file: &dyn File) -> bool {
    matches!(file.status(), Ok(status) if status.kind == FileKind::Regular)
}

/// `/dev/random` and `/dev/urandom`.
fn is_random(file: &dyn File) -> bool {
    matches!(file.status(), Ok(status) if status.kind == FileKind::CharacterDevice
        && status.device_major == 1
        && matches!(status.device_minor, 8 | 9))
}

/// How many bytes a read would give now.
fn readable(file: &dyn File) -> Result<i32> {
    let count = if let Some(pipe) = file.downcast::<PipeFile>() {
        pipe.channel().length()
    } else if let Some(socket) = file.downcast::<LocalSocket>() {
        socket.available()?
    } else if let Some(queue) = file.downcast::<WatchQueue>() {
        queue.available()
    } else {
        let status = file.status()?;
        if status.kind != FileKind::Regular {
            return Err(Error::NotTerminal);
        }
        status.size.saturating_sub(file.seek(SeekFrom::Current(0))?) as usize
    };
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}
