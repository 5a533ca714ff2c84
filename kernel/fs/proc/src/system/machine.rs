//! The processors, and how the kernel was started.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use base::Result;

use crate::filesystem::Shared;

/// `/proc/cmdline`.
pub(crate) fn command_line(_shared: &Shared) -> Result<Vec<u8>> {
    Ok(format!("{}\n", crate::filesystem::command_line()).into_bytes())
}

/// `/proc/cpuinfo`: only what is known for certain.
pub(crate) fn cpuinfo(_shared: &Shared) -> Result<Vec<u8>> {
    let mut text = String::new();
    for cpu in 0..hal::cpu::count() {
        // Writing to a string cannot fail.
        let _ = match hal::ARCH {
            "riscv64" => writeln!(text, "processor\t: {cpu}\nhart\t\t: {cpu}\nmmu\t\t: sv39\n"),
            _ => writeln!(text, "processor\t: {cpu}\nCPU architecture: 8\n"),
        };
    }
    Ok(text.into_bytes())
}
