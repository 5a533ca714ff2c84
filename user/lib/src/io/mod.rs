//! Reading and writing.

mod buffered;
mod error;
mod standard;
mod traits;

pub use buffered::{BufReader, BufWriter, LinesLossy};
pub use error::{Error, ErrorKind, Result};
pub use standard::{
    IsTerminal, Stderr, Stdin, StdinLock, Stdout, close_handle, eprint, flush_standard_output,
    handle_is_open, print, read_handle, stderr, stdin, stdout, write_handle,
};
pub use traits::{BufRead, Read, Seek, SeekFrom, Write};

/// Copies everything from a reader to a writer; gives how many bytes.
pub fn copy(reader: &mut (impl Read + ?Sized), writer: &mut (impl Write + ?Sized)) -> Result<u64> {
    let mut buffer = alloc::vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(length) => {
                writer.write_all(&buffer[..length])?;
                total += length as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
