//! Making, linking, unlinking and renaming.
//!
//! The vfs keeps changes of one directory apart; the lock on the metadata keeps all of them apart, and a commit
//! between them. A commit in the midst of one only happens where what is there so far may well be on the disk.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use base::{Error, Result};
use fs_disk::Volume as _;
use object::FileKind;
use vfs::{FileMarks, Name, NewInode, Ownership};

use crate::blocks::Class;
use crate::directory::Place;
use crate::format::inode::{Record, mode_of};
use crate::inode::Node;
use crate::meta::Meta;

/// How many names an inode may have.
const LINKS_MAX: u16 = 32_000;

impl Node {
    fn check_directory(&self) -> Result<()> {
        match self.kind {
            FileKind::Directory if self.links() == 0 => Err(Error::NotFound),
            FileKind::Directory => Ok(()),
            _ => Err(Error::NotDirectory),
        }
    }

    fn find_place(&self, meta: &mut Meta, name: Name<'_>) -> Result<Option<Place>> {
        if self.kind != FileKind::Directory {
            return Err(Error::NotDirectory);
        }
        meta.find_name(self.number, &self.record(), name.as_bytes())
    }

    /// The inode that a name leads to.
    pub(crate) fn find(&self, name: Name<'_>) -> Result<Arc<Node>> {
        let mut meta = self.volume.meta();
        let place = self.find_place(&mut meta, name)?.ok_or(Error::NotFound)?;
        self.volume.node(&mut meta, place.inode)
    }

    /// Enters a name for an inode.
    fn put_name(&self, meta: &mut Meta, name: Name<'_>, inode: u32, kind: FileKind) -> Result<u64> {
        let mut record = self.record();
        let mut roomy = self.roomy.load(Ordering::Relaxed);
        let entered = meta.enter_name(
            self.number,
            &mut record,
            &mut roomy,
            name.as_bytes(),
            inode,
            kind,
        );
        self.roomy.store(roomy, Ordering::Relaxed);
        self.adopt(&record);
        let block = entered?;
        meta.named_in.insert((inode, block));
        self.note_modification();
        Ok(block)
    }

    fn remove_place(&self, meta: &mut Meta, place: Place) -> Result<()> {
        meta.remove_name(self.number, place)?;
        // There is room from here on, if not before.
        self.roomy.store(0, Ordering::Relaxed);
        self.note_modification();
        Ok(())
    }

    /// How deep a new inode in this directory lies below what is on the disk.
    fn birth_depth(&self, meta: &Meta) -> u32 {
        meta.newborn.get(&self.number).map_or(0, |depth| depth + 1)
    }

    /// What is new and has got a name in this directory is born after it.
    fn delay_birth(&self, meta: &mut Meta, number: u32) {
        let least = self.birth_depth(meta);
        if let Some(depth) = meta.newborn.get_mut(&number) {
            *depth = least.max(*depth);
        }
    }

    /// Makes an inode and enters it.
    pub(crate) fn make(
        &self,
        name: Name<'_>,
        new: &NewInode<'_>,
        owner: Ownership,
    ) -> Result<Arc<Node>> {
        self.check_directory()?;
        self.check_changeable(true)?;
        let mut meta = self.volume.begin()?;
        if self.find_place(&mut meta, name)?.is_some() {
            return Err(Error::Exists);
        }
        let directory = matches!(new, NewInode::Directory);
        if directory && self.links() >= LINKS_MAX {
            return Err(Error::TooManyLinks);
        }
        self.volume.with_room(&mut meta, |meta| {
            let (number, record) = self.make_record(meta, new, owner, 1)?;
            let depth = self.birth_depth(meta);
            if let Err(error) = self.put_name(meta, name, number, new.kind()) {
                meta.unmake(number, record, directory);
                return Err(error);
            }
            meta.newborn.insert(number, depth);
            if directory {
                self.change(|record| record.links += 1);
            }
            Ok(self.volume.enter(number, new.kind(), record))
        })
    }

    /// Makes a file without a name.
    pub(crate) fn make_nameless(&self, owner: Ownership) -> Result<Arc<Node>> {
        self.check_directory()?;
        let mut meta = self.volume.begin()?;
        self.volume.with_room(&mut meta, |meta| {
            let (number, record) = self.make_record(meta, &NewInode::File, owner, 0)?;
            meta.nameless.insert(number);
            Ok(self.volume.enter(number, FileKind::Regular, record))
        })
    }

    fn make_record(
        &self,
        meta: &mut Meta,
        new: &NewInode<'_>,
        owner: Ownership,
        links: u16,
    ) -> Result<(u32, Record)> {
        let directory = matches!(new, NewInode::Directory);
        if let NewInode::Symlink(body) = new
            && body.len() >= meta.measures.block_size
        {
            return Err(Error::NameTooLong);
        }
        let number = meta.allocate_inode(self.number, directory)?;
        let before = meta
            .read_inode(number)
            .map_or(0, |record| record.generation);
        let mut record = Record {
            mode: mode_of(new.kind()) | (owner.mode & 0o7777) as u16,
            uid: owner.uid,
            gid: owner.gid,
            links: if directory { 2 } else { links },
            generation: before.wrapping_add(1),
            extra_size: meta.measures.extra_size,
            flags: self.inherited_flags(new.kind()),
            ..Record::default()
        };
        record.set_born(vfs::now());
        let filled = self.fill_record(meta, number, new, &mut record);
        let stored = filled.and_then(|()| meta.write_inode(number, &record, true));
        match stored {
            Ok(()) => Ok((number, record)),
            Err(error) => {
                meta.unmake(number, record, directory);
                Err(error)
            }
        }
    }

    /// What is made in a directory has some of its marks, as far as they mean something for such an inode.
    fn inherited_flags(&self, kind: FileKind) -> u32 {
        let passed_on = match kind {
            FileKind::Regular | FileKind::Directory => FileMarks::COMPRESSED | FileMarks::NO_DUMP,
            _ => FileMarks::NO_DUMP,
        };
        self.record().flags & passed_on.bits()
    }

    fn fill_record(
        &self,
        meta: &mut Meta,
        number: u32,
        new: &NewInode<'_>,
        record: &mut Record,
    ) -> Result<()> {
        match new {
            NewInode::Directory => {
                meta.add_blocks(number, record, 0, 1, &mut |_, _| ())?;
                meta.fill_new(u64::from(record.map[0]), number, self.number);
                record.size = meta.measures.block_size as u64;
            }
            NewInode::Symlink(body) => {
                record.size = body.len() as u64;
                if body.len() < 60 {
                    record.set_fast_body(body);
                } else {
                    meta.add_blocks(number, record, 0, 1, &mut |_, _| ())?;
                    let bytes = meta.blocks.make(u64::from(record.map[0]), Class::Plain);
                    bytes[..body.len()].copy_from_slice(body);
                }
            }
            NewInode::Device { major, minor, .. } => {
                if !record.set_device(*major, *minor) {
                    return Err(Error::InvalidArgument);
                }
            }
            NewInode::File | NewInode::Fifo | NewInode::Socket => {}
        }
        Ok(())
    }

    /// Enters another name for `target`.
    pub(crate) fn enter(&self, name: Name<'_>, target: &Arc<Node>) -> Result<()> {
        self.check_directory()?;
        target.check_changeable(false)?;
        let mut meta = self.volume.begin()?;
        if target.links() >= LINKS_MAX {
            return Err(Error::TooManyLinks);
        }
        let nameless = target.links() == 0;
        if nameless && !meta.nameless.contains(&target.number) {
            return Err(Error::NotFound);
        }
        if self.find_place(&mut meta, name)?.is_some() {
            return Err(Error::Exists);
        }
        self.settle_target(&mut meta, target, nameless)?;
        self.volume.with_room(&mut meta, |meta| {
            self.put_name(meta, name, target.number, target.kind)
        })?;
        if nameless {
            meta.nameless.remove(&target.number);
            meta.newborn.insert(target.number, 0);
        }
        self.delay_birth(&mut meta, target.number);
        target.change(|record| {
            record.links += 1;
            record.change_time = record.kept(vfs::now());
        });
        if nameless {
            // While it had no name nobody kept it for the next commit.
            self.volume.keep(target.clone());
        }
        Ok(())
    }

    /// What is on the disk shall not be named in a directory that is not.
    fn settle_target(&self, meta: &mut Meta, target: &Node, nameless: bool) -> Result<()> {
        let alive = !nameless && !meta.newborn.contains_key(&target.number);
        if alive && meta.newborn.contains_key(&self.number) {
            self.volume.commit(meta)?;
        }
        Ok(())
    }

    /// Takes a name out.
    pub(crate) fn take_out(&self, name: Name<'_>, directory: bool) -> Result<()> {
        self.check_changeable(false)?;
        let mut meta = self.volume.begin()?;
        let place = self.find_place(&mut meta, name)?.ok_or(Error::NotFound)?;
        let node = self.volume.node(&mut meta, place.inode)?;
        node.check_changeable(false)?;
        match (node.kind == FileKind::Directory, directory) {
            (true, false) => return Err(Error::IsDirectory),
            (false, true) => return Err(Error::NotDirectory),
            (true, true) if !meta.is_empty(node.number, &node.record())? => {
                return Err(Error::NotEmpty);
            }
            _ => {}
        }
        if directory {
            self.settle_emptied(&mut meta, &node)?;
        }
        if node.links() > 1 && !directory {
            self.volume
                .order_names(&mut meta, node.number, place.block)?;
        }
        self.remove_place(&mut meta, place)?;
        self.lose_name(&mut meta, &node)
    }

    /// `node` has lost a name in this directory; the last one is its end.
    fn lose_name(&self, meta: &mut Meta, node: &Node) -> Result<()> {
        let now = vfs::now();
        let directory = node.kind == FileKind::Directory;
        let left = node.change(|record| {
            record.change_time = record.kept(now);
            record.links = if directory {
                0
            } else {
                record.links.saturating_sub(1)
            };
            record.links
        });
        if directory {
            self.change(|record| record.links = record.links.saturating_sub(1).max(2));
        }
        if left > 0 {
            return Ok(());
        }
        meta.newborn.remove(&node.number);
        meta.finished.remove(&node.number);
        meta.nameless.insert(node.number);
        self.volume.store(meta, node)?;
        self.volume.let_go(node.number);
        Ok(())
    }

    /// Moves a name, in the place of another if there is one.
    pub(crate) fn move_name(&self, name: Name<'_>, to: &Node, new_name: Name<'_>) -> Result<()> {
        self.check_changeable(false)?;
        to.check_directory()?;
        to.check_changeable(true)?;
        let mut meta = self.volume.begin()?;
        if to.find_place(&mut meta, new_name)?.is_some() {
            // What takes the place of another is not to be there without its bytes.
            let place = self.find_place(&mut meta, name)?.ok_or(Error::NotFound)?;
            let node = self.volume.node(&mut meta, place.inode)?;
            drop(meta);
            node.write_pages_back()?;
            meta = self.volume.begin()?;
        }
        let source = self.find_place(&mut meta, name)?.ok_or(Error::NotFound)?;
        let node = self.volume.node(&mut meta, source.inode)?;
        node.check_changeable(false)?;
        let target = to.find_place(&mut meta, new_name)?;
        let same = self.number == to.number;
        let moves = node.kind == FileKind::Directory && !same;
        let replaced = match target {
            Some(place) if place.inode == source.inode => return Ok(()),
            Some(place) => Some(self.check_replaced(&mut meta, &node, place)?),
            None => None,
        };
        if moves && to.links() >= LINKS_MAX {
            return Err(Error::TooManyLinks);
        }
        // What the disk has never seen nobody misses there.
        let replaces = replaced
            .as_ref()
            .is_some_and(|old| !meta.newborn.contains_key(&old.number));
        self.settle_move(&mut meta, &node, to, replaces, moves)?;
        if let Some(old) = replaced.as_ref()
            && old.kind == FileKind::Directory
        {
            self.settle_emptied(&mut meta, old)?;
        }
        if let (Some(place), Some(old)) = (target, &replaced)
            && old.kind != FileKind::Directory
            && old.links() > 1
        {
            self.volume
                .order_names(&mut meta, old.number, place.block)?;
        }
        let parent = match moves {
            true => Some(meta.parent_name(node.number, &node.record())?),
            false => None,
        };
        match (target, &replaced) {
            (Some(place), Some(old)) => {
                meta.replace_name(place, node.number, node.kind)?;
                meta.named_in.insert((node.number, place.block));
                to.note_modification();
                // An empty directory may as well go first: it holds nothing, and cannot have two names for a while.
                let alive = old.links() == 1 && !meta.newborn.contains_key(&old.number);
                if alive && old.kind != FileKind::Directory {
                    meta.departing.insert(old.number, place.block);
                }
                to.lose_name(&mut meta, old)?;
            }
            _ => {
                self.volume.with_room(&mut meta, |meta| {
                    to.put_name(meta, new_name, node.number, node.kind)
                })?;
            }
        }
        to.delay_birth(&mut meta, node.number);
        self.volume
            .order_names(&mut meta, node.number, source.block)?;
        self.remove_place(&mut meta, source)?;
        node.change(|record| record.change_time = record.kept(vfs::now()));
        if let Some(parent) = parent {
            meta.replace_name(parent, to.number, FileKind::Directory)?;
            self.change(|record| record.links = record.links.saturating_sub(1));
            to.change(|record| record.links += 1);
        }
        Ok(())
    }

    fn check_replaced(&self, meta: &mut Meta, node: &Node, place: Place) -> Result<Arc<Node>> {
        let old = self.volume.node(meta, place.inode)?;
        old.check_changeable(false)?;
        match (
            node.kind == FileKind::Directory,
            old.kind == FileKind::Directory,
        ) {
            (true, false) => return Err(Error::NotDirectory),
            (false, true) => return Err(Error::IsDirectory),
            (_, true) if !meta.is_empty(old.number, &old.record())? => return Err(Error::NotEmpty),
            _ => {}
        }
        Ok(old)
    }

    /// What has to be on the disk before a move.
    fn settle_move(
        &self,
        meta: &mut Meta,
        node: &Node,
        to: &Node,
        replaces: bool,
        moves: bool,
    ) -> Result<()> {
        let born = meta.newborn.contains_key(&node.number);
        let into_new = meta.newborn.contains_key(&to.number);
        // What takes the place of something that is on the disk has to be there too, or a loss of power could leave
        // neither. A directory carries what is in it along, and the order of their births. And what is on the disk is
        // not named where nothing is yet.
        let late = match born {
            true => replaces || moves && !meta.is_empty(node.number, &node.record())?,
            false => into_new,
        };
        if late {
            self.volume.commit(meta)?;
        }
        Ok(())
    }

    /// What has to be on the disk before a directory goes. It is dead there before names are written, so what was moved
    /// out of it has to have its new name by then: else a loss of power between leaves it with none.
    fn settle_emptied(&self, meta: &mut Meta, directory: &Node) -> Result<()> {
        if !meta.order.is_empty() && !meta.newborn.contains_key(&directory.number) {
            self.volume.commit(meta)?;
        }
        Ok(())
    }

    /// Exchanges two names.
    pub(crate) fn exchange(&self, name: Name<'_>, to: &Node, other: Name<'_>) -> Result<()> {
        self.check_changeable(false)?;
        to.check_directory()?;
        to.check_changeable(false)?;
        let mut meta = self.volume.begin()?;
        let one = self.find_place(&mut meta, name)?.ok_or(Error::NotFound)?;
        let two = to.find_place(&mut meta, other)?.ok_or(Error::NotFound)?;
        if one.inode == two.inode {
            return Ok(());
        }
        let first = self.volume.node(&mut meta, one.inode)?;
        let second = self.volume.node(&mut meta, two.inode)?;
        first.check_changeable(false)?;
        second.check_changeable(false)?;
        if !meta.newborn.is_empty() || !meta.order.is_empty() {
            self.volume.commit(&mut meta)?;
        }
        let apart = self.number != to.number;
        let mut parents = [None, None];
        for ((node, above), parent) in [(&first, to), (&second, self)]
            .into_iter()
            .zip(&mut parents)
        {
            if apart && node.kind == FileKind::Directory {
                *parent = Some((meta.parent_name(node.number, &node.record())?, above.number));
            }
        }
        meta.replace_name(one, second.number, second.kind)?;
        meta.replace_name(two, first.number, first.kind)?;
        for (place, above) in parents.into_iter().flatten() {
            meta.replace_name(place, above, FileKind::Directory)?;
        }
        let gains = i32::from(first.kind == FileKind::Directory)
            - i32::from(second.kind == FileKind::Directory);
        if apart && gains != 0 {
            let by = gains as i16;
            to.change(|record| record.links = record.links.saturating_add_signed(by));
            self.change(|record| record.links = record.links.saturating_add_signed(-by));
        }
        let now = vfs::now();
        for node in [&first, &second] {
            node.change(|record| record.change_time = record.kept(now));
        }
        self.note_modification();
        to.note_modification();
        Ok(())
    }
}

impl Meta {
    /// Takes back an inode that got no name.
    fn unmake(&mut self, number: u32, mut record: Record, directory: bool) {
        record.links = 0;
        record.deletion_time = crate::commit::death_time();
        // What fails here is in the log; e2fsck finds what is lost.
        let _ = self.free_contents(&mut record);
        let _ = self.write_inode(number, &record, true);
        let _ = self.return_inode(number, directory);
    }
}
