//! Environments: worlds for processes, with limits.

use super::mount::View;
use super::{AsHandle, OwnedHandle};
use crate::io;
use crate::sys;
pub use scarlet_abi::environment::{
    EnvironmentFlags, EnvironmentInfo, EnvironmentRequest, UNLIMITED,
};
use scarlet_abi::process::Bytes;

/// An environment to be made: what it is called and what it allows.
///
/// ```text
/// let small = Builder::new("small").threads(16).memory(8 << 20).create()?;
/// Command::new("/bin/sh").inside(&small).status()?;
/// ```
pub struct Builder<'a> {
    name: &'a str,
    abi: &'a str,
    flags: EnvironmentFlags,
    threads: u64,
    memory: u64,
}

impl<'a> Builder<'a> {
    /// An environment with this program's process ids and views, and no limits of its own.
    pub fn new(name: &'a str) -> Builder<'a> {
        Builder {
            name,
            abi: "",
            flags: EnvironmentFlags::INHERIT_VIEWS,
            threads: 0,
            memory: 0,
        }
    }

    /// The most threads at a time.
    pub fn threads(mut self, most: u64) -> Builder<'a> {
        self.threads = most;
        self
    }

    /// The most memory, in bytes.
    pub fn memory(mut self, bytes: u64) -> Builder<'a> {
        self.memory = bytes;
        self
    }

    /// What a program is taken for that does not say.
    pub fn default_abi(mut self, abi: &'a str) -> Builder<'a> {
        self.abi = abi;
        self
    }

    /// Its processes have ids of their own, and all end with the first of them.
    pub fn own_processes(mut self) -> Builder<'a> {
        self.flags |= EnvironmentFlags::OWN_PROCESSES;
        self
    }

    /// It starts without views: only those it is given are seen in it.
    pub fn without_views(mut self) -> Builder<'a> {
        self.flags.remove(EnvironmentFlags::INHERIT_VIEWS);
        self
    }

    /// Makes it.
    pub fn create(self) -> io::Result<Environment> {
        let text = |text: &str| Bytes {
            address: text.as_ptr() as u64,
            length: text.len() as u64,
        };
        let request = EnvironmentRequest {
            size: size_of::<EnvironmentRequest>() as u32,
            flags: self.flags.bits(),
            name: text(self.name),
            abi: text(self.abi),
            threads: self.threads,
            memory: self.memory,
        };
        let number = sys::create_environment(&request)?;
        Ok(Environment(OwnedHandle::from_number(number)))
    }
}

/// An environment that programs can be started in (`Command::inside`).
pub struct Environment(OwnedHandle);

impl Environment {
    /// Gives its programs of an ABI a view.
    pub fn give_view(&self, view: &View, abi: &str) -> io::Result<()> {
        sys::give_view(self.0.handle(), view.handle(), abi.as_bytes())?;
        Ok(())
    }

    /// Its limits and use.
    pub fn information(&self) -> io::Result<EnvironmentInfo> {
        information_of(self.0.handle())
    }
}

impl AsHandle for Environment {
    fn handle(&self) -> usize {
        self.0.handle()
    }
}

/// The limits and use of the environment that this program runs in.
pub fn own_information() -> io::Result<EnvironmentInfo> {
    information_of(scarlet_abi::NONE)
}

fn information_of(handle: usize) -> io::Result<EnvironmentInfo> {
    let mut info = EnvironmentInfo::default();
    sys::environment_info(handle, &mut info)?;
    Ok(info)
}
