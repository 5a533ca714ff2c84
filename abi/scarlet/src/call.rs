//! The call numbers, as one list.
//!
//! The list is data: the kernel's dispatch table, the documentation and the tests that pass bad
//! pointers in every argument are all made from it. `path` stands for three arguments: directory
//! handle, address, length.

/// One line of the list.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The call.
    pub call: Call,
    /// Its name.
    pub name: &'static str,
    /// Its arguments as the documentation prints them.
    pub arguments: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

macro_rules! calls {
    ($($number:literal $name:ident ($arguments:literal) $summary:literal;)*) => {
        /// A system call's number.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(usize)]
        pub enum Call {
            $(#[doc = concat!("`(", $arguments, ")`: ", $summary)] $name = $number,)*
        }

        /// Every call, in the order of the numbers.
        pub const CALLS: &[Description] = &[
            $(Description {
                call: Call::$name,
                name: stringify!($name),
                arguments: $arguments,
                summary: $summary,
            },)*
        ];

        impl Call {
            /// The call with this number, if there is one.
            pub const fn from_number(number: usize) -> Option<Call> {
                match number {
                    $($number => Some(Call::$name),)*
                    _ => None,
                }
            }
        }
    };
}

calls! {
    // Streams and handles.
    1 Read ("handle, buffer, length") "reads bytes at the stream's position";
    2 Write ("handle, buffer, length") "writes bytes at the stream's position";
    3 ReadAt ("handle, buffer, length, offset") "reads bytes at an offset";
    4 WriteAt ("handle, buffer, length, offset") "writes bytes at an offset";
    5 Seek ("handle, offset, origin") "moves the stream's position and gives the new one";
    6 Close ("handle") "gives up a handle";
    7 Duplicate ("handle, minimum, rights, flags") "makes a second handle, at `minimum` or above, with at most the same rights";
    8 Replace ("handle, target, rights, flags") "makes `target` a duplicate of `handle`, closing what it was";
    9 HandleInfo ("handle, record, size") "tells a handle's rights and flags";
    10 HandleSetFlags ("handle, flags") "sets a handle's flags";
    11 Pipe ("handles, flags") "makes a pipe; writes the reading and the writing handle as two u32";
    12 Poll ("entries, count, timeout_ns") "waits until one of several handles is ready; gives how many are";
    13 Sync ("handle") "waits until a file's data is safe";
    14 Truncate ("handle, length") "sets a file's length";
    15 ReadDirectory ("handle, buffer, length") "reads whole directory entries; 0 at the end";
    16 HandleStatus ("handle, record, size") "tells what kind of file a handle is, its size, owner and times";

    // Names.
    20 Open ("path, flags, mode") "opens or creates a file or directory";
    21 Status ("path, flags, record, size") "tells a file's kind, size, owner and times";
    22 MakeDirectory ("path, mode") "creates a directory";
    23 Remove ("path, flags") "removes a name: a file's, or with the flag an empty directory's";
    24 Rename ("record") "renames, replacing a target of the same kind";
    25 Link ("record") "gives a file a second name";
    26 SymbolicLink ("path, target, length") "creates a symbolic link";
    27 ReadLink ("path, buffer, length") "reads a symbolic link's target";
    28 SetAttributes ("path, flags, record") "changes mode, owner, times or length";
    29 MakeNode ("path, record") "creates a fifo or a device node";
    30 ChangeDirectory ("path") "changes the working directory";
    31 CurrentDirectory ("buffer, length") "gives the working directory's path; the result is its length";
    32 SetMask ("mask") "sets the permission bits new files do not get; gives the old ones";

    // Memory.
    40 Map ("record") "maps memory or a file; gives the address";
    41 Unmap ("address, length") "removes mappings";
    42 Protect ("address, length, protection") "changes what may be done with mapped memory";

    // Processes.
    50 Exit ("status") "ends the process";
    51 Spawn ("record") "starts a program in a new process; gives its id";
    52 Execute ("record") "replaces this process's program";
    53 Fork ("") "copies this process; 0 in the copy, the copy's id in the original";
    54 Wait ("selector, flags, record, size") "waits for a child to end, stop or continue; gives its id";
    55 ProcessInfo ("process, record, size") "tells a process's parent, group, session and users; process 0 is the caller";
    56 SendEvent ("process, event") "sends a control event to a process, or to a group with a negative number";
    57 SetGroup ("process, group") "moves a process into a group; group 0 makes a new one";
    58 CreateSession ("") "makes the caller the leader of a new session";
    59 SetIdentity ("user, group") "changes the users; only the superuser may choose freely";

    // Control events.
    70 SetEventAction ("event, action") "decides what an event does to this process; gives what it did";
    71 OpenEvents ("flags") "opens the stream on which received events arrive";

    // Threads.
    80 CreateThread ("record") "starts a thread in this process; gives its id";
    81 ExitThread ("") "ends the calling thread";
    82 ThreadId ("") "gives the calling thread's id";
    83 FutexWait ("address, expected, timeout_ns") "sleeps while the word at the address is `expected`";
    84 FutexWake ("address, count") "wakes threads sleeping on an address; gives how many";
    85 Yield ("") "lets another thread run";

    // Time and randomness.
    90 Clock ("clock, record") "reads a clock into a u64 of nanoseconds";
    91 Sleep ("duration_ns") "sleeps";
    92 SetClock ("time_ns") "sets the wall clock";
    95 Random ("buffer, length") "fills a buffer with random bytes";

    // Terminals.
    100 TerminalMode ("handle, record, size") "reads a terminal's mode";
    101 SetTerminalMode ("handle, record, when") "sets a terminal's mode";
    102 WindowSize ("handle, record, size") "reads a terminal's window size";
    103 SetWindowSize ("handle, record") "sets a terminal's window size";
    104 ForegroundGroup ("handle") "gives a terminal's foreground group";
    105 SetForegroundGroup ("handle, group") "sets a terminal's foreground group";
    106 AttachTerminal ("handle") "makes it the session's controlling terminal";

    // The system.
    110 SystemInfo ("record, size") "tells names and versions";
    111 MemoryInfo ("record, size") "tells how memory is used, the load and the time since start";
    112 SetHostName ("name, length") "sets the host name";
    113 Power ("action, status") "switches the machine off or restarts it";

    // Mounts and views.
    120 Mount ("record") "mounts a file system on a directory";
    121 Unmount ("view, path, flags") "removes a mount";
    122 Bind ("record") "makes a file or directory appear at a second place";
    130 CreateView ("path") "makes a view whose root is a directory; gives a handle";
    131 AttachView ("view, abi, length") "gives the environment's programs of an ABI this view";
    132 EnterView ("view") "moves the caller into a view";
    133 SealView ("view") "lets nobody mount, unmount or restrict anything in a view any more; `NONE` is the caller's own";

    // Environments.
    140 CreateEnvironment ("record") "makes an environment inside the caller's own; gives a handle";
    141 GiveView ("environment, view, abi, length") "gives another environment's programs of an ABI this view";
    142 EnvironmentInfo ("environment, record, size") "tells an environment's limits and use; `NONE` is the caller's own";
}
