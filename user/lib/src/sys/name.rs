//! Names: paths, mounts and views.

use super::{Answer, address, invoke, record_address, record_address_mut};
use scarlet_abi::file::{AttributeChange, FileStatus, NodeRequest, PathPair};
use scarlet_abi::mount::MountRequest;
use scarlet_abi::{CURRENT_DIRECTORY, Call};

pub(crate) fn open(directory: usize, path: &[u8], flags: u32, mode: u32) -> Answer {
    let arguments = [
        directory,
        address(path),
        path.len(),
        flags as usize,
        mode as usize,
    ];
    // SAFETY: the kernel reads the path only.
    unsafe { invoke(Call::Open, arguments) }
}

pub(crate) fn status(directory: usize, path: &[u8], flags: u32, record: &mut FileStatus) -> Answer {
    let size = size_of::<FileStatus>();
    let target = record_address_mut(record);
    let arguments = [
        directory,
        address(path),
        path.len(),
        flags as usize,
        target,
        size,
    ];
    // SAFETY: the kernel reads the path and writes at most `size` bytes into the record.
    unsafe { invoke(Call::Status, arguments) }
}

pub(crate) fn make_directory(path: &[u8], mode: u32) -> Answer {
    let arguments = [CURRENT_DIRECTORY, address(path), path.len(), mode as usize];
    // SAFETY: the kernel reads the path only.
    unsafe { invoke(Call::MakeDirectory, arguments) }
}

pub(crate) fn remove(path: &[u8], flags: u32) -> Answer {
    let arguments = [CURRENT_DIRECTORY, address(path), path.len(), flags as usize];
    // SAFETY: the kernel reads the path only.
    unsafe { invoke(Call::Remove, arguments) }
}

fn path_pair(from: &[u8], to: &[u8], to_directory: usize, flags: u32) -> PathPair {
    PathPair {
        size: size_of::<PathPair>() as u32,
        flags,
        from_directory: CURRENT_DIRECTORY as u64,
        from_address: address(from) as u64,
        from_length: from.len() as u64,
        to_directory: to_directory as u64,
        to_address: address(to) as u64,
        to_length: to.len() as u64,
    }
}

pub(crate) fn rename(from: &[u8], to: &[u8], flags: u32) -> Answer {
    let pair = path_pair(from, to, CURRENT_DIRECTORY, flags);
    // SAFETY: the kernel reads the record and the two paths, which live until the call is over.
    unsafe { invoke(Call::Rename, [record_address(&pair)]) }
}

pub(crate) fn link(from: &[u8], to: &[u8]) -> Answer {
    let pair = path_pair(from, to, CURRENT_DIRECTORY, 0);
    // SAFETY: the kernel reads the record and the two paths, which live until the call is over.
    unsafe { invoke(Call::Link, [record_address(&pair)]) }
}

pub(crate) fn bind(view: usize, from: &[u8], to: &[u8], flags: u32) -> Answer {
    let pair = path_pair(from, to, view, flags);
    // SAFETY: the kernel reads the record and the two paths, which live until the call is over.
    unsafe { invoke(Call::Bind, [record_address(&pair)]) }
}

pub(crate) fn symbolic_link(target: &[u8], path: &[u8]) -> Answer {
    let arguments = [
        CURRENT_DIRECTORY,
        address(path),
        path.len(),
        address(target),
        target.len(),
    ];
    // SAFETY: the kernel reads the path and the target only.
    unsafe { invoke(Call::SymbolicLink, arguments) }
}

pub(crate) fn read_link(path: &[u8], buffer: &mut [u8]) -> Answer {
    let start = buffer.as_mut_ptr() as usize;
    let arguments = [
        CURRENT_DIRECTORY,
        address(path),
        path.len(),
        start,
        buffer.len(),
    ];
    // SAFETY: the kernel reads the path and writes into the buffer only.
    unsafe { invoke(Call::ReadLink, arguments) }
}

pub(crate) fn set_attributes(path: &[u8], flags: u32, change: &AttributeChange) -> Answer {
    let record = record_address(change);
    let arguments = [
        CURRENT_DIRECTORY,
        address(path),
        path.len(),
        flags as usize,
        record,
    ];
    // SAFETY: the kernel reads the path and the record only.
    unsafe { invoke(Call::SetAttributes, arguments) }
}

pub(crate) fn make_node(path: &[u8], request: &NodeRequest) -> Answer {
    let arguments = [
        CURRENT_DIRECTORY,
        address(path),
        path.len(),
        record_address(request),
    ];
    // SAFETY: the kernel reads the path and the record only.
    unsafe { invoke(Call::MakeNode, arguments) }
}

pub(crate) fn change_directory(path: &[u8]) -> Answer {
    // SAFETY: the kernel reads the path only.
    unsafe {
        invoke(
            Call::ChangeDirectory,
            [CURRENT_DIRECTORY, address(path), path.len()],
        )
    }
}

pub(crate) fn current_directory(buffer: &mut [u8]) -> Answer {
    // SAFETY: the kernel writes into the buffer only.
    unsafe {
        invoke(
            Call::CurrentDirectory,
            [buffer.as_mut_ptr() as usize, buffer.len()],
        )
    }
}

pub(crate) fn set_mask(mask: u32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::SetMask, [mask as usize]) }
}

/// What to mount where; the strings of a [`MountRequest`].
pub(crate) struct MountStrings<'a> {
    pub(crate) view: usize,
    pub(crate) target: &'a [u8],
    pub(crate) kind: &'a [u8],
    pub(crate) source: &'a [u8],
    pub(crate) options: &'a [u8],
}

pub(crate) fn mount(strings: &MountStrings<'_>, flags: u32) -> Answer {
    let request = MountRequest {
        size: size_of::<MountRequest>() as u32,
        flags,
        view: strings.view as u64,
        target_address: address(strings.target) as u64,
        target_length: strings.target.len() as u64,
        type_address: address(strings.kind) as u64,
        type_length: strings.kind.len() as u64,
        source_address: address(strings.source) as u64,
        source_length: strings.source.len() as u64,
        options_address: address(strings.options) as u64,
        options_length: strings.options.len() as u64,
    };
    // SAFETY: the kernel reads the record and its strings, which live until the call is over.
    unsafe { invoke(Call::Mount, [record_address(&request)]) }
}

pub(crate) fn unmount(view: usize, path: &[u8], flags: u32) -> Answer {
    let arguments = [
        view,
        CURRENT_DIRECTORY,
        address(path),
        path.len(),
        flags as usize,
    ];
    // SAFETY: the kernel reads the path only.
    unsafe { invoke(Call::Unmount, arguments) }
}

pub(crate) fn create_view(path: &[u8]) -> Answer {
    // SAFETY: the kernel reads the path only.
    unsafe {
        invoke(
            Call::CreateView,
            [CURRENT_DIRECTORY, address(path), path.len()],
        )
    }
}

pub(crate) fn attach_view(view: usize, abi: &[u8]) -> Answer {
    // SAFETY: the kernel reads the name only.
    unsafe { invoke(Call::AttachView, [view, address(abi), abi.len()]) }
}

pub(crate) fn seal_view(view: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::SealView, [view]) }
}

pub(crate) fn enter_view(view: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::EnterView, [view]) }
}
