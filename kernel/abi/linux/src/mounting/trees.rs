//! open_tree, move_mount: mounts that are attached nowhere, and attaching them.

use base::{Error, Result};
use mem::user::UserText;
use object::Rights;
use vfs::{Cover, ResolveFlags};

use super::attributes::{AT_RECURSIVE, PATH_FLAGS, resolve_flags};
use crate::arguments::{DirectoryFd, Fd, UserPath};
use crate::call::Call;
use crate::files::paths::{Named, open_file};

const OPEN_TREE_CLONE: u32 = 1;
/// `O_CLOEXEC`.
const OPEN_TREE_CLOEXEC: u32 = 0o2000000;

/// open_tree(2): a place as it is, or a copy of the mounts there that is attached nowhere.
pub(crate) fn open_tree(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: u32,
) -> Result<usize> {
    let clone = flags & OPEN_TREE_CLONE != 0;
    let recursive = flags & AT_RECURSIVE != 0;
    if flags & !(PATH_FLAGS | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC) != 0 || (recursive && !clone) {
        return Err(Error::InvalidArgument);
    }
    let context = call.process().fs();
    if clone {
        context.check_may_mount()?;
    }
    let place =
        Named::read(call, directory, path, &mut UserText::new())?.resolve(resolve_flags(flags))?;
    let file = if clone {
        context.view.copy_tree(&place, recursive)?
    } else {
        context.open_path(place)?
    };
    call.install(file, flags & OPEN_TREE_CLOEXEC != 0)
}

const FROM_SYMLINKS: u32 = 1;
const FROM_AUTOMOUNTS: u32 = 2;
const FROM_EMPTY_PATH: u32 = 4;
const TO_SYMLINKS: u32 = 0x10;
const TO_AUTOMOUNTS: u32 = 0x20;
const TO_EMPTY_PATH: u32 = 0x40;
const SET_GROUP: u32 = 0x100;
const BENEATH: u32 = 0x200;

const KNOWN: u32 = FROM_SYMLINKS
    | FROM_AUTOMOUNTS
    | FROM_EMPTY_PATH
    | TO_SYMLINKS
    | TO_AUTOMOUNTS
    | TO_EMPTY_PATH
    | SET_GROUP
    | BENEATH;

fn resolving(flags: u32, symlinks: u32, empty: u32) -> ResolveFlags {
    let mut resolve = ResolveFlags::empty();
    resolve.set(ResolveFlags::NO_FOLLOW, flags & symlinks == 0);
    resolve.set(ResolveFlags::EMPTY_PATH, flags & empty != 0);
    resolve
}

/// move_mount(2).
pub(crate) fn move_mount(
    call: &mut Call<'_>,
    from_directory: DirectoryFd,
    from_path: UserPath,
    to_directory: DirectoryFd,
    to_path: UserPath,
    flags: u32,
) -> Result<usize> {
    let context = call.process().fs();
    context.check_may_mount()?;
    if flags & !KNOWN != 0 || flags & (SET_GROUP | BENEATH) == SET_GROUP | BENEATH {
        return Err(Error::InvalidArgument);
    }
    let cover = match flags & BENEATH {
        0 => Cover::All,
        _ => Cover::NotTheTop,
    };
    let mut from_room = UserText::new();
    let from = Named::read(call, from_directory, from_path, &mut from_room)?;
    let source = from.resolve(resolving(flags, FROM_SYMLINKS, FROM_EMPTY_PATH))?;
    let target = Named::read(call, to_directory, to_path, &mut UserText::new())?
        .resolve(resolving(flags, TO_SYMLINKS, TO_EMPTY_PATH))?;
    // Below the caller's own root there is no place that he could reach.
    if cover == Cover::NotTheTop && context.view.is_own_root(&target, &context.root) {
        return Err(Error::InvalidArgument);
    }
    if flags & SET_GROUP != 0 {
        context.view.join_group(&source, &target)?;
        return Ok(0);
    }
    if from.path.is_empty() && from_directory != DirectoryFd::WORKING_DIRECTORY {
        let opened = call.file(Fd(from_directory.0), Rights::empty())?;
        let attached =
            open_file(&opened).and_then(|file| context.view.attach_tree(file, &target, cover));
        if let Some(attached) = attached {
            attached?;
            return Ok(0);
        }
    }
    context.view.move_mount(&source, &target, cover)?;
    Ok(0)
}
