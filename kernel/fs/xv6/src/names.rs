//! Making, linking, unlinking and renaming: each is one operation of the log.

use alloc::sync::Arc;

use base::{Error, Result};
use object::FileKind;
use vfs::{Name, NewInode, Ownership};

use crate::device_number;
use crate::format::entry;
use crate::format::inode::{LINKS_MAX, Record};
use crate::inode::Node;
use crate::meta::Meta;

/// A name that fits into an entry.
fn checked(name: Name<'_>) -> Result<&[u8]> {
    match name.as_bytes() {
        name if name.len() <= entry::NAME => Ok(name),
        _ => Err(Error::NameTooLong),
    }
}

/// One more name.
fn add_link(record: &mut Record) -> Result<()> {
    if record.links >= LINKS_MAX {
        return Err(Error::TooManyLinks);
    }
    record.links += 1;
    Ok(())
}

/// One name less.
fn drop_link(record: &mut Record) {
    record.links = record.links.saturating_sub(1);
}

impl Meta {
    /// Changes what an inode says.
    fn change(
        &mut self,
        number: u32,
        change: impl FnOnce(&mut Meta, &mut Record) -> Result<()>,
    ) -> Result<()> {
        let mut record = self.read_inode(number)?;
        change(self, &mut record)?;
        self.write_inode(number, &record)
    }

    /// Lets the entry `..` of a directory lead to another parent.
    fn set_parent(&mut self, number: u32, parent: u32) -> Result<()> {
        self.change(number, |meta, record| {
            match meta.find_name(record, b"..")? {
                Some((place, _)) => meta.put_entry(record, place, b"..", parent),
                None => Err(meta.damage("a directory without a parent", number.into())),
            }
        })
    }
}

impl Node {
    /// What this directory says.
    fn directory(&self, meta: &Meta) -> Result<Record> {
        match self.kind {
            FileKind::Directory if self.is_gone() => Err(Error::NotFound),
            FileKind::Directory => meta.read_inode(self.number),
            _ => Err(Error::NotDirectory),
        }
    }

    /// Where a name is, and its inode.
    fn find_entry(&self, meta: &mut Meta, name: &[u8]) -> Result<(usize, Arc<Node>)> {
        let record = self.directory(meta)?;
        let found = meta.find_name(&record, name)?;
        let (place, number) = found.ok_or(Error::NotFound)?;
        Ok((place, self.volume.node(meta, number)?))
    }

    /// The inode that a name leads to.
    pub(crate) fn find(&self, name: Name<'_>) -> Result<Arc<Node>> {
        let name = checked(name)?;
        Ok(self.find_entry(&mut self.volume.meta(), name)?.1)
    }

    /// Makes an inode and enters it.
    pub(crate) fn make(
        &self,
        name: Name<'_>,
        new: &NewInode<'_>,
        _owner: Ownership,
    ) -> Result<Arc<Node>> {
        let name = checked(name)?;
        let mut made = Record::new(new.kind()).ok_or(Error::NotPermitted)?;
        if let NewInode::Device { major, minor, .. } = *new {
            let numbers = device_number::to_disk(major, minor);
            (made.major, made.minor) = numbers.ok_or(Error::InvalidArgument)?;
        }
        let mut meta = self.volume.begin()?;
        let outcome = self.make_entry(&mut meta, name, &mut made);
        let number = meta.end(outcome)?;
        Ok(self.volume.enter(number, new.kind(), &made))
    }

    fn make_entry(&self, meta: &mut Meta, name: &[u8], made: &mut Record) -> Result<u32> {
        let mut own = self.directory(meta)?;
        if meta.find_name(&own, name)?.is_some() {
            return Err(Error::Exists);
        }
        let number = meta.take_inode(made)?;
        meta.put_name(&mut own, name, number)?;
        if made.kind() == Some(FileKind::Directory) {
            meta.put_name(made, b".", number)?;
            meta.put_name(made, b"..", self.number)?;
            meta.write_inode(number, made)?;
            add_link(&mut own)?;
        }
        meta.write_inode(self.number, &own)?;
        Ok(number)
    }

    /// Enters another name for an inode.
    pub(crate) fn enter(&self, name: Name<'_>, target: &Node) -> Result<()> {
        let name = checked(name)?;
        let mut meta = self.volume.begin()?;
        let outcome = (|meta: &mut Meta| {
            let mut own = self.directory(meta)?;
            if meta.find_name(&own, name)?.is_some() {
                return Err(Error::Exists);
            }
            if target.is_gone() {
                return Err(Error::NotFound);
            }
            meta.put_name(&mut own, name, target.number)?;
            meta.write_inode(self.number, &own)?;
            meta.change(target.number, |_, record| add_link(record))
        })(&mut meta);
        meta.end(outcome)
    }

    /// Takes a name out.
    pub(crate) fn take_out(&self, name: Name<'_>, directory: bool) -> Result<()> {
        let name = checked(name)?;
        let mut meta = self.volume.begin()?;
        let outcome = (|meta: &mut Meta| {
            let (place, node) = self.find_entry(meta, name)?;
            match (node.kind == FileKind::Directory, directory) {
                (true, false) => return Err(Error::IsDirectory),
                (false, true) => return Err(Error::NotDirectory),
                (true, true) => node.check_empty(meta)?,
                (false, false) => {}
            }
            meta.change(self.number, |meta, own| {
                if directory {
                    drop_link(own);
                }
                meta.put_entry(own, place, b"", 0)
            })?;
            let gone = meta.drop_name(&node)?;
            Ok((node, gone))
        })(&mut meta);
        let (node, gone) = meta.end(outcome)?;
        if gone {
            node.lose();
        }
        Ok(())
    }

    fn check_empty(&self, meta: &mut Meta) -> Result<()> {
        let record = meta.read_inode(self.number)?;
        match meta.is_empty(&record)? {
            true => Ok(()),
            false => Err(Error::NotEmpty),
        }
    }

    /// Moves a name, in the place of another if there is one.
    pub(crate) fn move_name(&self, name: Name<'_>, to: &Node, new_name: Name<'_>) -> Result<()> {
        let (name, new_name) = (checked(name)?, checked(new_name)?);
        let mut meta = self.volume.begin()?;
        let outcome = self.move_entry(&mut meta, name, to, new_name);
        if let Some((replaced, true)) = meta.end(outcome)? {
            replaced.lose();
        }
        Ok(())
    }

    /// Gives who was replaced, and whether that was its last name.
    fn move_entry(
        &self,
        meta: &mut Meta,
        name: &[u8],
        to: &Node,
        new_name: &[u8],
    ) -> Result<Option<(Arc<Node>, bool)>> {
        let (place, node) = self.find_entry(meta, name)?;
        let target = match to.find_entry(meta, new_name) {
            Ok(target) => Some(target),
            Err(Error::NotFound) if !to.is_gone() => None,
            Err(error) => return Err(error),
        };
        let is_directory = node.kind == FileKind::Directory;
        if let Some((_, old)) = &target {
            if old.number == node.number {
                return Ok(None);
            }
            match (is_directory, old.kind == FileKind::Directory) {
                (true, true) => old.check_empty(meta)?,
                (true, false) => return Err(Error::NotDirectory),
                (false, true) => return Err(Error::IsDirectory),
                (false, false) => {}
            }
        }
        meta.change(to.number, |meta, record| {
            match &target {
                Some((at, _)) => meta.put_entry(record, *at, new_name, node.number)?,
                None => meta.put_name(record, new_name, node.number)?,
            }
            // The parent that comes is counted, one that goes with who is replaced is not any more.
            match is_directory && target.is_none() {
                true => add_link(record),
                false => Ok(()),
            }
        })?;
        meta.change(self.number, |meta, record| {
            if is_directory {
                drop_link(record);
            }
            meta.put_entry(record, place, b"", 0)
        })?;
        if is_directory && self.number != to.number {
            meta.set_parent(node.number, to.number)?;
        }
        match target {
            Some((_, old)) => {
                let gone = meta.drop_name(&old)?;
                Ok(Some((old, gone)))
            }
            None => Ok(None),
        }
    }

    /// Exchanges what two names lead to.
    pub(crate) fn exchange(&self, name: Name<'_>, to: &Node, other: Name<'_>) -> Result<()> {
        let (name, other) = (checked(name)?, checked(other)?);
        let mut meta = self.volume.begin()?;
        let outcome = (|meta: &mut Meta| {
            let (one, first) = self.find_entry(meta, name)?;
            let (two, second) = to.find_entry(meta, other)?;
            meta.change(self.number, |meta, record| {
                meta.put_entry(record, one, name, second.number)
            })?;
            meta.change(to.number, |meta, record| {
                meta.put_entry(record, two, other, first.number)
            })?;
            if self.number == to.number {
                return Ok(());
            }
            for (node, from, to) in [(first, self, to), (second, to, self)] {
                if node.kind == FileKind::Directory {
                    meta.set_parent(node.number, to.number)?;
                    meta.change(from.number, |_, record| {
                        drop_link(record);
                        Ok(())
                    })?;
                    meta.change(to.number, |_, record| add_link(record))?;
                }
            }
            Ok(())
        })(&mut meta);
        meta.end(outcome)
    }
}

impl Meta {
    /// An inode has one name less, or as an empty directory none; whether that was its last.
    fn drop_name(&mut self, node: &Node) -> Result<bool> {
        let mut gone = false;
        self.change(node.number, |_, record| {
            drop_link(record);
            gone = record.links == 0;
            Ok(())
        })?;
        Ok(gone)
    }
}
