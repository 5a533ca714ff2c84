//! uname, sethostname, setdomainname.

use alloc::string::String;
use alloc::vec::Vec;
use base::{Error, Result};
use mem::user::{UserPtr, UserSlice};

use crate::call::Call;
use crate::layout::{NAME_LENGTH, SystemName};
use crate::machine::current::MACHINE;

/// The ABI that is spoken: C libraries compare this with the oldest kernel they know how to use.
pub const RELEASE: &str = "6.12.0-scarlet";
/// Which kernel answers.
pub const VERSION: &str = concat!("#1 SMP Scarlet ", env!("CARGO_PKG_VERSION"));

fn field(text: &[u8]) -> [u8; NAME_LENGTH] {
    let mut field = [0; NAME_LENGTH];
    let length = text.len().min(NAME_LENGTH - 1);
    field[..length].copy_from_slice(&text[..length]);
    field
}

/// uname(2). The system is the one whose calls are answered; release and version say by whom.
pub(crate) fn uname(call: &mut Call<'_>, result: UserPtr<SystemName>) -> Result<usize> {
    let environment = call.process().environment();
    result.write(&SystemName {
        system: field(b"Linux"),
        node: field(environment.host_name().as_bytes()),
        release: field(RELEASE.as_bytes()),
        version: field(VERSION.as_bytes()),
        machine: field(MACHINE),
        domain: field(environment.domain_name().as_bytes()),
    })?;
    Ok(0)
}

fn read_name(call: &Call<'_>, name: UserSlice) -> Result<String> {
    if !call.process().credentials().is_superuser() {
        return Err(Error::NotPermitted);
    }
    let bytes: Vec<u8> = name.read_all(NAME_LENGTH - 1, Error::InvalidArgument)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// sethostname(2).
pub(crate) fn sethostname(call: &mut Call<'_>, name: UserSlice) -> Result<usize> {
    let name = UserSlice::new(name.address, name.length as i32 as usize);
    let name = read_name(call, name)?;
    call.process().environment().set_host_name(name);
    Ok(0)
}

/// setdomainname(2).
pub(crate) fn setdomainname(call: &mut Call<'_>, name: UserSlice) -> Result<usize> {
    let name = UserSlice::new(name.address, name.length as i32 as usize);
    let name = read_name(call, name)?;
    call.process().environment().set_domain_name(name);
    Ok(0)
}
