//! Printing to a descriptor, and reading a line from one.

use crate::call::{Fd, Result, read, write};
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// A descriptor to print to.
pub struct Descriptor(pub Fd);

impl Descriptor {
    /// Prints; a failed write is nobody's business here, as in C's `printf`.
    pub fn print(self, arguments: fmt::Arguments) {
        let mut buffer = Buffer {
            descriptor: self.0,
            bytes: [0; 256],
            used: 0,
        };
        let _ = buffer.write_fmt(arguments);
        buffer.flush();
    }
}

/// Collects what is printed, so that a line is one write and lines of several processes do not
/// mix in the middle.
struct Buffer {
    descriptor: Fd,
    bytes: [u8; 256],
    used: usize,
}

impl Buffer {
    fn flush(&mut self) {
        let _ = write(self.descriptor, &self.bytes[..self.used]);
        self.used = 0;
    }
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.as_bytes().chunks(self.bytes.len()) {
            if self.used + part.len() > self.bytes.len() {
                self.flush();
            }
            self.bytes[self.used..self.used + part.len()].copy_from_slice(part);
            self.used += part.len();
        }
        Ok(())
    }
}

/// Reads a line, without its end. `None` at the end of the input. Reads byte by byte, so that
/// what follows stays for whoever reads next.
pub fn read_line(descriptor: Fd) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        if read(descriptor, &mut byte)? == 0 {
            return Ok((!line.is_empty()).then_some(line));
        }
        if byte[0] == b'\n' || byte[0] == b'\r' {
            return Ok(Some(line));
        }
        line.push(byte[0]);
    }
}
