//! Device numbers, as Linux assigns them (`Documentation/admin-guide/devices.txt`).

/// Whether a device node stands for bytes or for blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceKind {
    /// A stream of bytes.
    Character,
    /// An array of blocks.
    Block,
}

/// Which device: the major number names the kind of driver, the minor number the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNumber {
    /// The driver.
    pub major: u32,
    /// The unit.
    pub minor: u32,
}

impl DeviceNumber {
    /// A device number from its two parts.
    pub const fn new(major: u32, minor: u32) -> DeviceNumber {
        DeviceNumber { major, minor }
    }

    /// Linux's 64-bit encoding (`makedev(3)`), used by `stat` and `mknod`.
    pub const fn to_linux(self) -> u64 {
        let (major, minor) = (self.major as u64, self.minor as u64);
        (minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12 | (major & !0xfff) << 32
    }

    /// The reverse of [`DeviceNumber::to_linux`].
    pub const fn from_linux(number: u64) -> DeviceNumber {
        DeviceNumber {
            major: ((number >> 8 & 0xfff) | (number >> 32 & 0xffff_f000)) as u32,
            minor: ((number & 0xff) | (number >> 12 & 0xffff_ff00)) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DeviceNumber;

    #[test]
    fn known_numbers() {
        assert_eq!(DeviceNumber::new(5, 1).to_linux(), 0x501);
        assert_eq!(DeviceNumber::new(204, 64).to_linux(), 0xcc40);
        assert_eq!(DeviceNumber::new(136, 0x12345).to_linux(), 0x1230_8845);
    }

    #[test]
    fn numbers_survive_the_round_trip() {
        for major in [0, 1, 5, 0xfff, 0x1000, 0xffff_ffff] {
            for minor in [0, 1, 0xff, 0x100, 0xf_ffff, 0xffff_ffff] {
                let number = DeviceNumber::new(major, minor);
                assert_eq!(DeviceNumber::from_linux(number.to_linux()), number);
            }
        }
    }
}
