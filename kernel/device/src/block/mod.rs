//! Block devices: arrays of sectors that can be read and written by whole sectors only.
//!
//! A [`BlockDevice`] is given [`Request`]s and answers each later, in any order: a driver keeps
//! several in flight. What a request reads into or writes from are pieces of frames
//! ([`Segment`]), usually of the page cache, so the device moves the bytes itself. Who waits for
//! requests gives them all a ticket of one [`Batch`] and sleeps until the last is answered:
//!
//! ```text
//! let batch = Batch::new();
//! device.submit(Request::new(Operation::Read, sector, segments, &batch));
//! batch.wait()?;
//! ```
//!
//! Sectors are counted in [`SECTOR`] bytes whatever the device's own block is; that block only says
//! what multiples it takes. A device that is gone answers every request with
//! [`Error::InputOutput`]: nobody waits for ever.
//!
//! Hardly anybody needs that. Bytes at positions are what a [`BlockCache`] has, one for a device: a
//! file system may keep its metadata there, and a [`BlockFile`] is what opening `/dev/vda` gives. A file system whose
//! writes have an order keeps what it changes in [`Records`] instead, and finds the bytes of files with [`Pieces`].

mod batch;
mod cache;
mod counters;
mod file;
mod memory;
pub mod partition;
mod pieces;
mod records;
mod settings;

pub use batch::{Batch, Request};
pub use cache::{BlockCache, sync_all};
pub use counters::{Count, Counters};
pub use file::BlockFile;
pub use memory::{MemoryDisk, Recorded};
pub use pieces::Pieces;
pub use records::Records;
pub use settings::Settings;

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
/// A piece of a frame. Offset and length are multiples of [`SECTOR`].
pub use hal::dma::Segment;

use crate::DeviceNumber;

/// Bytes of a sector, the unit of all positions.
pub const SECTOR: usize = 512;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// From the device into the segments.
    Read,
    /// From the segments to the device, which may keep it in a cache of its own.
    Write,
    /// Everything that was answered before this was submitted survives a loss of power. No segments.
    Flush,
}

/// What a device takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// How many sectors there are.
    pub sectors: u64,
    /// Bytes of the device's own block: positions and lengths are multiples of it. A power of two,
    /// from [`SECTOR`] to the size of a page.
    pub block_size: usize,
    /// The most segments that one request may have.
    pub segments: usize,
    /// Writes are refused ([`Error::ReadOnlyFileSystem`]).
    pub read_only: bool,
}

/// An array of sectors.
pub trait BlockDevice: Send + Sync {
    /// Its number.
    fn number(&self) -> DeviceNumber;

    /// Its name below `/dev`.
    fn name(&self) -> &str;

    /// What it takes; the size of a removable one may change.
    fn geometry(&self) -> Geometry;

    /// Begins a request. It may sleep until there is room for it, but not until it is answered.
    /// Whatever is wrong is said through the request.
    fn submit(&self, request: Request);

    /// Somebody uses it from now on: an open file, a file system. Callable where one may sleep.
    fn opened(&self) {}

    /// One who used it does not any more. Callable where one may sleep.
    fn closed(&self) {}

    /// Whether the minor numbers behind its own are its parts'.
    fn leaves_minors(&self) -> bool {
        true
    }

    /// Whether its table is looked through for parts.
    fn is_scanned(&self) -> bool {
        true
    }

    /// Whether a part is open or mounted.
    fn is_used(&self) -> bool {
        false
    }

    /// What it has done, if it counts that. It gives this to each request that it takes ([`Request::count`]).
    fn counters(&self) -> Option<&Arc<Counters>> {
        None
    }

    /// What is set on it, if anything can be.
    fn settings(&self) -> Option<&Settings> {
        None
    }

    /// Which part of [`BlockDevice::whole`] it is, if it is one.
    fn part(&self) -> Option<partition::Entry> {
        None
    }

    /// The device that this one is a part of.
    fn whole(&self) -> Option<&Arc<dyn BlockDevice>> {
        None
    }
}

/// Does one thing and waits for it. The segments may be more than the device takes at once.
pub fn transfer(
    device: &dyn BlockDevice,
    operation: Operation,
    sector: u64,
    segments: &[Segment],
) -> Result<()> {
    let batch = Batch::new();
    submit_all(device, operation, sector, segments, &batch)?;
    batch.wait()
}

/// Begins one thing, in as many requests as it takes.
pub fn submit_all(
    device: &dyn BlockDevice,
    operation: Operation,
    sector: u64,
    segments: &[Segment],
    batch: &Arc<Batch>,
) -> Result<()> {
    let most = device.geometry().segments.max(1);
    let mut at = sector;
    for part in segments.chunks(most) {
        let bytes: usize = part.iter().map(|segment| segment.length).sum();
        let mut owned = Vec::new();
        owned
            .try_reserve_exact(part.len())
            .map_err(|_| Error::OutOfMemory)?;
        owned.extend_from_slice(part);
        device.submit(Request::new(operation, at, owned, batch));
        at = at.saturating_add((bytes / SECTOR) as u64);
    }
    Ok(())
}

/// Sees to it that everything that was written is still there after a loss of power.
pub fn flush(device: &dyn BlockDevice) -> Result<()> {
    let batch = Batch::new();
    device.submit(Request::new(Operation::Flush, 0, Vec::new(), &batch));
    batch.wait()
}

#[cfg(test)]
mod tests;
