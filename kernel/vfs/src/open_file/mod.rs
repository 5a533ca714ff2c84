//! The open file of a name: position, flags, place.
//!
//! [`OpenFile`] is what `open` gives. For bytes at offsets and for directories it does the work
//! itself, over the inode; a device, a fifo or a generated file is a *backend* that the inode gave
//! when it was opened, and to which everything is passed on: then `OpenFile` only remembers where it
//! was found. `file.downcast::<OpenFile>()` finds the place of any opened name, and
//! `file.downcast::<TerminalFile>()` the terminal behind `/dev/tty`.
//!
//! * [`calls`]: what programs call it for. * [`bytes`]: bytes at offsets. * [`leases`]: it has a lease.

mod bytes;
mod calls;
mod leases;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};

use base::rank;
use base::sync::{Mutex, Once};
use base::{Error, Result};
use mem::ErrorMark;
use object::{File, FileAccess, FileKind, StatusFlags};

use crate::credentials::Credentials;
use crate::hold::{Claims, Hold, MappedClaims};
use crate::inode::Inode;
use crate::locks::FlockOwner;
use crate::mount::MountFlags;
use crate::mount_tree::MountTree;
use crate::options::OpenOptions;
use crate::path::Path;
use crate::watch::{self, Events};

/// The largest offset: what fits a signed 64-bit number.
const OFFSET_MAX: u64 = i64::MAX as u64;

/// The flags that `fcntl(F_SETFL)` may change.
const CHANGEABLE: StatusFlags = StatusFlags::APPEND
    .union(StatusFlags::NONBLOCK)
    .union(StatusFlags::DIRECT)
    .union(StatusFlags::NO_ACCESS_TIME)
    .union(StatusFlags::ASYNC);

/// An opened name.
pub struct OpenFile {
    place: Path,
    backend: Option<Arc<dyn File>>,
    access: FileAccess,
    path_only: bool,
    /// Who opened it was not the super-user: writes take set-id bits away.
    drops_set_id: bool,
    flags: AtomicU32,
    /// How its bytes will be read: 1 sequentially, 2 here and there, 0 who knows.
    pattern: AtomicU8,
    /// Up to where it has heard what could not be stored.
    errors: ErrorMark,
    position: Mutex<u64>,
    hold: Hold,
    claims: Claims,
    /// Has the claims since it was first mapped.
    mapped: Once<Arc<MappedClaims>>,
    /// Its number as the owner of locks; 0 as long as it has none.
    flock: AtomicU64,
}

impl OpenFile {
    pub(crate) fn new(
        place: Path,
        options: &OpenOptions,
        opener: &Credentials,
        backend: Option<Arc<dyn File>>,
        hold: Hold,
        claims: Claims,
    ) -> Arc<Self> {
        let is_bytes = backend.is_none() && place.dentry.kind() == FileKind::Regular;
        let errors = match place.inode().page_cache() {
            Some(cache) if is_bytes => cache.error_mark(),
            _ => ErrorMark::default(),
        };
        Arc::new(Self {
            place,
            backend,
            access: options.access(),
            path_only: false,
            drops_set_id: !opener.is_superuser(),
            flags: AtomicU32::new(options.status_flags().bits()),
            pattern: AtomicU8::new(0),
            errors,
            position: Mutex::new(rank::POSITION, 0),
            hold,
            claims,
            mapped: Once::new(),
            flock: AtomicU64::new(0),
        })
    }

    /// A file that only holds its place (`O_PATH`).
    pub(crate) fn place(place: Path) -> Arc<Self> {
        Self::holding(place, None)
    }

    /// A file that holds its place and the detached mounts that it lies in.
    pub(crate) fn of_tree(place: Path, tree: Arc<MountTree>) -> Arc<Self> {
        Self::holding(place, Some(tree))
    }

    fn holding(place: Path, tree: Option<Arc<MountTree>>) -> Arc<Self> {
        Arc::new(Self {
            place,
            backend: None,
            access: FileAccess::empty(),
            path_only: true,
            drops_set_id: false,
            flags: AtomicU32::new(0),
            pattern: AtomicU8::new(0),
            errors: ErrorMark::default(),
            position: Mutex::new(rank::POSITION, 0),
            hold: Hold {
                tree,
                ..Hold::default()
            },
            claims: Claims::empty(),
            mapped: Once::new(),
            flock: AtomicU64::new(0),
        })
    }

    /// The detached mounts that it holds.
    pub(crate) fn tree(&self) -> Option<&Arc<MountTree>> {
        self.hold.tree.as_ref()
    }

    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.place
    }

    /// The inode behind it.
    pub fn inode(&self) -> &Arc<dyn Inode> {
        self.place.inode()
    }

    /// True if it only holds its place.
    pub fn is_path_only(&self) -> bool {
        self.path_only
    }

    /// True if the file was made by this opening.
    pub fn is_made(&self) -> bool {
        self.claims.contains(Claims::MADE)
    }

    /// The device, fifo or generated file behind it.
    pub fn backend(&self) -> Option<&Arc<dyn File>> {
        self.backend.as_ref()
    }

    pub(crate) fn has_backend(&self) -> bool {
        self.backend.is_some()
    }

    /// This open file as an owner of `flock` locks.
    pub fn flock(&self) -> FlockOwner<'_> {
        FlockOwner::new(&self.flock, self.inode())
    }

    /// What a mapping keeps of its claims. Who runs the file claims nothing by mapping it.
    fn mapped_claims(&self) -> Option<Arc<MappedClaims>> {
        let kept = Claims::WRITES | Claims::READS | Claims::WRITES_MOUNT;
        self.claims.intersects(kept).then(|| {
            let make = || Arc::new(MappedClaims::new(&self.place, self.claims));
            self.mapped.get_or_init(make).clone()
        })
    }

    fn is_bytes(&self) -> bool {
        self.backend.is_none() && self.place.dentry.kind() == FileKind::Regular
    }

    /// May its bytes be mapped as a program? Not through a mount that says otherwise.
    pub fn may_map_executable(&self) -> bool {
        !self.place.mount().flags().contains(MountFlags::NO_EXECUTE)
    }

    #[inline]
    fn check(&self, wanted: FileAccess) -> Result<()> {
        if self.access.contains(wanted) {
            Ok(())
        } else {
            Err(Error::BadHandle)
        }
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if self.path_only {
            return;
        }
        let writes = self.access.contains(FileAccess::WRITE);
        let event = if writes {
            Events::CLOSE_WRITE
        } else {
            Events::CLOSE_NO_WRITE
        };
        watch::note(&self.place.dentry, event);
        self.flock().end();
        if self.mapped.get().is_none() {
            self.claims.give_back(&self.place);
        }
    }
}
