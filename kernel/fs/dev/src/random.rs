//! `/dev/random` and `/dev/urandom`: both give bytes of the kernel's generator, and never wait.
//! What is written to them is mixed in.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicU32, Ordering};

use base::Result;
use device::{CharacterDevice, CharacterOpen, DeviceNumber};
use mem::transfer::{Sink, Source};
use object::{File, FileAccess, FileStatus, StatusFlags};

use crate::memory::{access_of, status_of};

/// How many bytes are made at a time.
const CHUNK: usize = 256;

pub(crate) fn all() -> Vec<Arc<dyn CharacterDevice>> {
    let make = |name, minor| Arc::new(RandomDevice { name, minor }) as Arc<dyn CharacterDevice>;
    Vec::from([make("random", 8), make("urandom", 9)])
}

struct RandomDevice {
    name: &'static str,
    minor: u32,
}

impl CharacterDevice for RandomDevice {
    fn name(&self) -> String {
        String::from(self.name)
    }

    fn number(&self) -> DeviceNumber {
        DeviceNumber::new(1, self.minor)
    }

    fn mode(&self) -> u32 {
        0o666
    }

    fn open(&self, options: CharacterOpen) -> Result<Arc<dyn File>> {
        Ok(Arc::new(RandomFile {
            status: status_of(self.number()),
            access: access_of(options),
            flags: AtomicU32::new(options.flags.bits()),
        }))
    }
}

struct RandomFile {
    status: FileStatus,
    access: FileAccess,
    flags: AtomicU32,
}

impl File for RandomFile {
    fn as_file_any(&self) -> &dyn Any {
        self
    }

    fn access(&self) -> FileAccess {
        self.access
    }

    fn read(&self, into: &mut Sink<'_>) -> Result<usize> {
        let mut buffer = [0; CHUNK];
        let mut done = 0;
        while into.remaining() > 0 {
            let count = into.remaining().min(CHUNK);
            let Some(bytes) = buffer.get_mut(..count) else {
                break;
            };
            base::random::fill(bytes);
            match into.write(bytes) {
                Ok(count) => done += count,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
            base::thread::yield_if_needed();
        }
        Ok(done)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut buffer = [0; CHUNK];
        let mut done = 0;
        while from.remaining() > 0 {
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    base::random::add_entropy(buffer.get(..count).unwrap_or_default());
                    done += count;
                }
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn read_at(&self, _offset: u64, into: &mut Sink<'_>) -> Result<usize> {
        self.read(into)
    }

    fn write_at(&self, _offset: u64, from: &mut Source<'_>) -> Result<usize> {
        self.write(from)
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
}
