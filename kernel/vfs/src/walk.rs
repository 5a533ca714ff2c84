//! The walk: from text to a place.
//!
//! A [`Walk`] stands somewhere and has a path before it. It goes component by component, checking
//! the right to search each directory, crossing mounts down and (by `..`) up, and taking the bodies
//! of symbolic links in front of what is left. Most calls want the place where the path ends
//! ([`resolve`]); those that make or take a name want the directory and the last component
//! ([`resolve_parent`]).
//!
//! What bounds it: the path's length, 40 links, and the root, which `..` and absolute links cannot
//! leave because the walk never asks for the parent of the root's own Path. A walk with a root of its own
//! (`BENEATH`, `IN_ROOT`) asks at each `..` whether it is still below it, and fails if others moved it out.

use alloc::sync::Arc;

use base::{Error, Result};
use object::FileKind;

use crate::components::{Component, Pending};
use crate::context::FsContext;
use crate::credentials::{Credentials, Permission};
use crate::dentry::Dentry;
use crate::lookup::lookup;
use crate::mount::MountFlags;
use crate::path::Path;
use crate::path_text::is_below_for_sure;

bitflags::bitflags! {
    /// How a path is followed.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ResolveFlags: u32 {
        /// A symbolic link at the end is the result, not where it leads.
        const NO_FOLLOW = 1;
        /// The result has to be a directory.
        const DIRECTORY = 2;
        /// An empty path means the starting place itself.
        const EMPTY_PATH = 4;
        /// No symbolic link at all may be followed.
        const NO_LINKS = 8;
        /// No link that leads to an object rather than a name (`/proc/PID/fd/N`) may be followed.
        const NO_MAGIC_LINKS = 16;
        /// No mount may be crossed.
        const NO_CROSS_MOUNT = 32;
        /// The walk may not leave the tree below its start; [`Error::CrossDevice`] if it tries.
        const BENEATH = 64;
        /// The start is the root for this walk.
        const IN_ROOT = 128;
    }
}

/// Whether a symbolic link that a walk arrives at is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// It is what was looked for.
    Never,
    /// More of the path comes after it.
    Within,
    /// It ends the path.
    AtEnd,
}

impl Follow {
    /// What the flags say of a link that ends the path.
    pub(crate) fn at_end(flags: ResolveFlags) -> Follow {
        match flags.contains(ResolveFlags::NO_FOLLOW) {
            true => Follow::Never,
            false => Follow::AtEnd,
        }
    }
}

/// The last component of a path whose directory was wanted.
pub(crate) enum Last {
    /// A real name.
    Name(Arc<[u8]>),
    /// `.`
    Current,
    /// `..`
    Parent,
    /// The path was only slashes.
    Root,
}

/// Where a path's last component lies.
pub(crate) struct ParentOf {
    pub(crate) directory: Path,
    pub(crate) last: Last,
    /// The last component was followed by a slash: a directory is meant.
    pub(crate) slash: bool,
}

/// A walk under way.
pub(crate) struct Walk<'a> {
    credentials: &'a Credentials,
    flags: ResolveFlags,
    root: &'a Path,
    at: Path,
    pending: Pending<'a>,
}

/// Finds the place where `path` ends.
pub(crate) fn resolve(
    context: &FsContext,
    at: Option<&Path>,
    path: &[u8],
    flags: ResolveFlags,
) -> Result<Path> {
    if path.is_empty() && flags.contains(ResolveFlags::EMPTY_PATH) {
        let place = at.unwrap_or(&context.working_directory).clone();
        return if flags.contains(ResolveFlags::DIRECTORY) {
            directory(place)
        } else {
            Ok(place)
        };
    }
    Walk::new(context, at, path, flags)?.go_to_end()
}

/// Finds the directory that `path`'s last component lies in.
pub(crate) fn resolve_parent(
    context: &FsContext,
    at: Option<&Path>,
    path: &[u8],
) -> Result<ParentOf> {
    Walk::new(context, at, path, ResolveFlags::empty())?.go_to_last()
}

fn directory(path: Path) -> Result<Path> {
    if path.dentry.kind() == FileKind::Directory {
        Ok(path)
    } else {
        Err(Error::NotDirectory)
    }
}

impl<'a> Walk<'a> {
    /// Begins at `at` (or the working directory), or at the root for an absolute path.
    #[inline]
    pub(crate) fn new(
        context: &'a FsContext,
        at: Option<&'a Path>,
        path: &'a [u8],
        flags: ResolveFlags,
    ) -> Result<Self> {
        if path.is_empty() {
            return Err(Error::NotFound);
        }
        let start = at.unwrap_or(&context.working_directory);
        let scoped = flags.intersects(ResolveFlags::BENEATH | ResolveFlags::IN_ROOT);
        let root = if scoped { start } else { &context.root };
        let absolute = Pending::is_absolute(path);
        if absolute && flags.contains(ResolveFlags::BENEATH) {
            return Err(Error::CrossDevice);
        }
        Ok(Self {
            pending: Pending::new(path)?,
            credentials: &context.credentials,
            flags,
            root,
            at: if absolute {
                root.clone()
            } else {
                start.clone()
            },
        })
    }

    /// Goes to where the path ends.
    fn go_to_end(mut self) -> Result<Path> {
        loop {
            let Some((component, place)) = self.pending.step()? else {
                return directory(self.at);
            };
            search(self.credentials, &self.at)?;
            let follow = match place.last {
                false => Follow::Within,
                true if place.slash_follows => Follow::AtEnd,
                true => Follow::at_end(self.flags),
            };
            let arrived = match component {
                Component::Current => true,
                Component::Parent => {
                    self.at = self.up()?;
                    true
                }
                Component::Entry(name) => {
                    let found = lookup(&self.at.dentry, name)?;
                    self.step_to(found, follow)?
                }
            };
            if arrived && place.last {
                let must_be_directory =
                    place.slash_follows || self.flags.contains(ResolveFlags::DIRECTORY);
                return if must_be_directory {
                    directory(self.at)
                } else {
                    Ok(self.at)
                };
            }
        }
    }

    /// Goes on up to the last component and stops in front of it, standing in its directory.
    pub(crate) fn go_to_last(&mut self) -> Result<ParentOf> {
        loop {
            let Some((component, place)) = self.pending.step()? else {
                return Ok(ParentOf {
                    directory: self.at.clone(),
                    last: Last::Root,
                    slash: true,
                });
            };
            search(self.credentials, &self.at)?;
            if place.last {
                let last = match component {
                    Component::Current => Last::Current,
                    Component::Parent => Last::Parent,
                    Component::Entry(name) => Last::Name(name.as_bytes().into()),
                };
                return Ok(ParentOf {
                    directory: self.at.clone(),
                    last,
                    slash: place.slash_follows,
                });
            }
            match component {
                Component::Current => {}
                Component::Parent => self.at = self.up()?,
                Component::Entry(name) => {
                    let found = lookup(&self.at.dentry, name)?;
                    self.step_to(found, Follow::Within)?;
                }
            }
        }
    }

    /// Goes to the last component, which has been looked up already. `None` if it was a link that is
    /// now to be followed further: then [`go_to_last`](Self::go_to_last) goes on.
    pub(crate) fn arrive(&mut self, found: Path, follow: Follow) -> Result<Option<Path>> {
        self.check_mount(&found)?;
        if follow == Follow::Never || found.dentry.kind() != FileKind::SymbolicLink {
            return Ok(Some(found));
        }
        if follow == Follow::AtEnd {
            self.credentials
                .check_following(&self.at, &**found.inode())?;
        }
        self.follow(found)
    }

    /// Goes to an entry of where it stands. False if that is a link whose body is now to be walked
    /// from here.
    ///
    /// Nearly every step is to a file on which nothing is mounted and which is no link: then the
    /// mount stays, and only the dentry is replaced.
    #[inline]
    fn step_to(&mut self, found: Arc<Dentry>, follow: Follow) -> Result<bool> {
        if found.is_mount_point() || found.kind() == FileKind::SymbolicLink {
            return self.step_across(found, follow);
        }
        self.at.dentry = found;
        Ok(true)
    }

    /// The same across mounts and along links.
    #[inline(never)]
    fn step_across(&mut self, found: Arc<Dentry>, follow: Follow) -> Result<bool> {
        let found = child(&self.at, found);
        match self.arrive(found, follow)? {
            Some(place) => {
                self.at = place;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Follows a link: `Some` if it leads directly to a place, `None` if its body is now what is to
    /// be walked (from the link's directory, or from the root).
    fn follow(&mut self, link: Path) -> Result<Option<Path>> {
        let forbidden = link.mount.flags().contains(MountFlags::NO_SYMLINK_FOLLOW);
        if forbidden || self.flags.contains(ResolveFlags::NO_LINKS) {
            return Err(Error::SymlinkLoop);
        }
        if let Some(place) = link.inode().magic_link()? {
            if self.flags.contains(ResolveFlags::NO_MAGIC_LINKS) {
                return Err(Error::SymlinkLoop);
            }
            if self.is_scoped() {
                return Err(Error::CrossDevice);
            }
            self.pending.count_link()?;
            self.check_mount(&place)?;
            return Ok(Some(place));
        }
        let body = link.inode().read_link()?;
        if Pending::is_absolute(&body) {
            if self.flags.contains(ResolveFlags::BENEATH) {
                return Err(Error::CrossDevice);
            }
            let root = self.root.clone();
            self.check_mount(&root)?;
            self.at = root;
        }
        self.pending.push_link(body)?;
        Ok(None)
    }

    fn up(&self) -> Result<Path> {
        if self.flags.contains(ResolveFlags::BENEATH) && self.at.is_same(self.root) {
            return Err(Error::CrossDevice);
        }
        let parent = self.at.parent(self.root)?;
        self.check_mount(&parent)?;
        // A directory that is moved out of the root while the walk is in it does not lead the walk out.
        if self.is_scoped() && !is_below_for_sure(&parent, self.root) {
            return Err(Error::WouldBlock);
        }
        Ok(parent)
    }

    fn is_scoped(&self) -> bool {
        self.flags
            .intersects(ResolveFlags::BENEATH | ResolveFlags::IN_ROOT)
    }

    fn check_mount(&self, next: &Path) -> Result<()> {
        let crossing = !Arc::ptr_eq(&self.at.mount, &next.mount);
        if crossing && self.flags.contains(ResolveFlags::NO_CROSS_MOUNT) {
            return Err(Error::CrossDevice);
        }
        Ok(())
    }
}

/// The right to look for names in `at`, which has to be a directory.
#[inline]
pub(crate) fn search(credentials: &Credentials, at: &Path) -> Result<()> {
    if at.dentry.kind() != FileKind::Directory {
        return Err(Error::NotDirectory);
    }
    // Whatever the directory's owner and mode are.
    if credentials.is_superuser() {
        return Ok(());
    }
    credentials.check_inode(&**at.inode(), Permission::EXECUTE)
}

/// A child of `directory`, and what is mounted on it.
pub(crate) fn child(directory: &Path, dentry: Arc<Dentry>) -> Path {
    Path {
        mount: directory.mount.clone(),
        dentry,
    }
    .into_topmost()
}
