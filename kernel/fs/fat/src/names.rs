//! Making, unlinking and renaming.
//!
//! The vfs keeps changes of one directory apart; the lock on the metadata keeps all of them apart, and a commit between
//! them.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use fs_disk::Volume as _;
use object::FileKind;
use vfs::{Name, NewInode, Ownership};

use crate::directory::{Found, PARENT, SELF};
use crate::format::boot::Root;
use crate::format::entry::{ARCHIVE, DIRECTORY, READ_ONLY, Record};
use crate::format::time;
use crate::inode::{Node, ROOT, UNKNOWN};
use crate::meta::Meta;

impl Node {
    fn check_directory(&self) -> Result<()> {
        match self.kind {
            FileKind::Directory if self.state.lock().gone => Err(Error::NotFound),
            FileKind::Directory => Ok(()),
            _ => Err(Error::NotDirectory),
        }
    }

    fn find_entry(&self, meta: &mut Meta, name: Name<'_>) -> Result<Option<Found>> {
        self.check_directory()?;
        self.with_entries(meta, |meta, extent| meta.find_name(extent, name.as_bytes()))
    }

    /// The inode that a name leads to, and the entry's own name.
    pub(crate) fn find(&self, name: Name<'_>) -> Result<(Arc<Node>, Vec<u8>)> {
        let mut meta = self.volume.meta();
        let found = self.find_entry(&mut meta, name)?.ok_or(Error::NotFound)?;
        Ok((self.volume.node(&mut meta, &found)?, found.name))
    }

    fn put_entry(&self, meta: &mut Meta, name: Name<'_>, record: &Record) -> Result<u64> {
        let place = self.with_entries(meta, |meta, extent| {
            meta.enter_name(extent, name.as_bytes(), record)
        })?;
        self.note_names();
        Ok(place)
    }

    fn remove_entry(&self, meta: &mut Meta, found: &Found) -> Result<()> {
        self.with_entries(meta, |meta, extent| meta.remove_name(extent, found))?;
        self.note_names();
        Ok(())
    }

    /// What is in the directory has changed.
    fn note_names(&self) {
        self.directories.store(UNKNOWN, Ordering::Release);
        self.note_modification();
    }

    /// How a directory is named as a parent: the root by 0.
    fn as_parent(&self) -> u32 {
        match self.number {
            ROOT => 0,
            _ => self.start(),
        }
    }

    /// Makes a file or directory and enters it.
    pub(crate) fn make(
        &self,
        name: Name<'_>,
        new: &NewInode<'_>,
        owner: Ownership,
    ) -> Result<Arc<Node>> {
        self.check_directory()?;
        let directory = match new {
            NewInode::File => false,
            NewInode::Directory => true,
            _ => return Err(Error::NotPermitted),
        };
        let mut meta = self.volume.begin()?;
        if self.find_entry(&mut meta, name)?.is_some() {
            return Err(Error::Exists);
        }
        self.volume.with_room(&mut meta, |meta| {
            let now = vfs::now();
            let mut record = Record {
                attributes: if directory { DIRECTORY } else { ARCHIVE },
                start: 0,
                size: 0,
                modification_time: time::to_pairs(now),
                access_time: time::to_days(now),
                birth_time: now,
            };
            if !directory
                && owner.mode & 0o222 == 0
                && self.volume.options.file_mask & 0o222 != 0o222
            {
                record.attributes |= READ_ONLY;
            }
            if directory {
                record.start = meta.allocate(0, 1)?.0;
                let filled = self.fill_new(meta, &record);
                if let Err(error) = filled {
                    meta.take_back(record.start, record.start + 1);
                    return Err(error);
                }
            }
            match self.put_entry(meta, name, &record) {
                Ok(place) => {
                    let raw = meta.read_entry(place)?;
                    let mut short = [0; 11];
                    short.copy_from_slice(&raw[..11]);
                    // As it will be read.
                    let record = meta.read_record(&raw);
                    Ok(self.volume.enter(place, record, &short))
                }
                Err(error) => {
                    if directory {
                        meta.forget_cluster(record.start);
                        meta.take_back(record.start, record.start + 1);
                    }
                    Err(error)
                }
            }
        })
    }

    /// A new directory's first cluster: itself and its parent.
    fn fill_new(&self, meta: &mut Meta, record: &Record) -> Result<()> {
        meta.make_empty(record.start);
        let first = meta.measures.sector_of(record.start) * meta.entries();
        let parent = Record {
            start: self.as_parent(),
            ..*record
        };
        for (place, name, record) in [(first, SELF, record), (first + 1, PARENT, &parent)] {
            let mut bytes = [0; 32];
            bytes[..11].copy_from_slice(&name);
            meta.put_record(record, &mut bytes);
            meta.write_entry(place, &bytes)?;
        }
        Ok(())
    }

    /// Takes a name out.
    pub(crate) fn take_out(&self, name: Name<'_>, directory: bool) -> Result<()> {
        let mut meta = self.volume.begin()?;
        let found = self.find_entry(&mut meta, name)?.ok_or(Error::NotFound)?;
        let node = self.volume.node(&mut meta, &found)?;
        match (node.kind == FileKind::Directory, directory) {
            (true, false) => return Err(Error::IsDirectory),
            (false, true) => return Err(Error::NotDirectory),
            (true, true) => node.check_empty(&mut meta)?,
            (false, false) => {}
        }
        self.remove_entry(&mut meta, &found)?;
        self.lose(&node);
        Ok(())
    }

    fn check_empty(&self, meta: &mut Meta) -> Result<()> {
        let (empty, _) = self.with_entries(meta, |meta, extent| meta.count_files(extent))?;
        match empty {
            true => Ok(()),
            false => Err(Error::NotEmpty),
        }
    }

    /// `node` has no name any more; its clusters go with its last use.
    fn lose(&self, node: &Arc<Node>) {
        self.volume.moved(node, None);
        self.volume.let_go(node.number);
    }

    /// Moves a name, in the place of another if there is one.
    pub(crate) fn move_name(&self, name: Name<'_>, to: &Node, new_name: Name<'_>) -> Result<()> {
        to.check_directory()?;
        let mut meta = self.volume.begin()?;
        if to.find_entry(&mut meta, new_name)?.is_some() {
            // What takes the place of another is not to be there without its bytes.
            let source = self.find_entry(&mut meta, name)?.ok_or(Error::NotFound)?;
            let node = self.volume.node(&mut meta, &source)?;
            drop(meta);
            node.write_pages_back()?;
            meta = self.volume.begin()?;
        }
        let source = self.find_entry(&mut meta, name)?.ok_or(Error::NotFound)?;
        let node = self.volume.node(&mut meta, &source)?;
        let target = to.find_entry(&mut meta, new_name)?;
        let moves = node.kind == FileKind::Directory && self.number != to.number;
        let parent = match moves {
            true => Some(node.with_entries(&mut meta, |meta, extent| meta.parent_place(extent))?),
            false => None,
        };
        let place = match target {
            Some(target) if target.place == source.place => return Ok(()),
            Some(target) => {
                let old = self.volume.node(&mut meta, &target)?;
                match (node.kind, old.kind) {
                    (FileKind::Directory, FileKind::Directory) => old.check_empty(&mut meta)?,
                    (FileKind::Directory, _) => return Err(Error::NotDirectory),
                    (_, FileKind::Directory) => return Err(Error::IsDirectory),
                    _ => {}
                }
                meta.replace(target.place, &node.record())?;
                to.note_names();
                self.lose(&old);
                target.place
            }
            None => self.volume.with_room(&mut meta, |meta| {
                to.put_entry(meta, new_name, &node.record())
            })?,
        };
        meta.moved = true;
        self.volume.moved(&node, Some(place));
        node.change(|_| ());
        self.remove_entry(&mut meta, &source)?;
        if let Some(parent) = parent {
            meta.set_parent(parent, to.as_parent())?;
        }
        Ok(())
    }

    /// Exchanges what two names lead to.
    pub(crate) fn exchange(&self, name: Name<'_>, to: &Node, other: Name<'_>) -> Result<()> {
        to.check_directory()?;
        let mut meta = self.volume.begin()?;
        let one = self.find_entry(&mut meta, name)?.ok_or(Error::NotFound)?;
        let two = to.find_entry(&mut meta, other)?.ok_or(Error::NotFound)?;
        if one.place == two.place {
            return Ok(());
        }
        let first = self.volume.node(&mut meta, &one)?;
        let second = self.volume.node(&mut meta, &two)?;
        let apart = self.number != to.number;
        let mut parents = [None, None];
        for ((node, above), parent) in [(&first, to), (&second, self)]
            .into_iter()
            .zip(&mut parents)
        {
            if apart && node.kind == FileKind::Directory {
                let place =
                    node.with_entries(&mut meta, |meta, extent| meta.parent_place(extent))?;
                *parent = Some((place, above.as_parent()));
            }
        }
        meta.replace(one.place, &second.record())?;
        meta.replace(two.place, &first.record())?;
        self.volume.moved(&first, None);
        self.volume.moved(&second, Some(one.place));
        self.volume.moved(&first, Some(two.place));
        for (place, above) in parents.into_iter().flatten() {
            meta.set_parent(place, above)?;
        }
        for node in [&first, &second] {
            if node.kind == FileKind::Directory {
                self.volume.note_directory(node);
            }
            node.change(|_| ());
        }
        self.note_names();
        to.note_names();
        Ok(())
    }
}

impl Meta {
    /// Lets an entry lead to another file; its name stays.
    fn replace(&mut self, place: u64, record: &Record) -> Result<()> {
        let mut bytes = self.read_entry(place)?;
        self.put_record(record, &mut bytes);
        self.write_entry(place, &bytes)
    }

    /// Lets a directory's `..` lead to another.
    fn set_parent(&mut self, place: u64, start: u32) -> Result<()> {
        let mut bytes = self.read_entry(place)?;
        let wide = matches!(self.measures.root, Root::Chain(_));
        let parent = Record {
            start,
            ..Record::default()
        };
        parent.write_place(&mut bytes, wide);
        self.write_entry(place, &bytes)
    }

    /// What was to be written to a cluster that is not used after all needs no writing.
    fn forget_cluster(&mut self, cluster: u32) {
        let first = self.measures.sector_of(cluster);
        for sector in first..first + self.measures.cluster_sectors {
            self.records.forget(sector);
        }
    }
}
