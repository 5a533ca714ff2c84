//! Mounts and views.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};
use object::{Handle, KernelObject, Rights};
use proc::{AbiView, Environment};
use scarlet_abi::NONE;
use scarlet_abi::file::PathPair;
use scarlet_abi::mount::{BindFlags, MountFlags, MountRequest, UnmountFlags};
use vfs::{FsContext, MountSource, Prompt, ResolveFlags, View};

use crate::arguments::{HandleNumber, PathArgument, read_path};
use crate::handles::{handle, object};
use crate::invocation::Invocation;
use crate::names::both_paths;
use crate::records;

/// The longest file system name and option string.
const LONGEST_TEXT: usize = 4096;

/// A view in a handle.
struct ViewObject(AbiView);

impl KernelObject for ViewObject {
    fn kind_name(&self) -> &'static str {
        "view"
    }
}

/// The caller's place in another view: at its root, with the caller's rights to files. With `fixed`, or if the caller's
/// own view is not his to change, that one is not either.
fn inside(fs: &FsContext, view: &AbiView, fixed: bool) -> FsContext {
    FsContext {
        view: view.view.clone(),
        root: view.root.clone(),
        working_directory: view.root.clone(),
        umask: fs.umask,
        credentials: fs.credentials.clone(),
        fixed: fs.fixed || fixed,
    }
}

/// From where a target is looked up: the view in a handle, or the caller's own.
fn target_context(call: &Invocation<'_>, view: u64) -> Result<Arc<FsContext>> {
    let fs = call.fs();
    if view == NONE as u64 {
        fs.check_may_mount()?;
        return Ok(fs);
    }
    // Whoever may not change the view he is in may change the one he was given for that.
    fs.check_superuser()?;
    let number = HandleNumber(usize::try_from(view).map_err(|_| Error::BadHandle)?);
    let view = object::<ViewObject>(call, number, Rights::CONTROL)?;
    Ok(Arc::new(inside(&fs, &view.0, false)))
}

fn text(address: u64, length: u64) -> Result<Vec<u8>> {
    let text = UserSlice::new(address as usize, length as usize);
    text.read_all(LONGEST_TEXT, Error::InvalidArgument)
}

pub(crate) fn mount(call: &mut Invocation<'_>, record: UserPtr<MountRequest>) -> Result<usize> {
    let request = records::read(record)?;
    let flags = MountFlags::from_bits(request.flags).ok_or(Error::InvalidArgument)?;
    let context = target_context(call, request.view)?;
    let target = UserSlice::new(
        request.target_address as usize,
        request.target_length as usize,
    );
    let target = read_path(target)?;
    let kind = text(request.type_address, request.type_length)?;
    let source = text(request.source_address, request.source_length)?;
    let options = text(request.options_address, request.options_length)?;
    let caller = call.fs();
    let request = MountSource {
        source: &source,
        options: &options,
        read_only: flags.contains(MountFlags::READ_ONLY),
        context: &caller,
    };
    let filesystem = vfs::make_filesystem(&kind, &request)?;
    let place = context.resolve_directory(None, &target)?;
    let mut kernel_flags = vfs::MountFlags::empty();
    let read_only = flags.contains(MountFlags::READ_ONLY);
    kernel_flags.set(vfs::MountFlags::READ_ONLY, read_only);
    let shown = if source.is_empty() { &kind } else { &source };
    let prompt = Prompt::empty();
    context
        .view
        .mount_from(&filesystem, shown, &place, kernel_flags, prompt)?;
    Ok(0)
}

pub(crate) fn unmount(
    call: &mut Invocation<'_>,
    view: usize,
    path: PathArgument,
    flags: UnmountFlags,
) -> Result<usize> {
    let context = target_context(call, view as u64)?;
    let start = path.start(call)?;
    let place = context.resolve(start.as_ref(), &path.read()?, ResolveFlags::empty())?;
    context
        .view
        .unmount(place, flags.contains(UnmountFlags::DETACH))?;
    Ok(0)
}

pub(crate) fn bind(call: &mut Invocation<'_>, record: UserPtr<PathPair>) -> Result<usize> {
    let pair = records::read(record)?;
    let flags = BindFlags::from_bits(pair.flags).ok_or(Error::InvalidArgument)?;
    let (from, to) = both_paths(&pair);
    let context = target_context(call, pair.to_directory)?;
    let start = from.start(call)?;
    let source = call
        .fs()
        .resolve(start.as_ref(), &from.read()?, ResolveFlags::empty())?;
    let target = context.resolve(None, &read_path(to.text)?, ResolveFlags::empty())?;
    context
        .view
        .bind(&source, &target, flags.contains(BindFlags::RECURSIVE))?;
    Ok(0)
}

pub(crate) fn create_view(call: &mut Invocation<'_>, path: PathArgument) -> Result<usize> {
    let fs = call.fs();
    // Of a view that is not the caller's to change there is no copy that is: it would show what mounts cover.
    fs.check_may_mount()?;
    let start = path.start(call)?;
    let place = fs.resolve_directory(start.as_ref(), &path.read()?)?;
    let view = View::of(&place, true)?;
    let root = view.root();
    let rights =
        Rights::DUPLICATE | Rights::TRANSFER | Rights::CONTROL | Rights::EXECUTE | Rights::STATUS;
    let handle = Handle::from_object(Arc::new(ViewObject(AbiView { view, root })), rights);
    call.handles().insert(handle.with_close_on_exec(true), 0)
}

pub(crate) fn attach_view(
    call: &mut Invocation<'_>,
    view: HandleNumber,
    name: UserSlice,
) -> Result<usize> {
    let own = call.process().environment().clone();
    give_view(call, &own, view, name)
}

/// Gives an environment's programs of an ABI a view.
pub(crate) fn give_view(
    call: &Invocation<'_>,
    environment: &Environment,
    view: HandleNumber,
    name: UserSlice,
) -> Result<usize> {
    call.fs().check_may_mount()?;
    let name = name.read_all(32, Error::InvalidArgument)?;
    let view = object::<ViewObject>(call, view, Rights::CONTROL)?;
    let name = core::str::from_utf8(&name).map_err(|_| Error::InvalidArgument)?;
    let abi = proc::abi::find(name).ok_or(Error::NotFound)?;
    environment.set_view(abi.name(), view.0.clone());
    Ok(0)
}

/// The caller's files in the view behind a handle that lets its holder enter.
pub(crate) fn entered(call: &Invocation<'_>, view: HandleNumber) -> Result<FsContext> {
    let fs = call.fs();
    fs.check_superuser()?;
    let handle = handle(call, view, Rights::EXECUTE)?;
    let fixed = !handle.rights.contains(Rights::CONTROL);
    let view = object::<ViewObject>(call, view, Rights::EXECUTE)?;
    Ok(inside(&fs, &view.0, fixed))
}

pub(crate) fn enter_view(call: &mut Invocation<'_>, view: HandleNumber) -> Result<usize> {
    let inside = entered(call, view)?;
    let old = call
        .process()
        .update_fs(|fs| core::mem::replace(fs, inside));
    drop(old);
    Ok(0)
}

pub(crate) fn seal_view(call: &mut Invocation<'_>, view: usize) -> Result<usize> {
    target_context(call, view as u64)?.view.seal();
    Ok(0)
}
