//! What the kernel calls itself where programs expect Linux's words.
//!
//! Programs compare the release with the Linux version that brought a call they want; 6.12 is the
//! version whose behaviour Scarlet is measured against.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base::Result;

use crate::filesystem::Shared;

/// The system's name, as `uname -s` shows it to Linux programs.
pub const OS_TYPE: &str = "Linux";

/// The release, as `uname -r` shows it to Linux programs.
pub const MACHINE_RELEASE: &str = "6.12.0-scarlet";

/// The build, as `uname -v` shows it.
pub(crate) fn build() -> String {
    format!("#1 SMP Scarlet {}", env!("CARGO_PKG_VERSION"))
}

/// `/proc/version`.
pub(crate) fn version(_shared: &Shared) -> Result<Vec<u8>> {
    let build = build();
    Ok(format!("{OS_TYPE} version {MACHINE_RELEASE} (scarlet) {build}\n").into_bytes())
}
