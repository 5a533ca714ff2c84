//! What was written to a disk, and what lies there when the power goes in between.

use device::block::{MemoryDisk, Recorded, SECTOR};

/// The writes to a disk since it was as it is in the beginning.
pub struct History {
    first: Vec<u8>,
    part: usize,
    record: Vec<Recorded>,
}

impl History {
    /// Begins to record what is written to `disk`, in parts of so many bytes, each of which is there whole or not at all: a
    /// request may be cut in the middle too.
    pub fn new(disk: &MemoryDisk, part: usize) -> History {
        disk.record();
        History {
            first: disk.contents(),
            part,
            record: Vec::new(),
        }
    }

    /// Takes over what was written since; how many parts and flushes there are now.
    pub fn collect(&mut self, disk: &MemoryDisk) -> usize {
        for one in disk.record() {
            match one {
                Recorded::Write(sector, bytes) => {
                    for (place, part) in bytes.chunks(self.part).enumerate() {
                        let sector = sector + (place * self.part / SECTOR) as u64;
                        self.record.push(Recorded::Write(sector, part.to_vec()));
                    }
                }
                Recorded::Flush => self.record.push(Recorded::Flush),
            }
        }
        self.record.len()
    }

    /// How many parts and flushes there are.
    pub fn length(&self) -> usize {
        self.record.len()
    }

    /// What was written to one sector, and when: for who marks moments by writing somewhere.
    pub fn marks(&self, sector: u64) -> Vec<(usize, &[u8])> {
        let each = self.record.iter().enumerate();
        each.filter_map(|(index, one)| match one {
            Recorded::Write(at, bytes) if *at == sector => Some((index, bytes.as_slice())),
            _ => None,
        })
        .collect()
    }

    /// The disk when the power goes before the write `at`; of what was written since the latest flush only what `kept`
    /// says is there.
    pub fn cut(&self, at: usize, mut kept: impl FnMut() -> bool) -> Vec<u8> {
        let flushed = self.record[..at]
            .iter()
            .rposition(|one| *one == Recorded::Flush)
            .unwrap_or(0);
        let mut image = self.first.clone();
        for (index, one) in self.record[..at].iter().enumerate() {
            if let Recorded::Write(sector, bytes) = one
                && (index < flushed || kept())
            {
                let begin = *sector as usize * SECTOR;
                image[begin..begin + bytes.len()].copy_from_slice(bytes);
            }
        }
        image
    }
}
