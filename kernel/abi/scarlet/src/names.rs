//! Names: opening, looking, changing.

use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};
use object::{FileKind, Handle, Rights, Timestamp};
use scarlet_abi::file as contract;
use scarlet_abi::file::{
    AttributeChange, AttributeFields, FileStatus, NodeRequest, OpenFlags, PathFlags, PathPair,
};
use vfs::{NewInode, OpenOptions, RenameFlags, ResolveFlags, SetTime};

use crate::arguments::{HandleNumber, PathArgument};
use crate::handles::file;
use crate::invocation::Invocation;
use crate::records;

/// Permission bits that a program may give.
const MODE_BITS: u32 = 0o7777;

/// A kind's number in the contract.
pub(crate) fn kind_number(kind: FileKind) -> u32 {
    (match kind {
        FileKind::Regular => contract::FileKind::Regular,
        FileKind::Directory => contract::FileKind::Directory,
        FileKind::SymbolicLink => contract::FileKind::SymbolicLink,
        FileKind::CharacterDevice => contract::FileKind::CharacterDevice,
        FileKind::BlockDevice => contract::FileKind::BlockDevice,
        FileKind::Fifo => contract::FileKind::Fifo,
        FileKind::Socket => contract::FileKind::Socket,
        FileKind::Anonymous => contract::FileKind::Unknown,
    }) as u32
}

fn nanoseconds(time: Timestamp) -> u64 {
    let seconds = u64::try_from(time.seconds).unwrap_or(0);
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::from(time.nanoseconds))
}

/// A file's status as the contract writes it.
fn status_record(status: &object::FileStatus) -> FileStatus {
    let device_number = |major: u32, minor: u32| (u64::from(major) << 32) | u64::from(minor);
    FileStatus {
        size: size_of::<FileStatus>() as u32,
        kind: kind_number(status.kind),
        mode: status.mode,
        user: status.uid,
        group: status.gid,
        block_size: status.block_size,
        length: status.size,
        inode: status.inode,
        device: status.device,
        node_device: device_number(status.device_major, status.device_minor),
        links: u64::from(status.links),
        blocks: status.blocks,
        accessed_ns: nanoseconds(status.access_time),
        modified_ns: nanoseconds(status.modification_time),
        changed_ns: nanoseconds(status.change_time),
    }
}

fn resolve_flags(flags: PathFlags) -> ResolveFlags {
    let mut resolve = ResolveFlags::empty();
    resolve.set(
        ResolveFlags::NO_FOLLOW,
        flags.contains(PathFlags::NO_FOLLOW),
    );
    resolve.set(
        ResolveFlags::DIRECTORY,
        flags.contains(PathFlags::DIRECTORY),
    );
    resolve
}

pub(crate) fn open(
    call: &mut Invocation<'_>,
    path: PathArgument,
    flags: OpenFlags,
    mode: u32,
) -> Result<usize> {
    let has = |flag| flags.contains(flag);
    let changes = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::APPEND;
    let nothing = !flags.intersects(OpenFlags::READ | OpenFlags::WRITE | OpenFlags::PATH_ONLY);
    let needs_write = OpenFlags::APPEND | OpenFlags::TRUNCATE;
    let contradictory = (has(OpenFlags::PATH_ONLY) && flags.intersects(changes | OpenFlags::READ))
        || (flags.intersects(needs_write) && !has(OpenFlags::WRITE))
        || (has(OpenFlags::EXCLUSIVE) && !has(OpenFlags::CREATE));
    if nothing || contradictory || mode & !MODE_BITS != 0 {
        return Err(Error::InvalidArgument);
    }
    let options = OpenOptions {
        read: has(OpenFlags::READ),
        write: has(OpenFlags::WRITE),
        append: has(OpenFlags::APPEND),
        create: has(OpenFlags::CREATE),
        exclusive: has(OpenFlags::EXCLUSIVE),
        truncate: has(OpenFlags::TRUNCATE),
        directory: has(OpenFlags::DIRECTORY),
        no_follow: has(OpenFlags::NO_FOLLOW),
        path_only: has(OpenFlags::PATH_ONLY),
        nonblocking: has(OpenFlags::NONBLOCKING),
        no_controlling_terminal: has(OpenFlags::NO_TERMINAL),
        mode,
        ..OpenOptions::default()
    };
    let start = if flags.intersects(changes) {
        path.start_changing(call)?
    } else {
        path.start(call)?
    };
    let file = call.fs().open_at(start.as_ref(), &path.read()?, &options)?;
    let handle = Handle::from_file(file).with_close_on_exec(has(OpenFlags::CLOSE_ON_EXECUTE));
    call.handles().insert(handle, 0)
}

pub(crate) fn status(
    call: &mut Invocation<'_>,
    path: PathArgument,
    flags: PathFlags,
    record: UserPtr<FileStatus>,
    size: usize,
) -> Result<usize> {
    let start = path.start(call)?;
    let status = call
        .fs()
        .stat(start.as_ref(), &path.read()?, resolve_flags(flags))?;
    records::write(record, size, &status_record(&status))
}

pub(crate) fn handle_status(
    call: &mut Invocation<'_>,
    number: HandleNumber,
    record: UserPtr<FileStatus>,
    size: usize,
) -> Result<usize> {
    let status = file(call, number, Rights::STATUS)?.status()?;
    records::write(record, size, &status_record(&status))
}

pub(crate) fn make_directory(
    call: &mut Invocation<'_>,
    path: PathArgument,
    mode: u32,
) -> Result<usize> {
    if mode & !MODE_BITS != 0 {
        return Err(Error::InvalidArgument);
    }
    let start = path.start_changing(call)?;
    call.fs().mkdir(start.as_ref(), &path.read()?, mode)?;
    Ok(0)
}

pub(crate) fn remove(
    call: &mut Invocation<'_>,
    path: PathArgument,
    flags: PathFlags,
) -> Result<usize> {
    if flags.contains(PathFlags::NO_FOLLOW) {
        return Err(Error::InvalidArgument);
    }
    let start = path.start_changing(call)?;
    let text = path.read()?;
    if flags.contains(PathFlags::DIRECTORY) {
        call.fs().rmdir(start.as_ref(), &text)?;
    } else {
        call.fs().unlink(start.as_ref(), &text)?;
    }
    Ok(0)
}

/// The two paths of a record.
pub(crate) fn both_paths(pair: &PathPair) -> (PathArgument, PathArgument) {
    let path = |directory: u64, address: u64, length: u64| PathArgument {
        directory: directory as usize,
        text: UserSlice::new(address as usize, length as usize),
    };
    (
        path(pair.from_directory, pair.from_address, pair.from_length),
        path(pair.to_directory, pair.to_address, pair.to_length),
    )
}

pub(crate) fn rename(call: &mut Invocation<'_>, record: UserPtr<PathPair>) -> Result<usize> {
    let pair = records::read(record)?;
    let flags = contract::RenameFlags::from_bits(pair.flags).ok_or(Error::InvalidArgument)?;
    let mut rename_flags = RenameFlags::empty();
    let no_replace = flags.contains(contract::RenameFlags::NO_REPLACE);
    rename_flags.set(RenameFlags::NO_REPLACE, no_replace);
    let (from, to) = both_paths(&pair);
    let from_start = from.start_changing(call)?;
    let to_start = to.start_changing(call)?;
    let (from, to) = (from.read()?, to.read()?);
    call.fs().rename(
        from_start.as_ref(),
        &from,
        to_start.as_ref(),
        &to,
        rename_flags,
    )?;
    Ok(0)
}

pub(crate) fn link(call: &mut Invocation<'_>, record: UserPtr<PathPair>) -> Result<usize> {
    let pair = records::read(record)?;
    if pair.flags != 0 {
        return Err(Error::InvalidArgument);
    }
    let (from, to) = both_paths(&pair);
    let from_start = from.start(call)?;
    let to_start = to.start_changing(call)?;
    let fs = call.fs();
    // The link itself gets the second name, not what it leads to.
    let target = fs.resolve(from_start.as_ref(), &from.read()?, ResolveFlags::NO_FOLLOW)?;
    fs.link(&target, to_start.as_ref(), &to.read()?)?;
    Ok(0)
}

pub(crate) fn symbolic_link(
    call: &mut Invocation<'_>,
    path: PathArgument,
    target: UserSlice,
) -> Result<usize> {
    let start = path.start_changing(call)?;
    let target = crate::arguments::read_path(target)?;
    call.fs().symlink(&target, start.as_ref(), &path.read()?)?;
    Ok(0)
}

pub(crate) fn read_link(
    call: &mut Invocation<'_>,
    path: PathArgument,
    into: UserSlice,
) -> Result<usize> {
    let start = path.start(call)?;
    let target = call.fs().readlink(start.as_ref(), &path.read()?)?;
    if target.len() > into.length {
        return Err(Error::OutOfRange);
    }
    into.write_from(&target)
}

pub(crate) fn set_attributes(
    call: &mut Invocation<'_>,
    path: PathArgument,
    flags: PathFlags,
    record: UserPtr<AttributeChange>,
) -> Result<usize> {
    let change = records::read(record)?;
    let fields = AttributeFields::from_bits(change.fields).ok_or(Error::InvalidArgument)?;
    if change.reserved != 0 || change.mode & !MODE_BITS != 0 {
        return Err(Error::InvalidArgument);
    }
    let start = path.start_changing(call)?;
    let fs = call.fs();
    let place = fs.resolve(start.as_ref(), &path.read()?, resolve_flags(flags))?;
    if fields.contains(AttributeFields::LENGTH) {
        let file = fs.open_place(
            place.clone(),
            &OpenOptions {
                write: true,
                ..OpenOptions::default()
            },
        )?;
        object::File::truncate(file.as_ref(), change.length)?;
    }
    if fields.intersects(AttributeFields::USER | AttributeFields::GROUP) {
        let user = fields
            .contains(AttributeFields::USER)
            .then_some(change.user);
        let group = fields
            .contains(AttributeFields::GROUP)
            .then_some(change.group);
        fs.set_owner(&place, user, group)?;
    }
    if fields.contains(AttributeFields::MODE) {
        fs.set_mode(&place, change.mode)?;
    }
    let time = |field, value: u64| match (fields.contains(field), value) {
        (false, _) => SetTime::Keep,
        (true, u64::MAX) => SetTime::Now,
        (true, value) => SetTime::To(Timestamp::from_nanoseconds(value)),
    };
    let accessed = time(AttributeFields::ACCESSED, change.accessed_ns);
    let modified = time(AttributeFields::MODIFIED, change.modified_ns);
    fs.set_times_of(&place, accessed, modified)?;
    Ok(0)
}

pub(crate) fn make_node(
    call: &mut Invocation<'_>,
    path: PathArgument,
    record: UserPtr<NodeRequest>,
) -> Result<usize> {
    let request = records::read(record)?;
    if request.reserved != 0 || request.mode & !MODE_BITS != 0 {
        return Err(Error::InvalidArgument);
    }
    let device = |kind| NewInode::Device {
        kind,
        major: request.major,
        minor: request.minor,
    };
    let new = match contract::FileKind::from_number(request.kind) {
        contract::FileKind::Fifo => NewInode::Fifo,
        contract::FileKind::Socket => NewInode::Socket,
        contract::FileKind::CharacterDevice => device(FileKind::CharacterDevice),
        contract::FileKind::BlockDevice => device(FileKind::BlockDevice),
        _ => return Err(Error::InvalidArgument),
    };
    let start = path.start_changing(call)?;
    call.fs()
        .mknod(start.as_ref(), &path.read()?, new, request.mode)?;
    Ok(0)
}

pub(crate) fn change_directory(call: &mut Invocation<'_>, path: PathArgument) -> Result<usize> {
    let start = path.start(call)?;
    let text = path.read()?;
    // Looked up outside of the lock on the process's place, because looking up may sleep.
    let place = call.fs().resolve_directory(start.as_ref(), &text)?;
    let old = call
        .process()
        .update_fs(|fs| core::mem::replace(&mut fs.working_directory, place));
    drop(old);
    Ok(0)
}

pub(crate) fn current_directory(call: &mut Invocation<'_>, into: UserSlice) -> Result<usize> {
    let text = call.fs().working_directory_text()?;
    if text.len() > into.length {
        return Err(Error::OutOfRange);
    }
    into.write_from(&text)
}

pub(crate) fn set_mask(call: &mut Invocation<'_>, mask: u32) -> Result<usize> {
    if mask & !0o777 != 0 {
        return Err(Error::InvalidArgument);
    }
    Ok(call
        .process()
        .update_fs(|fs| core::mem::replace(&mut fs.umask, mask)) as usize)
}
