//! mount_setattr: restrictions and propagation of a mount, or of a whole tree of them.

use base::{Error, Result};
use mem::user::{UserPtr, UserText};
use vfs::{MountFlags, Propagation, ResolveFlags};

use crate::arguments::{DirectoryFd, UserPath, read_extensible};
use crate::call::Call;
use crate::files::paths::Named;
use crate::layout::MountAttributes;

bitflags::bitflags! {
    /// `MOUNT_ATTR_*`. Mapped ids are not known.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Attributes: u64 {
        const READ_ONLY = 1;
        const NO_SET_ID = 2;
        const NO_DEVICES = 4;
        const NO_EXECUTE = 8;
        /// How access times are kept: this field is zero for now and then.
        const TIMES = 0x70;
        const NO_ACCESS_TIME = 0x10;
        const STRICT_ACCESS_TIME = 0x20;
        const NO_DIRECTORY_ACCESS_TIME = 0x80;
        const NO_SYMLINK_FOLLOW = 0x20_0000;
    }
}

const SAME: [(Attributes, MountFlags); 6] = [
    (Attributes::READ_ONLY, MountFlags::READ_ONLY),
    (Attributes::NO_SET_ID, MountFlags::NO_SET_ID),
    (Attributes::NO_DEVICES, MountFlags::NO_DEVICES),
    (Attributes::NO_EXECUTE, MountFlags::NO_EXECUTE),
    (
        Attributes::NO_DIRECTORY_ACCESS_TIME,
        MountFlags::NO_DIRECTORY_ACCESS_TIME,
    ),
    (Attributes::NO_SYMLINK_FOLLOW, MountFlags::NO_SYMLINK_FOLLOW),
];

/// All but how access times are kept.
fn plain(attributes: Attributes) -> MountFlags {
    let set = SAME.iter().filter(|(linux, _)| attributes.contains(*linux));
    set.fold(MountFlags::empty(), |all, (_, flag)| all | *flag)
}

/// The kernel's flags as attributes.
pub(super) fn of_restrictions(flags: MountFlags) -> Attributes {
    let set = SAME.iter().filter(|(_, flag)| flags.contains(*flag));
    let plain = set.fold(Attributes::empty(), |all, (linux, _)| all | *linux);
    // Whoever keeps none at all does not keep them at every read either.
    if flags.contains(MountFlags::NO_ACCESS_TIME) {
        plain | Attributes::NO_ACCESS_TIME
    } else if flags.contains(MountFlags::STRICT_ACCESS_TIME) {
        plain | Attributes::STRICT_ACCESS_TIME
    } else {
        plain
    }
}

/// The attributes in the kernel's flags; there is no such way to keep access times as two of them together.
pub(super) fn restrictions(attributes: Attributes) -> Result<MountFlags> {
    let times = match attributes & Attributes::TIMES {
        times if times.is_empty() => MountFlags::empty(),
        Attributes::NO_ACCESS_TIME => MountFlags::NO_ACCESS_TIME,
        Attributes::STRICT_ACCESS_TIME => MountFlags::STRICT_ACCESS_TIME,
        _ => return Err(Error::InvalidArgument),
    };
    Ok(plain(attributes) | times)
}

const AT_SYMLINK_NOFOLLOW: u32 = 0x100;
const AT_NO_AUTOMOUNT: u32 = 0x800;
const AT_EMPTY_PATH: u32 = 0x1000;
pub(super) const AT_RECURSIVE: u32 = 0x8000;

/// Where a path with these flags leads.
pub(super) fn resolve_flags(flags: u32) -> ResolveFlags {
    let mut resolve = ResolveFlags::empty();
    resolve.set(ResolveFlags::NO_FOLLOW, flags & AT_SYMLINK_NOFOLLOW != 0);
    resolve.set(ResolveFlags::EMPTY_PATH, flags & AT_EMPTY_PATH != 0);
    resolve
}

/// Flags of paths that every call of this family takes.
pub(super) const PATH_FLAGS: u32 =
    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_RECURSIVE;

/// The size of `struct mount_attr` in its first version.
const FIRST_SIZE: usize = 32;

fn propagation(number: u64) -> Result<Option<Propagation>> {
    Ok(Some(match number {
        0 => return Ok(None),
        0x2_0000 => Propagation::Unbindable,
        0x4_0000 => Propagation::Private,
        0x8_0000 => Propagation::Slave,
        0x10_0000 => Propagation::Shared,
        _ => return Err(Error::InvalidArgument),
    }))
}

/// mount_setattr(2).
pub(crate) fn mount_setattr(
    call: &mut Call<'_>,
    directory: DirectoryFd,
    path: UserPath,
    flags: u32,
    attributes: UserPtr<MountAttributes>,
    size: usize,
) -> Result<usize> {
    if flags & !PATH_FLAGS != 0 {
        return Err(Error::InvalidArgument);
    }
    if size > hal::PAGE_SIZE {
        return Err(Error::ArgumentListTooLong);
    }
    if size < FIRST_SIZE {
        return Err(Error::InvalidArgument);
    }
    let context = call.process().fs();
    context.check_may_mount()?;
    let wanted = read_extensible(attributes, size)?;
    if wanted.set == 0 && wanted.clear == 0 && wanted.propagation == 0 {
        return Ok(0);
    }
    let to = propagation(wanted.propagation)?;
    let known = |bits| Attributes::from_bits(bits).ok_or(Error::InvalidArgument);
    let (set, clear) = (known(wanted.set)?, known(wanted.clear)?);
    let mut cleared = plain(clear);
    // Times are one field: to change it, all of it is cleared.
    if clear.contains(Attributes::TIMES) {
        cleared |= MountFlags::NO_ACCESS_TIME | MountFlags::STRICT_ACCESS_TIME;
    } else if clear.intersects(Attributes::TIMES) || set.intersects(Attributes::TIMES) {
        return Err(Error::InvalidArgument);
    }
    let set = restrictions(set)?;
    let place =
        Named::read(call, directory, path, &mut UserText::new())?.resolve(resolve_flags(flags))?;
    let recursive = flags & AT_RECURSIVE != 0;
    context
        .view
        .set_mount_attributes(&place, set, cleared, to, recursive)?;
    Ok(0)
}
