//! The composition: names every driver, file system and ABI once, and starts the first process.
//!
//! [`kernel_main`] is where the machine arrives. The order of things is the whole content of this crate:
//!
//! 1. interrupt controller, then the scheduler (which starts the other CPUs): from here on things may sleep;
//! 2. drivers, by the device tree; the console's terminal on a serial port;
//! 3. file systems: as root a disk's, or a tmpfs filled from the initramfs, whose pages are shared and not copied; `/dev`;
//! 4. the three ABIs;
//! 5. the first process, `/system/scarlet/bin/init` or what `init=` says, with `/dev/console` as its three standard
//!    handles; when it ends, the machine is switched off with its status.
//!
//! The same function runs on all three backends of `hal`; the hosted machine has no device tree, and its console is a
//! port that the test reads and types at. docs/src/boot.md tells the story with the times it takes.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod drivers;
mod first;
#[cfg(not(target_os = "none"))]
mod hosted_console;
mod options;
mod root;

pub use options::Options;

use base::log;
use hal::boot::BootInfo;

/// Where every backend hands over: brings everything up, runs the first process, and switches the machine off when
/// that ends.
pub fn kernel_main(boot: BootInfo) -> ! {
    let options = Options::parse(&boot.command_line);
    log::set_console_level(options.console_level);
    log::info!(
        "Scarlet {} on {}, {} MiB, {} CPU(s)",
        env!("CARGO_PKG_VERSION"),
        hal::ARCH,
        boot.memory_bytes >> 20,
        boot.cpu_count
    );
    base::random::add_entropy(&boot.random_seed);
    let code = match run(boot, &options) {
        Ok(code) => code,
        Err(failure) => {
            log::error!("cannot start: {failure}");
            FAILED
        }
    };
    proc::store_for_good();
    hal::power::off(code)
}

/// Finds and sets the machine's interrupt controller and no more: for the machine's own tests, which run instead of
/// [`kernel_main`].
pub fn start_interrupts(boot: &BootInfo) {
    drivers::start_interrupts(&boot.device_tree, &drivers::describe(&boot.device_tree));
}

/// The exit code of a machine that did not come as far as its first process.
const FAILED: u32 = 125;

/// What went wrong, and where.
struct Failure {
    what: &'static str,
    detail: alloc::string::String,
}

impl Failure {
    fn new(what: &'static str, detail: impl core::fmt::Display) -> Failure {
        Failure {
            what,
            detail: alloc::format!("{detail}"),
        }
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.what, self.detail)
    }
}

/// Makes an error into a failure that says where it happened.
fn at(what: &'static str) -> impl Fn(base::Error) -> Failure {
    move |error| Failure::new(what, error)
}

fn run(boot: BootInfo, options: &Options) -> Result<u32, Failure> {
    let devices = drivers::describe(&boot.device_tree);
    drivers::start_interrupts(&boot.device_tree, &devices);
    base::sched::init().map_err(at("the scheduler"))?;
    drivers::start(&devices);
    tty::start().map_err(at("the terminals"))?;
    fs_proc::start(&boot.command_line);
    fs_sys::register();
    fs_proc::register_report("unimplemented", abi_linux::unimplemented::report);
    fs_proc::register_report("environments", proc::environment_report);
    let view = root::build(boot.initramfs, options)?;
    register_abis();
    if options.record {
        proc::record::start();
    }
    first::run(view, options)
}

/// The order is the order in which they are asked whether a program is theirs.
fn register_abis() {
    abi_scarlet::register();
    abi_xv6::register();
    abi_linux::register();
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;
    use device::block::{BlockDevice, MemoryDisk};
    use hal::hosted::{Exit, Machine};

    /// What the console shows of a machine that does not come as far as its first process.
    fn failed(line: &str, disk: Option<Vec<u8>>) -> String {
        failed_with(line, disk, false)
    }

    /// The same with a disk that may be write-protected.
    fn failed_with(line: &str, disk: Option<Vec<u8>>, protected: bool) -> String {
        let outcome = Machine::new(1).command_line(line).run_with(move |boot| {
            if let Some(bytes) = disk {
                let disk = MemoryDisk::new("vda", 0, bytes);
                disk.settings().unwrap().protect(protected);
                device::registry().add_block(disk).unwrap();
            }
            super::kernel_main(boot)
        });
        assert!(
            matches!(outcome.exit, Exit::PowerOff(super::FAILED)),
            "{:?}",
            outcome.exit
        );
        outcome.text()
    }

    fn assert_shows(text: &str, wanted: &str) {
        assert!(text.contains(wanted), "{text}");
    }

    #[test]
    fn a_machine_without_a_first_process_says_so() {
        assert_shows(&failed("", None), "there is no /system/scarlet/bin/init");
    }

    #[test]
    fn a_root_that_cannot_be_had_is_said_in_a_sentence() {
        let text = failed("root=/dev/vda", None);
        assert_shows(&text, "root=/dev/vda: this machine has no disk");
        let text = failed("root=/dev/vdb", Some(vec![0; 1 << 20]));
        assert_shows(&text, "there is no such disk, only /dev/vda");
        let text = failed("root=LABEL=x", Some(vec![0; 1 << 20]));
        assert_shows(&text, "write a device's path");
        let text = failed("root=/dev/vda rootfstype=ext2", Some(vec![0; 1 << 20]));
        assert_shows(&text, "root=/dev/vda: ext2 cannot be mounted");
    }

    #[test]
    fn a_disk_is_the_root() {
        let path = std::env::temp_dir().join(format!("scarlet-root-{}", std::process::id()));
        let made = std::process::Command::new("/sbin/mke2fs")
            .args(["-q", "-t", "ext2"])
            .arg(&path)
            .arg("1M")
            .output();
        assert!(made.unwrap().status.success());
        let disk = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let text = failed("root=/dev/vda loglevel=3", Some(disk.clone()));
        assert_shows(&text, "root: ext2 on /dev/vda");
        assert_shows(&text, "there is no /system/scarlet/bin/init");
        let text = failed_with("root=/dev/vda rw loglevel=3", Some(disk.clone()), true);
        assert_shows(&text, "root: /dev/vda is write-protected");
        assert_shows(&text, "root: ext2 on /dev/vda, read-only");
        let line = "root=/dev/vda overlayroot=tmpfs loglevel=3";
        let text = failed(line, Some(disk));
        assert_shows(&text, "root: ext2 on /dev/vda, read-only");
        assert_shows(&text, "there is no /system/scarlet/bin/init");
    }
}
