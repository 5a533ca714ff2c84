//! `/dev/null`, `/dev/zero`, `/dev/full`: no bytes, zero bytes, and no room.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};

use base::{Error, Result};
use device::{CharacterDevice, CharacterOpen, DeviceNumber};
use mem::transfer::{Sink, Source};
use mem::{MemoryObject, PageCache};
use object::{File, FileAccess, FileKind, FileStatus, Ready, SeekFrom, StatusFlags};

/// Which of the three.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Zero,
    Full,
}

/// The largest mapping of `/dev/zero` that makes sense.
const LARGEST: u64 = hal::USER_END as u64;

pub(crate) fn all() -> Vec<Arc<dyn CharacterDevice>> {
    let make = |kind| Arc::new(MemoryDevice(kind)) as Arc<dyn CharacterDevice>;
    Vec::from([make(Kind::Null), make(Kind::Zero), make(Kind::Full)])
}

struct MemoryDevice(Kind);

impl CharacterDevice for MemoryDevice {
    fn name(&self) -> String {
        String::from(match self.0 {
            Kind::Null => "null",
            Kind::Zero => "zero",
            Kind::Full => "full",
        })
    }

    fn number(&self) -> DeviceNumber {
        DeviceNumber::new(
            1,
            match self.0 {
                Kind::Null => 3,
                Kind::Zero => 5,
                Kind::Full => 7,
            },
        )
    }

    fn mode(&self) -> u32 {
        0o666
    }

    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>> {
        Ok(Arc::new(MemoryFile {
            kind: self.0,
            status: status_of(self.number()),
            access: access_of(options),
            flags: AtomicU32::new(options.flags.bits()),
        }))
    }
}

/// What the file behind a node says of itself; who has the name asks the node.
pub(crate) fn status_of(number: DeviceNumber) -> FileStatus {
    FileStatus {
        kind: FileKind::CharacterDevice,
        mode: 0o666,
        device_major: number.major,
        device_minor: number.minor,
        links: 1,
        block_size: hal::PAGE_SIZE as u32,
        ..FileStatus::default()
    }
}

pub(crate) fn access_of(options: CharacterOpen) -> FileAccess {
    let mut access = FileAccess::empty();
    access.set(FileAccess::READ, options.read);
    access.set(FileAccess::WRITE, options.write);
    access
}

/// How much is zeroed before others are let run.
const STEP: usize = 64 * hal::PAGE_SIZE;

/// A huge read lets others run, and ends early if the reader is to be told something.
#[inline(never)]
fn zero_in_steps(into: &mut Sink<'_>) -> Result<usize> {
    let mut done = 0;
    while into.remaining() > 0 {
        match into.zero(STEP) {
            Ok(count) => done += count,
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        }
        base::thread::yield_if_needed();
    }
    Ok(done)
}

struct MemoryFile {
    kind: Kind,
    status: FileStatus,
    access: FileAccess,
    flags: AtomicU32,
}

impl File for MemoryFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        match self.kind {
            Kind::Null => Ok(0),
            Kind::Zero | Kind::Full if into.remaining() <= STEP => into.zero(STEP),
            Kind::Zero | Kind::Full => zero_in_steps(into),
        }
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        match self.kind {
            // Nobody looks at the bytes, so it does not matter whether they can be read.
            Kind::Null | Kind::Zero => Ok(from.remaining()),
            Kind::Full if from.remaining() == 0 => Ok(0),
            Kind::Full => Err(Error::NoSpace),
        }
    }

    fn read_at(&self, _offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.read(into)
    }

    fn write_at(&self, _offset: u64, from: &mut Source<'_>) -> Result<usize> {
        self.write(from)
    }

    fn seek(&self, _to: SeekFrom) -> Result<u64> {
        Ok(0)
    }

    fn poll(&self, interest: Ready, _waiter: Option<&mut object::PollRegistration>) -> Ready {
        interest & (Ready::READ | Ready::WRITE)
    }

    fn status(&self) -> Result<FileStatus> {
        Ok(self.status)
    }

    fn status_flags(&self) -> StatusFlags {
        StatusFlags::from_bits_truncate(self.flags.load(Ordering::Relaxed))
    }

    fn set_status_flags(&self, flags: StatusFlags) -> Result<()> {
        self.flags.store(flags.bits(), Ordering::Relaxed);
        Ok(())
    }

    /// `/dev/zero` maps as fresh memory, shared by those who share the mapping.
    fn memory_object(&self) -> Result<Arc<dyn MemoryObject>> {
        match self.kind {
            Kind::Zero => {
                let cache = PageCache::memory("/dev/zero");
                cache.set_size(LARGEST);
                Ok(cache)
            }
            Kind::Null | Kind::Full => Err(Error::NotSupportedByDevice),
        }
    }
}
