//! `Read`, `Write`, `BufRead` and `Seek`, as in Rust's std.

use super::{Error, ErrorKind, LinesLossy, Result};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Something that bytes come out of.
pub trait Read {
    /// Reads some bytes; 0 is the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;

    /// Reads everything up to the end.
    fn read_to_end(&mut self, into: &mut Vec<u8>) -> Result<usize> {
        let start = into.len();
        loop {
            let filled = into.len();
            into.resize((filled * 2).max(filled + 4096), 0);
            let outcome = self.read(&mut into[filled..]);
            into.truncate(filled + *outcome.as_ref().unwrap_or(&0));
            match outcome {
                Ok(0) => return Ok(into.len() - start),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads everything up to the end, which must be UTF-8.
    fn read_to_string(&mut self, into: &mut String) -> Result<usize> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        let text = core::str::from_utf8(&bytes)
            .map_err(|_| Error::new(ErrorKind::InvalidArgument, "not UTF-8"))?;
        into.push_str(text);
        Ok(text.len())
    }

    /// Fills the buffer or fails.
    fn read_exact(&mut self, mut buffer: &mut [u8]) -> Result<()> {
        while !buffer.is_empty() {
            match self.read(buffer) {
                Ok(0) => return Err(Error::new(ErrorKind::NoData, "unexpected end")),
                Ok(length) => buffer = &mut buffer[length..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<R: Read + ?Sized> Read for &mut R {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        (**self).read(buffer)
    }
}

impl<R: Read + ?Sized> Read for alloc::boxed::Box<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        (**self).read(buffer)
    }
}

impl Read for &[u8] {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let length = self.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self[..length]);
        *self = &self[length..];
        Ok(length)
    }
}

/// Something that bytes go into.
pub trait Write {
    /// Writes some bytes.
    fn write(&mut self, buffer: &[u8]) -> Result<usize>;

    /// Hands on what is buffered.
    fn flush(&mut self) -> Result<()>;

    /// Writes all bytes.
    fn write_all(&mut self, mut buffer: &[u8]) -> Result<()> {
        while !buffer.is_empty() {
            match self.write(buffer) {
                Ok(0) => return Err(Error::new(ErrorKind::InputOutput, "nothing was written")),
                Ok(length) => buffer = &buffer[length..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes formatted text.
    fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> Result<()> {
        struct Adapter<'a, W: ?Sized> {
            inner: &'a mut W,
            outcome: Result<()>,
        }
        impl<W: Write + ?Sized> fmt::Write for Adapter<'_, W> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.inner.write_all(text.as_bytes()).map_err(|error| {
                    self.outcome = Err(error);
                    fmt::Error
                })
            }
        }
        let mut adapter = Adapter {
            inner: self,
            outcome: Ok(()),
        };
        match fmt::write(&mut adapter, arguments) {
            Ok(()) => Ok(()),
            Err(_) => adapter
                .outcome
                .and(Err(Error::other("a value could not be formatted"))),
        }
    }
}

impl<W: Write + ?Sized> Write for &mut W {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        (**self).write(buffer)
    }
    fn flush(&mut self) -> Result<()> {
        (**self).flush()
    }
}

impl<W: Write + ?Sized> Write for alloc::boxed::Box<W> {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        (**self).write(buffer)
    }
    fn flush(&mut self) -> Result<()> {
        (**self).flush()
    }
}

impl Write for Vec<u8> {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        self.extend_from_slice(buffer);
        Ok(buffer.len())
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A reader with a buffer that can be looked into.
pub trait BufRead: Read {
    /// What is buffered, read now if nothing is; empty at the end.
    fn fill_buf(&mut self) -> Result<&[u8]>;

    /// Marks bytes of the buffer as read.
    fn consume(&mut self, length: usize);

    /// Reads up to and with the byte `last`; 0 at the end.
    fn read_until(&mut self, last: u8, into: &mut Vec<u8>) -> Result<usize> {
        let mut total = 0;
        loop {
            let available = match self.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                return Ok(total);
            }
            let found = available.iter().position(|&byte| byte == last);
            let length = found.map_or(available.len(), |position| position + 1);
            into.extend_from_slice(&available[..length]);
            self.consume(length);
            total += length;
            if found.is_some() {
                return Ok(total);
            }
        }
    }

    /// Reads a line with its newline, replacing what is not UTF-8; 0 at the end.
    fn read_line(&mut self, into: &mut String) -> Result<usize> {
        let mut bytes = Vec::new();
        let length = self.read_until(b'\n', &mut bytes)?;
        into.push_str(&String::from_utf8_lossy(&bytes));
        Ok(length)
    }

    /// The lines, without their newlines.
    fn lines(self) -> LinesLossy<Self>
    where
        Self: Sized,
    {
        LinesLossy::new(self)
    }
}

impl<R: BufRead + ?Sized> BufRead for &mut R {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        (**self).fill_buf()
    }
    fn consume(&mut self, length: usize) {
        (**self).consume(length);
    }
}

impl<R: BufRead + ?Sized> BufRead for alloc::boxed::Box<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        (**self).fill_buf()
    }
    fn consume(&mut self, length: usize) {
        (**self).consume(length);
    }
}

impl BufRead for &[u8] {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        Ok(self)
    }
    fn consume(&mut self, length: usize) {
        *self = &self[length.min(self.len())..];
    }
}

/// Where to move a position to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeekFrom {
    /// Bytes from the beginning.
    Start(u64),
    /// Bytes from the end.
    End(i64),
    /// Bytes from here.
    Current(i64),
}

/// Something with a position.
pub trait Seek {
    /// Moves the position; gives the new one.
    fn seek(&mut self, position: SeekFrom) -> Result<u64>;
}
