//! The block device: requests over frames, several in flight (Virtual I/O Device 1.2, section 5.2).
//!
//! [`Block::begin`] takes a request's [`Segment`]s and keeps them; [`Block::take_answer`] gives them
//! back when the device has. In between the device reads or writes the frames by itself. That is why
//! this is sound whoever calls it: the frames cannot be freed while they are in flight, because this
//! value owns a share of each, and when it is dropped the device is reset first. A device that does
//! not even answer a reset keeps all memory that it was ever told of.
//!
//! It never waits for the device. A driver calls [`Block::acknowledge`] and takes answers when the
//! device interrupts.

use alloc::vec::Vec;
use core::sync::atomic::{Ordering, fence};

use bitflags::bitflags;
use virtio_drivers::transport::{DeviceStatus, Transport};

use super::channel::Link;
use super::queue::{Part, Queue};
use super::{Channel, Kind, RESET_READS, VirtioError};
use crate::dma::Segment;

const QUEUE: u16 = 0;
/// Places in the configuration.
const CAPACITY_LOW: usize = 0;
const CAPACITY_HIGH: usize = 4;
const SEGMENTS: usize = 12;
const BLOCK_SIZE: usize = 20;
/// In the scratch bytes: what is asked, and the answer's place.
const HEADER: usize = 16;
const STATUS: usize = 16;
const STATUS_OK: u8 = 0;
/// Not what any device says: it did not get to it.
const STATUS_NONE: u8 = 0xff;

bitflags! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Features: u64 {
        const SEGMENTS = 1 << 2;
        const READ_ONLY = 1 << 5;
        const BLOCK_SIZE = 1 << 6;
        const FLUSH = 1 << 9;
        const INDIRECT = 1 << 28;
        const EVENT_INDEX = 1 << 29;
        const VERSION_1 = 1 << 32;
    }
}

/// What a disk says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockFacts {
    /// How many sectors of 512 bytes it has.
    pub sectors: u64,
    /// Bytes of its own block.
    pub block_size: u32,
    /// It refuses writes.
    pub read_only: bool,
    /// It has a cache that wants flushing; otherwise what it answered is safe.
    pub flushes: bool,
    /// The most segments of a request.
    pub segments: usize,
    /// How many requests can be in flight.
    pub depth: usize,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockOperation {
    /// Fill the segments.
    Read,
    /// Store the segments.
    Write,
    /// Make safe what was stored. No segments.
    Flush,
}

/// Why a request was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockRefusal {
    /// As many are in flight as can be: again after an answer.
    Full,
    /// A segment does not lie in its frame, or there are too many, or none to move.
    Malformed,
    /// The device was stopped.
    Stopped,
}

/// A request that the device is done with.
pub struct Answer {
    /// Which: what [`Block::begin`] returned.
    pub ticket: u16,
    /// The segments, given back.
    pub segments: Vec<Segment>,
    /// Whether it was done.
    pub outcome: Result<(), VirtioError>,
}

/// A disk.
pub struct Block {
    transport: Link,
    /// `None` only while this is dropped.
    queue: Option<Queue>,
    facts: BlockFacts,
    /// What is in flight, by slot.
    lent: Vec<Option<Vec<Segment>>>,
    free: Vec<u16>,
    /// It was reset and uses no memory any more; or was asked to and did not answer.
    stopped: Option<Result<(), VirtioError>>,
}

impl Block {
    /// Starts the device.
    pub fn new(channel: Channel) -> Result<Block, VirtioError> {
        let mut transport = channel.open(Kind::Block)?;
        let agreed = transport.begin_init(Features::all());
        if agreed.contains(Features::VERSION_1)
            && !transport.get_status().contains(DeviceStatus::FEATURES_OK)
        {
            return Err(VirtioError);
        }
        let word = |transport: &Link, offset| transport.read_config_space::<u32>(offset);
        let sectors = transport.read_consistent(|| {
            let low = u64::from(word(&transport, CAPACITY_LOW)?);
            Ok(low | u64::from(word(&transport, CAPACITY_HIGH)?) << 32)
        });
        let optional = |feature, offset| match agreed.contains(feature) {
            true => word(&transport, offset).map(Some),
            false => Ok(None),
        };
        let segments = optional(Features::SEGMENTS, SEGMENTS).map_err(|_| VirtioError)?;
        let block_size = optional(Features::BLOCK_SIZE, BLOCK_SIZE).map_err(|_| VirtioError)?;
        let queue = Queue::new(
            transport.max_queue_size(QUEUE),
            agreed.contains(Features::INDIRECT),
            agreed.contains(Features::EVENT_INDEX),
        )?;
        let facts = BlockFacts {
            sectors: sectors.map_err(|_| VirtioError)?,
            block_size: block_size.unwrap_or(512),
            read_only: agreed.contains(Features::READ_ONLY),
            flushes: agreed.contains(Features::FLUSH),
            // A header and an answer are parts, too.
            segments: (queue.most_parts() - 2)
                .min(segments.map_or(usize::MAX, |most| (most as usize).max(1))),
            depth: usize::from(queue.slot_count()),
        };
        let [descriptors, available, used] = queue.addresses();
        let size = u32::from(queue.size());
        transport.queue_set(QUEUE, size, descriptors, available, used);
        transport.finish_init();
        transport.allow_interrupts();
        Ok(Block {
            transport,
            facts,
            lent: (0..facts.depth).map(|_| None).collect(),
            free: (0..queue.slot_count()).rev().collect(),
            queue: Some(queue),
            stopped: None,
        })
    }

    /// What it says of itself.
    pub fn facts(&self) -> BlockFacts {
        self.facts
    }

    /// How many requests are in flight.
    pub fn in_flight(&self) -> usize {
        self.facts.depth - self.free.len()
    }

    /// Begins a request and returns its ticket; the device hears of it at [`Block::notify`]. `sector`
    /// counts 512 bytes. What is refused comes back.
    pub fn begin(
        &mut self,
        operation: BlockOperation,
        sector: u64,
        segments: Vec<Segment>,
    ) -> Result<u16, (BlockRefusal, Vec<Segment>)> {
        let moves = operation != BlockOperation::Flush;
        if segments.is_empty() == moves
            || segments.len() > self.facts.segments
            || !segments.iter().all(Segment::is_valid)
        {
            return Err((BlockRefusal::Malformed, segments));
        }
        let Some(queue) = self.queue.as_mut().filter(|_| self.stopped.is_none()) else {
            return Err((BlockRefusal::Stopped, segments));
        };
        let Some(slot) = self.free.pop() else {
            return Err((BlockRefusal::Full, segments));
        };
        let kind: u32 = match operation {
            BlockOperation::Read => 0,
            BlockOperation::Write => 1,
            BlockOperation::Flush => 4,
        };
        let mut header = [0; HEADER + 1];
        header[..4].copy_from_slice(&kind.to_le_bytes());
        header[8..HEADER].copy_from_slice(&sector.to_le_bytes());
        header[STATUS] = STATUS_NONE;
        queue.write_scratch(slot, 0, &header);
        let scratch = queue.scratch_address(slot);
        let part = |address, length, written| Part {
            address,
            length,
            written,
        };
        let data = Joined {
            segments: &segments,
            written: operation == BlockOperation::Read,
        };
        queue.add(
            slot,
            core::iter::once(part(scratch, HEADER, false))
                .chain(data)
                .chain(core::iter::once(part(scratch + STATUS, 1, true))),
        );
        if let Some(place) = self.lent.get_mut(usize::from(slot)) {
            *place = Some(segments);
        }
        Ok(slot)
    }

    /// Tells the device of what was begun, if it wants to be told.
    pub fn notify(&mut self) {
        if self.queue.as_mut().is_some_and(Queue::should_notify) && self.stopped.is_none() {
            // What is in memory comes before what is told.
            fence(Ordering::SeqCst);
            self.transport.notify(QUEUE);
        }
    }

    /// Takes note of the device's interrupt; false if it has none.
    pub fn acknowledge(&mut self) -> bool {
        self.stopped.is_none() && !self.transport.ack_interrupt().is_empty()
    }

    /// The next request that the device is done with. `None`: it will interrupt at the next one. An
    /// error: the device does not keep to the protocol and should be stopped.
    pub fn take_answer(&mut self) -> Result<Option<Answer>, VirtioError> {
        let Some(queue) = self.queue.as_mut().filter(|_| self.stopped.is_none()) else {
            return Ok(None);
        };
        let slot = loop {
            match queue.take() {
                Some(slot) => break slot?,
                None if queue.want_interrupt() => {}
                None => return Ok(None),
            }
        };
        let status = queue.read_scratch(slot, STATUS);
        let lent = self.lent.get_mut(usize::from(slot));
        let segments = lent.and_then(Option::take).ok_or(VirtioError)?;
        self.free.push(slot);
        let outcome = if status == STATUS_OK {
            Ok(())
        } else {
            Err(VirtioError)
        };
        Ok(Some(Answer {
            ticket: slot,
            segments,
            outcome,
        }))
    }

    /// Resets the device for good. What was in flight will not be answered: its tickets, with the
    /// segments (without them if the device did not answer the reset and may still use them).
    pub fn stop(&mut self) -> Vec<(u16, Vec<Segment>)> {
        if self.stopped.is_some() {
            return Vec::new();
        }
        self.transport.set_status(DeviceStatus::empty());
        let quiet = (0..RESET_READS).any(|_| self.transport.get_status().is_empty());
        self.stopped = Some(if quiet { Ok(()) } else { Err(VirtioError) });
        let mut back = Vec::new();
        for (slot, place) in (0..).zip(&mut self.lent) {
            let Some(segments) = place.take() else {
                continue;
            };
            self.free.push(slot);
            let given = if quiet {
                segments
            } else {
                core::mem::forget(segments);
                Vec::new()
            };
            back.push((slot, given));
        }
        back
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.stop();
        if self.stopped != Some(Ok(()))
            && let Some(queue) = self.queue.take()
        {
            queue.leak();
        }
    }
}

/// The parts of a request's data: segments that lie behind each other in memory are one part.
struct Joined<'a> {
    segments: &'a [Segment],
    written: bool,
}

impl Iterator for Joined<'_> {
    type Item = Part;

    fn next(&mut self) -> Option<Part> {
        let (first, mut rest) = self.segments.split_first()?;
        let address = first.physical();
        let mut length = first.length;
        while let Some((next, others)) = rest.split_first()
            && next.physical() == address + length
        {
            length += next.length;
            rest = others;
        }
        self.segments = rest;
        Some(Part {
            address,
            length,
            written: self.written,
        })
    }
}
