//! Disks: `vda`, `vdb`, and so on, in the order in which they are found.
//!
//! Requests go to the device as they come, up to its depth; who comes when it is full sleeps until
//! an answer makes room. Answers are taken in the interrupt handler, which gives the segments back
//! to their requests and wakes who waits.
//!
//! A device that gives no answer for [`PATIENCE`] while it owes some is stopped: everything in
//! flight, and everything later, fails with [`Error::InputOutput`]. The clock for this runs only while
//! there is something in flight, and costs a request nothing.

use alloc::format;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::time::Duration;

use base::sync::SpinLock;
use base::time::Timer;
use base::wait::WaitQueue;
use base::{Error, Result, rank};
use device::block::{BlockDevice, Counters, Geometry, Operation, Request, SECTOR, Settings};
use device::{DeviceNumber, registry};
use hal::sync::Once;
use hal::virtio::{Block, BlockOperation, BlockRefusal, Channel};

/// What Linux's driver gets where nothing else takes a number from the dynamic range.
const MAJOR: u32 = 254;
/// Minor numbers of one disk: itself and its partitions.
const MINORS: u32 = 16;
/// How long a device may owe answers without giving any.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it is asked without a pause after that.
const LAST_CHANCE: Duration = Duration::from_secs(1);

/// A disk.
struct Disk {
    name: String,
    number: DeviceNumber,
    geometry: Geometry,
    flushes: bool,
    state: SpinLock<State>,
    /// Woken when there is room for another request.
    room: WaitQueue,
    watch: Once<Timer>,
    counters: Arc<Counters>,
    settings: Settings,
}

struct State {
    device: Block,
    /// Requests in flight, by ticket; their segments are with the device.
    waiting: Vec<Option<Request>>,
    stopped: bool,
    /// How many answers there were, and how many there were when the watch last looked.
    answers: u64,
    answers_seen: u64,
    /// Whether the watch is to look.
    watched: bool,
}

/// Starts the disk, which pulls this interrupt line, as the `index`th one.
pub(crate) fn start(channel: Channel, line: Option<u32>, index: u32) -> Result<()> {
    let line = line.ok_or(Error::InvalidArgument)?;
    let device = Block::new(channel).map_err(|_| Error::InputOutput)?;
    let facts = device.facts();
    let block_size = facts.block_size as usize;
    if !block_size.is_power_of_two() || !(SECTOR..=hal::PAGE_SIZE).contains(&block_size) {
        return Err(Error::InvalidArgument);
    }
    let disk = Arc::new(Disk {
        name: name(index),
        number: DeviceNumber::new(MAJOR, index * MINORS),
        geometry: Geometry {
            sectors: facts.sectors,
            block_size,
            segments: facts.segments,
            read_only: facts.read_only,
        },
        flushes: facts.flushes,
        state: SpinLock::new(
            rank::DEVICE,
            State {
                device,
                waiting: (0..facts.depth).map(|_| None).collect(),
                stopped: false,
                answers: 0,
                answers_seen: 0,
                watched: false,
            },
        ),
        room: WaitQueue::new(),
        watch: Once::new(),
        counters: Arc::new(Counters::new()),
        settings: Settings::new(),
    });
    let weak = Arc::downgrade(&disk);
    let _ = disk.watch.set(Timer::new(Arc::new(move || look(&weak))));
    let handler = disk.clone();
    hal::interrupt::add_handler(line, Arc::new(move || handler.interrupt()));
    base::info!(
        "{}: {} MiB, {} requests of {} segments{}",
        disk.name,
        facts.sectors / 2048,
        facts.depth,
        facts.segments,
        if facts.read_only { ", read-only" } else { "" }
    );
    registry().add_block(disk)
}

/// `vda`, …, `vdz`, `vdaa`, …
fn name(index: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'a' + (rest % 26) as u8));
        rest /= 26;
    }
    format!("vd{}", letters.into_iter().rev().collect::<String>())
}

impl State {
    /// Hands a request to the device. `Ok(None)`: it has it.
    fn begin(&mut self, mut request: Request) -> core::result::Result<(), (BlockRefusal, Request)> {
        let operation = match request.operation {
            Operation::Read => BlockOperation::Read,
            Operation::Write => BlockOperation::Write,
            Operation::Flush => BlockOperation::Flush,
        };
        let segments = request.take_segments();
        match self.device.begin(operation, request.sector, segments) {
            Ok(ticket) => {
                if let Some(place) = self.waiting.get_mut(usize::from(ticket)) {
                    *place = Some(request);
                }
                self.device.notify();
                Ok(())
            }
            Err((refusal, segments)) => {
                request.return_segments(segments);
                Err((refusal, request))
            }
        }
    }

    /// Takes what the device has answered. An error: it is to be stopped.
    fn take_answers(&mut self) -> core::result::Result<(), hal::virtio::VirtioError> {
        while let Some(answer) = self.device.take_answer()? {
            self.answers += 1;
            let place = self.waiting.get_mut(usize::from(answer.ticket));
            if let Some(mut request) = place.and_then(Option::take) {
                request.return_segments(answer.segments);
                request.finish(answer.outcome.map_err(|_| Error::InputOutput));
            }
        }
        Ok(())
    }

    /// Stops the device and fails everything that it owes.
    fn stop(&mut self) {
        self.stopped = true;
        for (ticket, segments) in self.device.stop() {
            let place = self.waiting.get_mut(usize::from(ticket));
            if let Some(mut request) = place.and_then(Option::take) {
                request.return_segments(segments);
                request.finish(Err(Error::InputOutput));
            }
        }
    }
}

impl Disk {
    fn interrupt(&self) {
        let broken = {
            let mut state = self.state.lock();
            state.device.acknowledge();
            let broken = state.take_answers().is_err();
            if broken {
                state.stop();
            }
            broken
        };
        if broken {
            base::error!("{}: the device does not keep to the protocol", self.name);
        }
        self.room.wake_all();
    }

    /// Has the watch look, if it does not already.
    fn arm_watch(&self) {
        if let Some(watch) = self.watch.get() {
            watch.arm(base::time::now() + PATIENCE);
        }
    }
}

/// The watch of a disk looks whether there was an answer since the last time.
fn look(disk: &Weak<Disk>) {
    let Some(disk) = disk.upgrade() else {
        return;
    };
    let stuck = {
        let mut state = disk.state.lock();
        // An interrupt may have been lost.
        if state.take_answers().is_err() {
            state.stop();
        }
        let stuck = state.device.in_flight() > 0 && state.answers == state.answers_seen;
        state.answers_seen = state.answers;
        state.watched = state.device.in_flight() > 0;
        if state.watched && !stuck {
            disk.arm_watch();
        }
        stuck
    };
    disk.room.wake_all();
    if stuck {
        base::work::defer(move || last_chance(&disk));
    }
}

/// Asks a silent device again and again before it is given up: where an emulator's clock leaps over
/// idle time, only a CPU that is busy sees time pass as the device does.
fn last_chance(disk: &Disk) {
    let end = base::time::now() + LAST_CHANCE;
    loop {
        let given_up = {
            let mut state = disk.state.lock();
            let broken = state.take_answers().is_err();
            if !broken && (state.answers != state.answers_seen || state.device.in_flight() == 0) {
                state.answers_seen = state.answers;
                state.watched = state.device.in_flight() > 0;
                if state.watched {
                    disk.arm_watch();
                }
                break;
            }
            let given_up = broken || base::time::now() >= end;
            if given_up {
                state.stop();
                state.watched = false;
            }
            given_up
        };
        if given_up {
            base::error!("{}: the device does not answer; it is given up", disk.name);
            break;
        }
        base::thread::yield_now();
    }
    disk.room.wake_all();
}

impl BlockDevice for Disk {
    fn number(&self) -> DeviceNumber {
        self.number
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn settings(&self) -> Option<&Settings> {
        Some(&self.settings)
    }

    fn counters(&self) -> Option<&Arc<Counters>> {
        Some(&self.counters)
    }

    fn submit(&self, mut request: Request) {
        if let Err(error) = request.check(self) {
            return request.finish(Err(error));
        }
        let nothing = match request.operation {
            Operation::Flush => !self.flushes,
            Operation::Read | Operation::Write => request.segments().is_empty(),
        };
        if nothing {
            return request.finish(Ok(()));
        }
        request.count(&self.counters);
        let mut request = Some(request);
        self.room.wait_until(|| {
            let mut state = self.state.lock();
            let refused = match state.begin(request.take()?) {
                Ok(()) => None,
                Err((BlockRefusal::Full, again)) => {
                    request = Some(again);
                    return None;
                }
                Err((BlockRefusal::Malformed | BlockRefusal::Stopped, refused)) => Some(refused),
            };
            match refused {
                Some(refused) => refused.finish(Err(Error::InputOutput)),
                None if !state.watched => {
                    state.watched = true;
                    state.answers_seen = state.answers;
                    self.arm_watch();
                }
                None => {}
            }
            Some(())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn disks_are_lettered() {
        let names = [0, 1, 25, 26, 27, 701, 702].map(name);
        assert_eq!(
            names,
            ["vda", "vdb", "vdz", "vdaa", "vdab", "vdzz", "vdaaa"]
        );
    }
}
