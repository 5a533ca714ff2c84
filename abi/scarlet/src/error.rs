//! Error codes: one list, one convention.
//!
//! A call that fails returns the negated code. The numbers are those a reader of other systems
//! knows (2 is "not found"), so that a bare number in a trace means something.

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $sentence:literal;)*) => {
        /// Why a call failed.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(i32)]
        pub enum ErrorCode {
            $(#[doc = $sentence] $(#[$doc])* $name = $number,)*
        }

        impl ErrorCode {
            /// All codes, for tables and tests.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The code with this number, if there is one.
            pub const fn from_number(number: i32) -> Option<ErrorCode> {
                match number {
                    $($number => Some(ErrorCode::$name),)*
                    _ => None,
                }
            }

            /// What a person reads.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(ErrorCode::$name => $sentence,)*
                }
            }
        }
    };
}

error_codes! {
    NotPermitted = 1, "operation not permitted";
    NotFound = 2, "no such file or directory";
    NoSuchProcess = 3, "no such process";
    Interrupted = 4, "interrupted";
    InputOutput = 5, "input/output error";
    NoSuchDevice = 6, "no such device or address";
    ArgumentListTooLong = 7, "argument list too long";
    NotExecutable = 8, "not an executable that this system knows";
    BadHandle = 9, "bad handle";
    NoChild = 10, "no child process";
    WouldBlock = 11, "resource temporarily unavailable";
    OutOfMemory = 12, "out of memory";
    AccessDenied = 13, "permission denied";
    BadAddress = 14, "bad address";
    NotBlockDevice = 15, "not a block device";
    Busy = 16, "resource busy";
    Exists = 17, "already exists";
    CrossDevice = 18, "is on another file system";
    NotSupportedByDevice = 19, "not supported by the device";
    NotDirectory = 20, "not a directory";
    IsDirectory = 21, "is a directory";
    InvalidArgument = 22, "invalid argument";
    TooManyOpenFilesSystem = 23, "too many open files in the system";
    TooManyHandles = 24, "too many open handles";
    NotTerminal = 25, "not a terminal";
    TextBusy = 26, "program file is in use";
    FileTooLarge = 27, "file too large";
    NoSpace = 28, "no space left";
    IllegalSeek = 29, "cannot seek";
    ReadOnlyFileSystem = 30, "read-only file system";
    TooManyLinks = 31, "too many links";
    BrokenPipe = 32, "broken pipe";
    OutOfDomain = 33, "argument out of domain";
    OutOfRange = 34, "out of range";
    Deadlock = 35, "would deadlock";
    NameTooLong = 36, "name too long";
    NotImplemented = 38, "not implemented";
    NotEmpty = 39, "directory not empty";
    SymlinkLoop = 40, "too many levels of symbolic links";
    NoData = 61, "no data";
    Overflow = 75, "value too large";
    Unsupported = 95, "not supported";
    AddressInUse = 98, "address in use";
    NotConnected = 107, "not connected";
    TimedOut = 110, "timed out";
    ConnectionRefused = 111, "connection refused";
    Stale = 116, "stale handle";
    Other = 4095, "unknown error";
}

/// Splits a raw result register into value or error.
pub const fn decode(raw: isize) -> Result<usize, ErrorCode> {
    if raw >= 0 {
        return Ok(raw as usize);
    }
    match ErrorCode::from_number(-(if raw < -4095 { -4095 } else { raw }) as i32) {
        Some(code) => Err(code),
        None => Err(ErrorCode::Other),
    }
}
