//! The table of system calls, as data.
//!
//! Each line gives a call's number, its name, the arguments with their types, and the function that
//! serves it; a restart class in brackets where it is not the usual [`Restart::IfAsked`]. Dispatch,
//! the tracing of calls and the matrix in the documentation all read these same lines. RISC-V and
//! AArch64 share the generic numbers, so there is one table; what only one of them has (the
//! `riscv_*` calls, `renameat`) says so.
//!
//! A handler is `fn(&mut Call, arguments…) -> Result<usize>`. It is short, because the work is a
//! method of the object it is about. `with registers` it gets the program's registers, too, after the
//! call, and answers `None` if the result has no register to go to.

use base::Result;
use hal::user::{CallRegisters, UserContext};
use mem::user::{UserPtr, UserSlice};

use crate::arguments::{Argument, AtFlags, DirectoryFd, Fd, Registers, UserPath};
use crate::call::{Call, Restart};
use crate::layout::*;
use crate::machine::current::SignalAction;
use crate::system_v::SemaphoreOperation;
use crate::{
    events, files, futex, memory, mounting, process, signal, sockets, system, system_v, time,
};

/// One argument, for people.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentDescription {
    /// Its name.
    pub name: &'static str,
    /// Its type, as the table spells it.
    pub kind: &'static str,
    /// How many registers it takes.
    pub registers: usize,
}

/// Which machines have a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machines {
    /// All that use the generic numbers.
    All,
    /// RISC-V (and the hosted backend).
    RiscV,
    /// AArch64.
    Arm,
}

impl Machines {
    /// Whether the machine this kernel runs on is among them. (Programs of the hosted backend are
    /// RISC-V's.)
    pub const fn here(self) -> bool {
        const ARM: bool = cfg!(all(target_arch = "aarch64", target_os = "none"));
        match self {
            Machines::All => true,
            Machines::RiscV => !ARM,
            Machines::Arm => ARM,
        }
    }
}

/// What serves a call: takes its arguments from the registers and runs.
pub type PlainHandler = fn(&mut Call<'_>, CallRegisters<'_>) -> Result<usize>;

/// What serves a call that copies or replaces the registers; `None` if they are not to be touched
/// any more.
pub type RegistersHandler = fn(&mut Call<'_>, &mut UserContext) -> Result<Option<usize>>;

/// What serves a call.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Nearly every one.
    Plain(PlainHandler),
    /// One with all registers.
    WithRegisters(RegistersHandler),
}

/// One line of the table.
pub struct SystemCall {
    /// The number.
    pub number: u16,
    /// The name.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: &'static [ArgumentDescription],
    /// What an interruption means.
    pub restart: Restart,
    /// Who has it.
    pub machines: Machines,
    /// What serves it.
    pub handler: Handler,
}

macro_rules! restart {
    () => {
        Restart::IfAsked
    };
    ($class:ident) => {
        Restart::$class
    };
}

macro_rules! machines {
    () => {
        Machines::All
    };
    ($machines:ident) => {
        Machines::$machines
    };
}

macro_rules! handler {
    ($handler:path; $($argument:ident: $kind:ty),*) => {
        Handler::Plain(|_call, _registers| {
            let mut _registers = Registers::of(&_registers);
            $(let $argument = <$kind as Argument>::take(&mut _registers)?;)*
            $handler(_call, $($argument),*)
        })
    };
    (registers $handler:path; $($argument:ident: $kind:ty),*) => {
        Handler::WithRegisters(|_call, _context| {
            let _registers = _context.call();
            let mut _registers = Registers::of(&_registers);
            $(let $argument = <$kind as Argument>::take(&mut _registers)?;)*
            $handler(_call, _context, $($argument),*)
        })
    };
}

macro_rules! system_calls {
    ($($number:literal $name:ident ( $($argument:ident : $kind:ty),* ) $([$restart:ident])? $(only $machines:ident)? $(with $registers:ident)? = $handler:path;)*) => {
        /// Every call that is served, ascending by number.
        pub static CALLS: &[SystemCall] = &[$(SystemCall {
            number: $number,
            name: stringify!($name),
            arguments: &[$(ArgumentDescription {
                name: stringify!($argument),
                kind: stringify!($kind),
                registers: <$kind as Argument>::REGISTERS,
            }),*],
            restart: restart!($($restart)?),
            machines: machines!($($machines)?),
            handler: handler!($($registers)? $handler; $($argument: $kind),*),
        }),*];
    };
}

system_calls! {
    5 setxattr(path: UserPath, name: UserPath, value: UserSlice, flags: u32) = files::extended::setxattr;
    6 lsetxattr(path: UserPath, name: UserPath, value: UserSlice, flags: u32) = files::extended::lsetxattr;
    7 fsetxattr(file: Fd, name: UserPath, value: UserSlice, flags: u32) = files::extended::fsetxattr;
    8 getxattr(path: UserPath, name: UserPath, value: UserSlice) = files::extended::getxattr;
    9 lgetxattr(path: UserPath, name: UserPath, value: UserSlice) = files::extended::lgetxattr;
    10 fgetxattr(file: Fd, name: UserPath, value: UserSlice) = files::extended::fgetxattr;
    11 listxattr(path: UserPath, list: UserSlice) = files::extended::listxattr;
    12 llistxattr(path: UserPath, list: UserSlice) = files::extended::llistxattr;
    13 flistxattr(file: Fd, list: UserSlice) = files::extended::flistxattr;
    14 removexattr(path: UserPath, name: UserPath) = files::extended::removexattr;
    15 lremovexattr(path: UserPath, name: UserPath) = files::extended::lremovexattr;
    16 fremovexattr(file: Fd, name: UserPath) = files::extended::fremovexattr;
    17 getcwd(buffer: UserSlice) = files::directories::getcwd;
    19 eventfd2(initial: u32, flags: events::counter::CounterFlags) = events::counter::eventfd2;
    20 epoll_create1(flags: events::epoll::CreateFlags) = events::epoll_calls::epoll_create1;
    21 epoll_ctl(epoll: Fd, operation: i32, file: Fd, event: UserPtr<EpollEvent>) = events::epoll_calls::epoll_ctl;
    22 epoll_pwait(epoll: Fd, events: UserPtr<EpollEvent>, count: i32, milliseconds: i32, mask: UserSlice) [Never] = events::epoll_calls::epoll_pwait;
    23 dup(file: Fd) = files::descriptors::dup;
    24 dup3(old: Fd, new: Fd, flags: files::descriptors::CloseOnExec) = files::descriptors::dup3;
    25 fcntl(file: Fd, command: u32, argument: usize) = files::control::fcntl;
    26 inotify_init1(flags: events::watches::WatchQueueFlags) = events::watches::inotify_init1;
    27 inotify_add_watch(file: Fd, path: UserPath, mask: u32) = events::watches::inotify_add_watch;
    28 inotify_rm_watch(file: Fd, watch: i32) = events::watches::inotify_rm_watch;
    29 ioctl(file: Fd, request: u32, argument: usize) = files::ioctl::ioctl;
    30 ioprio_set(which: i32, who: i32, priority: u32) = process::io_priority::ioprio_set;
    31 ioprio_get(which: i32, who: i32) = process::io_priority::ioprio_get;
    32 flock(file: Fd, operation: u32) = files::locks::flock;
    33 mknodat(directory: DirectoryFd, path: UserPath, mode: u32, device: u32) = files::names::mknodat;
    34 mkdirat(directory: DirectoryFd, path: UserPath, mode: u32) = files::directories::mkdirat;
    35 unlinkat(directory: DirectoryFd, path: UserPath, flags: AtFlags) = files::names::unlinkat;
    36 symlinkat(target: UserPath, directory: DirectoryFd, path: UserPath) = files::names::symlinkat;
    37 linkat(old_directory: DirectoryFd, old_path: UserPath, new_directory: DirectoryFd, new_path: UserPath, flags: AtFlags) = files::names::linkat;
    38 renameat(old_directory: DirectoryFd, old_path: UserPath, new_directory: DirectoryFd, new_path: UserPath) only Arm = files::names::renameat;
    39 umount2(path: UserPath, flags: files::mounts::UnmountFlags) = files::mounts::umount2;
    40 mount(source: UserPath, target: UserPath, kind: UserPath, flags: files::mounts::MountArgument, data: UserPath) = files::mounts::mount;
    41 pivot_root(new_root: UserPath, put_old: UserPath) = files::mounts::pivot_root;
    43 statfs(path: UserPath, result: UserPtr<Statfs>) = files::space::statfs;
    44 fstatfs(file: Fd, result: UserPtr<Statfs>) = files::space::fstatfs;
    45 truncate(path: UserPath, length: i64) = files::space::truncate;
    46 ftruncate(file: Fd, length: i64) = files::space::ftruncate;
    47 fallocate(file: Fd, mode: u32, offset: i64, length: i64) = files::space::fallocate;
    48 faccessat(directory: DirectoryFd, path: UserPath, mode: u32) = files::attributes::faccessat;
    49 chdir(path: UserPath) = files::directories::chdir;
    50 fchdir(file: Fd) = files::directories::fchdir;
    51 chroot(path: UserPath) = files::directories::chroot;
    52 fchmod(file: Fd, mode: u32) = files::attributes::fchmod;
    53 fchmodat(directory: DirectoryFd, path: UserPath, mode: u32) = files::attributes::fchmodat;
    54 fchownat(directory: DirectoryFd, path: UserPath, uid: u32, gid: u32, flags: AtFlags) = files::attributes::fchownat;
    55 fchown(file: Fd, uid: u32, gid: u32) = files::attributes::fchown;
    56 openat(directory: DirectoryFd, path: UserPath, flags: u32, mode: u32) = files::open::openat;
    57 close(file: Fd) = files::descriptors::close;
    59 pipe2(descriptors: UserPtr<[i32; 2]>, flags: u32) = files::pipes::pipe2;
    61 getdents64(file: Fd, buffer: usize, size: u32) = files::directories::getdents64;
    62 lseek(file: Fd, offset: i64, whence: u32) = files::read_write::lseek;
    63 read(file: Fd, buffer: UserSlice) = files::read_write::read;
    64 write(file: Fd, buffer: UserSlice) = files::read_write::write;
    65 readv(file: Fd, vectors: UserPtr<IoVector>, count: usize) = files::vectors::readv;
    66 writev(file: Fd, vectors: UserPtr<IoVector>, count: usize) = files::vectors::writev;
    67 pread64(file: Fd, buffer: UserSlice, offset: i64) = files::read_write::pread64;
    68 pwrite64(file: Fd, buffer: UserSlice, offset: i64) = files::read_write::pwrite64;
    69 preadv(file: Fd, vectors: UserPtr<IoVector>, count: usize, offset: i64, offset_high: usize) = files::vectors::preadv;
    70 pwritev(file: Fd, vectors: UserPtr<IoVector>, count: usize, offset: i64, offset_high: usize) = files::vectors::pwritev;
    71 sendfile(output: Fd, input: Fd, offset: UserPtr<i64>, count: usize) = files::transfer::sendfile;
    72 pselect6(count: i32, read: usize, write: usize, except: usize, timeout: UserPtr<TimeSpecification>, mask: UserPtr<SignalMaskArgument>) [UnlessHandled] = events::select::pselect6;
    73 ppoll(files: UserPtr<PollFd>, count: u32, timeout: UserPtr<TimeSpecification>, mask: UserSlice) [UnlessHandled] = events::poll::ppoll;
    74 signalfd4(file: Fd, mask: UserSlice, flags: events::signals::SignalFdFlags) = events::signals::signalfd4;
    75 vmsplice(pipe: Fd, vectors: UserPtr<IoVector>, count: usize, flags: files::splice::SpliceFlags) = files::splice::vmsplice;
    76 splice(input: Fd, input_offset: UserPtr<i64>, output: Fd, output_offset: UserPtr<i64>, count: usize, flags: files::splice::SpliceFlags) = files::splice::splice;
    77 tee(input: Fd, output: Fd, count: u64, flags: files::splice::SpliceFlags) = files::splice::tee;
    78 readlinkat(directory: DirectoryFd, path: UserPath, buffer: UserSlice) = files::names::readlinkat;
    79 newfstatat(directory: DirectoryFd, path: UserPath, result: UserPtr<Stat>, flags: AtFlags) = files::status::newfstatat;
    80 fstat(file: Fd, result: UserPtr<Stat>) = files::status::fstat;
    81 sync() = files::mounts::sync;
    82 fsync(file: Fd) = files::mounts::fsync;
    83 fdatasync(file: Fd) = files::mounts::fdatasync;
    84 sync_file_range(file: Fd, offset: i64, length: i64, flags: u32) = files::mounts::sync_file_range;
    85 timerfd_create(clock: i32, flags: events::timers::TimerFdFlags) = events::timers::timerfd_create;
    86 timerfd_settime(file: Fd, flags: events::timers::TimerSetFlags, new: UserPtr<IntervalTimerSpecification>, old: UserPtr<IntervalTimerSpecification>) = events::timers::timerfd_settime;
    87 timerfd_gettime(file: Fd, current: UserPtr<IntervalTimerSpecification>) = events::timers::timerfd_gettime;
    88 utimensat(directory: DirectoryFd, path: UserPath, times: UserPtr<[TimeSpecification; 2]>, flags: AtFlags) = files::attributes::utimensat;
    90 capget(header: UserPtr<CapabilityHeader>, data: UserPtr<CapabilityData>) = process::capabilities::capget;
    91 capset(header: UserPtr<CapabilityHeader>, data: UserPtr<CapabilityData>) = process::capabilities::capset;
    92 personality(persona: u32) = process::settings::personality;
    93 exit(status: i32) = process::exit::exit;
    94 exit_group(status: i32) = process::exit::exit_group;
    95 waitid(kind: i32, identifier: i32, information: UserPtr<SignalInformation>, options: u32, usage: UserPtr<ResourceUsage>) = process::wait::waitid;
    96 set_tid_address(address: usize) = process::clone::set_tid_address;
    97 unshare(flags: u64) = process::namespaces::unshare;
    98 futex(address: usize, operation: u32, value: u32, timeout: usize, second_address: usize, value3: u32) = futex::futex;
    99 set_robust_list(head: usize, size: usize) = futex::set_robust_list;
    100 get_robust_list(pid: i32, head: UserPtr<usize>, size: UserPtr<usize>) = futex::get_robust_list;
    101 nanosleep(request: UserPtr<TimeSpecification>, remaining: UserPtr<TimeSpecification>) [UnlessHandled] = time::sleep::nanosleep;
    102 getitimer(which: i32, value: UserPtr<IntervalTimerValue>) = time::interval::getitimer;
    103 setitimer(which: i32, new: UserPtr<IntervalTimerValue>, old: UserPtr<IntervalTimerValue>) = time::interval::setitimer;
    107 timer_create(clock: i32, event: UserPtr<SignalEvent>, timer: UserPtr<i32>) = time::posix::timer_create;
    108 timer_gettime(timer: i32, current: UserPtr<IntervalTimerSpecification>) = time::posix::timer_gettime;
    109 timer_getoverrun(timer: i32) = time::posix::timer_getoverrun;
    110 timer_settime(timer: i32, flags: u32, new: UserPtr<IntervalTimerSpecification>, old: UserPtr<IntervalTimerSpecification>) = time::posix::timer_settime;
    111 timer_delete(timer: i32) = time::posix::timer_delete;
    112 clock_settime(clock: i32, value: UserPtr<TimeSpecification>) = time::clocks::clock_settime;
    113 clock_gettime(clock: i32, value: UserPtr<TimeSpecification>) = time::clocks::clock_gettime;
    114 clock_getres(clock: i32, value: UserPtr<TimeSpecification>) = time::clocks::clock_getres;
    115 clock_nanosleep(clock: i32, flags: u32, request: UserPtr<TimeSpecification>, remaining: UserPtr<TimeSpecification>) [UnlessHandled] = time::sleep::clock_nanosleep;
    116 syslog(action: i32, buffer: usize, length: i32) = system::log::syslog;
    118 sched_setparam(pid: i32, parameter: UserPtr<SchedulingParameter>) = process::scheduling::sched_setparam;
    119 sched_setscheduler(pid: i32, policy: i32, parameter: UserPtr<SchedulingParameter>) = process::scheduling::sched_setscheduler;
    120 sched_getscheduler(pid: i32) = process::scheduling::sched_getscheduler;
    121 sched_getparam(pid: i32, parameter: UserPtr<SchedulingParameter>) = process::scheduling::sched_getparam;
    122 sched_setaffinity(pid: i32, size: u32, mask: usize) = process::scheduling::sched_setaffinity;
    123 sched_getaffinity(pid: i32, size: u32, mask: usize) = process::scheduling::sched_getaffinity;
    124 sched_yield() = process::scheduling::sched_yield;
    125 sched_get_priority_max(policy: i32) = process::scheduling::sched_get_priority_max;
    126 sched_get_priority_min(policy: i32) = process::scheduling::sched_get_priority_min;
    127 sched_rr_get_interval(pid: i32, interval: UserPtr<TimeSpecification>) = process::scheduling::sched_rr_get_interval;
    128 restart_syscall() = signal::wait::restart_syscall;
    129 kill(pid: i32, signal: i32) = signal::send::kill;
    130 tkill(tid: i32, signal: i32) = signal::send::tkill;
    131 tgkill(pid: i32, tid: i32, signal: i32) = signal::send::tgkill;
    132 sigaltstack(new: UserPtr<SignalStack>, old: UserPtr<SignalStack>) with registers = signal::actions::sigaltstack;
    133 rt_sigsuspend(mask: UserSlice) [UnlessHandled] = signal::wait::rt_sigsuspend;
    134 rt_sigaction(signal: i32, new: UserPtr<SignalAction>, old: UserPtr<SignalAction>, size: usize) = signal::actions::rt_sigaction;
    135 rt_sigprocmask(how: i32, new: UserPtr<u64>, old: UserPtr<u64>, size: usize) = signal::actions::rt_sigprocmask;
    136 rt_sigpending(result: usize, size: usize) = signal::actions::rt_sigpending;
    137 rt_sigtimedwait(set: UserPtr<u64>, information: UserPtr<SignalInformation>, timeout: UserPtr<TimeSpecification>, size: usize) [Never] = signal::wait::rt_sigtimedwait;
    138 rt_sigqueueinfo(pid: i32, signal: i32, information: UserPtr<SignalInformation>) = signal::send::rt_sigqueueinfo;
    139 rt_sigreturn() with registers = signal::deliver::rt_sigreturn;
    140 setpriority(which: i32, who: i32, nice: i32) = process::scheduling::setpriority;
    141 getpriority(which: i32, who: i32) = process::scheduling::getpriority;
    142 reboot(magic: u32, magic2: u32, command: u32, argument: usize) = system::power::reboot;
    143 setregid(real: u32, effective: u32) = process::identity::setregid;
    144 setgid(gid: u32) = process::identity::setgid;
    145 setreuid(real: u32, effective: u32) = process::identity::setreuid;
    146 setuid(uid: u32) = process::identity::setuid;
    147 setresuid(real: u32, effective: u32, saved: u32) = process::identity::setresuid;
    148 getresuid(real: UserPtr<u32>, effective: UserPtr<u32>, saved: UserPtr<u32>) = process::identity::getresuid;
    149 setresgid(real: u32, effective: u32, saved: u32) = process::identity::setresgid;
    150 getresgid(real: UserPtr<u32>, effective: UserPtr<u32>, saved: UserPtr<u32>) = process::identity::getresgid;
    151 setfsuid(uid: u32) = process::identity::setfsuid;
    152 setfsgid(gid: u32) = process::identity::setfsgid;
    153 times(result: UserPtr<ProcessTimes>) = process::limits::times;
    154 setpgid(pid: i32, group: i32) = process::groups::setpgid;
    155 getpgid(pid: i32) = process::groups::getpgid;
    156 getsid(pid: i32) = process::groups::getsid;
    157 setsid() = process::groups::setsid;
    158 getgroups(count: i32, list: UserPtr<u32>) = process::identity::getgroups;
    159 setgroups(count: i32, list: UserPtr<u32>) = process::identity::setgroups;
    160 uname(result: UserPtr<SystemName>) = system::names::uname;
    161 sethostname(name: UserSlice) = system::names::sethostname;
    162 setdomainname(name: UserSlice) = system::names::setdomainname;
    163 getrlimit(resource: u32, limit: UserPtr<ResourceLimit>) = process::limits::getrlimit;
    164 setrlimit(resource: u32, limit: UserPtr<ResourceLimit>) = process::limits::setrlimit;
    165 getrusage(who: i32, usage: UserPtr<ResourceUsage>) = process::limits::getrusage;
    166 umask(mask: u32) = files::directories::umask;
    167 prctl(option: i32, argument2: usize, argument3: usize, argument4: usize, argument5: usize) = process::settings::prctl;
    168 getcpu(cpu: UserPtr<u32>, node: UserPtr<u32>, unused: usize) = process::scheduling::getcpu;
    169 gettimeofday(value: UserPtr<TimeValue>, zone: UserPtr<TimeZone>) = time::clocks::gettimeofday;
    170 settimeofday(value: UserPtr<TimeValue>, zone: UserPtr<TimeZone>) = time::clocks::settimeofday;
    171 adjtimex(record: UserPtr<TimeAdjustment>) = time::adjust::adjtimex;
    172 getpid() = process::identity::getpid;
    173 getppid() = process::identity::getppid;
    174 getuid() = process::identity::getuid;
    175 geteuid() = process::identity::geteuid;
    176 getgid() = process::identity::getgid;
    177 getegid() = process::identity::getegid;
    178 gettid() = process::identity::gettid;
    179 sysinfo(result: UserPtr<SystemInformation>) = system::information::sysinfo;
    186 msgget(key: i32, flags: u32) = system_v::messages::msgget;
    187 msgctl(id: i32, command: i32, buffer: usize) = system_v::messages::msgctl;
    188 msgrcv(id: i32, message: usize, size: usize, kind: i64, flags: u32) [UnlessHandled] = system_v::messages::msgrcv;
    189 msgsnd(id: i32, message: usize, size: usize, flags: u32) [UnlessHandled] = system_v::messages::msgsnd;
    190 semget(key: i32, count: i32, flags: u32) = system_v::semaphores::semget;
    191 semctl(id: i32, semaphore: i32, command: i32, argument: usize) = system_v::semaphores::semctl;
    192 semtimedop(id: i32, operations: UserPtr<SemaphoreOperation>, count: u32, timeout: UserPtr<TimeSpecification>) [Never] = system_v::semaphores::semtimedop;
    193 semop(id: i32, operations: UserPtr<SemaphoreOperation>, count: u32) [Never] = system_v::semaphores::semop;
    194 shmget(key: i32, size: usize, flags: u32) = system_v::memory::shmget;
    195 shmctl(id: i32, command: i32, buffer: usize) = system_v::memory::shmctl;
    196 shmat(id: i32, address: usize, flags: u32) = system_v::memory::shmat;
    197 shmdt(address: usize) = system_v::memory::shmdt;
    198 socket(domain: i32, kind: i32, protocol: i32) = sockets::socket;
    199 socketpair(domain: i32, kind: i32, protocol: i32, descriptors: UserPtr<[i32; 2]>) = sockets::socketpair;
    200 bind(file: Fd, name: usize, length: i32) = sockets::bind;
    201 listen(file: Fd, backlog: i32) = sockets::listen;
    202 accept(file: Fd, name: usize, length: UserPtr<i32>) = sockets::accept;
    203 connect(file: Fd, name: usize, length: i32) = sockets::connect;
    204 getsockname(file: Fd, name: usize, length: UserPtr<i32>) = sockets::getsockname;
    205 getpeername(file: Fd, name: usize, length: UserPtr<i32>) = sockets::getpeername;
    206 sendto(file: Fd, buffer: UserSlice, flags: u32, name: usize, name_length: i32) = sockets::sendto;
    207 recvfrom(file: Fd, buffer: UserSlice, flags: u32, name: usize, name_length: UserPtr<i32>) = sockets::recvfrom;
    208 setsockopt(file: Fd, level: i32, option: i32, value: UserSlice) = sockets::setsockopt;
    209 getsockopt(file: Fd, level: i32, option: i32, value: usize, length: UserPtr<i32>) = sockets::getsockopt;
    210 shutdown(file: Fd, how: i32) = sockets::shutdown;
    211 sendmsg(file: Fd, message: UserPtr<MessageHeader>, flags: u32) = sockets::sendmsg;
    212 recvmsg(file: Fd, message: UserPtr<MessageHeader>, flags: u32) = sockets::recvmsg;
    213 readahead(file: Fd, offset: i64, count: usize) = files::space::readahead;
    214 brk(address: usize) = memory::heap::brk;
    215 munmap(address: usize, length: usize) = memory::map::munmap;
    216 mremap(old: usize, old_length: usize, new_length: usize, flags: memory::remap::RemapFlags, new: usize) = memory::remap::mremap;
    220 clone(flags: u64, stack: usize, parent_tid: usize, tls: usize, child_tid: usize) [Always] with registers = process::clone::clone;
    221 execve(path: UserPath, arguments: UserPtr<usize>, environment: UserPtr<usize>) with registers = process::exec::execve;
    222 mmap(address: usize, length: usize, protection: u32, flags: u32, file: Fd, offset: u64) = memory::map::mmap;
    223 fadvise64(file: Fd, offset: i64, length: i64, advice: i32) = files::space::fadvise64;
    226 mprotect(address: usize, length: usize, protection: u32) = memory::map::mprotect;
    227 msync(address: usize, length: usize, flags: memory::advice::SyncFlags) = memory::advice::msync;
    228 mlock(address: usize, length: usize) = memory::lock::mlock;
    229 munlock(address: usize, length: usize) = memory::lock::munlock;
    230 mlockall(flags: memory::lock::LockAllFlags) = memory::lock::mlockall;
    231 munlockall() = memory::lock::munlockall;
    232 mincore(address: usize, length: usize, result: usize) = memory::advice::mincore;
    233 madvise(address: usize, length: usize, advice: i32) = memory::advice::madvise;
    240 rt_tgsigqueueinfo(pid: i32, tid: i32, signal: i32, information: UserPtr<SignalInformation>) = signal::send::rt_tgsigqueueinfo;
    242 accept4(file: Fd, name: usize, length: UserPtr<i32>, flags: i32) = sockets::accept4;
    243 recvmmsg(file: Fd, vector: usize, count: u32, flags: u32, timeout: UserPtr<TimeSpecification>) = sockets::recvmmsg;
    258 riscv_hwprobe(pairs: UserPtr<HardwareProbe>, count: usize, cpus_size: usize, cpus: usize, flags: u32) only RiscV = system::probe::riscv_hwprobe;
    259 riscv_flush_icache(start: usize, end: usize, flags: usize) only RiscV = memory::advice::riscv_flush_icache;
    260 wait4(pid: i32, status: UserPtr<i32>, options: u32, usage: UserPtr<ResourceUsage>) = process::wait::wait4;
    261 prlimit64(pid: i32, resource: u32, new: UserPtr<ResourceLimit>, old: UserPtr<ResourceLimit>) = process::limits::prlimit64;
    264 name_to_handle_at(directory: DirectoryFd, path: UserPath, handle: UserPtr<[u32; 2]>, mount: UserPtr<i32>, flags: u32) = files::handles::name_to_handle_at;
    265 open_by_handle_at(mount: DirectoryFd, handle: UserPtr<[u32; 2]>, flags: u32) = files::handles::open_by_handle_at;
    266 clock_adjtime(clock: i32, record: UserPtr<TimeAdjustment>) = time::adjust::clock_adjtime;
    267 syncfs(file: Fd) = files::mounts::syncfs;
    268 setns(file: Fd, kind: u32) = process::namespaces::setns;
    269 sendmmsg(file: Fd, vector: usize, count: u32, flags: u32) = sockets::sendmmsg;
    274 sched_setattr(pid: i32, attributes: UserPtr<SchedulingAttributes>, flags: u32) = process::scheduling::sched_setattr;
    275 sched_getattr(pid: i32, attributes: UserPtr<SchedulingAttributes>, size: u32, flags: u32) = process::scheduling::sched_getattr;
    276 renameat2(old_directory: DirectoryFd, old_path: UserPath, new_directory: DirectoryFd, new_path: UserPath, flags: u32) = files::names::renameat2;
    278 getrandom(buffer: UserSlice, flags: system::random::RandomFlags) = system::random::getrandom;
    279 memfd_create(name: UserPath, flags: files::memory_file::MemoryFileFlags) = files::memory_file::memfd_create;
    281 execveat(directory: DirectoryFd, path: UserPath, arguments: UserPtr<usize>, environment: UserPtr<usize>, flags: AtFlags) with registers = process::exec::execveat;
    283 membarrier(command: i32, flags: u32, cpu: i32) = memory::advice::membarrier;
    284 mlock2(address: usize, length: usize, flags: memory::lock::LockFlags) = memory::lock::mlock2;
    285 copy_file_range(input: Fd, input_offset: UserPtr<i64>, output: Fd, output_offset: UserPtr<i64>, count: usize, flags: u32) = files::transfer::copy_file_range;
    286 preadv2(file: Fd, vectors: UserPtr<IoVector>, count: usize, offset: i64, offset_high: usize, flags: u32) = files::vectors::preadv2;
    287 pwritev2(file: Fd, vectors: UserPtr<IoVector>, count: usize, offset: i64, offset_high: usize, flags: u32) = files::vectors::pwritev2;
    291 statx(directory: DirectoryFd, path: UserPath, flags: AtFlags, mask: u32, result: UserPtr<Statx>) = files::status::statx;
    424 pidfd_send_signal(process: Fd, signal: i32, information: UserPtr<SignalInformation>, flags: u32) = signal::send::pidfd_send_signal;
    428 open_tree(directory: DirectoryFd, path: UserPath, flags: u32) = mounting::trees::open_tree;
    429 move_mount(from_directory: DirectoryFd, from_path: UserPath, to_directory: DirectoryFd, to_path: UserPath, flags: u32) = mounting::trees::move_mount;
    430 fsopen(kind: UserPath, flags: u32) = mounting::context::fsopen;
    431 fsconfig(file: Fd, command: u32, name: UserPath, value: UserPath, extra: i32) = mounting::context::fsconfig;
    432 fsmount(file: Fd, flags: u32, attributes: u32) = mounting::context::fsmount;
    433 fspick(directory: DirectoryFd, path: UserPath, flags: u32) = mounting::context::fspick;
    434 pidfd_open(process: i32, flags: u32) = process::descriptor::pidfd_open;
    435 clone3(arguments: UserPtr<CloneArguments>, size: usize) [Always] with registers = process::clone::clone3;
    436 close_range(first: u32, last: u32, flags: files::descriptors::CloseRangeFlags) = files::descriptors::close_range;
    437 openat2(directory: DirectoryFd, path: UserPath, how: UserPtr<OpenHow>, size: usize) = files::open::openat2;
    438 pidfd_getfd(process: Fd, file: Fd, flags: u32) = process::descriptor::pidfd_getfd;
    439 faccessat2(directory: DirectoryFd, path: UserPath, mode: u32, flags: AtFlags) = files::attributes::faccessat2;
    441 epoll_pwait2(epoll: Fd, events: UserPtr<EpollEvent>, count: i32, timeout: UserPtr<TimeSpecification>, mask: UserSlice) [Never] = events::epoll_calls::epoll_pwait2;
    442 mount_setattr(directory: DirectoryFd, path: UserPath, flags: u32, attributes: UserPtr<MountAttributes>, size: usize) = mounting::attributes::mount_setattr;
    452 fchmodat2(directory: DirectoryFd, path: UserPath, mode: u32, flags: AtFlags) = files::attributes::fchmodat2;
    457 statmount(request: UserPtr<MountRequest>, buffer: UserSlice, flags: u32) = mounting::status::statmount;
    458 listmount(request: UserPtr<MountRequest>, numbers: UserPtr<u64>, count: usize, flags: u32) = mounting::status::listmount;
}

/// One more than the highest number served.
const SLOTS: usize = 460;

/// From number to index in [`CALLS`], one more than it so that zero is "none".
static INDEX: [u16; SLOTS] = build_index();

const fn build_index() -> [u16; SLOTS] {
    let mut index = [0; SLOTS];
    let mut position = 0;
    while position < CALLS.len() {
        index[CALLS[position].number as usize] = position as u16 + 1;
        position += 1;
    }
    index
}

/// From number to handler: what the first look needs, without the rest of the line.
static PLAIN: [Option<PlainHandler>; SLOTS] = {
    let mut handlers: [Option<PlainHandler>; SLOTS] = [None; SLOTS];
    let mut position = 0;
    while position < CALLS.len() {
        let call = &CALLS[position];
        if let Handler::Plain(handler) = call.handler
            && call.machines.here()
        {
            handlers[call.number as usize] = Some(handler);
        }
        position += 1;
    }
    handlers
};

/// What serves the call of a number, if it needs not all registers.
#[inline]
pub(crate) fn plain_handler(number: usize) -> Option<PlainHandler> {
    *PLAIN.get(number)?
}

/// The call of a number, if it is served on this machine.
pub fn find(number: usize) -> Option<&'static SystemCall> {
    let position = usize::from(*INDEX.get(number)?).checked_sub(1)?;
    CALLS
        .get(position)
        .filter(|call| call.machines == Machines::All || call.machines.here())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascending_named_and_within_six_registers() {
        assert!(CALLS.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert!(CALLS.len() < usize::from(u16::MAX));
        for call in CALLS {
            let registers: usize = call
                .arguments
                .iter()
                .map(|argument| argument.registers)
                .sum();
            assert!(registers <= 6, "{} takes {registers} registers", call.name);
            assert_eq!(crate::names::of(call.number.into()), Some(call.name));
        }
    }

    #[test]
    fn found_by_number() {
        assert_eq!(find(63).map(|call| call.name), Some("read"));
        assert_eq!(find(258).map(|call| call.name), Some("riscv_hwprobe"));
        assert!(find(38).is_none(), "renameat is AArch64's");
        assert!(find(1).is_none());
        assert!(find(usize::MAX).is_none());
    }
}
