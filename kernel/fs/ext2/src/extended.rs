//! Extended attributes of an inode: in what its record leaves of its place in the table, and in a block of its own.
//!
//! A block of attributes is never changed but for the count of those who share it: whoever changes an attribute
//! there writes a new block, and the inode, which is written at once, leads from the one to the other. So a loss of
//! power leaves all attributes as they were or as they are. Blocks that others have made to be shared are left one by
//! one; none are made here, because a loss of power between the count and the inode that is counted leaves what only
//! `e2fsck -y` repairs.

use alloc::vec::Vec;

use base::{Error, Result};
use fs_disk::Volume as _;
use vfs::{ACCESS_LIST, AccessList, DEFAULT_LIST, SetExtended};
use zerocopy::little_endian::U32;

use crate::blocks::Class;
use crate::format::attributes::{self, Attribute, HEADER, MAGIC, SHARES, fits, shares};
use crate::format::inode::{self, Record};
use crate::format::superblock::COMPATIBLE_ATTRIBUTES;
use crate::inode::Node;
use crate::meta::Meta;

/// A list that was looked for: most inodes have none, which is asked at every permission check.
#[derive(Clone, Debug, Default)]
pub(crate) enum KeptList {
    /// Not looked for yet.
    #[default]
    Unknown,
    /// This, or none.
    Known(Option<AccessList>),
}

/// Both lists of an inode.
#[derive(Debug, Default)]
pub(crate) struct KeptLists {
    access: KeptList,
    default: KeptList,
}

impl KeptLists {
    fn of(&mut self, name: &[u8]) -> &mut KeptList {
        match name == ACCESS_LIST {
            true => &mut self.access,
            false => &mut self.default,
        }
    }
}

fn is_list(name: &[u8]) -> bool {
    name == ACCESS_LIST || name == DEFAULT_LIST
}

impl Node {
    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &[u8]) -> Result<Vec<u8>> {
        let (prefix, rest) = attributes::split(name).ok_or(Error::Unsupported)?;
        let mut meta = self.volume.meta();
        let all = meta.attributes(self.number, &self.record())?;
        let found = all
            .into_iter()
            .find(|one| one.prefix == prefix && one.name == rest)
            .ok_or(Error::NoData)?;
        match is_list(name) {
            true => attributes::list_told(&found.value)
                .ok_or_else(|| meta.damage("an access control list", self.number.into())),
            false => Ok(found.value),
        }
    }

    /// Shows the names of all attributes.
    pub(crate) fn list_attributes(&self, visit: &mut dyn FnMut(&[u8])) -> Result<()> {
        let all = self.volume.meta().attributes(self.number, &self.record())?;
        all.iter()
            .filter_map(Attribute::whole_name)
            .for_each(|name| visit(&name));
        Ok(())
    }

    /// Sets an attribute, or takes it away.
    pub(crate) fn change_attribute(
        &self,
        name: &[u8],
        value: Option<&[u8]>,
        how: SetExtended,
    ) -> Result<()> {
        let (prefix, rest) = attributes::split(name).ok_or(Error::Unsupported)?;
        if self.volume.is_read_only() {
            return Err(Error::ReadOnlyFileSystem);
        }
        self.check_changeable(false)?;
        let value = match value {
            Some(told) if is_list(name) => {
                Some(attributes::list_stored(told).ok_or(Error::InvalidArgument)?)
            }
            other => other.map(Vec::from),
        };
        let mut meta = self.volume.begin()?;
        meta.can_have_attributes()?;
        if meta.superblock.compatible.get() & COMPATIBLE_ATTRIBUTES == 0 {
            let flags = meta.superblock.compatible.get() | COMPATIBLE_ATTRIBUTES;
            meta.superblock.compatible = U32::new(flags);
            meta.counts_changed = true;
            // Whoever repairs the disk takes attributes away where the superblock knows of none.
            self.volume.commit(&mut meta)?;
        }
        self.volume.with_room(&mut meta, |meta| {
            let mut record = self.record();
            let mut all = meta.attributes(self.number, &record)?;
            let place = all
                .iter()
                .position(|one| one.prefix == prefix && one.name == rest);
            match (&value, place) {
                (None, None) => return Err(Error::NoData),
                (Some(_), _) => how.check(place.is_some())?,
                (None, Some(_)) => {}
            }
            match (&value, place) {
                (Some(value), Some(place)) => all[place].value.clone_from(value),
                (Some(value), None) => all.push(Attribute {
                    prefix,
                    name: rest.into(),
                    value: value.clone(),
                }),
                (None, place) => {
                    place.map(|place| all.remove(place));
                }
            }
            meta.store_attributes(self.number, &mut record, all)?;
            self.change(|kept| {
                kept.attributes = record.attributes;
                kept.sectors = record.sectors;
                kept.change_time = kept.kept(vfs::now());
            });
            if is_list(name) {
                *self.lists.lock().of(name) = KeptList::Unknown;
            }
            Ok(())
        })
    }

    /// An access control list, kept once it was looked for.
    pub(crate) fn kept_list(&self, name: &[u8]) -> Result<Option<AccessList>> {
        if let KeptList::Known(list) = &*self.lists.lock().of(name) {
            return Ok(list.clone());
        }
        // Looked for and kept under one hold of the metadata, so that no change comes between.
        let mut meta = self.volume.meta();
        let all = meta.attributes(self.number, &self.record())?;
        let prefix = attributes::split(name).map_or(0, |(prefix, _)| prefix);
        let list = match all.iter().find(|one| one.prefix == prefix) {
            Some(found) => match attributes::list_told(&found.value) {
                Some(told) => AccessList::parse(&told)?,
                None => return Err(meta.damage("an access control list", self.number.into())),
            },
            None => None,
        };
        let old = core::mem::replace(self.lists.lock().of(name), KeptList::Known(list.clone()));
        drop(old);
        Ok(list)
    }
}

impl Meta {
    fn can_have_attributes(&self) -> Result<()> {
        match self.superblock.revision.get() {
            0 => Err(Error::Unsupported),
            _ => Ok(()),
        }
    }

    /// Where an inode's own area begins in its bytes, and how long it is; nothing where it has none.
    fn inner_area(&self, record: &Record) -> (usize, usize) {
        let begin = inode::SIZE + usize::from(record.extra_size);
        match record.extra_size {
            0 => (self.measures.inode_size, 0),
            _ => (begin, self.measures.inode_size.saturating_sub(begin)),
        }
    }

    /// All attributes of an inode.
    pub(crate) fn attributes(&mut self, number: u32, record: &Record) -> Result<Vec<Attribute>> {
        let mut all = Vec::new();
        let (begin, length) = self.inner_area(record);
        if length > 4 {
            let (block, offset) = self.inode_place(number)?;
            let mut area = alloc::vec![0; length];
            self.blocks.read(block, offset + begin, &mut area)?;
            if let Some((magic, area)) = area.split_first_chunk()
                && u32::from_le_bytes(*magic) == MAGIC
            {
                all = attributes::parse(area, 0)
                    .map_err(|damage| self.damage(damage, number.into()))?;
            }
        }
        if record.attributes != 0 {
            let block = u64::from(record.attributes);
            let bytes = self.attribute_block(block)?;
            let outer = attributes::parse(&bytes, HEADER);
            all.extend(outer.map_err(|damage| self.damage(damage, block))?);
        }
        Ok(all)
    }

    fn attribute_block(&mut self, block: u64) -> Result<Vec<u8>> {
        let Some((group, _)) = self.measures.locate_block(block) else {
            return Err(self.damage("a block of attributes beyond the end", block));
        };
        if self.groups[group as usize].covers(&self.measures, block) {
            return Err(self.damage("a block of attributes in the system's place", block));
        }
        let bytes = self.blocks.copy(block)?;
        match shares(&bytes) {
            Some(_) => Ok(bytes),
            None => Err(self.damage("a block of attributes", block)),
        }
    }

    /// Gives an inode these attributes instead of those it has; its record says where they are.
    fn store_attributes(
        &mut self,
        number: u32,
        record: &mut Record,
        all: Vec<Attribute>,
    ) -> Result<()> {
        let (begin, length) = self.inner_area(record);
        let size = self.measures.block_size;
        let (mut inner, mut outer) = (Vec::new(), Vec::new());
        let (mut inner_bytes, mut outer_bytes) = (0, 0);
        for attribute in all {
            let bytes = attribute.size();
            if length > 4 && fits(length - 4, 0, inner_bytes + bytes) {
                inner_bytes += bytes;
                inner.push(attribute);
            } else {
                outer_bytes += bytes;
                outer.push(attribute);
            }
        }
        if !outer.is_empty() && !fits(size, HEADER, outer_bytes) {
            return Err(Error::NoSpace);
        }
        let old = u64::from(record.attributes);
        let new = match outer.is_empty() {
            true => 0,
            false => self.place_attributes(number, old, outer)?,
        };
        if length > 0 {
            let (block, offset) = self.inode_place(number)?;
            let area = attributes::inner(length, &inner);
            let bytes = self.blocks.edit(block, Class::Plain)?;
            bytes
                .get_mut(offset + begin..offset + begin + length)
                .ok_or(Error::NeedsCleaning)?
                .copy_from_slice(&area);
        }
        if old != new {
            let sectors = self.measures.sectors() as u32;
            record.attributes = new as u32;
            if new != 0 {
                record.sectors = record.sectors.saturating_add(sectors);
            }
            if old != 0 {
                record.sectors = record.sectors.saturating_sub(sectors);
                self.release_attributes(old)?;
            }
        }
        Ok(())
    }

    /// A block with these attributes: the one that there is, or a new one.
    fn place_attributes(&mut self, number: u32, old: u64, outer: Vec<Attribute>) -> Result<u64> {
        let size = self.measures.block_size;
        let bytes = attributes::block(size, outer);
        let same = |present: &[u8]| present[SHARES.end..] == bytes[SHARES.end..];
        if old != 0 && same(&self.attribute_block(old)?) {
            return Ok(old);
        }
        let group = self
            .measures
            .locate_inode(number)
            .map_or(0, |(group, _)| group);
        let (block, _) = self.allocate_blocks(self.measures.group_start(group), 1)?;
        self.blocks
            .make(block, Class::Plain)
            .copy_from_slice(&bytes);
        Ok(block)
    }

    /// One inode less has a block of attributes.
    pub(crate) fn release_attributes(&mut self, block: u64) -> Result<()> {
        let bytes = self.attribute_block(block)?;
        match shares(&bytes) {
            Some(count) if count > 1 => {
                let bytes = self.blocks.edit(block, Class::Plain)?;
                bytes[SHARES].copy_from_slice(&(count - 1).to_le_bytes());
            }
            _ => self.free_block(block),
        }
        Ok(())
    }
}
