//! Terminals.

use super::{Answer, invoke, record_address, record_address_mut};
use scarlet_abi::Call;
use scarlet_abi::terminal::{TerminalMode, WindowSize};

pub(crate) fn terminal_mode(handle: usize, record: &mut TerminalMode) -> Answer {
    let size = size_of::<TerminalMode>();
    // SAFETY: the kernel writes at most `size` bytes into the record.
    unsafe {
        invoke(
            Call::TerminalMode,
            [handle, record_address_mut(record), size],
        )
    }
}

pub(crate) fn set_terminal_mode(handle: usize, record: &TerminalMode, when: usize) -> Answer {
    // SAFETY: the kernel reads the record only.
    unsafe {
        invoke(
            Call::SetTerminalMode,
            [handle, record_address(record), when],
        )
    }
}

pub(crate) fn window_size(handle: usize, record: &mut WindowSize) -> Answer {
    let size = size_of::<WindowSize>();
    // SAFETY: the kernel writes at most `size` bytes into the record.
    unsafe { invoke(Call::WindowSize, [handle, record_address_mut(record), size]) }
}

pub(crate) fn set_window_size(handle: usize, record: &WindowSize) -> Answer {
    // SAFETY: the kernel reads the record only.
    unsafe { invoke(Call::SetWindowSize, [handle, record_address(record)]) }
}

pub(crate) fn foreground_group(handle: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::ForegroundGroup, [handle]) }
}

pub(crate) fn set_foreground_group(handle: usize, group: u32) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::SetForegroundGroup, [handle, group as usize]) }
}

pub(crate) fn attach_terminal(handle: usize) -> Answer {
    // SAFETY: no memory is named.
    unsafe { invoke(Call::AttachTerminal, [handle]) }
}
