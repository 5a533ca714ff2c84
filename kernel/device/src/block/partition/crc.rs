//! CRC-32 as GUID partition tables have it (UEFI specification, section 5.3.1).

use ::crc::{CRC_32_ISO_HDLC, Crc};

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The checksum of these bytes.
pub fn crc32(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}
