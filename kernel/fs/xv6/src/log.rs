//! The log: what makes an operation happen as a whole, or not at all.
//!
//! A *transaction* is the set of blocks that an operation has changed. They are written behind the header of the log
//! first; then the header is, which says how many there are and where they belong: from that write on the operation has
//! happened. Then they are *installed*, each in its place, and the header says again that there is nothing. Between these
//! steps the disk is flushed. Whoever finds a header that names blocks installs them once more, which does no harm.
//!
//! A write may fail at any of these steps. Before the header is written the operation simply fails. If the header's own
//! write fails, nobody knows what lies there: the operation has failed, and nothing else is written before the header
//! is known to be empty. Behind it, the operation has happened: what is not in its place yet is kept in memory, which
//! reads go through, and installed before anything else is written.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result, log};
use device::block::{BlockDevice, Operation, Records, SECTOR, Segment, flush, transfer};
use hal::PAGE_SIZE;
use hal::frame::Frame;

use crate::format::superblock::Superblock;
use crate::format::{BLOCK, word};

/// What has to be done before the next transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    /// The header may name blocks of an operation that has failed.
    Clear,
    /// A transaction is in the log, and not in its place.
    Install,
}

/// The log of a disk.
pub(crate) struct Log {
    device: Arc<dyn BlockDevice>,
    start: u64,
    capacity: usize,
    left: Left,
}

/// Reads a block past every cache.
pub(crate) fn read_block(device: &dyn BlockDevice, block: u64) -> Result<[u8; BLOCK]> {
    let frame = Frame::allocate()?;
    let segment = Segment {
        frame: frame.clone(),
        offset: 0,
        length: BLOCK,
    };
    let sector = block * (BLOCK / SECTOR) as u64;
    transfer(device, Operation::Read, sector, &[segment])?;
    let mut bytes = [0; BLOCK];
    frame.read(0, &mut bytes);
    Ok(bytes)
}

/// Writes neighbouring blocks.
fn write_blocks<'a>(
    device: &dyn BlockDevice,
    first: u64,
    blocks: impl Iterator<Item = &'a [u8]>,
) -> Result<()> {
    let mut segments: Vec<Segment> = Vec::new();
    for (index, bytes) in blocks.enumerate() {
        let offset = index * BLOCK % PAGE_SIZE;
        let frame = match segments.last() {
            Some(last) if offset != 0 => last.frame.clone(),
            _ => Frame::allocate_dirty()?,
        };
        frame.write(offset, bytes);
        segments.push(Segment {
            frame,
            offset,
            length: BLOCK,
        });
    }
    let sector = first * (BLOCK / SECTOR) as u64;
    transfer(device, Operation::Write, sector, &segments)
}

impl Log {
    /// The log of a disk. What was committed and perhaps not installed is in `records` as if it were to be written.
    pub(crate) fn open(
        device: &Arc<dyn BlockDevice>,
        measures: &Superblock,
        records: &mut Records<()>,
    ) -> Result<Log> {
        let name = device.name();
        let mut log = Log {
            device: device.clone(),
            start: measures.log_start.into(),
            capacity: measures.capacity(),
            left: Left::Nothing,
        };
        let header = read_block(&**device, log.start)?;
        let count = word(&header, 0) as usize;
        if count > log.capacity {
            log::error!("xv6 {name}: its log names {count} blocks");
            return Err(Error::InvalidArgument);
        }
        for index in 0..count {
            let block = word(&header, 4 + index * 4);
            if !(measures.inode_start..measures.size).contains(&block) {
                log::error!("xv6 {name}: its log has a block for the place {block}");
                return Err(Error::InvalidArgument);
            }
            let bytes = read_block(&**device, log.start + 1 + index as u64)?;
            records.make(block.into(), ()).copy_from_slice(&bytes);
            log.left = Left::Install;
        }
        if count > 0 {
            log::info!("xv6 {name}: an operation of {count} blocks is taken from its log");
        }
        Ok(log)
    }

    /// How many blocks a transaction may change.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Does what has to be done before the next transaction.
    pub(crate) fn settle(&mut self, records: &mut Records<()>) -> Result<()> {
        if self.left == Left::Install {
            let blocks = records.select(|(), _| true);
            records.write(&blocks, &|_, _| false)?;
            records.flush()?;
            self.left = Left::Clear;
        }
        if self.left == Left::Clear {
            self.write_header(&[])?;
            self.left = Left::Nothing;
        }
        Ok(())
    }

    /// Makes everything that is changed in `records` happen. After an error nothing of it has.
    pub(crate) fn commit(&mut self, records: &mut Records<()>) -> Result<()> {
        let blocks = records.select(|(), _| true);
        if blocks.is_empty() {
            return Ok(());
        }
        if blocks.len() > self.capacity {
            log::error!("xv6: {} blocks are too many for the log", blocks.len());
            return Err(Error::NoSpace);
        }
        let mut copies = Vec::new();
        for &block in &blocks {
            copies.push(records.copy(block)?);
        }
        let bytes = copies.iter().map(Vec::as_slice);
        write_blocks(&*self.device, self.start + 1, bytes)?;
        flush(&*self.device)?;
        self.left = Left::Clear;
        self.write_header(&blocks)?;
        self.left = Left::Install;
        if let Err(error) = self.settle(records) {
            let name = self.device.name();
            log::error!("xv6 {name}: what is in the log is not in its place yet: {error}");
        }
        Ok(())
    }

    fn write_header(&mut self, blocks: &[u64]) -> Result<()> {
        let mut header = [0; BLOCK];
        let count = blocks.len() as u64;
        let words = core::iter::once(&count).chain(blocks);
        for (place, &word) in header.chunks_exact_mut(4).zip(words) {
            // Block numbers have 32 bits.
            place.copy_from_slice(&(word as u32).to_le_bytes());
        }
        write_blocks(&*self.device, self.start, core::iter::once(&header[..]))?;
        flush(&*self.device)
    }
}
