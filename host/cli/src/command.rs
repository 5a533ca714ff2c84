//! What a person types: the commands and their options.

use crate::{
    arch::Arch,
    bench, build, diff, fuzz,
    guest::{
        self, Kernel, Machine,
        disk::{self, Disk},
    },
    image::{self, disk as root_disk},
    project::Project,
    setup, soak, test, ui,
};
use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Build, boot and test Scarlet, a kernel for native, Linux and xv6 programs side by side.
#[derive(Parser)]
#[command(
    name = "cargo scarlet",
    bin_name = "cargo scarlet",
    version,
    max_term_width = 100
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Boot Scarlet in QEMU; the terminal becomes its console (leave with Ctrl-A X)
    Boot(BootArguments),
    /// Run the tests: everything, one ring, or what matches a filter
    Test(TestArguments),
    /// Run Linux programs and command lines on Linux and on Scarlet, and show what differs
    Diff(DiffArguments),
    /// Measure Scarlet beside Linux: guest instructions, wall time, memory
    Bench(BenchArguments),
    /// Run a mixed load for a long time and see that nothing is lost
    Soak(SoakArguments),
    /// Boot, run a program of any ABI and show its system calls with names and arguments
    Trace(TraceArguments),
    /// Feed wrong input to a table of calls or to a parser, until the time is over
    Fuzz(fuzz::Options),
    /// Boot and wait for gdb, then attach gdb-multiarch with the kernel's symbols
    Debug(MachineArguments),
    /// Build the kernel and the programs
    Build(ArchArguments),
    /// Build the root disk, or bring it up to date, and print where it is; put files on it
    Image(ImageArguments),
    /// Say what this machine has and what it lacks
    Doctor,
    /// Remove what was built, but for the root disks; with --cache also what was downloaded
    Clean {
        /// Also remove downloaded packages
        #[arg(long)]
        cache: bool,
    },
}

#[derive(Args)]
struct ArchArguments {
    /// The guest's architecture
    #[arg(long, value_enum, default_value_t = Arch::Riscv64)]
    arch: Arch,
}

#[derive(Args)]
struct ImageArguments {
    /// The guest's architecture
    #[arg(long, value_enum, default_value_t = Arch::Riscv64, global = true)]
    arch: Arch,
    /// Put a file of this machine on the disk, where it stays: FILE=/path/in/guest (may be
    /// repeated)
    #[arg(long, value_name = "FILE=/PATH")]
    add: Vec<String>,
    /// How large the disk is, e.g. 4G; one that is there grows
    #[arg(long, value_name = "SIZE", value_parser = parse_disk_size)]
    size: Option<u64>,
    /// Make the disk anew: everything that was written to it is gone
    #[arg(long)]
    new: bool,
    /// Build the archive that `boot --diskless` has as its root, instead of the disk
    #[arg(long, conflicts_with_all = ["add", "size", "new"])]
    diskless: bool,
    #[command(subcommand)]
    action: Option<ImageAction>,
}

#[derive(Subcommand)]
enum ImageAction {
    /// Look at the disk and change it from here, without booting it; `help` lists the commands
    Shell {
        /// One command to run; without it, they are read line by line
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

#[derive(Args)]
struct MachineArguments {
    /// The guest's architecture
    #[arg(long, value_enum, default_value_t = Arch::Riscv64)]
    arch: Arch,
    /// How many CPUs the guest has (1 to 8)
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    cpus: u32,
    /// How much memory the guest has, e.g. 64M or 1G
    #[arg(long, value_name = "SIZE", default_value = "512M", value_parser = parse_memory)]
    memory: u32,
    /// Words to append to the kernel's command line
    #[arg(long, value_name = "STR", default_value = "")]
    append: String,
    /// Which kernel to boot: ours, or Debian's Linux with the same Linux files
    #[arg(long, value_enum, default_value_t = Kernel::Scarlet)]
    kernel: Kernel,
    /// Count guest instructions as time (1 ns each, one CPU): repeatable figures
    #[arg(long)]
    icount: bool,
    /// Give the guest a file of this machine as a disk, /dev/vda and so on; the guest writes to it
    /// unless `,readonly` follows the name (may be repeated)
    #[arg(long, value_name = "FILE[,readonly]")]
    disk: Vec<String>,
    /// How the guest reaches its disks and its other virtio devices
    #[arg(long, value_enum, default_value_t = disk::Transport::Mmio)]
    disk_transport: disk::Transport,
    /// Leave the root disk as it is: what the guest writes is gone when it ends
    #[arg(long, conflicts_with = "diskless")]
    ephemeral: bool,
    /// Boot without the root disk, from an archive in memory
    #[arg(long)]
    diskless: bool,
}

#[derive(Args)]
struct BootArguments {
    #[command(flatten)]
    machine: MachineArguments,
    /// Run COMMAND in the shell, print just its output, power off, exit with its status
    #[arg(long, value_name = "COMMAND")]
    run: Option<String>,
    /// With --run: give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "run")]
    timeout: u64,
    /// Put a file of this machine into the guest, on its root disk unless that is left as it is:
    /// FILE=/path/in/guest (may be repeated)
    #[arg(long, value_name = "FILE=/PATH")]
    add: Vec<String>,
}

#[derive(Args)]
struct DiffArguments {
    /// Compare only on this architecture
    #[arg(long, value_enum)]
    arch: Option<Arch>,
    /// Compare this command line of BusyBox's shell instead of those in tests/linux
    #[arg(long, value_name = "LINE", conflicts_with = "filter")]
    command: Option<String>,
    /// Run everything on an empty ext2 disk of this size, e.g. 64M
    #[arg(long, value_name = "SIZE", value_parser = crate::oracle::mebibytes)]
    disk: Option<u32>,
    /// Compare only what contains this: `SUITE/LINE` or `programs/NAME`
    filter: Option<String>,
}

#[derive(Args)]
struct BenchArguments {
    /// Measure only this architecture
    #[arg(long, value_enum)]
    arch: Option<Arch>,
    /// Measure only this group of rows, or this row
    #[arg(long, value_name = "GROUP")]
    only: Option<String>,
    /// How often each kernel runs for wall time, the median of which counts; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,
    /// Write all figures to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Count Scarlet's instructions and fail where a row takes over 5 % more than the baseline
    #[arg(long, conflicts_with_all = ["json", "write_baseline", "write_docs"])]
    check: bool,
    /// Count Scarlet's instructions and write them to tests/bench
    #[arg(long, conflicts_with_all = ["json", "write_docs"])]
    write_baseline: bool,
    /// Write the page and the charts in docs/src
    #[arg(long)]
    write_docs: bool,
}

#[derive(Args)]
struct SoakArguments {
    /// How many minutes of load on each architecture
    #[arg(long, value_name = "N", required_unless_present = "kills", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    minutes: Option<u32>,
    /// Instead, kill the machine this often in the midst of writing: what was stored with fsync has
    /// to be on the disk
    #[arg(long, value_name = "N", conflicts_with = "minutes", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    kills: Option<u32>,
    /// Load only this architecture
    #[arg(long, value_enum)]
    arch: Option<Arch>,
    /// How many CPUs the guest has (1 to 8)
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=8))]
    cpus: u32,
    /// How much memory the guest has
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = parse_memory)]
    memory: u32,
    /// What decides the load; a failure prints it
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

#[derive(Args)]
struct TraceArguments {
    #[command(flatten)]
    machine: MachineArguments,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Put a file of this machine into the guest: FILE=/path/in/guest (may be repeated)
    #[arg(long, value_name = "FILE=/PATH")]
    add: Vec<String>,
    /// The program and its arguments; `linux COMMAND` and `xv6 COMMAND` enter those environments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    program: Vec<String>,
}

#[derive(Args)]
struct TestArguments {
    /// Test only this architecture (rings 3 to 5)
    #[arg(long, value_enum)]
    arch: Option<Arch>,
    /// Run only this ring: 1 host unit tests, 2 hosted kernel, 3 kernel self-tests, 4 at the
    /// prompt and beside Linux, 5 instructions against the baseline
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
    ring: Option<u8>,
    /// Run only tests whose name contains this
    filter: Option<String>,
}

impl Arguments {
    /// Carries out the command; the result is the exit status of the tool.
    pub fn run(self) -> Result<u8> {
        let project = Project::find()?;
        match self.command {
            Command::Boot(arguments) => boot(&project, arguments),
            Command::Test(arguments) => {
                let selection = test::Selection {
                    arch: arguments.arch,
                    ring: arguments.ring,
                    filter: arguments.filter,
                };
                test::run(&project, &selection)
            }
            Command::Diff(arguments) => diff::run(
                &project,
                arguments.arch,
                arguments.filter.as_deref(),
                arguments.command.as_deref(),
                arguments.disk,
            ),
            Command::Bench(arguments) => {
                let options = bench::Options {
                    arch: arguments.arch,
                    only: arguments.only,
                    runs: arguments.runs,
                    json: arguments.json,
                    check: arguments.check,
                    write_baseline: arguments.write_baseline,
                    write_docs: arguments.write_docs,
                };
                bench::run(&project, &options)
            }
            Command::Soak(arguments) => {
                let options = soak::Options {
                    arch: arguments.arch,
                    load: match arguments.kills {
                        Some(kills) => soak::Load::Kills(kills),
                        None => soak::Load::Minutes(arguments.minutes.unwrap_or(1)),
                    },
                    cpus: arguments.cpus,
                    memory: arguments.memory,
                    seed: arguments.seed,
                };
                soak::run(&project, &options)
            }
            Command::Trace(arguments) => trace(&project, arguments),
            Command::Fuzz(options) => fuzz::run(&project, &options),
            Command::Debug(arguments) => debug(&project, arguments),
            Command::Build(ArchArguments { arch }) => {
                setup::rust_targets(arch)?;
                let built = build::everything(&project, arch)?;
                ui::clear();
                println!("{}", built.kernel.bootable.display());
                Ok(0)
            }
            Command::Image(arguments) => image(&project, arguments),
            Command::Doctor => Ok(setup::doctor(&project)),
            Command::Clean { cache } => {
                project.clean(cache)?;
                Ok(0)
            }
        }
    }
}

fn boot(project: &Project, arguments: BootArguments) -> Result<u8> {
    let (machine, extra) = prepare(project, &arguments.machine, &arguments.add)?;
    match arguments.run {
        Some(command) => guest::run_command(project, machine, &command, extra, arguments.timeout),
        None => guest::interactive(project, machine, extra),
    }
}

fn trace(project: &Project, arguments: TraceArguments) -> Result<u8> {
    if arguments.machine.kernel == Kernel::Linux {
        bail!("trace works on Scarlet; leave out `--kernel linux`");
    }
    let words: Vec<String> = arguments.program.iter().map(|word| quote(word)).collect();
    let (machine, extra) = prepare(project, &arguments.machine, &arguments.add)?;
    let command = format!("trace {}", words.join(" "));
    guest::run_command(project, machine, &command, extra, arguments.timeout)
}

/// A word that the guest's shell takes as it is.
fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn debug(project: &Project, arguments: MachineArguments) -> Result<u8> {
    if arguments.kernel == Kernel::Linux {
        bail!("debug works on Scarlet; leave out `--kernel linux`");
    }
    setup::program("gdb-multiarch", "gdb-multiarch")?;
    let (machine, _) = prepare(project, &arguments, &[])?;
    guest::debug(project, machine)
}

/// Files of this machine, each with its path in the guest.
type Additions = Vec<(PathBuf, String)>;

/// Everything between a clean clone and a machine that can start, and those of `add` that are not
/// on its disk yet.
fn prepare(
    project: &Project,
    arguments: &MachineArguments,
    add: &[String],
) -> Result<(Machine, Additions)> {
    if arguments.icount && arguments.cpus != 1 {
        bail!("--icount counts the instructions of one CPU: add `--cpus 1`");
    }
    let on_disk = arguments.kernel == Kernel::Scarlet && !arguments.diskless;
    if arguments.kernel == Kernel::Linux && arguments.ephemeral {
        bail!("the reference boots without the disk anyway; leave out `--ephemeral`");
    }
    let most = arguments.disk_transport.most() - usize::from(on_disk);
    if arguments.disk.len() > most {
        bail!("this machine has at most {most} further disks");
    }
    let mut disks: Vec<Disk> = arguments
        .disk
        .iter()
        .map(|word| Disk::parse(word))
        .collect();
    disks.iter().try_for_each(Disk::check)?;
    let mut extra = parse_additions(add)?;
    let mut machine = if on_disk {
        let files = std::mem::take(&mut extra);
        guest::prepare_on_disk(project, arguments.arch, arguments.ephemeral, &files)?
    } else {
        guest::prepare(project, arguments.kernel, arguments.arch)?
    };
    // The root disk comes last, so that the others have the same names with and without it.
    disks.append(&mut machine.disks);
    machine.disks = disks;
    machine.cpus = arguments.cpus;
    machine.memory_mebibytes = arguments.memory;
    machine.append = arguments.append.clone();
    machine.instruction_count = arguments.icount;
    machine.transport = arguments.disk_transport;
    Ok((machine, extra))
}

fn image(project: &Project, arguments: ImageArguments) -> Result<u8> {
    let arch = arguments.arch;
    if let Some(ImageAction::Shell { command }) = arguments.action {
        return root_disk::shell::run(project, arch, &command);
    }
    let files = parse_additions(&arguments.add)?;
    setup::rust_targets(arch)?;
    let built = build::everything(project, arch)?;
    let path = if arguments.diskless {
        image::scarlet(project, arch, &built)?
    } else {
        let tree = image::layers(project, arch, &built)?;
        let disk = root_disk::ready(project, arch, &tree, arguments.size, arguments.new)?;
        disk.add(&files)?;
        disk.path.clone()
    };
    ui::clear();
    println!("{}", path.display());
    Ok(0)
}

/// `16M`, `4G`.
fn parse_disk_size(text: &str) -> Result<u64, String> {
    let upper = text.to_ascii_uppercase();
    let (digits, shift) = match upper.strip_suffix('G') {
        Some(digits) => (digits, 30),
        None => (upper.strip_suffix('M').unwrap_or(&upper), 20),
    };
    let size = digits.parse::<u64>().ok();
    let size = size.and_then(|number| number.checked_mul(1 << shift));
    size.ok_or_else(|| "give a size such as 512M or 4G".to_owned())
}

/// `64M`, `1G`, or a bare number of mebibytes.
fn parse_memory(text: &str) -> Result<u32, String> {
    let (digits, factor) = match text.to_ascii_uppercase() {
        text if text.ends_with('G') => (text[..text.len() - 1].to_owned(), 1024),
        text if text.ends_with('M') => (text[..text.len() - 1].to_owned(), 1),
        text => (text, 1),
    };
    let size = digits
        .parse::<u32>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    match size {
        Some(size) if (16..=64 * 1024).contains(&size) => Ok(size),
        _ => Err("give a size between 16M and 64G, such as 256M".to_owned()),
    }
}

fn parse_additions(words: &[String]) -> Result<Additions> {
    words.iter().map(|word| parse_addition(word)).collect()
}

fn parse_addition(text: &str) -> Result<(PathBuf, String)> {
    let (file, path) = text
        .split_once('=')
        .filter(|(_, path)| path.starts_with('/'))
        .with_context(|| format!("`--add {text}`: write FILE=/path/in/guest"))?;
    Ok((PathBuf::from(file), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn memory_sizes() {
        assert_eq!(parse_memory("512M"), Ok(512));
        assert_eq!(parse_memory("1g"), Ok(1024));
        assert_eq!(parse_memory("64"), Ok(64));
        assert!(parse_memory("0").is_err());
        assert_eq!(parse_disk_size("4G"), Ok(4 << 30));
        assert_eq!(parse_disk_size("64"), Ok(64 << 20));
        assert!(parse_disk_size("much").is_err());
        assert!(parse_memory("lots").is_err());
        assert!(parse_memory("4294967295G").is_err());
    }

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quote("/bin/ls"), "/bin/ls");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), "'it'\\''s'");
    }

    #[test]
    fn additions_name_a_file_and_an_absolute_path() {
        assert_eq!(
            parse_addition("a.out=/tmp/a.out").unwrap(),
            (PathBuf::from("a.out"), "/tmp/a.out".to_owned())
        );
        assert!(parse_addition("a.out").is_err());
        assert!(parse_addition("a.out=relative").is_err());
    }
}
