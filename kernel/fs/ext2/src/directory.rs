//! The entries of directories: finding, entering, taking out, listing.
//!
//! Directories are read and written linearly. One with a hash index reads as well as any other; when a name is
//! entered where the index does not expect it, the directory says that it has none any more, as every kernel that
//! knows no index does.

use alloc::vec::Vec;

use base::{Error, Result};
use object::{DirectoryEntry, FileKind};

use crate::blocks::Class;
use crate::format::inode::{FLAG_INDEX, Record};
use crate::format::map::way;
use crate::format::{checksum, entry};
use crate::index::{HUGE, LARGE};
use crate::inode::Node;
use crate::meta::Meta;

/// Is shown a block of a directory: its index there, its place on the disk, its bytes. `true` is enough.
type BlockVisitor<'a> = dyn FnMut(&mut Meta, u64, u64, &[u8]) -> Result<bool> + 'a;

/// Where a name may be put: behind what an entry itself uses.
struct Room {
    index: u64,
    block: u64,
    offset: usize,
    used: usize,
    length: usize,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The block on the disk.
    pub(crate) block: u64,
    /// The entry's offset in it.
    pub(crate) offset: usize,
    /// The inode that it names.
    pub(crate) inode: u32,
}

impl Meta {
    /// How many blocks a directory has; never more than the disk.
    fn directory_blocks(&mut self, number: u32, directory: &Record) -> Result<u64> {
        let size = self.measures.block_size as u64;
        if !directory.size.is_multiple_of(size) || directory.size / size > self.measures.blocks {
            return Err(self.damage("a directory's length", number.into()));
        }
        Ok(directory.size / size)
    }

    /// Shows every block of a directory from the `first` on until `visit` says that it is enough.
    fn each_names_block(
        &mut self,
        number: u32,
        directory: &Record,
        first: u64,
        visit: &mut BlockVisitor<'_>,
    ) -> Result<()> {
        let end = self.directory_blocks(number, directory)?;
        let mut index = first;
        let mut bytes = alloc::vec![0; self.measures.block_size];
        while index < end {
            let run = self.find_blocks(directory, index, (end - index).min(64))?;
            if let Some(at) = run.at {
                for step in 0..run.count.min(end - index) {
                    self.blocks.read(at + step, 0, &mut bytes)?;
                    let indexed = directory.flags & FLAG_INDEX != 0;
                    self.verify(at + step, "the checksum of a block of names", || {
                        checksum::names_agree(directory.checksum_seed, &bytes, indexed)
                    })?;
                    if visit(self, index + step, at + step, &bytes)? {
                        return Ok(());
                    }
                }
            }
            index += run.count.max(1);
        }
        Ok(())
    }

    /// Finds a name.
    pub(crate) fn find_name(
        &mut self,
        number: u32,
        directory: &Record,
        name: &[u8],
    ) -> Result<Option<Place>> {
        if self.indices.has(number) {
            return self.find_indexed(number, name);
        }
        let blocks = self.directory_blocks(number, directory)?;
        if blocks >= LARGE && directory.size <= HUGE {
            self.build_index(number, directory)?;
            return self.find_indexed(number, name);
        }
        let file_type = self.measures.file_type;
        let mut found = None;
        self.each_names_block(number, directory, 0, &mut |meta, _, block, bytes| {
            for entry in entry::all(bytes, file_type) {
                let entry = entry.map_err(|damage| meta.damage(damage, number.into()))?;
                if entry.inode != 0 && entry.name == name {
                    found = Some(Place {
                        block,
                        offset: entry.offset,
                        inode: entry.inode,
                    });
                    return Ok(true);
                }
            }
            Ok(false)
        })?;
        Ok(found)
    }

    fn find_indexed(&mut self, number: u32, name: &[u8]) -> Result<Option<Place>> {
        for (block, offset) in self.indices.places(number, name) {
            let bytes = self.blocks.copy(block)?;
            let entry = entry::at(&bytes, offset, self.measures.file_type)
                .map_err(|damage| self.damage(damage, number.into()))?;
            if entry.inode != 0 && entry.name == name {
                let inode = entry.inode;
                return Ok(Some(Place {
                    block,
                    offset,
                    inode,
                }));
            }
        }
        Ok(None)
    }

    fn build_index(&mut self, number: u32, directory: &Record) -> Result<()> {
        let file_type = self.measures.file_type;
        self.indices.begin(number);
        let built = self.each_names_block(number, directory, 0, &mut |meta, _, block, bytes| {
            for entry in entry::all(bytes, file_type) {
                let entry = entry.map_err(|damage| meta.damage(damage, number.into()))?;
                if entry.inode != 0 {
                    meta.indices.add(number, entry.name, block, entry.offset);
                }
            }
            Ok(false)
        });
        if built.is_err() {
            self.indices.forget(number);
        }
        built
    }

    fn kind_code(&self, kind: FileKind) -> u8 {
        if self.measures.file_type {
            entry::kind_code(kind)
        } else {
            0
        }
    }

    /// Looks for room for a name of so many bytes, from the directory's block `first` on.
    fn find_room(
        &mut self,
        number: u32,
        directory: &Record,
        first: u64,
        name: usize,
    ) -> Result<Option<Room>> {
        let file_type = self.measures.file_type;
        let needed = entry::record_length(name);
        let mut found = None;
        self.each_names_block(
            number,
            directory,
            first,
            &mut |meta, index, block, bytes| {
                for entry in entry::all(bytes, file_type) {
                    let entry = entry.map_err(|damage| meta.damage(damage, number.into()))?;
                    let used = entry.used();
                    if entry.length - used >= needed {
                        let (offset, length) = (entry.offset, entry.length);
                        found = Some(Room {
                            index,
                            block,
                            offset,
                            used,
                            length,
                        });
                        return Ok(true);
                    }
                }
                Ok(false)
            },
        )?;
        Ok(found)
    }

    fn fill_room(
        &mut self,
        number: u32,
        room: &Room,
        name: &[u8],
        inode: u32,
        code: u8,
    ) -> Result<()> {
        let bytes = self.blocks.edit(room.block, Class::Names)?;
        if room.used != 0 {
            entry::set_length(bytes, room.offset, room.used);
        }
        let (offset, length) = (room.offset + room.used, room.length - room.used);
        entry::write(bytes, offset, length, inode, code, name);
        self.indices.add(number, name, room.block, offset);
        Ok(())
    }

    /// Enters a name for an inode that is about to leave, where there is room without making any: in `lost+found`, where
    /// e2fsck would put it.
    pub(crate) fn park(&mut self, inode: u32) -> Result<Option<Place>> {
        let Some(number) = self.lost_and_found else {
            return Ok(None);
        };
        let kind = self.read_inode(inode)?.kind().unwrap_or_default();
        let directory = self.read_inode(number)?;
        let name = alloc::format!("#{inode}");
        if directory.kind() != Some(FileKind::Directory)
            || self
                .find_name(number, &directory, name.as_bytes())?
                .is_some()
        {
            return Ok(None);
        }
        let Some(room) = self.find_room(number, &directory, 0, name.len())? else {
            return Ok(None);
        };
        let code = self.kind_code(kind);
        self.fill_room(number, &room, name.as_bytes(), inode, code)?;
        Ok(Some(Place {
            block: room.block,
            offset: room.offset + room.used,
            inode,
        }))
    }

    /// Enters a name, which is not there yet; gives the block that it lies in. `roomy` is where there was room lately.
    pub(crate) fn enter_name(
        &mut self,
        number: u32,
        directory: &mut Record,
        roomy: &mut u64,
        name: &[u8],
        inode: u32,
        kind: FileKind,
    ) -> Result<u64> {
        let code = self.kind_code(kind);
        let blocks = self.directory_blocks(number, directory)?;
        let first = if *roomy < blocks { *roomy } else { 0 };
        let room = self.find_room(number, directory, first, name.len())?;
        let block = if let Some(room) = room {
            *roomy = room.index;
            self.fill_room(number, &room, name, inode, code)?;
            room.block
        } else {
            let size = self.measures.block_size;
            if way(blocks, self.measures.pointers()).is_none() || directory.size > 1 << 31 {
                return Err(Error::NoSpace);
            }
            self.add_blocks(number, directory, blocks, 1, &mut |_, _| ())?;
            let Some(block) = self.find_blocks(directory, blocks, 1)?.at else {
                return Err(Error::NoSpace);
            };
            let bytes = self.blocks.make(block, Class::Names);
            entry::write(bytes, 0, size, inode, code, name);
            self.indices.add(number, name, block, 0);
            directory.size += size as u64;
            *roomy = blocks;
            block
        };
        directory.flags &= !FLAG_INDEX;
        Ok(block)
    }

    /// Takes an entry out: its room goes to the one before it.
    pub(crate) fn remove_name(&mut self, number: u32, place: Place) -> Result<()> {
        let file_type = self.measures.file_type;
        let bytes = self.blocks.edit(place.block, Class::Names)?;
        let mut before: Option<(usize, usize)> = None;
        let mut found = None;
        for entry in entry::all(bytes, file_type) {
            let Ok(entry) = entry else { break };
            if entry.offset == place.offset {
                self.indices
                    .remove(number, entry.name, place.block, place.offset);
                found = Some(entry.length);
                break;
            }
            before = Some((entry.offset, entry.length));
        }
        match (found, before) {
            (Some(length), Some((offset, taken))) => {
                entry::set_length(bytes, offset, taken + length);
                // What is left of it shall not be taken for an entry by whoever repairs the disk.
                if let Some(inode) = bytes.get_mut(place.offset..place.offset + 4) {
                    inode.fill(0);
                }
            }
            (Some(_), None) => entry::set_inode(bytes, place.offset, 0, 0, file_type),
            (None, _) => return Err(Error::NeedsCleaning),
        }
        Ok(())
    }

    /// Lets an entry name another inode.
    pub(crate) fn replace_name(&mut self, place: Place, inode: u32, kind: FileKind) -> Result<()> {
        let file_type = self.measures.file_type;
        let bytes = self.blocks.edit(place.block, Class::Names)?;
        entry::set_inode(
            bytes,
            place.offset,
            inode,
            entry::kind_code(kind),
            file_type,
        );
        Ok(())
    }

    /// Whether there is nothing in a directory but itself and its parent.
    pub(crate) fn is_empty(&mut self, number: u32, directory: &Record) -> Result<bool> {
        let file_type = self.measures.file_type;
        let mut empty = true;
        self.each_names_block(number, directory, 0, &mut |meta, _, _, bytes| {
            for entry in entry::all(bytes, file_type) {
                let entry = entry.map_err(|damage| meta.damage(damage, number.into()))?;
                if entry.inode != 0 && entry.name != b"." && entry.name != b".." {
                    empty = false;
                    return Ok(true);
                }
            }
            Ok(false)
        })?;
        Ok(empty)
    }

    /// Where a directory names its parent.
    pub(crate) fn parent_name(&mut self, number: u32, directory: &Record) -> Result<Place> {
        match self.find_name(number, directory, b"..")? {
            Some(place) => Ok(place),
            None => Err(self.damage("a directory without a parent", number.into())),
        }
    }

    /// A new directory's first block: itself and its parent.
    pub(crate) fn fill_new(&mut self, block: u64, number: u32, parent: u32) {
        let size = self.measures.block_size;
        let code = if self.measures.file_type {
            entry::kind_code(FileKind::Directory)
        } else {
            0
        };
        let bytes = self.blocks.make(block, Class::Names);
        entry::write(bytes, 0, 12, number, code, b".");
        entry::write(bytes, 12, size - 12, parent, code, b"..");
    }
}

/// What is shown of an entry.
struct Shown {
    name: Vec<u8>,
    inode: u32,
    kind: Option<FileKind>,
    next: u64,
}

impl Node {
    /// Shows the entries from `cookie` on, which is a place in the directory's bytes. Entries never move, so one that
    /// stays is found where it was, and one that lay at the cookie and went is passed over.
    pub(crate) fn list(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        if self.kind != FileKind::Directory {
            return Err(Error::NotDirectory);
        }
        let size = self.volume.block_size as u64;
        let mut reached = cookie;
        loop {
            // One block under the lock; visitors may write to user memory, so they are called outside.
            let mut shown: Vec<Shown> = Vec::new();
            let mut next = None;
            {
                let mut meta = self.volume.meta();
                let file_type = meta.measures.file_type;
                let record = self.record();
                let number = self.number;
                meta.each_names_block(
                    number,
                    &record,
                    reached / size,
                    &mut |meta, index, _, bytes| {
                        let begin = index * size;
                        for entry in entry::all(bytes, file_type) {
                            let entry =
                                entry.map_err(|damage| meta.damage(damage, number.into()))?;
                            let at = begin + entry.offset as u64;
                            let special = entry.name == b"." || entry.name == b"..";
                            let sound = !entry.name.is_empty()
                                && !entry.name.contains(&b'/')
                                && !entry.name.contains(&0);
                            if at < reached || entry.inode == 0 || special || !sound {
                                continue;
                            }
                            shown.push(Shown {
                                name: entry.name.into(),
                                inode: entry.inode,
                                kind: entry::kind_of(entry.kind),
                                next: at + entry.length as u64,
                            });
                        }
                        next = Some(begin + size);
                        Ok(!shown.is_empty())
                    },
                )?;
                // Without kinds in the entries the inodes have to be asked.
                for one in &mut shown {
                    if one.kind.is_none() {
                        one.kind = meta
                            .read_inode(one.inode)
                            .ok()
                            .and_then(|record| record.kind());
                    }
                }
            }
            let Some(next) = next else {
                return Ok(());
            };
            for one in &shown {
                let entry = DirectoryEntry {
                    name: &one.name,
                    inode: one.inode.into(),
                    kind: one.kind.unwrap_or_default(),
                    next_position: one.next,
                };
                if !visit(&entry) {
                    return Ok(());
                }
            }
            reached = next;
        }
    }
}
