//! Reading a directory that lies in several layers.
//!
//! The layers are read one after the other, *the lowest first*. A name is shown where it is met
//! first, if it is to be seen at all: the topmost layer that has it has no whiteout. That order
//! needs no list of what was shown, and it is steady: the lower layers never change, so a file
//! that is copied up or removed while somebody reads is met where it was met before.
//!
//! A position says how far which layer was read: the layer's own position, times the number of
//! layers, plus the layer.

use alloc::vec::Vec;

use base::room::Room;
use base::{Error, Result};
use object::{DirectoryEntry, FileKind};
use vfs::{Name, Path};

use crate::find::peek;
use crate::marks::{is_whiteout, is_whiteout_status};
use crate::node::Node;

/// How many entries are read from a layer at a time.
const BATCH: usize = 64;

/// An entry as a layer has it.
struct Read {
    name: Vec<u8>,
    inode: u64,
    kind: FileKind,
    next: u64,
}

fn read_some(directory: &Path, from: u64) -> Result<Vec<Read>> {
    let mut batch = Vec::new();
    batch.make_room(BATCH)?;
    directory
        .inode()
        .read_directory(from, &mut |entry: &DirectoryEntry<'_>| {
            if batch.len() == BATCH {
                return false;
            }
            batch.push(Read {
                name: entry.name.to_vec(),
                inode: entry.inode,
                kind: entry.kind,
                next: entry.next_position,
            });
            true
        })?;
    Ok(batch)
}

impl Node {
    /// Its parts, the lowest first; the upper layer has its place even where it has no part.
    fn parts(&self) -> Vec<Option<Path>> {
        let lower = self.lower.iter().rev().map(|part| Some(part.path.clone()));
        lower.chain([self.upper()]).collect()
    }

    /// Shows the entries from `cookie` on.
    pub(crate) fn list(
        &self,
        cookie: u64,
        visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
    ) -> Result<()> {
        if self.kind != FileKind::Directory {
            return Err(Error::NotDirectory);
        }
        let parts = self.parts();
        let count = parts.len() as u64;
        let (mut reached, first) = (cookie / count, (cookie % count) as usize);
        for (index, part) in parts.iter().enumerate().skip(first) {
            let Some(part) = part else { continue };
            loop {
                let batch = read_some(part, reached)?;
                let Some(last) = batch.last() else { break };
                reached = last.next;
                for entry in &batch {
                    let Some((inode, kind)) = self.shown(&parts, index, entry)? else {
                        continue;
                    };
                    let position = entry.next.checked_mul(count);
                    let position = position.and_then(|place| place.checked_add(index as u64));
                    let shown = DirectoryEntry {
                        name: &entry.name,
                        inode,
                        kind,
                        next_position: position.ok_or(Error::Overflow)?,
                    };
                    if !visit(&shown) {
                        return Ok(());
                    }
                }
            }
            reached = 0;
        }
        Ok(())
    }

    /// Number and kind of an entry that the part `index` has, if it is shown here.
    fn shown(
        &self,
        parts: &[Option<Path>],
        index: usize,
        entry: &Read,
    ) -> Result<Option<(u64, FileKind)>> {
        let Ok(name) = Name::new(&entry.name) else {
            return Ok(None);
        };
        let (below, above) = (&parts[..index], &parts[index + 1..]);
        for part in below.iter().flatten() {
            if peek(part, name)?.is_some() {
                return Ok(None);
            }
        }
        for part in above.iter().flatten().rev() {
            if let Some(found) = peek(part, name)? {
                let status = found.status()?;
                if is_whiteout_status(&status) {
                    return Ok(None);
                }
                let inode = match self.child(&entry.name) {
                    Some(node) => node.shown_status()?.inode,
                    // What lies above it keeps its number.
                    None if status.kind == entry.kind => entry.inode,
                    None => status.inode,
                };
                return Ok(Some((inode, status.kind)));
            }
        }
        if entry.kind == FileKind::CharacterDevice
            && let Some(Some(part)) = parts.get(index)
            && let Some(found) = peek(part, name)?
            && is_whiteout(&**found.inode())?
        {
            return Ok(None);
        }
        let inode = match entry.kind {
            FileKind::Directory => entry.inode,
            _ if index + 1 == parts.len() => self
                .volume
                .origin_of(entry.inode)
                .map_or(entry.inode, |origin| origin.inode),
            _ => entry.inode,
        };
        Ok(Some((inode, entry.kind)))
    }
}
