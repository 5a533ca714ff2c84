//! `F_SETLEASE` and `F_GETLEASE` (fcntl(2), "Leases"): who has a lease is told by the signal of the file's owner.

use alloc::sync::Arc;

use base::{Error, Result};
use object::File;
use vfs::{LeaseHolder, LeaseKind, OpenFile};

use super::owner::{Owner, Reason};
use super::paths::open_file;
use crate::arguments::Fd;
use crate::call::Call;

const F_RDLCK: usize = 0;
const F_WRLCK: usize = 1;
const F_UNLCK: usize = 2;

/// Whom the vfs asks to give a lease back.
struct Holder {
    owner: Arc<Owner>,
    descriptor: i32,
}

impl LeaseHolder for Holder {
    fn asked(&self) {
        self.owner.send(self.descriptor, Reason::Message);
    }
}

fn opened(file: &Arc<dyn File>) -> Result<&OpenFile> {
    open_file(file).ok_or(Error::InvalidArgument)
}

/// `F_SETLEASE`.
pub(super) fn set(
    call: &Call<'_>,
    descriptor: Fd,
    file: &Arc<dyn File>,
    kind: usize,
) -> Result<usize> {
    let kind = match kind {
        F_RDLCK => Some(LeaseKind::Read),
        F_WRLCK => Some(LeaseKind::Write),
        F_UNLCK => None,
        _ => return Err(Error::InvalidArgument),
    };
    let opened = opened(file)?;
    let credentials = &call.process().fs().credentials;
    if !credentials.owns(opened.inode().ownership()?) {
        return Err(Error::AccessDenied);
    }
    let Some(kind) = kind else {
        opened.give_lease_back()?;
        if let Some(owner) = Owner::of(file) {
            owner.clear();
        }
        return Ok(0);
    };
    let owner = Owner::of_or_new(file)?;
    let holder = Holder {
        owner: owner.clone(),
        descriptor: descriptor.slot()? as i32,
    };
    // Before the lease: who breaks it at once finds somebody to ask.
    owner.default_to_caller(call);
    opened.take_lease(kind, Arc::new(holder))?;
    Ok(0)
}

/// `F_GETLEASE`: what it is, or is to become.
pub(super) fn get(file: &Arc<dyn File>) -> usize {
    match open_file(file).map(OpenFile::lease) {
        Some(Ok(Some(LeaseKind::Read))) => F_RDLCK,
        Some(Ok(Some(LeaseKind::Write))) => F_WRLCK,
        _ => F_UNLCK,
    }
}
