//! Links to the places that a process holds.

use base::{Error, Result};
use vfs::Path;

use super::Subject;

/// `/proc/PID/cwd`.
pub(super) fn working_directory(subject: &Subject) -> Result<Path> {
    alive(subject)?;
    Ok(subject.process.fs().working_directory.clone())
}

/// `/proc/PID/root`.
pub(super) fn root(subject: &Subject) -> Result<Path> {
    alive(subject)?;
    Ok(subject.process.fs().root.clone())
}

/// `/proc/PID/ns/mnt`.
pub(super) fn mount_namespace(subject: &Subject) -> Result<Path> {
    alive(subject)?;
    Ok(subject.process.fs().view.place())
}

/// `/proc/PID/exe`.
pub(super) fn executable(subject: &Subject) -> Result<Path> {
    alive(subject)?;
    let image = subject.process.image();
    let file = image.executable.as_ref().ok_or(Error::NotFound)?;
    Ok(file.path().clone())
}

/// A zombie holds no places any more.
fn alive(subject: &Subject) -> Result<()> {
    if subject.process.is_zombie() {
        Err(Error::NotFound)
    } else {
        Ok(())
    }
}
