//! An open file as the holder of a lease ([`crate::lease`]).

use alloc::sync::Arc;

use base::{Error, Result};

use super::OpenFile;
use crate::hold::Claims;
use crate::lease::{LeaseHolder, LeaseKind, Leases, OtherOpenings};

impl OpenFile {
    fn leases(&self) -> Result<Arc<Leases>> {
        if self.path_only {
            return Err(Error::BadHandle);
        }
        let attachments = self.inode().attachments();
        match attachments {
            Some(attachments) if self.is_bytes() => Ok(attachments.leases()),
            _ => Err(Error::InvalidArgument),
        }
    }

    /// The lease that it has, or, while somebody waits for that, what it is to become.
    pub fn lease(&self) -> Result<Option<LeaseKind>> {
        Ok(self.leases()?.of(self.flock().number()))
    }

    /// Takes a lease on the file, or changes the one it has; `holder` is asked when somebody wants it back. It ends
    /// with the open file. [`Error::WouldBlock`] where others have the file open in a way that does not go with it, or
    /// have a lease; [`Error::InvalidArgument`] for what is no file of bytes.
    pub fn take_lease(&self, kind: LeaseKind, holder: Arc<dyn LeaseHolder>) -> Result<()> {
        let leases = self.leases()?;
        let own = |claim| i32::from(self.claims.contains(claim));
        let openings = || {
            let (writers, readers) = self
                .inode()
                .attachments()
                .map_or((0, 0), |held| held.openings());
            OtherOpenings {
                writers,
                other_writers: writers - own(Claims::WRITES),
                other_readers: readers - own(Claims::READS),
            }
        };
        leases.take(self.flock().number(), kind, holder, openings)
    }

    /// Gives its lease back; [`Error::WouldBlock`] if it has none.
    pub fn give_lease_back(&self) -> Result<()> {
        match self.leases()?.give_back(self.flock().number()) {
            true => Ok(()),
            false => Err(Error::WouldBlock),
        }
    }
}
