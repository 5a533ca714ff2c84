//! A disk in memory: what tests put file systems on.
//!
//! It answers at once. Errors can be planted ([`MemoryDisk::fail`]), and every write can be recorded
//! in the order in which it was answered ([`MemoryDisk::record`]), so that a test can rebuild the
//! disk as a loss of power would have left it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use base::sync::SpinLock;
use base::{Error, Result, rank};

use super::{BlockDevice, Counters, Geometry, Operation, Request, SECTOR, Settings};
use crate::DeviceNumber;

/// What was done to a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// These bytes were written from this sector on.
    Write(u64, Vec<u8>),
    /// What came before is safe.
    Flush,
}

/// See the module.
pub struct MemoryDisk {
    number: DeviceNumber,
    name: String,
    geometry: Geometry,
    state: SpinLock<State>,
    counters: Arc<Counters>,
    settings: Settings,
}

struct State {
    bytes: Vec<u8>,
    failing: Vec<(Operation, Range<u64>)>,
    vanished: bool,
    record: Option<Vec<Recorded>>,
}

impl MemoryDisk {
    /// A disk with these contents, whole sectors.
    pub fn new(name: &str, minor: u32, bytes: Vec<u8>) -> Arc<MemoryDisk> {
        Arc::new(MemoryDisk {
            // The range for local and experimental use (Linux, devices.txt).
            number: DeviceNumber::new(240, minor),
            name: String::from(name),
            geometry: Geometry {
                sectors: (bytes.len() / SECTOR) as u64,
                block_size: SECTOR,
                segments: 32,
                read_only: false,
            },
            state: SpinLock::new(
                rank::DEVICE,
                State {
                    bytes,
                    failing: Vec::new(),
                    vanished: false,
                    record: None,
                },
            ),
            counters: Arc::new(Counters::new()),
            settings: Settings::new(),
        })
    }

    /// A copy of the contents.
    pub fn contents(&self) -> Vec<u8> {
        self.state.lock().bytes.clone()
    }

    /// Lets this operation fail from now on, wherever it touches these sectors.
    pub fn fail(&self, operation: Operation, sectors: Range<u64>) {
        self.state.lock().failing.push((operation, sectors));
    }

    /// The disk is gone: everything fails from now on.
    pub fn vanish(&self) {
        self.state.lock().vanished = true;
    }

    /// No operation fails any more.
    pub fn heal(&self) {
        let mut state = self.state.lock();
        state.failing.clear();
        state.vanished = false;
    }

    /// Records from now on, and returns what was recorded so far.
    pub fn record(&self) -> Vec<Recorded> {
        self.state
            .lock()
            .record
            .replace(Vec::new())
            .unwrap_or_default()
    }
}

impl State {
    fn perform(&mut self, request: &Request) -> Result<()> {
        let length = request.bytes();
        let end = request.sector + (length / SECTOR) as u64;
        let fails = self.failing.iter().any(|(operation, sectors)| {
            *operation == request.operation && request.sector < sectors.end && sectors.start < end
        });
        if fails || self.vanished {
            return Err(Error::InputOutput);
        }
        let mut at = request.sector as usize * SECTOR;
        if let Some(record) = &mut self.record {
            match request.operation {
                Operation::Read => {}
                Operation::Flush => record.push(Recorded::Flush),
                Operation::Write => {
                    let mut bytes = vec![0; length];
                    let mut done = 0;
                    for segment in request.segments() {
                        let piece = &mut bytes[done..done + segment.length];
                        segment.frame.read(segment.offset, piece);
                        done += segment.length;
                    }
                    record.push(Recorded::Write(request.sector, bytes));
                }
            }
        }
        for segment in request.segments() {
            let piece = &mut self.bytes[at..at + segment.length];
            match request.operation {
                Operation::Read => segment.frame.write(segment.offset, piece),
                Operation::Write => segment.frame.read(segment.offset, piece),
                Operation::Flush => {}
            }
            at += segment.length;
        }
        Ok(())
    }
}

impl BlockDevice for MemoryDisk {
    fn number(&self) -> DeviceNumber {
        self.number
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn submit(&self, mut request: Request) {
        let outcome = request.check(self).and_then(|()| {
            request.count(&self.counters);
            self.state.lock().perform(&request)
        });
        request.finish(outcome);
    }

    fn settings(&self) -> Option<&Settings> {
        Some(&self.settings)
    }

    fn counters(&self) -> Option<&Arc<Counters>> {
        Some(&self.counters)
    }
}
