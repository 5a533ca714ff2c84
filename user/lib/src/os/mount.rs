//! Mounts and views.

use super::{AsHandle, OwnedHandle};
use crate::io;
use crate::sys::{self, MountStrings};
use scarlet_abi::NONE;
pub use scarlet_abi::mount::{BindFlags, MountFlags, UnmountFlags};

/// Mounts a file system on a directory of this program's view.
pub fn mount(
    kind: &str,
    source: impl AsRef<[u8]>,
    target: impl AsRef<[u8]>,
    options: &str,
    flags: MountFlags,
) -> io::Result<()> {
    mount_in(NONE, kind, source.as_ref(), target.as_ref(), options, flags)
}

fn mount_in(
    view: usize,
    kind: &str,
    source: &[u8],
    target: &[u8],
    options: &str,
    flags: MountFlags,
) -> io::Result<()> {
    let options = options.as_bytes();
    let strings = MountStrings {
        view,
        target,
        kind: kind.as_bytes(),
        source,
        options,
    };
    sys::mount(&strings, flags.bits())?;
    Ok(())
}

/// Makes a file or directory appear at a second place.
pub fn bind(
    source: impl AsRef<[u8]>,
    target: impl AsRef<[u8]>,
    flags: BindFlags,
) -> io::Result<()> {
    sys::bind(NONE, source.as_ref(), target.as_ref(), flags.bits())?;
    Ok(())
}

/// Takes a mount away.
pub fn unmount(target: impl AsRef<[u8]>, flags: UnmountFlags) -> io::Result<()> {
    sys::unmount(NONE, target.as_ref(), flags.bits())?;
    Ok(())
}

/// A view: a root and the mounts below it.
pub struct View(OwnedHandle);

impl View {
    /// A view whose root is a directory of this program's view.
    pub fn new(root: impl AsRef<[u8]>) -> io::Result<View> {
        Ok(View(OwnedHandle::from_number(sys::create_view(
            root.as_ref(),
        )?)))
    }

    /// Mounts a file system in the view.
    pub fn mount(&self, kind: &str, target: impl AsRef<[u8]>, options: &str) -> io::Result<()> {
        let source = kind.as_bytes();
        mount_in(
            self.0.handle(),
            kind,
            source,
            target.as_ref(),
            options,
            MountFlags::empty(),
        )
    }

    /// Makes what is at `source` in this program's view appear at `target` in the view.
    pub fn bind(
        &self,
        source: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        flags: BindFlags,
    ) -> io::Result<()> {
        sys::bind(
            self.0.handle(),
            source.as_ref(),
            target.as_ref(),
            flags.bits(),
        )?;
        Ok(())
    }

    /// Gives this view to the environment's programs of an ABI.
    pub fn attach(&self, abi: &str) -> io::Result<()> {
        sys::attach_view(self.0.handle(), abi.as_bytes())?;
        Ok(())
    }

    /// Lets nobody mount, unmount or restrict anything in the view any more.
    pub fn seal(&self) -> io::Result<()> {
        sys::seal_view(self.0.handle())?;
        Ok(())
    }

    /// Moves this process into the view.
    pub fn enter(&self) -> io::Result<()> {
        sys::enter_view(self.0.handle())?;
        Ok(())
    }
}

impl AsHandle for View {
    fn handle(&self) -> usize {
        self.0.handle()
    }
}
