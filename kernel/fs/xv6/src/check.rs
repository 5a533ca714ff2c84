//! Looks whether an image is in order: xv6 has no program for that.
//!
//! What the log has is thought of as installed. Inodes that are in use without a name are no damage, because the next mount
//! frees them; they are counted.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use object::FileKind;

use crate::format::entry::{self, Entry};
use crate::format::inode::{self, DIRECT, INDIRECT, INODES, LENGTH_MAX, Record};
use crate::format::superblock::Superblock;
use crate::format::{BLOCK, word};

/// The root directory's number.
const ROOT: u32 = 1;

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// What is not in order.
    pub damage: Vec<String>,
    /// Inodes in use that have no name.
    pub nameless: usize,
    /// Inodes in use.
    pub inodes: usize,
}

struct Image {
    bytes: Vec<u8>,
    measures: Superblock,
    report: Report,
    /// Who has a block.
    owners: BTreeMap<u32, u32>,
    /// What names lead to: how often, and from which directories.
    names: BTreeMap<u32, Vec<u32>>,
}

/// Looks at the bytes of a whole disk.
pub fn check(image: &[u8]) -> Report {
    let mut report = Report::default();
    let second = image.get(BLOCK..2 * BLOCK).unwrap_or_default();
    let measures = match Superblock::read(second, (image.len() / BLOCK) as u64) {
        Ok(measures) => measures,
        Err(damage) => {
            report.damage.push(damage.into());
            return report;
        }
    };
    let mut image = Image {
        bytes: image.into(),
        measures,
        report,
        owners: BTreeMap::new(),
        names: BTreeMap::new(),
    };
    image.install_log();
    let records: BTreeMap<u32, Record> = (1..measures.inodes)
        .map(|number| (number, image.inode(number)))
        .filter(|(_, record)| !record.is_free())
        .collect();
    image.report.inodes = records.len();
    for (&number, record) in &records {
        image.look_at_blocks(number, record);
    }
    image.look_at_bitmap();
    for (&number, record) in &records {
        if record.kind() == Some(FileKind::Directory) && record.links > 0 {
            image.look_at_entries(number, record, &records);
        }
    }
    image.look_at_links(&records);
    image.report
}

impl Image {
    fn wrong(&mut self, what: String) {
        // A wild image has as much wrong with it as it has bytes.
        if self.report.damage.len() < 100 {
            self.report.damage.push(what);
        }
    }

    fn block(&self, block: u32) -> &[u8] {
        let at = block as usize * BLOCK;
        self.bytes.get(at..at + BLOCK).unwrap_or_default()
    }

    fn install_log(&mut self) {
        let start = self.measures.log_start;
        let header: Vec<u8> = self.block(start).into();
        let count = word(&header, 0);
        if count as usize > self.measures.capacity() {
            return self.wrong(format!("the log names {count} blocks"));
        }
        for index in 0..count {
            let target = word(&header, 4 + index as usize * 4);
            if !(self.measures.inode_start..self.measures.size).contains(&target) {
                self.wrong(format!("the log has a block for the place {target}"));
                continue;
            }
            let copy: Vec<u8> = self.block(start + 1 + index).into();
            let at = target as usize * BLOCK;
            self.bytes[at..at + BLOCK].copy_from_slice(&copy);
        }
    }

    fn inode(&self, number: u32) -> Record {
        let block = self.block(self.measures.inode_start + number / INODES);
        let at = (number % INODES) as usize * inode::SIZE;
        Record::read(block.get(at..at + inode::SIZE).unwrap_or_default())
    }

    /// The blocks of a file's bytes, 0 for those that it does not have.
    fn blocks(&self, record: &Record) -> Vec<u32> {
        let mut blocks: Vec<u32> = record.blocks[..DIRECT].into();
        let numbers = record.blocks[DIRECT];
        if self.measures.is_data(numbers) {
            let bytes = self.block(numbers);
            blocks.extend((0..INDIRECT).map(|index| word(bytes, index * 4)));
        }
        blocks
    }

    fn look_at_blocks(&mut self, number: u32, record: &Record) {
        if record.kind().is_none() {
            self.wrong(format!("inode {number} is of the kind {}", record.kind));
        }
        if u64::from(record.size) > LENGTH_MAX {
            self.wrong(format!("inode {number} has {} bytes", record.size));
        }
        let numbers = [record.blocks[DIRECT]];
        for block in numbers.into_iter().chain(self.blocks(record)) {
            if block == 0 {
                continue;
            }
            if !self.measures.is_data(block) {
                self.wrong(format!("inode {number} has the block {block}"));
            } else if let Some(other) = self.owners.insert(block, number) {
                self.wrong(format!("block {block} is in {other} and in {number}"));
            }
        }
    }

    fn look_at_bitmap(&mut self) {
        for block in 0..self.measures.size {
            let bits = BLOCK as u32 * 8;
            let bytes = self.block(self.measures.bitmap_start + block / bits);
            let bit = block % bits;
            let taken = bytes[bit as usize / 8] & 1 << (bit % 8) != 0;
            let used = block < self.measures.data_start() || self.owners.contains_key(&block);
            match (taken, used) {
                (true, false) => self.wrong(format!("block {block} is nobody's and not free")),
                (false, true) => self.wrong(format!("block {block} is in use and free")),
                _ => {}
            }
        }
    }

    fn entries(&self, record: &Record) -> Vec<Entry> {
        let mut entries = Vec::new();
        for block in self.blocks(record) {
            let (raw, _) = self.block(block).as_chunks::<{ entry::SIZE }>();
            match block {
                0 => entries.extend((0..BLOCK / entry::SIZE).map(|_| Entry::new(0, b""))),
                _ => entries.extend(raw.iter().map(Entry::read)),
            }
        }
        entries.truncate(record.size as usize / entry::SIZE);
        entries
    }

    fn look_at_entries(&mut self, number: u32, record: &Record, records: &BTreeMap<u32, Record>) {
        let mut seen = BTreeSet::new();
        let mut itself = false;
        for entry in self.entries(record) {
            let target = u32::from(entry.inode);
            if target == 0 {
                continue;
            }
            let name = String::from_utf8_lossy(entry.name()).into_owned();
            if !seen.insert(entry.name().to_vec()) || name.is_empty() || name.contains('/') {
                self.wrong(format!("directory {number} has the name '{name}'"));
            }
            match name.as_str() {
                "." => itself = target == number,
                ".." => {
                    let above = self.names.entry(0).or_default();
                    // By pairs: who, and who is above.
                    above.extend([number, target]);
                }
                _ if records.get(&target).is_none_or(|record| record.links == 0) => {
                    self.wrong(format!(
                        "{number}/{name} leads to {target}, which is not there"
                    ));
                }
                _ => self.names.entry(target).or_default().push(number),
            }
        }
        if !itself || !seen.contains(&b".."[..]) {
            self.wrong(format!("directory {number} lacks itself or its parent"));
        }
    }

    fn look_at_links(&mut self, records: &BTreeMap<u32, Record>) {
        let names = core::mem::take(&mut self.names);
        let above: BTreeMap<u32, u32> = names
            .get(&0)
            .map(|pairs| pairs.chunks(2).map(|pair| (pair[0], pair[1])).collect())
            .unwrap_or_default();
        for (&number, record) in records {
            let found = names.get(&number).map_or(&[][..], Vec::as_slice);
            if record.links == 0 {
                self.report.nameless += 1;
                continue;
            }
            let expected = match record.kind() {
                Some(FileKind::Directory) => {
                    let parent = above.get(&number).copied();
                    let sound = match number {
                        ROOT => found.is_empty() && parent == Some(ROOT),
                        _ => found.len() == 1 && parent == found.first().copied(),
                    };
                    if !sound {
                        self.wrong(format!(
                            "directory {number} is in {found:?}, not {parent:?}"
                        ));
                    }
                    let below = above
                        .iter()
                        .filter(|(child, parent)| **parent == number && **child != ROOT);
                    1 + below.count()
                }
                _ => found.len(),
            };
            if usize::from(record.links) != expected {
                self.wrong(format!(
                    "inode {number} says {} links, there are {expected}",
                    record.links
                ));
            }
        }
        if records.get(&ROOT).and_then(Record::kind) != Some(FileKind::Directory) {
            self.wrong("the root is no directory".into());
        }
        for &number in above.keys() {
            let mut at = number;
            let reaches = (0..records.len()).any(|_| {
                at = above.get(&at).copied().unwrap_or(0);
                at == ROOT
            });
            if !reaches {
                self.wrong(format!("directory {number} is not below the root"));
            }
        }
    }
}
