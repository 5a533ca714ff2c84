//! The kernel's one error type.
//!
//! Inside the kernel an error says *what went wrong* in words; it becomes a number only in an ABI
//! crate, because each ABI spells numbers in its own way. The variants cover what POSIX and Linux
//! can express one to one, in the order of Linux's numbers, so that a translation table is a
//! plain list and nothing is lost between two ABIs.
//!
//! `Error` is `Copy` and a machine word wide, which is what lets `Result<usize>`, the result of every
//! read and write, travel in two registers: with the two variants of one size the compiler keeps
//! them out of memory, with a one-byte error it would not.

use core::fmt;

/// What kernel functions return.
pub type Result<T> = core::result::Result<T, Error>;

macro_rules! errors {
    ($($(#[$attribute:meta])* $name:ident = $text:literal,)*) => {
        /// Why an operation did not succeed. The comment of each variant gives its POSIX name.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(usize)]
        pub enum Error {
            $(
                #[doc = $text]
                $(#[$attribute])*
                $name,
            )*
        }

        impl Error {
            /// Every variant once, in the order of declaration: ABI crates check their tables
            /// against it.
            pub const ALL: &'static [Error] = &[$(Error::$name,)*];

            /// A short sentence for logs: the POSIX name, then the meaning.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Error::$name => $text,)*
                }
            }

            /// The variant's own name, as written in the source.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Error::$name => stringify!($name),)*
                }
            }
        }
    };
}

errors! {
    NotPermitted = "EPERM: operation not permitted",
    NotFound = "ENOENT: no such file or directory",
    NoSuchProcess = "ESRCH: no such process",
    Interrupted = "EINTR: interrupted by a control event",
    InputOutput = "EIO: input/output error",
    NoSuchDevice = "ENXIO: no such device or address",
    ArgumentListTooLong = "E2BIG: argument list too long",
    NotExecutable = "ENOEXEC: not an executable image",
    BadHandle = "EBADF: bad handle",
    NoChild = "ECHILD: no child process",
    WouldBlock = "EAGAIN: the operation would block",
    OutOfMemory = "ENOMEM: out of memory",
    AccessDenied = "EACCES: access denied",
    BadAddress = "EFAULT: bad user address",
    NotBlockDevice = "ENOTBLK: a block device is required",
    Busy = "EBUSY: busy",
    Exists = "EEXIST: exists already",
    CrossDevice = "EXDEV: link or rename across mounts",
    NotSupportedByDevice = "ENODEV: the device does not support this",
    NotDirectory = "ENOTDIR: not a directory",
    IsDirectory = "EISDIR: is a directory",
    InvalidArgument = "EINVAL: invalid argument",
    TooManyOpenFilesSystem = "ENFILE: too many open files in the system",
    TooManyHandles = "EMFILE: too many handles in the process",
    NotTerminal = "ENOTTY: not a terminal, or unknown control call",
    TextBusy = "ETXTBSY: the program is being executed",
    FileTooLarge = "EFBIG: file too large",
    NoSpace = "ENOSPC: no space left",
    IllegalSeek = "ESPIPE: not seekable",
    ReadOnlyFileSystem = "EROFS: read-only file system",
    TooManyLinks = "EMLINK: too many links",
    BrokenPipe = "EPIPE: nobody reads the other end",
    OutOfDomain = "EDOM: argument out of the function's domain",
    OutOfRange = "ERANGE: result or position out of range",
    Deadlock = "EDEADLK: would deadlock",
    NameTooLong = "ENAMETOOLONG: name too long",
    NoLocks = "ENOLCK: no record locks available",
    NotImplemented = "ENOSYS: no such call",
    NotEmpty = "ENOTEMPTY: directory not empty",
    SymlinkLoop = "ELOOP: too many symbolic links",
    NoMessage = "ENOMSG: no message of the wanted type",
    IdentifierRemoved = "EIDRM: identifier removed",
    BadRequest = "EBADR: no such request",
    NotStream = "ENOSTR: not a stream",
    NoData = "ENODATA: no data of that name",
    TimerExpired = "ETIME: timer expired",
    NoLink = "ENOLINK: the link has been severed",
    ProtocolError = "EPROTO: protocol error",
    BadMessage = "EBADMSG: bad message",
    Overflow = "EOVERFLOW: value too large for its type",
    NotUnique = "ENOTUNIQ: name not unique",
    BadState = "EBADFD: handle in the wrong state",
    LibraryAccess = "ELIBACC: a needed shared library is not accessible",
    LibraryCorrupted = "ELIBBAD: a shared library is corrupted",
    IllegalSequence = "EILSEQ: illegal byte sequence",
    Restart = "ERESTART: interrupted, restart the call (never leaves the kernel)",
    TooManyUsers = "EUSERS: too many users",
    NotSocket = "ENOTSOCK: not a socket",
    DestinationRequired = "EDESTADDRREQ: destination address required",
    MessageTooLong = "EMSGSIZE: message too long",
    WrongProtocolType = "EPROTOTYPE: wrong protocol type for the socket",
    NoSuchOption = "ENOPROTOOPT: no such protocol option",
    ProtocolNotSupported = "EPROTONOSUPPORT: protocol not supported",
    SocketTypeNotSupported = "ESOCKTNOSUPPORT: socket type not supported",
    Unsupported = "EOPNOTSUPP: operation not supported",
    ProtocolFamilyNotSupported = "EPFNOSUPPORT: protocol family not supported",
    AddressFamilyNotSupported = "EAFNOSUPPORT: address family not supported",
    AddressInUse = "EADDRINUSE: address in use",
    AddressNotAvailable = "EADDRNOTAVAIL: address not available",
    NetworkDown = "ENETDOWN: network is down",
    NetworkUnreachable = "ENETUNREACH: network unreachable",
    NetworkReset = "ENETRESET: connection dropped by network reset",
    ConnectionAborted = "ECONNABORTED: connection aborted",
    ConnectionReset = "ECONNRESET: connection reset by peer",
    NoBufferSpace = "ENOBUFS: no buffer space",
    AlreadyConnected = "EISCONN: already connected",
    NotConnected = "ENOTCONN: not connected",
    ShutDown = "ESHUTDOWN: the endpoint was shut down",
    TooManyReferences = "ETOOMANYREFS: too many references to carry",
    TimedOut = "ETIMEDOUT: timed out",
    ConnectionRefused = "ECONNREFUSED: connection refused",
    HostDown = "EHOSTDOWN: host is down",
    HostUnreachable = "EHOSTUNREACH: host unreachable",
    AlreadyInProgress = "EALREADY: already in progress",
    InProgress = "EINPROGRESS: now in progress",
    Stale = "ESTALE: stale handle",
    NeedsCleaning = "EUCLEAN: the structure needs cleaning",
    RemoteInputOutput = "EREMOTEIO: remote input/output error",
    QuotaExceeded = "EDQUOT: quota exceeded",
    NoMedium = "ENOMEDIUM: no medium",
    WrongMedium = "EMEDIUMTYPE: wrong medium type",
    Cancelled = "ECANCELED: cancelled",
    NoKey = "ENOKEY: required key not available",
    KeyExpired = "EKEYEXPIRED: key has expired",
    KeyRevoked = "EKEYREVOKED: key has been revoked",
    KeyRejected = "EKEYREJECTED: key was rejected",
    OwnerDead = "EOWNERDEAD: the owner died",
    NotRecoverable = "ENOTRECOVERABLE: state not recoverable",
    HardwarePoison = "EHWPOISON: memory page has a hardware error",
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.description())
    }
}

impl core::error::Error for Error {}

impl From<hal::OutOfMemory> for Error {
    fn from(_: hal::OutOfMemory) -> Error {
        Error::OutOfMemory
    }
}

impl From<hal::user::UserFault> for Error {
    fn from(_: hal::user::UserFault) -> Error {
        Error::BadAddress
    }
}

impl From<alloc::collections::TryReserveError> for Error {
    fn from(_: alloc::collections::TryReserveError) -> Error {
        Error::OutOfMemory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_has_a_posix_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for error in Error::ALL {
            let (posix, meaning) = error.description().split_once(": ").expect("NAME: meaning");
            assert!(posix.starts_with('E') && !meaning.is_empty());
            assert!(names.insert(posix), "{posix} twice");
        }
    }

    #[test]
    fn results_are_one_or_two_words() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
        assert_eq!(size_of::<Result<usize>>(), 2 * size_of::<usize>());
    }
}
