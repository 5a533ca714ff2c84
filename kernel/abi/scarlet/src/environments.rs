//! Environments: making them, giving them views, asking about them. Starting programs in them is `spawn`'s.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use hal::PAGE_SIZE;
use mem::user::{UserPtr, UserSlice};
use object::{Handle, KernelObject, Rights};
use proc::{Environment, EnvironmentLimits};
use scarlet_abi::NONE;
use scarlet_abi::environment::{
    EnvironmentFlags, EnvironmentInfo, EnvironmentRequest, NAME_MAX, UNLIMITED,
};
use scarlet_abi::process::Bytes;

use crate::arguments::HandleNumber;
use crate::handles::object;
use crate::invocation::Invocation;
use crate::{mounts, records};

/// An environment in a handle.
struct EnvironmentObject(Arc<Environment>);

impl KernelObject for EnvironmentObject {
    fn kind_name(&self) -> &'static str {
        "environment"
    }
}

impl Drop for EnvironmentObject {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

fn text(bytes: &Bytes) -> Result<Vec<u8>> {
    let slice = UserSlice::new(bytes.address as usize, bytes.length as usize);
    slice.read_all(NAME_MAX, Error::InvalidArgument)
}

/// What the record asks for, inside the limits of the environment around.
fn limits(request: &EnvironmentRequest, around: &Environment) -> Result<EnvironmentLimits> {
    let most = around.limits().threads;
    let threads = match usize::try_from(request.threads) {
        Ok(0) | Err(_) => most,
        Ok(threads) => threads.min(most),
    };
    let pages = match usize::try_from(request.memory).unwrap_or(usize::MAX) {
        0 => None,
        bytes if bytes < PAGE_SIZE => return Err(Error::InvalidArgument),
        bytes => Some(bytes / PAGE_SIZE),
    };
    Ok(EnvironmentLimits { threads, pages })
}

pub(crate) fn create(
    call: &mut Invocation<'_>,
    record: UserPtr<EnvironmentRequest>,
) -> Result<usize> {
    call.fs().check_may_mount()?;
    let request = records::read(record)?;
    let flags = EnvironmentFlags::from_bits(request.flags).ok_or(Error::InvalidArgument)?;
    let name = text(&request.name)?;
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return Err(Error::InvalidArgument);
    }
    let name = core::str::from_utf8(&name).map_err(|_| Error::InvalidArgument)?;
    let around = call.process().environment();
    let abi = text(&request.abi)?;
    let abi = if abi.is_empty() {
        around.default_abi()
    } else {
        let abi = core::str::from_utf8(&abi).map_err(|_| Error::InvalidArgument)?;
        proc::abi::find(abi).ok_or(Error::NotFound)?.name().into()
    };
    let own_processes = flags.contains(EnvironmentFlags::OWN_PROCESSES);
    let made = around.new_inside(name, &abi, limits(&request, around)?, own_processes)?;
    if flags.contains(EnvironmentFlags::INHERIT_VIEWS) {
        made.inherit_views();
    }
    let rights =
        Rights::DUPLICATE | Rights::TRANSFER | Rights::CONTROL | Rights::STATUS | Rights::EXECUTE;
    let handle = Handle::from_object(Arc::new(EnvironmentObject(made)), rights);
    call.handles().insert(handle.with_close_on_exec(true), 0)
}

pub(crate) fn give_view(
    call: &mut Invocation<'_>,
    environment: HandleNumber,
    view: HandleNumber,
    name: UserSlice,
) -> Result<usize> {
    let environment = object::<EnvironmentObject>(call, environment, Rights::CONTROL)?;
    mounts::give_view(call, &environment.0, view, name)
}

/// The environment that a handle lets its holder start programs in.
pub(crate) fn to_start_in(
    call: &Invocation<'_>,
    environment: HandleNumber,
) -> Result<Arc<Environment>> {
    let environment = object::<EnvironmentObject>(call, environment, Rights::EXECUTE)?;
    Ok(environment.0.clone())
}

pub(crate) fn info(
    call: &mut Invocation<'_>,
    environment: usize,
    record: UserPtr<EnvironmentInfo>,
    size: usize,
) -> Result<usize> {
    let about = if environment == NONE {
        call.process().environment().clone()
    } else {
        let handle = HandleNumber(environment);
        object::<EnvironmentObject>(call, handle, Rights::STATUS)?
            .0
            .clone()
    };
    let limits = about.limits();
    let own_processes = about
        .parent()
        .is_some_and(|parent| !Arc::ptr_eq(parent.processes(), about.processes()));
    let flags = if own_processes {
        EnvironmentFlags::OWN_PROCESSES
    } else {
        EnvironmentFlags::empty()
    };
    let bytes = |pages: usize| (pages as u64).saturating_mul(PAGE_SIZE as u64);
    let info = EnvironmentInfo {
        size: size_of::<EnvironmentInfo>() as u32,
        flags: flags.bits(),
        threads: about.thread_count() as u64,
        thread_limit: limits.threads as u64,
        memory: about.pages_used().map_or(0, bytes),
        memory_limit: limits.pages.map_or(UNLIMITED, bytes),
        refused: about.pages_refused() as u64,
        name: records::field(about.name()),
    };
    records::write(record, size, &info)
}
