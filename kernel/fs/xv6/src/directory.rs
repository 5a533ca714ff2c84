//! Entries of directories, in the order in which they lie there. One with the number 0 is free, as is one whose block was
//! never found (MIT's mkfs makes the root longer than its blocks).

use base::{Error, Result};

use crate::format::BLOCK;
use crate::format::entry::{Entry, SIZE};
use crate::format::inode::{LENGTH_MAX, Record};
use crate::meta::Meta;

const IN_BLOCK: usize = BLOCK / SIZE;

impl Meta {
    /// Shows the entries that are not free, from an index on, until `visit` gives something.
    pub(crate) fn each_entry<T>(
        &mut self,
        record: &Record,
        from: usize,
        visit: &mut dyn FnMut(usize, &Entry) -> Option<T>,
    ) -> Result<Option<T>> {
        let count = record.size as usize / SIZE;
        let mut at = from;
        let mut bytes = [0; BLOCK];
        while at < count {
            let end = count.min((at / IN_BLOCK + 1) * IN_BLOCK);
            let block = self.find_block(record, at / IN_BLOCK)?;
            if block != 0 {
                self.records.read(block.into(), 0, &mut bytes)?;
                let (all, _) = bytes.as_chunks::<SIZE>();
                for (index, raw) in all.iter().enumerate().skip(at % IN_BLOCK) {
                    let index = at / IN_BLOCK * IN_BLOCK + index;
                    let entry = Entry::read(raw);
                    if index < end
                        && entry.inode != 0
                        && let Some(found) = visit(index, &entry)
                    {
                        return Ok(Some(found));
                    }
                }
            }
            at = end;
        }
        Ok(None)
    }

    /// Where a name is, and the inode that it leads to.
    pub(crate) fn find_name(
        &mut self,
        record: &Record,
        name: &[u8],
    ) -> Result<Option<(usize, u32)>> {
        self.each_entry(record, 0, &mut |index, entry| {
            (entry.name() == name).then_some((index, entry.inode.into()))
        })
    }

    /// Whether nothing is in a directory but itself and its parent.
    pub(crate) fn is_empty(&mut self, record: &Record) -> Result<bool> {
        let other = self.each_entry(record, 0, &mut |_, entry| {
            (!matches!(entry.name(), b"." | b"..")).then_some(())
        })?;
        Ok(other.is_none())
    }

    /// Where the next name goes.
    fn free_place(&mut self, record: &Record) -> Result<usize> {
        let mut next = 0;
        self.each_entry(record, 0, &mut |index, _| {
            let gap = index > next;
            if !gap {
                next = index + 1;
            }
            gap.then_some(())
        })?;
        Ok(next)
    }

    /// Enters a name; `record` is the directory's, which may grow.
    pub(crate) fn put_name(&mut self, record: &mut Record, name: &[u8], inode: u32) -> Result<()> {
        let place = self.free_place(record)?;
        self.put_entry(record, place, name, inode)
    }

    /// Lets the entry at a place be another.
    pub(crate) fn put_entry(
        &mut self,
        record: &mut Record,
        place: usize,
        name: &[u8],
        inode: u32,
    ) -> Result<()> {
        let number = u16::try_from(inode).map_err(|_| Error::NoSpace)?;
        let end = (place + 1) * SIZE;
        if end as u64 > LENGTH_MAX {
            return Err(Error::NoSpace);
        }
        let index = place / IN_BLOCK;
        let block = match self.find_block(record, index)? {
            0 => {
                let block = self.add_block(record, index, 0)?;
                self.records.make(block.into(), ());
                block
            }
            block => block,
        };
        let at = place % IN_BLOCK * SIZE;
        let bytes = self.records.edit(block.into(), ())?;
        bytes[at..at + SIZE].copy_from_slice(&Entry::new(number, name).write());
        record.size = record.size.max(end as u32);
        Ok(())
    }
}
