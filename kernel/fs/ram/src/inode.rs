//! An inode in memory.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::Ordering;

use base::rank;
use base::sync::{Mutex, SpinLock};
use base::{Error, Result};
use mem::transfer::{Sink, Source};
use mem::{ObjectDescription, PageBudget, PageCache};
use object::{DirectoryEntry, FileKind, FileStatus, SpaceChange, Timestamp};
use vfs::{
    Attachments, AttributeChange, Inode, Name, NewInode, Ownership, RenameFlags, SetExtended,
};

use crate::directory::Entries;
use crate::extended::Extended;
use crate::limits::Account;

/// How many names one inode may have.
const LINKS_MAX: u32 = 0x7fff_ffff;

/// What tmpfs on Linux counts for an entry in a directory's size.
const ENTRY_SIZE: u64 = 20;

/// How many entries are taken out of a directory's lock at a time.
const BATCH: usize = 64;

/// A file, directory, link or node in memory.
pub struct RamInode {
    pub(crate) account: Arc<Account>,
    pub(crate) number: u64,
    kind: FileKind,
    content: Content,
    attributes: SpinLock<Attributes>,
    attachments: Attachments,
    extended: Extended,
}

enum Content {
    File {
        cache: Arc<PageCache>,
        writer: Mutex<()>,
    },
    Directory(SpinLock<Entries>),
    Symlink(Box<[u8]>),
    Device {
        major: u32,
        minor: u32,
    },
    Nothing,
}

#[derive(Clone, Copy)]
struct Attributes {
    mode: u32,
    uid: u32,
    gid: u32,
    links: u32,
    access_time: Timestamp,
    modification_time: Timestamp,
    change_time: Timestamp,
    birth_time: Timestamp,
}

impl RamInode {
    pub(crate) fn new(
        account: &Arc<Account>,
        new: &NewInode<'_>,
        owner: Ownership,
    ) -> Result<Arc<Self>> {
        let number = account.charge_inode()?;
        if matches!(new, NewInode::Directory)
            && let Err(error) = account.charge(account.limits().directory_pages)
        {
            account.refund_inode();
            return Err(error);
        }
        let content = match new {
            NewInode::File => {
                let cache = PageCache::memory_with_budget("", account.clone());
                cache.set_description(ObjectDescription {
                    name: String::new(),
                    device: account.device,
                    inode: number,
                });
                Content::File {
                    cache,
                    writer: Mutex::new(rank::INODE_BYTES, ()),
                }
            }
            NewInode::Directory => {
                Content::Directory(SpinLock::new(rank::INODE, Entries::default()))
            }
            NewInode::Symlink(body) => Content::Symlink((*body).into()),
            NewInode::Device { major, minor, .. } => Content::Device {
                major: *major,
                minor: *minor,
            },
            NewInode::Fifo | NewInode::Socket => Content::Nothing,
        };
        let now = vfs::now();
        let attributes = Attributes {
            mode: owner.mode,
            uid: owner.uid,
            gid: owner.gid,
            links: if matches!(new, NewInode::Directory) {
                2
            } else {
                1
            },
            access_time: now,
            modification_time: now,
            change_time: now,
            birth_time: now,
        };
        let made = Arc::new(Self {
            account: account.clone(),
            number,
            kind: new.kind(),
            content,
            attributes: SpinLock::new(rank::INODE, attributes),
            attachments: Attachments::new(),
            extended: Extended::new(),
        });
        if let Content::Directory(entries) = &made.content {
            entries.lock().belong_to(&made);
        }
        Ok(made)
    }

    /// A directory comes into this one.
    fn take_in(&self, moved: &RamInode) {
        if let (Content::Directory(own), Content::Directory(entries)) =
            (&self.content, &moved.content)
        {
            // One lock at a time: both have one rank.
            let me = own.lock().itself();
            let before = entries.lock().lie_in(me);
            drop(before);
        }
    }

    pub(crate) fn entries(&self) -> Result<&SpinLock<Entries>> {
        match &self.content {
            Content::Directory(entries) => Ok(entries),
            _ => Err(Error::NotDirectory),
        }
    }

    fn file(&self) -> Result<(&Arc<PageCache>, &Mutex<()>)> {
        match &self.content {
            Content::File { cache, writer } => Ok((cache, writer)),
            Content::Directory(_) => Err(Error::IsDirectory),
            _ => Err(Error::InvalidArgument),
        }
    }

    /// How many names it has.
    pub(crate) fn links(&self) -> u32 {
        self.attributes.lock().links
    }

    /// Notes that the bytes or entries changed now.
    fn note_modification(&self) {
        let now = vfs::now();
        let mut attributes = self.attributes.lock();
        attributes.modification_time = now;
        attributes.change_time = now;
    }

    /// Returns how many links there were.
    fn change_links(&self, by: i32) -> u32 {
        let now = vfs::now();
        let mut attributes = self.attributes.lock();
        let before = attributes.links;
        attributes.links = before.saturating_add_signed(by);
        attributes.change_time = now;
        before
    }

    /// A name of `inode` has gone from this directory.
    fn forget(&self, inode: &Arc<RamInode>) {
        if inode.kind == FileKind::Directory {
            inode.change_links(-2);
            self.change_links(-1);
        } else if inode.change_links(-1) > 1 {
            self.account.refund_name();
        }
    }

    /// Takes a tree apart without recursion: it may be deeper than a kernel stack.
    pub(crate) fn empty(&self) {
        let Content::Directory(entries) = &self.content else {
            return;
        };
        let mut gone = entries.lock().take();
        while let Some(inode) = gone.pop() {
            if let Content::Directory(entries) = &inode.content {
                let mut inner = entries.lock().take();
                gone.append(&mut inner);
            }
        }
    }
}

impl Drop for RamInode {
    fn drop(&mut self) {
        self.account.handed_out.forget(self.number);
        self.extended.clear(&self.account);
        self.account.refund_inode();
        if self.kind == FileKind::Directory {
            self.account.refund(self.account.limits().directory_pages);
        }
        self.empty();
    }
}

/// The same inode as what it is here; another file system's cannot be entered.
pub(crate) fn own(inode: &Arc<dyn Inode>) -> Result<Arc<RamInode>> {
    let any: Arc<dyn Any + Send + Sync> = inode.clone();
    any.downcast::<RamInode>().map_err(|_| Error::CrossDevice)
}

impl Inode for RamInode {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> FileKind {
        self.kind
    }

    fn status(&self) -> Result<FileStatus> {
        let (size, blocks) = match &self.content {
            Content::File { cache, .. } => {
                let (size, pages) = cache.extent();
                (size, pages as u64 * (hal::PAGE_SIZE as u64 / 512))
            }
            Content::Directory(entries) => ((entries.lock().len() as u64 + 2) * ENTRY_SIZE, 0),
            Content::Symlink(body) => (body.len() as u64, 0),
            Content::Device { .. } | Content::Nothing => (0, 0),
        };
        let (device_major, device_minor) = match self.content {
            Content::Device { major, minor } => (major, minor),
            _ => (0, 0),
        };
        let attributes = self.attributes.lock();
        Ok(FileStatus {
            kind: self.kind,
            mode: attributes.mode,
            uid: attributes.uid,
            gid: attributes.gid,
            size,
            inode: self.number,
            device: self.account.device,
            device_major,
            device_minor,
            links: attributes.links,
            blocks,
            block_size: hal::PAGE_SIZE as u32,
            access_time: attributes.access_time,
            modification_time: attributes.modification_time,
            change_time: attributes.change_time,
            birth_time: attributes.birth_time,
        })
    }

    fn ownership(&self) -> Result<Ownership> {
        let attributes = self.attributes.lock();
        Ok(Ownership {
            mode: attributes.mode,
            uid: attributes.uid,
            gid: attributes.gid,
        })
    }

    fn times(&self) -> Result<(Timestamp, Timestamp, Timestamp)> {
        let attributes = self.attributes.lock();
        Ok((
            attributes.access_time,
            attributes.modification_time,
            attributes.change_time,
        ))
    }

    fn set_attributes(&self, change: &AttributeChange) -> Result<()> {
        let mut attributes = self.attributes.lock();
        let Attributes { mode, uid, gid, .. } = *attributes;
        attributes.mode = change.mode.unwrap_or(mode);
        attributes.uid = change.uid.unwrap_or(uid);
        attributes.gid = change.gid.unwrap_or(gid);
        if let Some(time) = change.access_time {
            attributes.access_time = time;
        }
        if let Some(time) = change.modification_time {
            attributes.modification_time = time;
        }
        if let Some(time) = change.change_time {
            attributes.change_time = time;
        }
        Ok(())
    }

    fn extended_attribute(&self, name: &[u8]) -> Result<Vec<u8>> {
        self.extended.get(name)
    }

    fn set_extended_attribute(&self, name: &[u8], value: &[u8], how: SetExtended) -> Result<()> {
        self.extended.set(&self.account, name, value, how)?;
        self.change_links(0);
        Ok(())
    }

    fn remove_extended_attribute(&self, name: &[u8]) -> Result<()> {
        self.extended.remove(&self.account, name)?;
        self.change_links(0);
        Ok(())
    }

    fn list_extended_attributes(&self, visit: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.extended.list(visit);
        Ok(())
    }

    fn caches_absence(&self) -> bool {
        !self.account.names_appear.load(Ordering::Relaxed)
    }

    fn lookup(&self, name: Name<'_>) -> Result<Arc<dyn Inode>> {
        let found = self.entries()?.lock().get(name.as_bytes());
        found
            .map(|inode| inode as Arc<dyn Inode>)
            .ok_or(Error::NotFound)
    }

    fn create(
        &self,
        name: Name<'_>,
        new: &NewInode<'_>,
        owner: Ownership,
    ) -> Result<Arc<dyn Inode>> {
        let entries = self.entries()?;
        let inode = RamInode::new(&self.account, new, owner)?;
        {
            let mut entries = entries.lock();
            if entries.get(name.as_bytes()).is_some() {
                return Err(Error::Exists);
            }
            entries.insert(name.as_bytes(), inode.clone());
        }
        if inode.kind == FileKind::Directory {
            self.take_in(&inode);
            self.change_links(1);
        }
        self.note_modification();
        Ok(inode)
    }

    fn create_unnamed(&self, owner: Ownership) -> Result<Arc<dyn Inode>> {
        let inode = RamInode::new(&self.account, &NewInode::File, owner)?;
        inode.change_links(-1);
        Ok(inode)
    }

    fn link(&self, name: Name<'_>, target: &Arc<dyn Inode>) -> Result<()> {
        let inode = own(target)?;
        if !Arc::ptr_eq(&inode.account, &self.account) {
            return Err(Error::CrossDevice);
        }
        if inode.attributes.lock().links >= LINKS_MAX {
            return Err(Error::TooManyLinks);
        }
        self.account.charge_name()?;
        if inode.change_links(1) == 0 {
            // Its first name: that one the inode itself is counted for.
            self.account.refund_name();
        }
        self.entries()?.lock().insert(name.as_bytes(), inode);
        self.note_modification();
        Ok(())
    }

    fn unlink(&self, name: Name<'_>) -> Result<()> {
        let gone = self
            .entries()?
            .lock()
            .remove(name.as_bytes())
            .ok_or(Error::NotFound)?;
        self.forget(&gone);
        self.note_modification();
        Ok(())
    }

    fn remove_directory(&self, name: Name<'_>) -> Result<()> {
        let found = self
            .entries()?
            .lock()
            .get(name.as_bytes())
            .ok_or(Error::NotFound)?;
        if found.entries()?.lock().len() != 0 {
            return Err(Error::NotEmpty);
        }
        self.unlink(name)
    }

    fn rename(
        &self,
        name: Name<'_>,
        new_directory: &Arc<dyn Inode>,
        new_name: Name<'_>,
        flags: RenameFlags,
    ) -> Result<()> {
        let target_directory = own(new_directory)?;
        let (here, there) = (self.entries()?, target_directory.entries()?);
        let source = here.lock().get(name.as_bytes()).ok_or(Error::NotFound)?;
        let target = there.lock().get(new_name.as_bytes());
        let same = core::ptr::eq(self, Arc::as_ptr(&target_directory));
        if flags.contains(RenameFlags::EXCHANGE) {
            let target = target.ok_or(Error::NotFound)?;
            move_parent(&source, self, &target_directory, same);
            move_parent(&target, &target_directory, self, same);
            there.lock().insert(new_name.as_bytes(), source.clone());
            here.lock().insert(name.as_bytes(), target.clone());
            target.change_links(0);
        } else {
            if let Some(target) = &target {
                if let Content::Directory(entries) = &target.content
                    && entries.lock().len() != 0
                {
                    return Err(Error::NotEmpty);
                }
                target_directory.forget(target);
            }
            move_parent(&source, self, &target_directory, same);
            // First in, then out: a reader of both directories never finds it in neither.
            there.lock().insert(new_name.as_bytes(), source.clone());
            here.lock().remove(name.as_bytes());
        }
        source.change_links(0);
        self.note_modification();
        if !same {
            target_directory.note_modification();
        }
        Ok(())
    }

    fn read_directory(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        let entries = self.entries()?;
        let mut reached = cookie;
        loop {
            // Visitors may write to user memory, so they are called outside the lock.
            let batch = entries.lock().after(reached, BATCH);
            if batch.is_empty() {
                return Ok(());
            }
            for (number, entry) in batch {
                let shown = DirectoryEntry {
                    name: &entry.name,
                    inode: entry.inode.number,
                    kind: entry.inode.kind,
                    next_position: number,
                };
                if !visit(&shown) {
                    return Ok(());
                }
                reached = number;
            }
        }
    }

    fn read_link(&self) -> Result<Vec<u8>> {
        match &self.content {
            Content::Symlink(body) => Ok(body.to_vec()),
            _ => Err(Error::InvalidArgument),
        }
    }

    fn read_at(&self, offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.file()?.0.read_at(offset, into)
    }

    fn write_at(&self, offset: u64, from: &mut Source<'_>) -> Result<usize> {
        let (cache, writer) = self.file()?;
        let _alone = writer.lock();
        let done = cache.write_at(offset, from)?;
        self.note_modification();
        Ok(done)
    }

    fn append(&self, from: &mut Source<'_>) -> Result<(u64, usize)> {
        let (cache, writer) = self.file()?;
        let _alone = writer.lock();
        let end = cache.size();
        let done = cache.write_at(end, from)?;
        self.note_modification();
        Ok((end + done as u64, done))
    }

    fn truncate(&self, length: u64) -> Result<()> {
        let (cache, writer) = self.file()?;
        let _alone = writer.lock();
        cache.truncate(length)?;
        self.note_modification();
        Ok(())
    }

    fn check_space(&self, _change: SpaceChange) -> Result<()> {
        self.file().map(drop)
    }

    fn change_space(&self, offset: u64, length: u64, change: SpaceChange) -> Result<()> {
        let (cache, writer) = self.file()?;
        let _alone = writer.lock();
        match change {
            SpaceChange::Punch => {
                cache.punch_hole(offset, length)?;
                self.note_modification();
            }
            SpaceChange::Allocate { keep_size } => {
                let (page, end) = (hal::PAGE_SIZE as u64, offset + length);
                let pages = offset / page..end.div_ceil(page);
                if pages.end - pages.start > self.account.limits().pages as u64 {
                    return Err(Error::NoSpace);
                }
                cache.reserve(pages)?;
                if !keep_size && end > cache.size() {
                    cache.truncate(end)?;
                }
            }
        }
        Ok(())
    }

    fn page_cache(&self) -> Option<Arc<PageCache>> {
        self.file().ok().map(|(cache, _)| cache.clone())
    }

    fn next_extent(&self, offset: u64, data: bool) -> Result<u64> {
        self.file()?
            .0
            .seek_data_or_hole(offset, !data)
            .ok_or(Error::NoSuchDevice)
    }

    fn attachments(&self) -> Option<&Attachments> {
        Some(&self.attachments)
    }
}

/// A directory that changes its parent takes the link of its `..` along.
fn move_parent(moved: &RamInode, from: &RamInode, to: &RamInode, same: bool) {
    if moved.kind == FileKind::Directory && !same {
        from.change_links(-1);
        to.change_links(1);
        to.take_in(moved);
    }
}
