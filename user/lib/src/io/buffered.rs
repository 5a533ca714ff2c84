//! Buffers around readers and writers.

use super::{BufRead, Read, Result, Write};
use alloc::string::String;
use alloc::vec::Vec;

const CAPACITY: usize = 8 * 1024;

/// Reads big pieces and hands out small ones.
pub struct BufReader<R> {
    inner: R,
    buffer: Vec<u8>,
    position: usize,
    filled: usize,
}

impl<R: Read> BufReader<R> {
    /// A buffer of the usual size.
    pub fn new(inner: R) -> BufReader<R> {
        BufReader::with_capacity(CAPACITY, inner)
    }

    /// A buffer of a chosen size.
    pub fn with_capacity(capacity: usize, inner: R) -> BufReader<R> {
        BufReader {
            inner,
            buffer: alloc::vec![0; capacity.max(1)],
            position: 0,
            filled: 0,
        }
    }

    /// The reader inside.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }
}

impl<R: Read> Read for BufReader<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if self.position == self.filled && into.len() >= self.buffer.len() {
            return self.inner.read(into);
        }
        let available = self.fill_buf()?;
        let length = available.len().min(into.len());
        into[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for BufReader<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.position == self.filled {
            self.position = 0;
            self.filled = 0;
            self.filled = self.inner.read(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.position..self.filled])
    }

    fn consume(&mut self, length: usize) {
        self.position = (self.position + length).min(self.filled);
    }
}

/// Collects small writes into big ones.
pub struct BufWriter<W: Write> {
    inner: W,
    buffer: Vec<u8>,
    /// Hand on at each newline, as a terminal wants it.
    lines: bool,
}

impl<W: Write> BufWriter<W> {
    /// A buffer of the usual size.
    pub fn new(inner: W) -> BufWriter<W> {
        BufWriter {
            inner,
            buffer: Vec::with_capacity(CAPACITY),
            lines: false,
        }
    }

    /// A buffer that is flushed at each newline.
    pub fn by_lines(inner: W) -> BufWriter<W> {
        BufWriter {
            inner,
            buffer: Vec::with_capacity(CAPACITY),
            lines: true,
        }
    }

    fn hand_on(&mut self) -> Result<()> {
        // What cannot be written is forgotten: trying again at exit would fail again.
        let outcome = self.inner.write_all(&self.buffer);
        self.buffer.clear();
        outcome
    }
}

impl<W: Write> Write for BufWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.buffer.len() + bytes.len() > CAPACITY {
            self.hand_on()?;
        }
        if bytes.len() >= CAPACITY {
            return self.inner.write(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        if self.lines && bytes.contains(&b'\n') {
            self.hand_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.hand_on()?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for BufWriter<W> {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// The lines of a reader, without newlines; what is not UTF-8 is replaced.
pub struct LinesLossy<R> {
    reader: R,
}

impl<R: BufRead> LinesLossy<R> {
    pub(super) fn new(reader: R) -> LinesLossy<R> {
        LinesLossy { reader }
    }
}

impl<R: BufRead> Iterator for LinesLossy<R> {
    type Item = Result<String>;
    fn next(&mut self) -> Option<Result<String>> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => {
                if line.ends_with('\n') {
                    line.pop();
                }
                Some(Ok(line))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
