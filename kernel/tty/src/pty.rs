//! Pseudo-terminals: a terminal whose wire is another program.
//!
//! A *pair* is a [`Terminal`] (the slave, `/dev/pts/N`) and a [`MasterFile`] (from `/dev/ptmx`).
//! What the slave's programs write, after output processing, the master reads; what the master
//! writes arrives at the slave as if typed, with echo and events.
//!
//! The master fetches its bytes from the terminal's own output queue, so a pair has exactly one
//! bounded buffer in each direction, and a side that is full makes the other wait. When the master
//! closes, the slave is hung up for good. When the last slave file closes, the master reads what is
//! left and then gets `EIO`, until a slave is opened again (Linux's rule, which terminal emulators
//! use to notice that the shell is gone).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use base::sync::SpinLock;
use base::wait::WaitQueue;
use base::{Error, Result, rank};
use device::{CharacterDevice, CharacterOpen, DeviceNumber, registry};
use hal::Global;
use mem::transfer::{Sink, Source};
use object::{File, FileStatus, PollRegistration, Ready, StatusFlags};

use crate::file::{TerminalFile, device_status, store_flags};
use crate::settings::Settings;
use crate::terminal::Terminal;
use crate::wire::Wire;

/// The major number of slaves (UNIX98_PTY_SLAVE_MAJOR).
const SLAVE_MAJOR: u32 = 136;
/// `/dev/ptmx`.
pub const MASTER_NUMBER: DeviceNumber = DeviceNumber::new(5, 2);
/// How many pairs there may be (Linux: `kernel.pty.max`).
const MOST_PAIRS: u32 = 4096;
/// How many bytes move at a time.
const CHUNK: usize = 512;

/// Which pair numbers are taken.
static NUMBERS: Global<SpinLock<BTreeMap<u32, ()>>> =
    Global::new(|| SpinLock::new(rank::DEVICE, BTreeMap::new()));

/// The slave's wire: it only wakes the master.
struct PairWire {
    /// Readers and writers of the master, and its pollers.
    changed: WaitQueue,
    /// Files open on the slave.
    slaves: AtomicUsize,
    /// There were slaves, and the last one closed.
    abandoned: AtomicBool,
}

impl Wire for PairWire {
    fn transmit(&self, _bytes: &[u8]) -> usize {
        self.changed.wake_all();
        0
    }

    fn input_wanted(&self) {
        self.changed.wake_all();
    }

    fn opened(&self) {
        self.slaves.fetch_add(1, Ordering::SeqCst);
        self.abandoned.store(false, Ordering::SeqCst);
        self.changed.wake_all();
    }

    fn closed(&self) {
        if self.slaves.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.abandoned.store(true, Ordering::SeqCst);
            self.changed.wake_all();
        }
    }
}

/// The master's side of a pair, open.
pub struct MasterFile {
    index: u32,
    slave: Arc<Terminal>,
    wire: Arc<PairWire>,
    locked: Arc<AtomicBool>,
    flags: AtomicU32,
}

/// A slave's node.
struct SlaveDevice {
    index: u32,
    terminal: Weak<Terminal>,
    locked: Arc<AtomicBool>,
}

impl CharacterDevice for SlaveDevice {
    fn name(&self) -> String {
        format!("pts/{}", self.index)
    }

    fn number(&self) -> DeviceNumber {
        DeviceNumber::new(SLAVE_MAJOR, self.index)
    }

    fn mode(&self) -> u32 {
        0o620
    }

    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>> {
        if self.locked.load(Ordering::Relaxed) {
            return Err(Error::InputOutput);
        }
        let terminal = self.terminal.upgrade().ok_or(Error::InputOutput)?;
        Ok(TerminalFile::open(&terminal, options)?)
    }
}

fn take_number() -> Result<u32> {
    let mut numbers = NUMBERS.lock();
    let free = (0..MOST_PAIRS)
        .find(|index| !numbers.contains_key(index))
        .ok_or(Error::NoSpace)?;
    numbers.insert(free, ());
    Ok(free)
}

impl MasterFile {
    /// Makes a pair. The slave stays locked until [`MasterFile::set_locked`] unlocks it
    /// (`unlockpt`).
    pub fn open(flags: StatusFlags) -> Result<Arc<MasterFile>> {
        let index = take_number()?;
        let wire = Arc::new(PairWire {
            changed: WaitQueue::new(),
            slaves: AtomicUsize::new(0),
            abandoned: AtomicBool::new(false),
        });
        let number = DeviceNumber::new(SLAVE_MAJOR, index);
        let slave = Terminal::new(
            format!("pts/{index}"),
            number,
            Settings::new(),
            wire.clone(),
        );
        let locked = Arc::new(AtomicBool::new(true));
        let master = Arc::new(MasterFile {
            index,
            slave,
            wire,
            locked: locked.clone(),
            flags: AtomicU32::new(flags.bits()),
        });
        let terminal = Arc::downgrade(&master.slave);
        registry().add_character(Arc::new(SlaveDevice {
            index,
            terminal,
            locked,
        }))?;
        Ok(master)
    }

    /// The pair's number: the slave is `/dev/pts/N` (TIOCGPTN).
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The slave's terminal: settings, window size and foreground group are asked for and set
    /// there.
    pub fn terminal(&self) -> &Arc<Terminal> {
        &self.slave
    }

    /// Whether the slave cannot be opened yet (TIOCGPTLCK).
    pub fn is_locked(&self) -> bool {
        self.locked.load(Ordering::Relaxed)
    }

    /// Locks or unlocks the slave (TIOCSPTLCK).
    pub fn set_locked(&self, locked: bool) {
        self.locked.store(locked, Ordering::Relaxed);
    }

    /// Opens the slave without going through its name (TIOCGPTPEER).
    pub fn open_slave(&self, options: CharacterOpen) -> Result<Arc<TerminalFile>> {
        if self.is_locked() {
            return Err(Error::InputOutput);
        }
        TerminalFile::open(&self.slave, options)
    }

    /// Whether the slave was open and no longer is.
    fn is_abandoned(&self) -> bool {
        self.wire.abandoned.load(Ordering::SeqCst)
    }

    fn is_nonblocking(&self) -> bool {
        self.status_flags().contains(StatusFlags::NONBLOCK)
    }

    /// Waits for `condition`, or says that it would.
    fn wait<T>(&self, condition: impl Fn() -> Option<T>) -> Result<T> {
        if self.is_nonblocking() {
            return condition().ok_or(Error::WouldBlock);
        }
        self.wire.changed.wait_interruptible(None, condition)
    }
}

impl Drop for MasterFile {
    fn drop(&mut self) {
        registry().remove_character(DeviceNumber::new(SLAVE_MAJOR, self.index));
        self.slave.hang_up(true);
        NUMBERS.lock().remove(&self.index);
    }
}

impl File for MasterFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let most = into.remaining().min(CHUNK);
        if most == 0 {
            return Ok(0);
        }
        // The order matters: bytes written before the last close are read before the error.
        let bytes = self.wait(|| {
            let abandoned = self.is_abandoned();
            let bytes = self.slave.take_output(most);
            if !bytes.is_empty() {
                Some(Ok(bytes))
            } else {
                abandoned.then_some(Err(Error::InputOutput))
            }
        })??;
        into.write(&bytes)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut buffer = [0; CHUNK];
        let mut done = 0;
        let partly = |done: usize, error| if done > 0 { Ok(done) } else { Err(error) };
        while from.remaining() > 0 {
            let want = from.remaining().min(CHUNK);
            let count = match from.read(&mut buffer[..want]) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return partly(done, error),
            };
            let mut rest = &buffer[..count];
            while !rest.is_empty() {
                let taken = self.slave.receive(rest);
                done += taken;
                rest = &rest[taken..];
                if rest.is_empty() {
                    break;
                }
                if let Err(error) = self.wait(|| self.slave.accepts_input().then_some(())) {
                    return partly(done, error);
                }
            }
        }
        Ok(done)
    }

    fn poll(&self, interest: Ready, waiter: Option<&mut PollRegistration>) -> Ready {
        if let Some(waiter) = waiter {
            waiter.add(&self.wire.changed);
        }
        let mut ready = Ready::empty();
        ready.set(Ready::READ, self.slave.has_output() || self.is_abandoned());
        ready.set(Ready::WRITE, self.slave.accepts_input());
        ready.set(Ready::HANG_UP, self.is_abandoned());
        ready & (interest | Ready::ALWAYS)
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(device_status(MASTER_NUMBER, 0o666))
    }

    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        store_flags(&self.flags, flags)
    }
}
