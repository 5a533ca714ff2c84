//! Opening: from a path to an open file.
//!
//! The walk stops before the last component, because with `O_CREAT` that is the one that may be
//! missing; a link there is followed like any other, so `open("dangling", O_CREAT)` makes what the
//! link names. What is made is opened whatever its mode says; what was there is checked.

use alloc::sync::Arc;

use base::{Error, Result};
use object::{File, FileKind};

use crate::anonymous;
use crate::attributes::settle;
use crate::context::FsContext;
use crate::credentials::Permission;
use crate::dentry::Dentry;
use crate::fifo;
use crate::hold::{Claims, Hold, InodeClaim, MountWriter};
use crate::inode::{Inode, NewInode, OpenRequest};
use crate::lease;
use crate::lookup::lookup_free;
use crate::marks::FileMarks;
use crate::mount::MountFlags;
use crate::name::Name;
use crate::open_file::OpenFile;
use crate::options::OpenOptions;
use crate::path::Path;
use crate::walk::{Follow, Last, ParentOf, ResolveFlags, Walk, child};
use crate::watch::{self, Events};

impl FsContext {
    /// open(2).
    pub fn open(&self, path: &[u8], options: &OpenOptions) -> Result<Arc<OpenFile>> {
        self.open_at(None, path, options)
    }

    /// openat(2).
    pub fn open_at(
        &self,
        at: Option<&Path>,
        path: &[u8],
        options: &OpenOptions,
    ) -> Result<Arc<OpenFile>> {
        let mut flags = options.resolve;
        flags.set(ResolveFlags::NO_FOLLOW, options.no_follow);
        if options.path_only {
            flags.set(ResolveFlags::DIRECTORY, options.directory);
            let place = self.resolve(at, path, flags)?;
            return Ok(OpenFile::place(place));
        }
        if options.unnamed {
            return self.open_unnamed(at, path, options, flags);
        }
        if options.create {
            return self.open_or_create(at, path, options, flags);
        }
        let place = self.resolve(at, path, flags)?;
        self.open_place(place, options)
    }

    /// A file that only holds a place (`O_PATH`).
    pub fn open_path(&self, place: Path) -> Result<Arc<OpenFile>> {
        Ok(OpenFile::place(place))
    }

    fn open_or_create(
        &self,
        at: Option<&Path>,
        path: &[u8],
        options: &OpenOptions,
        flags: ResolveFlags,
    ) -> Result<Arc<OpenFile>> {
        if options.directory {
            return Err(Error::InvalidArgument);
        }
        let mut walk = Walk::new(self, at, path, flags)?;
        loop {
            let ParentOf {
                directory,
                last,
                slash,
            } = walk.go_to_last()?;
            let Last::Name(name) = last else {
                return Err(Error::IsDirectory);
            };
            if slash {
                return Err(Error::IsDirectory);
            }
            let name = Name::new(&name)?;
            let held = directory.dentry.lock_live()?;
            let Some(found) = lookup_free(&directory.dentry, name, &held)? else {
                let place = self.create_locked(&directory, name, &NewInode::File, options.mode)?;
                drop(held);
                return self.finish(place, options, Claims::MADE);
            };
            drop(held);
            if options.exclusive {
                return Err(Error::Exists);
            }
            let found = child(&directory, found);
            if let Some(place) = walk.arrive(found, Follow::at_end(flags))? {
                if place.inode().is_directory() {
                    return Err(Error::IsDirectory);
                }
                self.credentials.check_found(&directory, &place)?;
                return self.open_place(place, options);
            }
        }
    }

    fn open_unnamed(
        &self,
        at: Option<&Path>,
        path: &[u8],
        options: &OpenOptions,
        flags: ResolveFlags,
    ) -> Result<Arc<OpenFile>> {
        if !options.write {
            return Err(Error::InvalidArgument);
        }
        let directory = self.resolve(at, path, flags | ResolveFlags::DIRECTORY)?;
        self.check_writable(&directory)?;
        self.check(&directory, Permission::WRITE | Permission::EXECUTE)?;
        let (owner, lists) =
            self.ownership_in(&**directory.inode(), FileKind::Regular, options.mode)?;
        let inode = directory.inode().create_unnamed(owner)?;
        if let Some(lists) = lists {
            lists.apply(&*inode)?;
        }
        if !options.exclusive
            && let Some(attachments) = inode.attachments()
        {
            attachments.set_linkable(true);
        }
        let name = alloc::format!("#{}", inode.status()?.inode);
        let dentry = Dentry::child(directory.dentry(), name.as_bytes().into(), inode);
        dentry.mark_removed();
        self.finish(
            Path {
                mount: directory.mount,
                dentry,
            },
            options,
            Claims::empty(),
        )
    }

    /// Opens what stands at a place, after checking that the caller may.
    pub fn open_place(&self, place: Path, options: &OpenOptions) -> Result<Arc<OpenFile>> {
        let kind = place.dentry.kind();
        let device = matches!(kind, FileKind::CharacterDevice | FileKind::BlockDevice);
        if options.directory && kind != FileKind::Directory {
            return Err(Error::NotDirectory);
        }
        let writes = options.write || options.truncate;
        match kind {
            FileKind::SymbolicLink => return Err(Error::SymlinkLoop),
            FileKind::Directory if writes => return Err(Error::IsDirectory),
            _ if device && place.mount().flags().contains(MountFlags::NO_DEVICES) => {
                return Err(Error::AccessDenied);
            }
            _ => {}
        }
        if options.execute {
            self.check_execute(&place)?;
        } else {
            let mut wanted = Permission::empty();
            wanted.set(Permission::READ, options.read);
            wanted.set(Permission::WRITE, writes);
            if !wanted.is_empty() {
                self.check(&place, wanted)?;
            }
        }
        if writes && matches!(kind, FileKind::Regular | FileKind::Directory) {
            self.check_writable(&place)?;
        }
        if writes && kind == FileKind::Regular {
            FileMarks::check_opening(&**place.inode(), options)?;
        }
        if options.no_access_time && !self.credentials.owns(place.inode().ownership()?) {
            return Err(Error::NotPermitted);
        }
        let truncate = options.truncate && kind == FileKind::Regular;
        let opened = self.finish(place, options, Claims::empty())?;
        if truncate && anonymous::is_anonymous(opened.path()) {
            opened.truncate(0)?;
        } else if truncate && !opened.has_backend() {
            truncate_opened(&opened, options)?;
            watch::note(&opened.path().dentry, Events::MODIFY);
            settle(opened.path())?;
        }
        Ok(opened)
    }

    /// Makes the open file, without any check of permissions; `claims` are its first.
    fn finish(
        &self,
        place: Path,
        options: &OpenOptions,
        mut claims: Claims,
    ) -> Result<Arc<OpenFile>> {
        let inode = place.inode();
        let kind = place.dentry.kind();
        let mut hold = Hold::default();
        let claim = InodeClaim::new(inode, kind, options)?;
        if options.direct && !can_be_direct(&**inode) {
            return Err(Error::InvalidArgument);
        }
        // Counted first and looked at afterwards: who makes the mount read-only looks for writers after that.
        let mut writer = None;
        if options.write && kind == FileKind::Regular {
            writer = Some(MountWriter::new(&place.mount));
            self.check_writable(&place)?;
        }
        // Counted by the claim first, as who takes a lease looks at the counts after that.
        if claim.is_some() {
            lease::make_way(inode, options.write, options.nonblocking)?;
        }
        let request = OpenRequest {
            read: options.read,
            write: options.write,
            truncate: options.truncate,
            flags: options.status_flags(),
            no_controlling_terminal: options.no_controlling_terminal,
            path: &place,
        };
        let backend: Option<Arc<dyn File>> = match inode.open(&request)? {
            Some(file) => Some(file),
            None => match kind {
                FileKind::Fifo => {
                    let attachments = inode.attachments().ok_or(Error::NoSuchDevice)?;
                    let fifo = attachments.fifo(fifo::make_fifo)?;
                    let end = fifo.open(options.access(), request.flags, inode.status()?)?;
                    hold._fifo = Some(fifo);
                    Some(end)
                }
                FileKind::Socket => return Err(Error::NoSuchDevice),
                FileKind::CharacterDevice | FileKind::BlockDevice => {
                    let status = inode.status()?;
                    let (major, minor) = (status.device_major, status.device_minor);
                    Some(fifo::open_device(kind, major, minor, &request)?)
                }
                _ => None,
            },
        };
        // An object without a name is handed out as it is, within what it was opened for.
        if let Some(file) = &backend
            && anonymous::is_anonymous(&place)
            && !file.access().contains(options.access())
        {
            return Err(Error::AccessDenied);
        }
        claims |= claim.map_or(Claims::empty(), InodeClaim::keep);
        claims |= writer.map_or(Claims::empty(), MountWriter::keep);
        let opened = OpenFile::new(place, options, &self.credentials, backend, hold, claims);
        watch::note(&opened.path().dentry, Events::OPEN);
        Ok(opened)
    }
}

/// Throws the bytes of a file that has just been opened away; who only reads it afterwards writes to it for this moment.
fn truncate_opened(opened: &OpenFile, options: &OpenOptions) -> Result<()> {
    let inode = opened.inode();
    match inode.attachments() {
        Some(attachments) if !options.write => {
            attachments.begin_write()?;
            let way = lease::make_way(inode, true, options.nonblocking);
            let done = way.and_then(|()| inode.truncate(0));
            attachments.end_write();
            done
        }
        _ => inode.truncate(0),
    }
}

/// Whether bytes may move past the cache (`O_DIRECT`): of files on devices and in memory, and of devices of blocks.
pub(crate) fn can_be_direct(inode: &dyn Inode) -> bool {
    match inode.kind() {
        FileKind::BlockDevice => true,
        FileKind::Regular => inode.page_cache().is_some(),
        _ => false,
    }
}
