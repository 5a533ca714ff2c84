//! Reaching the memory of an address space that is not the current thread's: a new program's
//! image and stack before it runs, or another process's memory.

use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use hal::user::Access;

use super::AddressSpace;
use super::request::FaultKind;

impl AddressSpace {
    /// Copies bytes in; the pages come into being as if the program had written them.
    pub fn write_bytes(&self, address: usize, from: &[u8]) -> Result<()> {
        let mut done = 0;
        self.each_page(
            address,
            from.len(),
            Access::Write,
            |frame, offset, length| {
                frame.write(offset, &from[done..done + length]);
                done += length;
            },
        )
    }

    /// Writes zeros.
    pub fn zero_bytes(&self, address: usize, length: usize) -> Result<()> {
        self.each_page(address, length, Access::Write, |frame, offset, length| {
            frame.fill(offset, length, 0);
        })
    }

    /// Copies bytes out.
    pub fn read_bytes(&self, address: usize, into: &mut [u8]) -> Result<()> {
        let mut done = 0;
        self.each_page(
            address,
            into.len(),
            Access::Read,
            |frame, offset, length| {
                frame.read(offset, &mut into[done..done + length]);
                done += length;
            },
        )
    }

    fn each_page(
        &self,
        address: usize,
        length: usize,
        access: Access,
        mut piece: impl FnMut(&Frame, usize, usize),
    ) -> Result<()> {
        let end = address.checked_add(length).ok_or(Error::BadAddress)?;
        let mut at = address;
        while at < end {
            let offset = at % PAGE_SIZE;
            let length = (PAGE_SIZE - offset).min(end - at);
            self.with_page(at, access, |frame| piece(frame, offset, length))?;
            at += length;
        }
        Ok(())
    }

    /// Calls `act` with the frame at `address`, present and good for `access`, under the lock: a
    /// concurrent fork or copy-on-write cannot put another frame in its place meanwhile.
    fn with_page(&self, address: usize, access: Access, act: impl FnOnce(&Frame)) -> Result<()> {
        let page = address - address % PAGE_SIZE;
        loop {
            {
                let mut inner = self.inner.lock();
                if inner.areas.find(page).is_some()
                    && let Some(mapping) = inner.mapped(page)
                    && mapping.flags.contains(super::fault::needed_flag(access))
                {
                    act(&mapping.frame);
                    return Ok(());
                }
            }
            self.handle_fault(address, access)
                .map_err(|kind| match kind {
                    FaultKind::OutOfMemory => Error::OutOfMemory,
                    _ => Error::BadAddress,
                })?;
        }
    }
}
