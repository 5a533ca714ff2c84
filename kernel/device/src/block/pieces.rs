//! Pieces of frames, put together by where they lie on the device.
//!
//! A file's pages are asked for page by page and block by block; a device is to be asked once for what lies together.
//! Whoever knows where each block is adds it here, and has everything moved at the end. Pages are written because
//! memory is short, and then there may be no two free frames side by side: nothing here needs more than one.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use base::Result;

use super::{Batch, BlockDevice, Operation, SECTOR, Segment, submit_all};

/// How many pieces a run has at most.
const LONGEST: usize = 64;

/// Pieces of frames and where they belong, in runs.
#[derive(Default)]
pub struct Pieces {
    /// In the order in which they were begun.
    runs: BTreeMap<usize, (u64, Vec<Segment>)>,
    end: u64,
}

impl Pieces {
    /// Adds a piece whose first byte lies at `sector`.
    pub fn add(&mut self, sector: u64, segment: Segment) {
        let sectors = (segment.length / SECTOR) as u64;
        let last = self.runs.last_entry().map(|entry| entry.into_mut());
        if let Some((_, segments)) = last.filter(|_| self.end == sector) {
            let is_full = segments.len() == LONGEST;
            match segments.last_mut() {
                Some(last)
                    if last.frame.number() == segment.frame.number()
                        && last.offset + last.length == segment.offset =>
                {
                    last.length += segment.length;
                }
                _ if is_full => self.begin(sector, segment),
                _ => segments.push(segment),
            }
        } else {
            self.begin(sector, segment);
        }
        self.end = sector + sectors;
    }

    fn begin(&mut self, sector: u64, segment: Segment) {
        let mut segments = Vec::with_capacity(4);
        segments.push(segment);
        self.runs.insert(self.runs.len(), (sector, segments));
    }

    /// Reads or writes all of them, and waits for it.
    pub fn transfer(&self, device: &dyn BlockDevice, operation: Operation) -> Result<()> {
        self.submit(device, operation)?.wait()
    }

    /// Begins to read or write all of them. After an error nothing is under way.
    pub fn submit(&self, device: &dyn BlockDevice, operation: Operation) -> Result<Arc<Batch>> {
        let batch = Batch::new();
        for (sector, segments) in self.runs.values() {
            if let Err(error) = submit_all(device, operation, *sector, segments, &batch) {
                let _ = batch.wait();
                return Err(error);
            }
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal::frame::Frame;
    use hal::hosted::Machine;

    #[test]
    fn what_lies_together_is_one_run_of_bounded_length() {
        let outcome = Machine::new(1).cpus(1).run_with(|_| {
            let frames: Vec<_> = (0..200).map(|_| Frame::allocate().unwrap()).collect();
            let mut pieces = Pieces::default();
            for (index, frame) in frames.iter().enumerate() {
                for half in 0..2 {
                    let segment = Segment {
                        frame: frame.clone(),
                        offset: half * 2048,
                        length: 2048,
                    };
                    pieces.add((index * 8 + half * 4) as u64, segment);
                }
            }
            pieces.add(
                5000,
                Segment {
                    frame: frames[0].clone(),
                    offset: 0,
                    length: 512,
                },
            );
            let runs: Vec<_> = pieces
                .runs
                .values()
                .map(|run| (run.0, run.1.len()))
                .collect();
            assert_eq!(runs, [(0, 64), (512, 64), (1024, 64), (1536, 8), (5000, 1)]);
            assert!(pieces.runs[&0].1.iter().all(|one| one.length == 4096));
        });
        assert_eq!(outcome.complaint(), None);
    }
}
