//! What is known of the file system as a whole, under one sleeping lock.
//!
//! Whoever changes names or tables holds it for the whole operation, and no user memory is touched meanwhile.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use base::{Error, Result, log};
use device::block::Records;

use crate::format::Damage;
use crate::format::boot::{FIRST_CLUSTER, Measures, STATE_DIRTY};
use crate::options::Options;

/// What a changed sector holds, as far as the order of writing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A part of a table.
    Table,
    /// Names.
    Names,
    /// The boot sector, and the one with the free count.
    Plain,
}

/// See the module.
pub(crate) struct Meta {
    /// Sectors of the file system's own size.
    pub(crate) records: Records<Class>,
    pub(crate) measures: Measures,
    pub(crate) options: Options,
    /// Nothing is written any more, or never was.
    pub(crate) read_only: bool,
    /// Something wrong was found.
    pub(crate) damaged: bool,
    /// How many clusters are free, once they were counted.
    pub(crate) free: Option<u32>,
    /// Where the search for a free cluster begins.
    pub(crate) hint: u32,
    /// The sector with the free count is out of date.
    pub(crate) info_changed: bool,

    /// Clusters that lead to new ones, and what they are on the disk until those are there.
    pub(crate) joins: BTreeMap<u32, u32>,
    /// Clusters that became the last of their chain, and what they are on the disk until the file's length is there.
    pub(crate) cuts: BTreeMap<u32, u32>,
    /// First clusters of chains that nobody has any more; free after the next commit.
    pub(crate) freed: Vec<u32>,
    /// Entries that were taken out, by their places, as they are on the disk.
    pub(crate) leaving: BTreeMap<u64, [u8; 32]>,
    /// A name was moved from one entry to another.
    pub(crate) moved: bool,
}

impl Meta {
    pub(crate) fn new(records: Records<Class>, measures: Measures, options: Options) -> Meta {
        Meta {
            records,
            measures,
            options,
            read_only: true,
            damaged: false,
            free: None,
            hint: FIRST_CLUSTER,
            info_changed: false,
            joins: BTreeMap::new(),
            cuts: BTreeMap::new(),
            freed: Vec::new(),
            leaving: BTreeMap::new(),
            moved: false,
        }
    }

    /// Something on the disk makes no sense: says so, notes it, and gives the error for whoever asked (as on Linux,
    /// EIO).
    pub(crate) fn damage(&mut self, what: Damage, number: u64) -> Error {
        let device = self.records.device().clone();
        let name = device.name();
        if self.damaged {
            log::debug!("fat {name}: {what} ({number})");
        } else {
            log::error!("fat {name}: {what} ({number}); fsck.fat has to look at it");
        }
        self.damaged = true;
        if self.options.stop_on_errors && !self.read_only {
            log::error!("fat {name}: nothing is written any more");
            self.read_only = true;
        }
        Error::InputOutput
    }

    /// [`Error::ReadOnlyFileSystem`] where nothing may be changed.
    pub(crate) fn check_writable(&self) -> Result<()> {
        match self.read_only {
            true => Err(Error::ReadOnlyFileSystem),
            false => Ok(()),
        }
    }

    /// How many entries a sector has.
    pub(crate) fn entries(&self) -> u64 {
        (self.measures.sector_size / crate::format::boot::ENTRY) as u64
    }

    /// Writes the state byte: whether somebody writes.
    pub(crate) fn write_state(&mut self, dirty: bool) -> Result<()> {
        let at = self.measures.state_offset();
        let byte = &mut self.records.edit(0, Class::Plain)?[at];
        *byte = *byte & !STATE_DIRTY | if dirty { STATE_DIRTY } else { 0 };
        self.records.write(&[0], &|_, _| false)?;
        self.records.flush()
    }

    /// Puts the free count into its sector, if there is one that looks like it.
    pub(crate) fn store_info(&mut self) -> Result<()> {
        if !core::mem::take(&mut self.info_changed) {
            return Ok(());
        }
        let Some(sector) = self.measures.info_sector else {
            return Ok(());
        };
        let mut signatures = [[0; 4]; 2];
        self.records.read(sector, 0, &mut signatures[0])?;
        self.records.read(sector, 484, &mut signatures[1])?;
        if signatures != [*b"RRaA", *b"rrAa"] {
            return Ok(());
        }
        let free = self.free.unwrap_or(u32::MAX);
        let hint = self.hint;
        let bytes = self.records.edit(sector, Class::Plain)?;
        bytes[488..492].copy_from_slice(&free.to_le_bytes());
        bytes[492..496].copy_from_slice(&hint.to_le_bytes());
        Ok(())
    }

    /// The hint on the disk, if it is a cluster's number.
    pub(crate) fn read_hint(&mut self) -> Result<()> {
        if let Some(sector) = self.measures.info_sector {
            let mut bytes = [0; 4];
            self.records.read(sector, 492, &mut bytes)?;
            let hint = u32::from_le_bytes(bytes);
            if self.measures.has(hint) {
                self.hint = hint;
            }
        }
        Ok(())
    }
}
