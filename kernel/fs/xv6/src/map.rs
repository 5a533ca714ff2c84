//! Where the blocks of a file lie: twelve that the inode names, and 256 that a block of numbers does.

use base::{Error, Result};

use crate::format::BLOCK;
use crate::format::inode::{DIRECT, INDIRECT, Record};
use crate::meta::Meta;

impl Meta {
    fn checked(&mut self, block: u32) -> Result<u32> {
        match block == 0 || self.measures.is_data(block) {
            true => Ok(block),
            false => Err(self.damage("a file has a block that is none", block.into())),
        }
    }

    /// The block of a file's bytes `index * 1024..`; 0 where it has none.
    pub(crate) fn find_block(&mut self, record: &Record, index: usize) -> Result<u32> {
        if index < DIRECT {
            return self.checked(record.blocks[index]);
        }
        let numbers = self.checked(record.blocks[DIRECT])?;
        let index = index - DIRECT;
        if numbers == 0 || index >= INDIRECT {
            return Ok(0);
        }
        let mut bytes = [0; 4];
        self.records.read(numbers.into(), index * 4, &mut bytes)?;
        self.checked(u32::from_le_bytes(bytes))
    }

    /// The same block, which is found where there is none; its content is the caller's. `own` blocks were promised to the
    /// file.
    pub(crate) fn add_block(&mut self, record: &mut Record, index: usize, own: u32) -> Result<u32> {
        let present = self.find_block(record, index)?;
        if present != 0 {
            return Ok(present);
        }
        if index >= DIRECT + INDIRECT {
            return Err(Error::FileTooLarge);
        }
        if index < DIRECT {
            record.blocks[index] = self.take_block(own)?;
            return Ok(record.blocks[index]);
        }
        if record.blocks[DIRECT] == 0 {
            let numbers = self.take_block(own)?;
            self.records.make(numbers.into(), ());
            record.blocks[DIRECT] = numbers;
        }
        let block = self.take_block(own)?;
        let numbers = self.records.edit(record.blocks[DIRECT].into(), ())?;
        let at = (index - DIRECT) * 4;
        numbers[at..at + 4].copy_from_slice(&block.to_le_bytes());
        Ok(block)
    }

    /// How many blocks it takes to have those of `first..end`, and of these, which can be had: their end.
    pub(crate) fn count_missing(
        &mut self,
        record: &Record,
        first: usize,
        end: usize,
        available: u32,
    ) -> Result<(u32, usize)> {
        let mut missing = 0;
        for index in first..end {
            if self.find_block(record, index)? != 0 {
                continue;
            }
            let first_numbers = index >= DIRECT && record.blocks[DIRECT] == 0;
            let numbers = first_numbers && index == first.max(DIRECT);
            let more = 1 + u32::from(numbers);
            if missing + more > available {
                return Ok((missing, index));
            }
            missing += more;
        }
        Ok((missing, end))
    }

    /// Gives back the blocks from `keep` on, the last first, as many as fit into one operation; whether all are gone.
    pub(crate) fn cut(&mut self, record: &mut Record, keep: usize) -> Result<bool> {
        // One for the inode, one for the block of numbers, two for bits of the blocks that go at once.
        let most = self.log.capacity() - 4;
        if record.blocks[DIRECT] != 0 {
            let numbers = self.checked(record.blocks[DIRECT])?;
            for index in (keep.max(DIRECT)..DIRECT + INDIRECT).rev() {
                if self.records.waiting() > most {
                    return Ok(false);
                }
                let block = self.find_block(record, index)?;
                if block != 0 {
                    let at = (index - DIRECT) * 4;
                    self.records.edit(numbers.into(), ())?[at..at + 4].fill(0);
                    self.return_block(block)?;
                }
            }
            if keep <= DIRECT {
                self.return_block(numbers)?;
                record.blocks[DIRECT] = 0;
            }
        }
        for index in (keep..DIRECT).rev() {
            if self.records.waiting() > most {
                return Ok(false);
            }
            let block = self.find_block(record, index)?;
            if block != 0 {
                record.blocks[index] = 0;
                self.return_block(block)?;
            }
        }
        Ok(true)
    }

    /// How many blocks an operation may fill: each may be in another part of the bitmap.
    pub(crate) fn at_once(&self) -> usize {
        // The inode, the block of numbers, and its bit.
        (self.log.capacity() - 3) / 2
    }
}

/// How many blocks so many bytes take.
pub(crate) fn blocks_of(bytes: u64) -> usize {
    // No file is longer than its map.
    bytes.div_ceil(BLOCK as u64) as usize
}
