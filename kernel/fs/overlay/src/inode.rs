//! What the vfs sees of a [`Node`].

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use base::{Error, Result};
use mem::PageCache;
use mem::transfer::{Sink, Source};
use object::{DirectoryEntry, File, FileKind, FileStatus, SpaceChange, Timestamp};
use vfs::{
    AccessList, Attachments, AttributeChange, Extent, FileMarks, Inode, Name, NewInode,
    OpenRequest, Ownership, Path, RenameFlags, SetExtended,
};

use crate::node::{Node, own};

impl Inode for Node {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        self.kind
    }

    fn status(&self) -> Result<FileStatus> {
        self.shown_status()
    }

    fn ownership(&self) -> Result<Ownership> {
        self.real()?.ownership()
    }

    fn times(&self) -> Result<(Timestamp, Timestamp, Timestamp)> {
        self.real()?.times()
    }

    fn set_attributes(&self, change: &AttributeChange) -> Result<()> {
        let only_access = AttributeChange {
            access_time: change.access_time,
            ..AttributeChange::default()
        };
        // That a lower file was read is noted nowhere (overlayfs.rst, "Non-standard behavior").
        if *change == only_access && self.upper().is_none() {
            return Ok(());
        }
        self.bring_up(true)?.inode().set_attributes(change)
    }

    fn marks(&self) -> Result<FileMarks> {
        self.real()?.marks()
    }

    fn set_marks(&self, marks: FileMarks) -> Result<()> {
        let present = self.real()?.marks()?;
        if marks == present {
            return Ok(());
        }
        self.bring_up_marked(true)?.inode().set_marks(marks)
    }

    fn extended_attribute(&self, name: &[u8]) -> Result<Vec<u8>> {
        let real = self.real()?;
        real.extended_attribute(&self.volume.inner_name(name))
    }

    fn set_extended_attribute(&self, name: &[u8], value: &[u8], how: SetExtended) -> Result<()> {
        let upper = self.bring_up(true)?;
        let name = self.volume.inner_name(name);
        upper.inode().set_extended_attribute(&name, value, how)
    }

    fn remove_extended_attribute(&self, name: &[u8]) -> Result<()> {
        let name = self.volume.inner_name(name);
        // Nothing is brought up for what is not there.
        self.real()?.extended_attribute(&name)?;
        let upper = self.bring_up(true)?;
        upper.inode().remove_extended_attribute(&name)
    }

    fn list_extended_attributes(&self, visit: &mut dyn FnMut(&[u8])) -> Result<()> {
        let volume = &self.volume;
        self.real()?.list_extended_attributes(&mut |name| {
            if let Some(name) = volume.shown_name(name) {
                visit(&name);
            }
        })
    }

    fn access_list(&self) -> Result<Option<AccessList>> {
        self.real()?.access_list()
    }

    fn default_list(&self) -> Result<Option<AccessList>> {
        self.real()?.default_list()
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        Ok(self.find(name)?)
    }

    fn create(
        &self,
        name: Name<'_>,
        new: &NewInode<'_>,
        owner: Ownership,
    ) -> Result<Arc<dyn Inode>> {
        Ok(self.make(name, new, owner)?)
    }

    fn create_unnamed(&self, owner: Ownership) -> Result<Arc<dyn Inode>> {
        Ok(self.make_nameless(owner)?)
    }

    fn link(&self, name: Name<'_>, target: &Arc<dyn Inode>) -> Result<()> {
        self.enter(name, &own(target, &self.volume)?)
    }

    fn unlink(&self, name: Name<'_>) -> Result<()> {
        self.take_out(name)
    }

    fn remove_directory(&self, name: Name<'_>) -> Result<()> {
        self.take_out_directory(name)
    }

    fn rename(
        &self,
        name: Name<'_>,
        new_directory: &Arc<dyn Inode>,
        new_name: Name<'_>,
        flags: RenameFlags,
    ) -> Result<()> {
        self.move_entry(name, new_directory, new_name, flags)
    }

    fn read_directory(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        self.list(cookie, visit)
    }

    fn read_link(&self) -> Result<Vec<u8>> {
        self.real()?.read_link()
    }

    fn magic_link(&self) -> Result<Option<Path>> {
        self.real()?.magic_link()
    }

    fn is_magic_link(&self) -> bool {
        self.real().is_ok_and(|real| real.is_magic_link())
    }

    fn read_at(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.real()?.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        self.writable()?.write_at(offset, from)
    }

    fn append(&self, from: &mut Source<'_>) -> Result<(u64, usize)> {
        self.writable()?.append(from)
    }

    fn truncate(&self, length: u64) -> Result<()> {
        if self.kind != FileKind::Regular {
            return Err(Error::InvalidArgument);
        }
        self.bring_up(length != 0)?.inode().truncate(length)
    }

    fn check_space(&self, change: SpaceChange) -> Result<()> {
        self.real()?.check_space(change)
    }

    fn change_space(&self, offset: u64, length: u64, change: SpaceChange) -> Result<()> {
        self.writable()?.change_space(offset, length, change)
    }

    fn page_cache(&self) -> Option<Arc<PageCache>> {
        self.real().ok()?.page_cache()
    }

    fn direct_alignment(&self) -> Option<u32> {
        self.real().ok()?.direct_alignment()
    }

    fn largest_offset(&self) -> u64 {
        self.real()
            .map_or(i64::MAX as u64, |real| real.largest_offset())
    }

    fn next_extent(&self, offset: u64, data: bool) -> Result<u64> {
        self.real()?.next_extent(offset, data)
    }

    fn find_extent(&self, offset: u64, end: u64) -> Result<Option<Extent>> {
        self.real()?.find_extent(offset, end)
    }

    fn open(&self, request: &OpenRequest) -> Result<Option<Arc<dyn File>>> {
        match self.kind {
            FileKind::Regular if request.write => {
                self.bring_up(!request.truncate)?;
                Ok(None)
            }
            FileKind::Regular | FileKind::Directory => Ok(None),
            _ => self.real()?.open(request),
        }
    }

    fn sync(&self, metadata: bool) -> Result<()> {
        match self.upper() {
            Some(upper) => upper.inode().sync(metadata),
            // The lower layers never change.
            None => Ok(()),
        }
    }

    fn attachments(&self) -> Option<&Attachments> {
        Some(&self.attachments)
    }
}

impl Node {
    /// The inode that bytes are written to: it was brought up when the file was opened.
    fn writable(&self) -> Result<Arc<dyn Inode>> {
        match self.upper() {
            Some(upper) => Ok(upper.inode().clone()),
            None => Err(Error::ReadOnlyFileSystem),
        }
    }
}
