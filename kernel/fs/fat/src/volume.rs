//! A mounted file system.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Deref;
use core::sync::atomic::{AtomicU64, Ordering};

use base::sync::{MutexGuard, SpinLock};
use base::{Error, Result, log};
use device::block::{BlockDevice, Operation, Records, SECTOR, Segment, transfer};
use fs_disk::{ATTRIBUTES, Living, Shared, Volume as _};
use hal::frame::Frame;
use object::FileKind;
use vfs::{FileSystem, FileSystemStatistics, Inode};

use crate::directory::Found;
use crate::format::boot::{Kind, Measures, Root, SIZE, STATE_DIRTY};
use crate::format::entry::{DIRECTORY, Record};
use crate::format::short::{self, Raw};
use crate::inode::{Node, ROOT, State};
use crate::meta::Meta;
use crate::options::Options;

/// Linux's magic number of the type.
const MSDOS_MAGIC: u64 = 0x4d44;

/// How many changed sectors are kept before they are brought to the disk.
pub(crate) const WAITING_MAX: usize = 4096;

/// How many entries that were taken out are remembered.
const LEAVING_MAX: usize = 8192;

/// What all inodes of a file system share.
pub(crate) struct Volume {
    shared: Shared<Volume>,
    pub(crate) options: Options,
    pub(crate) cluster_size: usize,
    kind: Kind,
    nodes: SpinLock<Nodes>,
    /// The next inode number that is no place.
    next_number: AtomicU64,
}

/// Every inode that is in memory.
#[derive(Default)]
struct Nodes {
    by_place: Living<u64, Node>,
    /// Numbers of inodes that are not where their numbers say.
    strays: BTreeSet<u64>,
    /// Directories by their first cluster: nobody is in two places.
    directories: BTreeMap<u32, u64>,
}

impl Volume {
    /// The same for whoever is about to change something.
    pub(crate) fn begin(&self) -> Result<MutexGuard<'_, Meta>> {
        let mut meta = self.meta();
        if meta.read_only {
            self.stop_writing();
        }
        meta.check_writable()?;
        if meta.records.waiting() > WAITING_MAX || meta.leaving.len() > LEAVING_MAX {
            self.commit(&mut meta)?;
        }
        Ok(meta)
    }

    /// What all spellings of a name have in common.
    pub(crate) fn name_key(&self, name: &[u8]) -> Vec<u8> {
        if self.options.long_names {
            return self.options.charset.fold(name);
        }
        match short::parse_plain(name) {
            Some(raw) => raw.to_vec(),
            None => name.to_vec(),
        }
    }

    /// The inode number of the file whose entry is at a place.
    pub(crate) fn number_at(&self, place: u64) -> u64 {
        let living = self.nodes.lock().by_place.find(&place);
        living.map_or(place, |node| node.number)
    }

    /// The inode of an entry.
    pub(crate) fn node(self: &Arc<Self>, meta: &mut Meta, found: &Found) -> Result<Arc<Node>> {
        let present = self.nodes.lock().by_place.find(&found.place);
        if let Some(node) = present {
            return Ok(node);
        }
        let record = &found.record;
        if record.is_directory() {
            let root = match meta.measures.root {
                Root::Chain(start) => start,
                Root::Fixed(..) => 0,
            };
            let twice = self.nodes.lock().directories.contains_key(&record.start);
            if record.start == root || twice || !meta.measures.has(record.start) {
                return Err(meta.damage("where a directory begins", found.place));
            }
        } else {
            let clusters = u64::from(record.size).div_ceil(self.cluster_size as u64);
            let begins = record.start == 0 || meta.measures.has(record.start);
            if !begins
                || clusters > meta.measures.clusters.into()
                || record.start == 0 && record.size > 0
            {
                return Err(meta.damage("the length or the beginning of a file", found.place));
            }
        }
        Ok(self.enter(found.place, *record, &found.raw))
    }

    /// Makes an inode known; the caller has seen, under the same hold of the metadata, that it is not yet.
    pub(crate) fn enter(self: &Arc<Self>, place: u64, record: Record, raw: &Raw) -> Arc<Node> {
        let number = {
            let mut nodes = self.nodes.lock();
            match nodes.strays.contains(&place) {
                false => place,
                true => {
                    let number = self.next_number.fetch_add(1, Ordering::Relaxed);
                    nodes.strays.insert(number);
                    number
                }
            }
        };
        let node = Node::new(self.clone(), number, Some(place), record, raw);
        let mut nodes = self.nodes.lock();
        nodes.by_place.enter(place, &node);
        if node.kind == FileKind::Directory {
            nodes.directories.insert(record.start, number);
        }
        node
    }

    /// An inode's entry is somewhere else now, or ([`None`]) nowhere.
    pub(crate) fn moved(&self, node: &Arc<Node>, place: Option<u64>) {
        let (old, start) = {
            let mut state = node.state.lock();
            state.gone = place.is_none();
            let old = core::mem::replace(&mut state.place, place);
            (old, state.record.start)
        };
        let mut nodes = self.nodes.lock();
        if let Some(old) = old {
            nodes.by_place.leave(&old, node);
        }
        match place {
            Some(place) => nodes.by_place.enter(place, node),
            None if node.kind == FileKind::Directory => {
                nodes.directories.remove(&start);
            }
            None => {}
        }
        nodes.strays.insert(node.number);
    }

    /// A directory that had no place for a moment is known by its first cluster again.
    pub(crate) fn note_directory(&self, node: &Node) {
        let start = node.state.lock().record.start;
        self.nodes.lock().directories.insert(start, node.number);
    }

    /// The last use of an inode has ended.
    pub(crate) fn dropped(&self, number: u64, state: &State) {
        {
            let mut nodes = self.nodes.lock();
            if let Some(place) = state.place {
                nodes.by_place.forget(&place);
            }
            if nodes.directories.get(&state.record.start) == Some(&number) {
                nodes.directories.remove(&state.record.start);
            }
            nodes.strays.remove(&number);
        }
        if state.gone && state.record.start != 0 {
            self.drop_gone(state.record.start);
        }
    }

    /// Files without names that nobody uses any more are to be free.
    pub(crate) fn reap(&self, meta: &mut Meta) {
        meta.freed.extend(self.take_dropped());
    }

    /// The end of a mount.
    fn close(&self) -> Result<()> {
        let outcome = self.write_last();
        if self.is_read_only() {
            // What cannot reach the disk any more keeps nothing in memory.
            self.release_changed();
        }
        outcome
    }

    fn write_last(&self) -> Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        self.sync_all()?;
        let mut meta = self.meta();
        self.commit(&mut meta)?;
        if !meta.read_only && !meta.damaged && meta.measures.state & STATE_DIRTY == 0 {
            meta.write_state(false)?;
        }
        meta.read_only = true;
        self.stop_writing();
        Ok(())
    }

    fn open_for_writing(&self, meta: &mut Meta) -> Result<()> {
        meta.read_only = false;
        if meta.measures.state & STATE_DIRTY != 0 {
            log::warn!(
                "fat {}: was not left in order; fsck.fat should look at it",
                self.device().name()
            );
        }
        meta.read_hint()?;
        // The disk says that it is in use before anything else changes.
        meta.write_state(true)
    }
}

impl Deref for Volume {
    type Target = Shared<Volume>;

    #[inline]
    fn deref(&self) -> &Shared<Volume> {
        &self.shared
    }
}

impl fs_disk::Volume for Volume {
    type Node = Node;
    type Number = u64;
    type Meta = Meta;
    /// A first cluster.
    type Gone = u32;

    fn commit(&self, meta: &mut Meta) -> Result<()> {
        self.write_changes(meta)
    }

    fn has_freed(&self, meta: &Meta) -> bool {
        !meta.freed.is_empty() || !meta.leaving.is_empty() || self.has_dropped()
    }
}

/// A FAT file system on a disk.
pub struct Fat {
    volume: Arc<Volume>,
    root: Arc<Node>,
}

impl Fat {
    /// Mounts what lies on a disk. [`Error::InvalidArgument`] if that is no FAT file system.
    pub fn mount(device: Arc<dyn BlockDevice>, options: Options) -> Result<Arc<Fat>> {
        let name = device.name();
        let geometry = device.geometry();
        let measures = read_boot(&device).inspect_err(|&error| {
            log::error!("fat {name}: cannot be read: {error}");
        })?;
        let measures = measures.map_err(|damage| {
            log::error!("fat {name}: {damage}");
            Error::InvalidArgument
        })?;
        if geometry.block_size > measures.sector_size {
            log::error!("fat {name}: its sectors and the disk's do not fit");
            return Err(Error::InvalidArgument);
        }
        let read_only = options.read_only || geometry.read_only;
        let records = Records::new(device.clone(), measures.sector_size);
        let meta = Meta::new(records, measures, options);
        let volume = Arc::new(Volume {
            shared: Shared::new(device.clone(), meta, read_only),
            options,
            cluster_size: measures.cluster_size(),
            kind: measures.kind,
            nodes: SpinLock::new(ATTRIBUTES, Nodes::default()),
            next_number: AtomicU64::new(1 << 48),
        });
        let start = match measures.root {
            Root::Fixed(..) => 0,
            Root::Chain(start) if measures.has(start) => start,
            Root::Chain(start) => {
                log::error!("fat {name}: the root directory begins nowhere ({start})");
                return Err(Error::InvalidArgument);
            }
        };
        let record = Record {
            attributes: DIRECTORY,
            start,
            ..Record::default()
        };
        let root = Node::new(volume.clone(), ROOT, None, record, &[b' '; 11]);
        if !read_only {
            volume.open_for_writing(&mut volume.meta())?;
        }
        Ok(Arc::new(Fat { volume, root }))
    }

    pub(crate) fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// How wide the entries of its table are.
    pub fn kind(&self) -> Kind {
        self.volume.kind
    }

    /// Ends the mount: everything is on the disk, which is marked as left in order. Nothing can be written after it.
    pub fn unmount(&self) -> Result<()> {
        self.volume.close()
    }
}

fn read_boot(
    device: &Arc<dyn BlockDevice>,
) -> Result<core::result::Result<Measures, &'static str>> {
    let geometry = device.geometry();
    let length = geometry.block_size.max(SECTOR);
    if geometry.sectors < (length / SECTOR) as u64 {
        return Ok(Err("the disk has no room for a sector"));
    }
    let frame = Frame::allocate()?;
    let segment = Segment {
        frame: frame.clone(),
        offset: 0,
        length,
    };
    transfer(&**device, Operation::Read, 0, &[segment])?;
    let mut bytes = [0; SIZE];
    frame.read(0, &mut bytes);
    Ok(Measures::read(&bytes, geometry.sectors))
}

impl FileSystem for Fat {
    fs_disk::file_system!();

    fn name(&self) -> &'static str {
        match self.volume.options.long_names {
            true => "vfat",
            false => "msdos",
        }
    }

    fn statistics(&self) -> FileSystemStatistics {
        let mut meta = self.volume.meta();
        if self.volume.has_freed(&meta) {
            // What cannot be brought to the disk now is not free yet.
            let _ = self.volume.commit(&mut meta);
        }
        let free = meta.free_clusters().unwrap_or(0).into();
        FileSystemStatistics {
            magic: MSDOS_MAGIC,
            block_size: meta.measures.cluster_size() as u64,
            blocks: meta.measures.clusters.into(),
            blocks_free: free,
            blocks_available: free,
            inodes: 0,
            inodes_free: 0,
            // Linux counts six bytes for a character.
            name_length: 6 * if self.volume.options.long_names {
                255
            } else {
                12
            },
        }
    }

    fn options(&self) -> Vec<u8> {
        self.volume.options.text()
    }
}

impl Drop for Fat {
    fn drop(&mut self) {
        self.volume.ended("fat", self.volume.close());
    }
}
