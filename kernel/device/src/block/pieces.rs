//! Pieces of frames, put together by where they lie on the device.
//!
//! A file's pages are asked for page by page and block by block; a device is to be asked once for what lies together.
//! Whoever knows where each block is adds it here, and has everything moved at the end.

use alloc::vec::Vec;

use base::Result;

use super::{Batch, BlockDevice, Operation, SECTOR, Segment, submit_all};

/// Pieces of frames and where they belong, in runs.
#[derive(Default)]
pub struct Pieces {
    runs: Vec<(u64, Vec<Segment>)>,
    end: u64,
}

impl Pieces {
    /// Adds a piece whose first byte lies at `sector`.
    pub fn add(&mut self, sector: u64, segment: Segment) {
        let sectors = (segment.length / SECTOR) as u64;
        match self.runs.last_mut() {
            Some((_, segments)) if self.end == sector => match segments.last_mut() {
                Some(last)
                    if last.frame.number() == segment.frame.number()
                        && last.offset + last.length == segment.offset =>
                {
                    last.length += segment.length;
                }
                _ => segments.push(segment),
            },
            _ => self.runs.push((sector, Vec::from([segment]))),
        }
        self.end = sector + sectors;
    }

    /// Reads or writes all of them, and waits for it.
    pub fn transfer(&self, device: &dyn BlockDevice, operation: Operation) -> Result<()> {
        let batch = Batch::new();
        for (sector, segments) in &self.runs {
            submit_all(device, operation, *sector, segments, &batch)?;
        }
        batch.wait()
    }
}
