//! The spelling of errors: from [`base::Error`] to Linux's numbers.
//!
//! The numbers are the generic ones (`asm-generic/errno-base.h`, `errno.h`), the same on both
//! architectures. The list is complete: a test walks over every variant of the kernel's error and
//! compares the POSIX name there with the one here.

use base::Error;

macro_rules! numbers {
    ($($name:ident = $number:literal, $posix:literal;)*) => {
        /// The number of an error, as programs find it in `errno`.
        pub fn number(error: Error) -> i32 {
            match error {
                $(Error::$name => $number,)*
                // Never leaves the kernel: a call that is to start again, seen by nobody.
                Error::Restart => 4,
                _ => 5,
            }
        }

        /// The POSIX name of an error.
        pub fn name(error: Error) -> &'static str {
            match error {
                $(Error::$name => $posix,)*
                Error::Restart => "ERESTART",
                _ => "EIO",
            }
        }
    };
}

numbers! {
    NotPermitted = 1, "EPERM";
    NotFound = 2, "ENOENT";
    NoSuchProcess = 3, "ESRCH";
    Interrupted = 4, "EINTR";
    InputOutput = 5, "EIO";
    NoSuchDevice = 6, "ENXIO";
    ArgumentListTooLong = 7, "E2BIG";
    NotExecutable = 8, "ENOEXEC";
    BadHandle = 9, "EBADF";
    NoChild = 10, "ECHILD";
    WouldBlock = 11, "EAGAIN";
    OutOfMemory = 12, "ENOMEM";
    AccessDenied = 13, "EACCES";
    BadAddress = 14, "EFAULT";
    NotBlockDevice = 15, "ENOTBLK";
    Busy = 16, "EBUSY";
    Exists = 17, "EEXIST";
    CrossDevice = 18, "EXDEV";
    NotSupportedByDevice = 19, "ENODEV";
    NotDirectory = 20, "ENOTDIR";
    IsDirectory = 21, "EISDIR";
    InvalidArgument = 22, "EINVAL";
    TooManyOpenFilesSystem = 23, "ENFILE";
    TooManyHandles = 24, "EMFILE";
    NotTerminal = 25, "ENOTTY";
    TextBusy = 26, "ETXTBSY";
    FileTooLarge = 27, "EFBIG";
    NoSpace = 28, "ENOSPC";
    IllegalSeek = 29, "ESPIPE";
    ReadOnlyFileSystem = 30, "EROFS";
    TooManyLinks = 31, "EMLINK";
    BrokenPipe = 32, "EPIPE";
    OutOfDomain = 33, "EDOM";
    OutOfRange = 34, "ERANGE";
    Deadlock = 35, "EDEADLK";
    NameTooLong = 36, "ENAMETOOLONG";
    NoLocks = 37, "ENOLCK";
    NotImplemented = 38, "ENOSYS";
    NotEmpty = 39, "ENOTEMPTY";
    SymlinkLoop = 40, "ELOOP";
    NoMessage = 42, "ENOMSG";
    IdentifierRemoved = 43, "EIDRM";
    BadRequest = 53, "EBADR";
    NotStream = 60, "ENOSTR";
    NoData = 61, "ENODATA";
    TimerExpired = 62, "ETIME";
    NoLink = 67, "ENOLINK";
    ProtocolError = 71, "EPROTO";
    BadMessage = 74, "EBADMSG";
    Overflow = 75, "EOVERFLOW";
    NotUnique = 76, "ENOTUNIQ";
    BadState = 77, "EBADFD";
    LibraryAccess = 79, "ELIBACC";
    LibraryCorrupted = 80, "ELIBBAD";
    IllegalSequence = 84, "EILSEQ";
    TooManyUsers = 87, "EUSERS";
    NotSocket = 88, "ENOTSOCK";
    DestinationRequired = 89, "EDESTADDRREQ";
    MessageTooLong = 90, "EMSGSIZE";
    WrongProtocolType = 91, "EPROTOTYPE";
    NoSuchOption = 92, "ENOPROTOOPT";
    ProtocolNotSupported = 93, "EPROTONOSUPPORT";
    SocketTypeNotSupported = 94, "ESOCKTNOSUPPORT";
    Unsupported = 95, "EOPNOTSUPP";
    ProtocolFamilyNotSupported = 96, "EPFNOSUPPORT";
    AddressFamilyNotSupported = 97, "EAFNOSUPPORT";
    AddressInUse = 98, "EADDRINUSE";
    AddressNotAvailable = 99, "EADDRNOTAVAIL";
    NetworkDown = 100, "ENETDOWN";
    NetworkUnreachable = 101, "ENETUNREACH";
    NetworkReset = 102, "ENETRESET";
    ConnectionAborted = 103, "ECONNABORTED";
    ConnectionReset = 104, "ECONNRESET";
    NoBufferSpace = 105, "ENOBUFS";
    AlreadyConnected = 106, "EISCONN";
    NotConnected = 107, "ENOTCONN";
    ShutDown = 108, "ESHUTDOWN";
    TooManyReferences = 109, "ETOOMANYREFS";
    TimedOut = 110, "ETIMEDOUT";
    ConnectionRefused = 111, "ECONNREFUSED";
    HostDown = 112, "EHOSTDOWN";
    HostUnreachable = 113, "EHOSTUNREACH";
    AlreadyInProgress = 114, "EALREADY";
    InProgress = 115, "EINPROGRESS";
    Stale = 116, "ESTALE";
    NeedsCleaning = 117, "EUCLEAN";
    RemoteInputOutput = 121, "EREMOTEIO";
    QuotaExceeded = 122, "EDQUOT";
    NoMedium = 123, "ENOMEDIUM";
    WrongMedium = 124, "EMEDIUMTYPE";
    Cancelled = 125, "ECANCELED";
    NoKey = 126, "ENOKEY";
    KeyExpired = 127, "EKEYEXPIRED";
    KeyRevoked = 128, "EKEYREVOKED";
    KeyRejected = 129, "EKEYREJECTED";
    OwnerDead = 130, "EOWNERDEAD";
    NotRecoverable = 131, "ENOTRECOVERABLE";
    HardwarePoison = 133, "EHWPOISON";
}

/// What a failed call leaves in the result register.
pub fn register(error: Error) -> usize {
    (-(number(error) as isize)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_number() {
        for &error in Error::ALL {
            let posix = error.description().split(':').next().unwrap_or("");
            assert_eq!(name(error), posix, "{error:?}");
            assert!((1..=133).contains(&number(error)));
        }
    }

    #[test]
    fn numbers_that_everybody_knows() {
        assert_eq!(number(Error::NotFound), 2);
        assert_eq!(number(Error::Interrupted), 4);
        assert_eq!(number(Error::WouldBlock), 11);
        assert_eq!(number(Error::InvalidArgument), 22);
        assert_eq!(number(Error::NotImplemented), 38);
        assert_eq!(number(Error::TimedOut), 110);
        assert_eq!(register(Error::NotPermitted), usize::MAX);
    }
}
