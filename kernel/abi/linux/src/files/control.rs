//! fcntl: duplicating, flags, record locks, owners, leases, the size of pipes.

use alloc::sync::Arc;
use base::{Error, Result};
use ipc::pipe::PipeFile;
use mem::user::UserPtr;
use object::Rights;

use super::locks::{self, Wait};
use super::paths::open_file;
use super::{descriptors, leases, notify, open, owner, sealing};
use crate::arguments::Fd;
use crate::call::Call;
use crate::layout::{FileLock, FileOwner};
use crate::machine::current::open::O_LARGEFILE;

const FD_CLOEXEC: usize = 1;

/// The commands, by their numbers.
mod command {
    pub(super) const DUPFD: u32 = 0;
    pub(super) const GETFD: u32 = 1;
    pub(super) const SETFD: u32 = 2;
    pub(super) const GETFL: u32 = 3;
    pub(super) const SETFL: u32 = 4;
    pub(super) const GETLK: u32 = 5;
    pub(super) const SETLK: u32 = 6;
    pub(super) const SETLKW: u32 = 7;
    pub(super) const SETOWN: u32 = 8;
    pub(super) const GETOWN: u32 = 9;
    pub(super) const SETSIG: u32 = 10;
    pub(super) const GETSIG: u32 = 11;
    pub(super) const SETOWN_EX: u32 = 15;
    pub(super) const GETOWN_EX: u32 = 16;
    pub(super) const OFD_GETLK: u32 = 36;
    pub(super) const OFD_SETLK: u32 = 37;
    pub(super) const OFD_SETLKW: u32 = 38;
    pub(super) const SETLEASE: u32 = 1024;
    pub(super) const GETLEASE: u32 = 1025;
    pub(super) const NOTIFY: u32 = 1026;
    pub(super) const DUPFD_QUERY: u32 = 1027;
    pub(super) const CREATED_QUERY: u32 = 1028;
    pub(super) const DUPFD_CLOEXEC: u32 = 1030;
    pub(super) const SETPIPE_SZ: u32 = 1031;
    pub(super) const GETPIPE_SZ: u32 = 1032;
    pub(super) const ADD_SEALS: u32 = 1033;
    pub(super) const GET_SEALS: u32 = 1034;
}

/// fcntl(2).
pub(crate) fn fcntl(call: &mut Call<'_>, file: Fd, command: u32, argument: usize) -> Result<usize> {
    use command::*;
    let handle = call.handle(file)?;
    match command {
        DUPFD | DUPFD_CLOEXEC => {
            let minimum = argument as i32;
            let handles = call.handles();
            let minimum = usize::try_from(minimum)
                .ok()
                .filter(|minimum| *minimum < handles.limit());
            let minimum = minimum.ok_or(Error::InvalidArgument)?;
            descriptors::duplicate(call, file, minimum, command == DUPFD_CLOEXEC)
        }
        GETFD => Ok(usize::from(handle.close_on_exec)),
        SETFD => {
            call.handles()
                .set_close_on_exec(file.slot()?, argument & FD_CLOEXEC != 0)?;
            Ok(0)
        }
        GETFL => {
            let file = handle.file(Rights::empty())?;
            let opened = open_file(file);
            let path_only = opened.is_some_and(|file| file.is_path_only());
            // What open made is marked as able to be large, as on every 64-bit Linux.
            let large = if opened.is_some() && !path_only {
                O_LARGEFILE
            } else {
                0
            };
            let bits = open::flags_of(file.access(), file.status_flags(), path_only) | large;
            Ok(bits as usize)
        }
        SETFL => {
            let target = handle.file(Rights::CONTROL)?;
            let flags = open::changed_flags(argument as u32, target.status_flags());
            owner::set_flags(target, file, flags)?;
            Ok(0)
        }
        DUPFD_QUERY => {
            let other = call.handle(Fd(argument as i32))?;
            let (one, two) = (handle.file(Rights::empty())?, other.file(Rights::empty())?);
            Ok(usize::from(Arc::ptr_eq(one, two)))
        }
        CREATED_QUERY => {
            let opened = open_file(handle.file(Rights::empty())?);
            Ok(usize::from(opened.is_some_and(|file| file.is_made())))
        }
        _ if open_file(handle.file(Rights::empty())?).is_some_and(|file| file.is_path_only()) => {
            Err(Error::BadHandle)
        }
        SETOWN => owner::set(call, handle.file(Rights::CONTROL)?, argument as i32),
        GETOWN => Ok(owner::get(call, handle.file(Rights::empty())?)),
        SETSIG => owner::set_signal(handle.file(Rights::CONTROL)?, argument),
        GETSIG => Ok(owner::signal(handle.file(Rights::empty())?)),
        SETOWN_EX => {
            let record = UserPtr::<FileOwner>::from(argument);
            owner::set_extended(call, handle.file(Rights::CONTROL)?, record)
        }
        GETOWN_EX => {
            let record = UserPtr::<FileOwner>::from(argument);
            owner::get_extended(call, handle.file(Rights::empty())?, record)
        }
        SETLEASE => leases::set(call, file, handle.file(Rights::CONTROL)?, argument),
        GETLEASE => Ok(leases::get(handle.file(Rights::empty())?)),
        NOTIFY => notify::set(call, file, handle.file(Rights::CONTROL)?, argument as u32),
        GETLK | OFD_GETLK => {
            let owned = command == OFD_GETLK;
            locks::query(
                call,
                handle.file(Rights::empty())?,
                UserPtr::<FileLock>::from(argument),
                owned,
            )
        }
        SETLK | SETLKW | OFD_SETLK | OFD_SETLKW => {
            let wait = if matches!(command, SETLKW | OFD_SETLKW) {
                Wait::Yes
            } else {
                Wait::No
            };
            let owned = matches!(command, OFD_SETLK | OFD_SETLKW);
            locks::set(
                call,
                file,
                handle.file(Rights::empty())?,
                UserPtr::<FileLock>::from(argument),
                wait,
                owned,
            )
        }
        ADD_SEALS => sealing::add(handle.file(Rights::empty())?, argument as u32),
        GET_SEALS => sealing::get(handle.file(Rights::empty())?),
        SETPIPE_SZ | GETPIPE_SZ => {
            let file = handle.file(Rights::empty())?;
            let pipe = file.downcast::<PipeFile>().ok_or(Error::BadHandle)?;
            if command == SETPIPE_SZ {
                let maker = call.process().pipe_maker();
                pipe.channel()
                    .change_capacity(argument as u32 as usize, maker)?;
            }
            Ok(pipe.channel().capacity())
        }
        _ => Err(Error::InvalidArgument),
    }
}
