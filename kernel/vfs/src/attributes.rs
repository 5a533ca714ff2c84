//! Attributes: stat, chmod, chown, utimes, truncate, access, statfs.

use base::{Error, Result};
use object::{FileKind, FileStatus, Timestamp};

use crate::context::FsContext;
use crate::credentials::{MODE_BITS, Permission, SET_GROUP_ID, SET_USER_ID};
use crate::inode::{AttributeChange, FileSystemStatistics};
use crate::lease;
use crate::marks::FileMarks;
use crate::mount::MountFlags;
use crate::path::Path;
use crate::times;
use crate::walk::ResolveFlags;
use crate::watch::{self, Events};

/// A time to set, as utimensat(2) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetTime {
    /// Leave it.
    Keep,
    /// The present moment.
    Now,
    /// This moment.
    To(Timestamp),
}

/// After a change of a file: see [`Volume::settle`](crate::Volume::settle).
pub(crate) fn settle(place: &Path) -> Result<()> {
    place.dentry.volume().settle(&**place.inode())
}

impl FsContext {
    /// stat(2), lstat(2) with [`ResolveFlags::NO_FOLLOW`].
    pub fn stat(&self, at: Option<&Path>, path: &[u8], flags: ResolveFlags) -> Result<FileStatus> {
        self.resolve(at, path, flags)?.status()
    }

    /// statfs(2).
    pub fn statfs(&self, path: &[u8]) -> Result<FileSystemStatistics> {
        let place = self.resolve(None, path, ResolveFlags::empty())?;
        Ok(place.mount().volume().filesystem().statistics())
    }

    /// access(2) by the real user; with `effective`, by the effective one.
    pub fn access(
        &self,
        at: Option<&Path>,
        path: &[u8],
        wanted: Permission,
        effective: bool,
        flags: ResolveFlags,
    ) -> Result<()> {
        let mut asking = self.clone();
        if !effective {
            asking.credentials = self.credentials.as_real();
        }
        let place = asking.resolve(at, path, flags)?;
        asking.check_access(&place, wanted)
    }

    /// What access(2) checks at a place: the mode, and what the mount forbids.
    fn check_access(&self, place: &Path, wanted: Permission) -> Result<()> {
        let kind = place.inode().kind();
        if wanted.contains(Permission::EXECUTE)
            && kind == FileKind::Regular
            && place.mount().flags().contains(MountFlags::NO_EXECUTE)
        {
            return Err(Error::AccessDenied);
        }
        if wanted.contains(Permission::WRITE) {
            FileMarks::check_writing(&**place.inode())?;
        }
        if !wanted.is_empty() {
            self.check(place, wanted)?;
        }
        let stored = matches!(
            kind,
            FileKind::Regular | FileKind::Directory | FileKind::SymbolicLink
        );
        if wanted.contains(Permission::WRITE) && stored {
            self.check_writable(place)?;
        }
        Ok(())
    }

    /// Fails unless the file at `place` may be run as a program.
    pub fn check_execute(&self, place: &Path) -> Result<()> {
        if place.inode().kind() != FileKind::Regular {
            return Err(Error::AccessDenied);
        }
        self.check_access(place, Permission::EXECUTE)
    }

    /// chmod(2) of a path.
    pub fn chmod(
        &self,
        at: Option<&Path>,
        path: &[u8],
        mode: u32,
        flags: ResolveFlags,
    ) -> Result<()> {
        self.set_mode(&self.resolve(at, path, flags)?, mode)
    }

    /// chmod(2) of a place.
    pub fn set_mode(&self, place: &Path, mode: u32) -> Result<()> {
        self.check_writable(place)?;
        if place.inode().is_symbolic_link() {
            return Err(Error::Unsupported);
        }
        let ownership = place.inode().ownership()?;
        if !self.credentials.owns(ownership) {
            return Err(Error::NotPermitted);
        }
        self.change_mode(
            place,
            &AttributeChange {
                mode: Some(self.without_foreign_group_bit(mode & MODE_BITS, ownership)),
                change_time: Some(times::now()),
                ..AttributeChange::default()
            },
        )?;
        watch::note(&place.dentry, Events::ATTRIBUTES);
        settle(place)
    }

    /// chown(2) of a path; `None` leaves a number as it is.
    pub fn chown(
        &self,
        at: Option<&Path>,
        path: &[u8],
        uid: Option<u32>,
        gid: Option<u32>,
        flags: ResolveFlags,
    ) -> Result<()> {
        self.set_owner(&self.resolve(at, path, flags)?, uid, gid)
    }

    /// chown(2) of a place. Only the super-user gives files away; an owner may change the group to
    /// one of his own. Set-id bits do not survive: they were another owner's promise.
    pub fn set_owner(&self, place: &Path, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
        self.check_writable(place)?;
        let ownership = place.inode().ownership()?;
        let mut mode = None;
        if place.inode().kind() != FileKind::Directory {
            let mut kept = ownership.mode & !SET_USER_ID;
            if kept & 0o010 != 0 {
                kept &= !SET_GROUP_ID;
            }
            mode = (kept != ownership.mode).then_some(kept);
        }
        if !self.credentials.is_superuser() {
            let gives_away = uid.is_some_and(|uid| uid != ownership.uid);
            let foreign =
                gid.is_some_and(|gid| gid != ownership.gid && !self.credentials.in_group(gid));
            // What changes nothing is the owner's as well: it would take the set-id bits.
            let changes = uid.is_some() || gid.is_some() || mode.is_some();
            let owns = self.credentials.fsuid == ownership.uid;
            if gives_away || foreign || (changes && !owns) {
                return Err(Error::NotPermitted);
            }
        }
        self.change(
            place,
            AttributeChange {
                mode,
                uid,
                gid,
                ..AttributeChange::default()
            },
        )
    }

    /// utimensat(2) of a path.
    pub fn set_times(
        &self,
        at: Option<&Path>,
        path: &[u8],
        access: SetTime,
        modification: SetTime,
        flags: ResolveFlags,
    ) -> Result<()> {
        self.set_times_of(&self.resolve(at, path, flags)?, access, modification)
    }

    /// utimensat(2) of a place: the owner sets any time, who may write sets the present.
    pub fn set_times_of(&self, place: &Path, access: SetTime, modification: SetTime) -> Result<()> {
        if access == SetTime::Keep && modification == SetTime::Keep {
            return Ok(());
        }
        self.check_writable(place)?;
        if !self.credentials.owns(place.inode().ownership()?) {
            if access != SetTime::Now || modification != SetTime::Now {
                return Err(Error::NotPermitted);
            }
            self.check(place, Permission::WRITE)?;
        }
        let chosen = access != SetTime::Now || modification != SetTime::Now;
        FileMarks::check_times(&**place.inode(), chosen)?;
        let now = times::now();
        let moment = |wanted| match wanted {
            SetTime::Keep => None,
            SetTime::Now => Some(now),
            SetTime::To(moment) => Some(moment),
        };
        self.change(
            place,
            AttributeChange {
                access_time: moment(access),
                modification_time: moment(modification),
                ..AttributeChange::default()
            },
        )
    }

    fn change(&self, place: &Path, change: AttributeChange) -> Result<()> {
        let change = AttributeChange {
            change_time: Some(times::now()),
            ..change
        };
        place.inode().set_attributes(&change)?;
        watch::note_change(&place.dentry, &change);
        settle(place)
    }

    /// truncate(2).
    pub fn truncate(&self, path: &[u8], length: u64) -> Result<()> {
        let place = self.resolve(None, path, ResolveFlags::empty())?;
        match place.inode().kind() {
            FileKind::Regular => {}
            FileKind::Directory => return Err(Error::IsDirectory),
            _ => return Err(Error::InvalidArgument),
        }
        self.check_writable(&place)?;
        self.check(&place, Permission::WRITE)?;
        if let Some(attachments) = place.inode().attachments() {
            attachments.begin_write()?;
            let way = lease::make_way(place.inode(), true, false);
            let done = way.and_then(|()| place.inode().truncate(length));
            attachments.end_write();
            done?;
        } else {
            place.inode().truncate(length)?;
        }
        watch::note(&place.dentry, Events::MODIFY);
        settle(&place)
    }

    /// Replaces the marks of a place (chattr(1)). Its owner may; those of [`FileMarks::RESTRICTED`] only the
    /// super-user changes. [`Error::NotTerminal`] where no marks are kept.
    pub fn set_marks(&self, place: &Path, marks: FileMarks) -> Result<()> {
        self.check_writable(place)?;
        let present = place.inode().marks()?;
        if !self.credentials.owns(place.inode().ownership()?) {
            return Err(Error::NotPermitted);
        }
        let restricted = (present ^ marks).intersects(FileMarks::RESTRICTED);
        if restricted && !self.credentials.is_superuser() {
            return Err(Error::NotPermitted);
        }
        place.inode().set_marks(marks)?;
        watch::note(&place.dentry, Events::ATTRIBUTES);
        settle(place)
    }
}
