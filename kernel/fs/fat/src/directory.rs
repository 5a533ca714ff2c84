//! Directories as they lie on the disk: entries in sectors, by their index.
//!
//! An entry's *place* is its position on the disk in units of its 32 bytes: it names a file for as long as it is not
//! moved, and is its inode number.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use base::{Error, Result};

use crate::chain::Chain;
use crate::format::boot::{ENTRY, Root};
use crate::format::entry::{DELETED, Record, Slot, slot};
use crate::format::long::{self, Collector};
use crate::format::short::{self, Raw};
use crate::meta::{Class, Meta};

/// The most bytes that a directory may have (as on Linux): more is a chain that has no end.
const BYTES_MAX: u64 = 2 << 20;

/// The names of a directory itself and of its parent.
pub(crate) const SELF: Raw = *b".          ";
pub(crate) const PARENT: Raw = *b"..         ";

/// Where a directory's entries are.
pub(crate) struct Extent<'a> {
    pub(crate) chain: &'a mut Chain,
    /// The first cluster; 0 for the root of a FAT12 or FAT16 file system.
    pub(crate) start: u32,
}

/// An entry that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Of the file's own entry.
    pub(crate) index: u32,
    /// Of the first entry of its long name, else its own.
    pub(crate) first: u32,
    pub(crate) place: u64,
    pub(crate) record: Record,
    pub(crate) raw: Raw,
    /// The name, as programs see it.
    pub(crate) name: Vec<u8>,
}

/// What lies at an index.
struct Seen<'a> {
    index: u32,
    place: u64,
    bytes: &'a [u8; 32],
    slot: Slot,
}

/// Is shown what lies in a directory; says whether that is enough.
type Visitor<'a> = dyn FnMut(&mut Meta, &Seen<'_>) -> Result<bool> + 'a;

impl Meta {
    fn is_fixed(&self, start: u32) -> Option<(u64, u64)> {
        match self.measures.root {
            Root::Fixed(first, count) if start == 0 => Some((first, count)),
            _ => None,
        }
    }

    /// The sector of a directory with this index; [`None`] behind its end.
    fn directory_sector(&mut self, extent: &mut Extent<'_>, index: u64) -> Result<Option<u64>> {
        if let Some((first, count)) = self.is_fixed(extent.start) {
            return Ok((index < count).then_some(first + index));
        }
        if index * self.measures.sector_size as u64 >= BYTES_MAX {
            // As long as a directory may be, or in a circle.
            return Ok(None);
        }
        let each = self.measures.cluster_sectors;
        let cluster = self.find(extent.chain, extent.start, (index / each) as u32, 1)?;
        Ok(cluster.map(|(cluster, _)| self.measures.sector_of(cluster) + index % each))
    }

    /// The place of an entry.
    fn place_of(&mut self, extent: &mut Extent<'_>, index: u32) -> Result<Option<u64>> {
        let each = self.entries();
        let sector = self.directory_sector(extent, u64::from(index) / each)?;
        Ok(sector.map(|sector| sector * each + u64::from(index) % each))
    }

    /// The bytes of an entry.
    pub(crate) fn read_entry(&self, place: u64) -> Result<[u8; 32]> {
        let each = self.entries();
        let mut bytes = [0; 32];
        let offset = (place % each) as usize * ENTRY;
        self.records.read(place / each, offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Changes the bytes of an entry.
    pub(crate) fn write_entry(&mut self, place: u64, entry: &[u8; 32]) -> Result<()> {
        let each = self.entries();
        let offset = (place % each) as usize * ENTRY;
        let sector = self.records.edit(place / each, Class::Names)?;
        sector[offset..offset + ENTRY].copy_from_slice(entry);
        Ok(())
    }

    /// Shows everything from an index on, up to the directory's end.
    fn each(&mut self, extent: &mut Extent<'_>, first: u32, visit: &mut Visitor<'_>) -> Result<()> {
        let each = self.entries();
        let mut bytes = vec![0; self.measures.sector_size];
        let mut index = first;
        loop {
            let Some(sector) = self.directory_sector(extent, u64::from(index) / each)? else {
                return Ok(());
            };
            self.records.read(sector, 0, &mut bytes)?;
            let skipped = u64::from(index) % each;
            let (entries, _) = bytes.as_chunks::<ENTRY>();
            for (step, entry) in entries.iter().enumerate().skip(skipped as usize) {
                let seen = Seen {
                    index,
                    place: sector * each + step as u64,
                    bytes: entry,
                    slot: slot(entry),
                };
                if visit(self, &seen)? {
                    return Ok(());
                }
                index += 1;
            }
        }
    }

    /// Shows every file's entry from an index on, but the directory's own and its parent's.
    pub(crate) fn each_file(
        &mut self,
        extent: &mut Extent<'_>,
        first: u32,
        visit: &mut dyn FnMut(&mut Meta, Found) -> Result<bool>,
    ) -> Result<()> {
        let mut collector = Collector::default();
        let mut begin = first;
        let long_names = self.options.long_names;
        self.each(extent, first, &mut |meta, seen| {
            match seen.slot {
                Slot::Last => return Ok(true),
                Slot::Free | Slot::Label => collector.forget(),
                Slot::Long if long_names => {
                    if collector.take(seen.bytes) {
                        begin = seen.index;
                    }
                }
                Slot::Long => {}
                Slot::File => {
                    let mut raw = [0; 11];
                    raw.copy_from_slice(&seen.bytes[..11]);
                    let units = collector.finish(&raw);
                    if raw != SELF && raw != PARENT {
                        let found = meta.found(seen, raw, units, begin);
                        return visit(meta, found);
                    }
                }
            }
            Ok(false)
        })
    }

    fn found(&self, seen: &Seen<'_>, raw: Raw, units: Option<&[u16]>, begin: u32) -> Found {
        let options = &self.options;
        let (first, name) = match units {
            Some(units) => (begin, options.charset.encode(units)),
            None if options.long_names => (
                seen.index,
                short::show(&raw, seen.bytes[12], options.case, options.charset),
            ),
            None => (seen.index, short::show_plain(&raw)),
        };
        Found {
            index: seen.index,
            first,
            place: seen.place,
            record: self.read_record(seen.bytes),
            raw,
            name,
        }
    }

    /// What an entry says.
    pub(crate) fn read_record(&self, bytes: &[u8; 32]) -> Record {
        let wide = matches!(self.measures.root, Root::Chain(_));
        Record::read(bytes, wide, self.options.long_names)
    }

    /// Puts a record into bytes of an entry.
    pub(crate) fn put_record(&self, record: &Record, bytes: &mut [u8; 32]) {
        let wide = matches!(self.measures.root, Root::Chain(_));
        record.write(bytes, wide, self.options.long_names);
    }

    /// Finds a name, however it is spelled: the long one, or the short one.
    pub(crate) fn find_name(
        &mut self,
        extent: &mut Extent<'_>,
        name: &[u8],
    ) -> Result<Option<Found>> {
        let options = self.options;
        let plain = match options.long_names {
            true => None,
            false => match short::parse_plain(name) {
                Some(raw) => Some(raw),
                None => return Ok(None),
            },
        };
        let fold = options.charset.fold(name);
        if fold.is_empty() {
            return Ok(None);
        }
        let mut result = None;
        self.each_file(extent, 0, &mut |meta, found| {
            let fits = match plain {
                Some(raw) => found.raw == raw,
                None if options.charset.folds_to(&found.name, &fold) => true,
                None if found.first == found.index => false,
                None => {
                    let flags = meta.read_entry(found.place)?[12];
                    let alias = short::show(&found.raw, flags, options.case, options.charset);
                    options.charset.folds_to(&alias, &fold)
                }
            };
            if fits {
                result = Some(found);
            }
            Ok(fits)
        })?;
        Ok(result)
    }

    /// Whether nothing is in a directory, and how many directories are.
    pub(crate) fn count_files(&mut self, extent: &mut Extent<'_>) -> Result<(bool, u32)> {
        let (mut empty, mut directories) = (true, 0);
        self.each_file(extent, 0, &mut |_, found| {
            empty = false;
            directories += u32::from(found.record.is_directory());
            Ok(false)
        })?;
        Ok((empty, directories))
    }

    /// The place where a directory names its parent.
    pub(crate) fn parent_place(&mut self, extent: &mut Extent<'_>) -> Result<u64> {
        let start = extent.start;
        match self.place_of(extent, 1)? {
            Some(place) if self.read_entry(place)?[..11] == PARENT => Ok(place),
            _ => Err(self.damage("a directory without a parent", start.into())),
        }
    }

    /// Enters a name, which is not there yet, with a record; returns the file's place.
    pub(crate) fn enter_name(
        &mut self,
        extent: &mut Extent<'_>,
        name: &[u8],
        record: &Record,
    ) -> Result<u64> {
        let mut entries = Vec::new();
        let mut own = [0; 32];
        // All short names, where there was room, and where everything ends.
        let mut taken = BTreeSet::new();
        let mut survey = Survey::default();
        self.each(extent, 0, &mut |meta, seen| {
            match seen.slot {
                Slot::File => {
                    let mut raw = [0; 11];
                    raw.copy_from_slice(&seen.bytes[..11]);
                    taken.insert(raw);
                    survey.used(seen.index);
                }
                Slot::Long | Slot::Label => survey.used(seen.index),
                // What was taken out since the last commit comes back there, for a while.
                Slot::Free if meta.leaving.contains_key(&seen.place) => survey.leaving(seen.index),
                Slot::Free => survey.free(seen.index),
                Slot::Last => survey.last(seen.index),
            }
            Ok(false)
        })?;
        let made = self.make_name(name, &taken)?;
        own[..11].copy_from_slice(&made.raw);
        own[12] = made.flags;
        self.put_record(record, &mut own);
        if made.long {
            let units = self.units(name)?;
            entries = long::entries(&units, long::sum(&made.raw));
        }
        entries.push(own);
        let count = entries.len() as u32;
        let first = match survey.room(count) {
            Some(first) => first,
            None if survey.waiting => return Err(Error::NoSpace),
            None => {
                self.extend_directory(extent, survey.end, count - survey.tail())?;
                survey.end - survey.tail()
            }
        };
        let mut place = 0;
        for (index, entry) in (first..).zip(&entries) {
            place = self.place_of(extent, index)?.ok_or(Error::InputOutput)?;
            self.write_entry(place, entry)?;
        }
        self.end_behind(extent, first + count, survey.last)?;
        Ok(place)
    }

    /// What lies behind the last entry is not to be taken for one.
    fn end_behind(&mut self, extent: &mut Extent<'_>, end: u32, last: Option<u32>) -> Result<()> {
        if last.is_some_and(|last| end > last)
            && let Some(place) = self.place_of(extent, end)?
        {
            let mut bytes = self.read_entry(place)?;
            if bytes[0] != 0 {
                bytes[0] = 0;
                self.write_entry(place, &bytes)?;
            }
        }
        Ok(())
    }

    fn make_name(&mut self, name: &[u8], taken: &BTreeSet<Raw>) -> Result<short::Made> {
        if !self.options.long_names {
            let raw = short::parse_plain(name).ok_or(Error::InvalidArgument)?;
            return match taken.contains(&raw) {
                true => Err(Error::Exists),
                false => Ok(short::Made {
                    raw,
                    flags: 0,
                    long: false,
                }),
            };
        }
        let units = self.units(name)?;
        let random = base::time::now().as_nanos() as u32 >> 10;
        let numbered = !self.options.plain_tails;
        short::make(&units, self.options.case, numbered, random, &|raw| {
            taken.contains(raw)
        })
        .map_err(|refusal| match refusal {
            short::Refusal::Empty => Error::InvalidArgument,
            short::Refusal::Taken => Error::Exists,
        })
    }

    /// A name in UTF-16, if it can be one.
    fn units(&self, name: &[u8]) -> Result<Vec<u16>> {
        let name = crate::format::fold::without_dots(name);
        if name.is_empty() {
            return Err(Error::NotFound);
        }
        let units = self
            .options
            .charset
            .decode(name)
            .ok_or(Error::InvalidArgument)?;
        if units.len() > long::UNITS_MAX {
            return Err(Error::NameTooLong);
        }
        let allowed = units.iter().all(|&unit| short::is_allowed(unit));
        if !allowed || units.last() == Some(&b' '.into()) {
            return Err(Error::InvalidArgument);
        }
        Ok(units)
    }

    /// Gives a directory that ends at the index `end` room for `more` entries.
    fn extend_directory(&mut self, extent: &mut Extent<'_>, end: u32, more: u32) -> Result<()> {
        let size = self.measures.cluster_size() as u64;
        let needed = (u64::from(end) + u64::from(more)) * ENTRY as u64;
        if self.is_fixed(extent.start).is_some() || needed > BYTES_MAX {
            return Err(Error::NoSpace);
        }
        let (old, wanted) = (
            (u64::from(end) * ENTRY as u64).div_ceil(size) as u32,
            needed.div_ceil(size) as u32,
        );
        let (length, _) = self.extend(extent.chain, extent.start, wanted, true)?;
        for index in old..length {
            if let Some((cluster, _)) = self.find(extent.chain, extent.start, index, 1)? {
                self.make_empty(cluster);
            }
        }
        match length < wanted {
            true => Err(Error::NoSpace),
            false => Ok(()),
        }
    }

    /// Fills a new cluster of a directory with nothing.
    pub(crate) fn make_empty(&mut self, cluster: u32) {
        let first = self.measures.sector_of(cluster);
        for sector in first..first + self.measures.cluster_sectors {
            self.records.make(sector, Class::Names);
        }
    }

    /// Takes an entry and its long name out.
    pub(crate) fn remove_name(&mut self, extent: &mut Extent<'_>, found: &Found) -> Result<()> {
        for index in found.first..=found.index {
            let Some(place) = self.place_of(extent, index)? else {
                break;
            };
            let mut bytes = self.read_entry(place)?;
            self.leaving.entry(place).or_insert(bytes);
            bytes[0] = DELETED;
            self.write_entry(place, &bytes)?;
        }
        Ok(())
    }
}

/// Where there is room in a directory.
#[derive(Default)]
struct Survey {
    /// Free entries in a row, each with its first index and count.
    runs: Vec<(u32, u32)>,
    /// Behind the directory's last entry.
    end: u32,
    /// The first index behind which nothing counts.
    last: Option<u32>,
    /// There are entries that will be free after the next commit.
    waiting: bool,
}

impl Survey {
    fn used(&mut self, index: u32) {
        self.end = index + 1;
        if self.last.is_some() {
            self.free(index);
        }
    }

    fn leaving(&mut self, index: u32) {
        self.end = index + 1;
        self.waiting = true;
    }

    fn free(&mut self, index: u32) {
        self.end = index + 1;
        match self.runs.last_mut() {
            Some((first, count)) if *first + *count == index => *count += 1,
            _ => self.runs.push((index, 1)),
        }
    }

    fn last(&mut self, index: u32) {
        self.last.get_or_insert(index);
        self.free(index);
    }

    fn room(&self, count: u32) -> Option<u32> {
        let run = self.runs.iter().find(|(_, free)| *free >= count);
        run.map(|(first, _)| *first)
    }

    /// How many free entries the directory ends with.
    fn tail(&self) -> u32 {
        match self.runs.last() {
            Some((first, count)) if first + count == self.end => *count,
            _ => 0,
        }
    }
}
