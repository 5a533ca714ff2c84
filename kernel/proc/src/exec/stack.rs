//! The first stack of a program, built before the program exists.
//!
//! [`StackBuilder`] grows a block of bytes downwards from the address where it will live, and tells every string's
//! future address. Each ABI arranges it its own way; [`system_v`] is the arrangement of the System V ABI, which
//! Linux programs and native ones expect: argument count, argument pointers, environment pointers, auxiliary
//! vector, and above them the strings (gABI, "Process Initialization").

use alloc::vec::Vec;
use base::{Error, Result, Room};

/// A stack under construction.
pub struct StackBuilder {
    top: usize,
    limit: usize,
    /// The bytes from the top downwards, each piece reversed: the end of the vector is the lowest address.
    reversed: Vec<u8>,
}

impl StackBuilder {
    /// An empty stack whose highest byte is below `top`, and which may take `limit` bytes.
    pub fn new(top: usize, limit: usize) -> StackBuilder {
        StackBuilder {
            top,
            limit,
            reversed: Vec::new(),
        }
    }

    /// The address of the lowest byte so far.
    pub fn address(&self) -> usize {
        self.top - self.reversed.len()
    }

    /// Puts bytes below what is there; returns their address.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.reversed.len().saturating_add(bytes.len()) > self.limit.min(self.top) {
            return Err(Error::ArgumentListTooLong);
        }
        self.reversed.make_room(bytes.len())?;
        self.reversed.extend(bytes.iter().rev());
        Ok(self.address())
    }

    /// Puts a string and its terminating zero; returns its address.
    pub fn push_string(&mut self, string: &[u8]) -> Result<usize> {
        self.push_bytes(&[0])?;
        self.push_bytes(string)
    }

    /// Puts 64-bit words, the first at the lowest address; returns that address.
    pub fn push_words(&mut self, words: &[u64]) -> Result<usize> {
        for word in words.iter().rev() {
            self.push_bytes(&word.to_le_bytes())?;
        }
        Ok(self.address())
    }

    /// Fills with zeros until the address is a multiple of `alignment` (a power of two).
    pub fn align(&mut self, alignment: usize) -> Result<usize> {
        while !self.address().is_multiple_of(alignment) {
            self.push_bytes(&[0])?;
        }
        Ok(self.address())
    }

    /// Fills with zeros so that after another `bytes` bytes the address is a multiple of `alignment`.
    pub fn align_before(&mut self, bytes: usize, alignment: usize) -> Result<()> {
        while !self.address().wrapping_sub(bytes).is_multiple_of(alignment) {
            self.push_bytes(&[0])?;
        }
        Ok(())
    }

    /// The finished block: its lowest address (the stack pointer) and its bytes.
    pub fn finish(mut self) -> (usize, Vec<u8>) {
        self.reversed.reverse();
        (self.top - self.reversed.len(), self.reversed)
    }
}

/// Keys of the auxiliary vector (getauxval(3)).
pub mod auxiliary {
    /// The program headers' address.
    pub const PROGRAM_HEADERS: u64 = 3;
    /// The size of one.
    pub const PROGRAM_HEADER_SIZE: u64 = 4;
    /// How many there are.
    pub const PROGRAM_HEADER_COUNT: u64 = 5;
    /// The page size.
    pub const PAGE_SIZE: u64 = 6;
    /// Where the interpreter is loaded.
    pub const BASE: u64 = 7;
    /// Flags, always zero.
    pub const FLAGS: u64 = 8;
    /// The program's own entry point.
    pub const ENTRY: u64 = 9;
    /// Real user.
    pub const USER: u64 = 11;
    /// Effective user.
    pub const EFFECTIVE_USER: u64 = 12;
    /// Real group.
    pub const GROUP: u64 = 13;
    /// Effective group.
    pub const EFFECTIVE_GROUP: u64 = 14;
    /// The platform's name.
    pub const PLATFORM: u64 = 15;
    /// What the processor can do.
    pub const HARDWARE: u64 = 16;
    /// Clock ticks in a second, as times(2) counts them.
    pub const CLOCK_TICKS: u64 = 17;
    /// Whether the program got rights by set-user-id.
    pub const SECURE: u64 = 23;
    /// Sixteen random bytes.
    pub const RANDOM: u64 = 25;
    /// More of what the processor can do.
    pub const HARDWARE_2: u64 = 26;
    /// The path that was executed.
    pub const EXECUTED_PATH: u64 = 31;
    /// The vDSO.
    pub const VDSO: u64 = 33;
    /// The least size of a signal stack.
    pub const MINIMUM_SIGNAL_STACK: u64 = 51;
}

/// The strings and numbers of a System V stack.
pub struct SystemV<'a> {
    /// Program arguments.
    pub arguments: &'a [Vec<u8>],
    /// Environment strings.
    pub environment: &'a [Vec<u8>],
    /// Key and value pairs without the terminator and without the three that are addresses on this stack.
    pub auxiliary: &'a [(u64, u64)],
    /// Sixteen random bytes.
    pub random: [u8; 16],
    /// The platform's name, if the ABI gives one.
    pub platform: Option<&'a [u8]>,
    /// The path that was executed.
    pub executed_path: &'a [u8],
}

/// Where things ended up on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemVAddresses {
    /// The first argument string, and the byte after the last one.
    pub arguments: (usize, usize),
    /// The first environment string, and the byte after the last one.
    pub environment: (usize, usize),
}

/// Arranges a System V stack: the stack pointer is aligned to 16 and points at the argument count.
pub fn system_v(builder: &mut StackBuilder, content: &SystemV<'_>) -> Result<SystemVAddresses> {
    builder.push_words(&[0])?;
    let executed_path = builder.push_string(content.executed_path)?;
    let environment_end = builder.address();
    let environment = push_strings(builder, content.environment)?;
    let arguments_end = builder.address();
    let arguments = push_strings(builder, content.arguments)?;
    let strings_start = builder.address();
    let platform = match content.platform {
        Some(name) => Some(builder.push_string(name)?),
        None => None,
    };
    let random = builder.push_bytes(&content.random)?;

    let mut words = Vec::new();
    words.push(content.arguments.len() as u64);
    words.extend(arguments.iter().map(|address| *address as u64));
    words.push(0);
    words.extend(environment.iter().map(|address| *address as u64));
    words.push(0);
    for (key, value) in content.auxiliary {
        words.extend([*key, *value]);
    }
    words.extend([
        auxiliary::RANDOM,
        random as u64,
        auxiliary::EXECUTED_PATH,
        executed_path as u64,
    ]);
    if let Some(platform) = platform {
        words.extend([auxiliary::PLATFORM, platform as u64]);
    }
    words.extend([0, 0]);
    builder.align(16)?;
    builder.align_before(words.len() * 8, 16)?;
    builder.push_words(&words)?;
    Ok(SystemVAddresses {
        arguments: (strings_start, arguments_end),
        environment: (arguments_end, environment_end),
    })
}

/// Puts the strings so that the first has the lowest address; returns all addresses in order.
fn push_strings(builder: &mut StackBuilder, strings: &[Vec<u8>]) -> Result<Vec<usize>> {
    let mut addresses = Vec::new();
    addresses.make_room(strings.len())?;
    for string in strings.iter().rev() {
        addresses.push(builder.push_string(string)?);
    }
    addresses.reverse();
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn word(bytes: &[u8], index: usize) -> u64 {
        u64::from_le_bytes(
            bytes[index * 8..index * 8 + 8]
                .try_into()
                .expect("eight bytes"),
        )
    }

    #[test]
    fn a_system_v_stack_reads_back() {
        for count in 0..5 {
            let arguments: Vec<Vec<u8>> = (0..count).map(|n| vec![b'a' + n as u8; n]).collect();
            let environment = vec![b"HOME=/root".to_vec()];
            let mut builder = StackBuilder::new(0x10000, 0x1000);
            let content = SystemV {
                arguments: &arguments,
                environment: &environment,
                auxiliary: &[(auxiliary::PAGE_SIZE, 4096)],
                random: [7; 16],
                platform: Some(b"test"),
                executed_path: b"/bin/a",
            };
            let addresses = system_v(&mut builder, &content).expect("fits");
            let (pointer, bytes) = builder.finish();
            assert_eq!(pointer % 16, 0);
            assert_eq!(pointer + bytes.len(), 0x10000);
            assert_eq!(word(&bytes, 0), count as u64);
            for (index, argument) in arguments.iter().enumerate() {
                let at = word(&bytes, 1 + index) as usize - pointer;
                assert_eq!(&bytes[at..at + argument.len()], &argument[..]);
                assert_eq!(bytes[at + argument.len()], 0);
            }
            assert_eq!(word(&bytes, 1 + count), 0);
            let variable = word(&bytes, 2 + count) as usize - pointer;
            assert_eq!(&bytes[variable..variable + 11], b"HOME=/root\0");
            assert_eq!(word(&bytes, 3 + count), 0);
            assert_eq!(
                (word(&bytes, 4 + count), word(&bytes, 5 + count)),
                (auxiliary::PAGE_SIZE, 4096)
            );
            assert_eq!(addresses.environment.1 - addresses.environment.0, 11);
        }
    }

    #[test]
    fn too_much_is_refused() {
        let mut builder = StackBuilder::new(0x10000, 16);
        assert_eq!(
            builder.push_bytes(&[1; 17]),
            Err(Error::ArgumentListTooLong)
        );
        assert!(builder.push_bytes(&[1; 16]).is_ok());
        assert_eq!(builder.push_bytes(&[1]), Err(Error::ArgumentListTooLong));
    }
}
