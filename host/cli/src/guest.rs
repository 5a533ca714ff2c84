//! Guests: a machine in QEMU, and the ways to use one.
//!
//! [`interactive`] gives a person its console, [`run_command`] runs one command and reports its
//! output and status, [`debug`] attaches gdb, and [`console::Console`] is what tests type at.

pub mod console;
pub mod disk;
mod framing;
pub mod monitor;
mod terminal;

use crate::{
    arch::Arch,
    build, image,
    image::{
        cpio::Tree,
        disk::{RootDisk, Sharing},
    },
    project::Project,
    setup, ui,
};
use anyhow::{Context, Result};
use clap::ValueEnum;
use console::{Console, Waited};
use disk::Disk;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a guest may take to store what it has and to switch itself off.
const SWITCHING_OFF: Duration = Duration::from_secs(120);

/// How long Linux may take from switching on to the command, which is a few seconds of a busy host's; and how often it is
/// switched on anew. The firmware of RISC-V, OpenSBI before 1.3, marks a hart as started before it writes down where it is to
/// begin. Scarlet knows (`kernel/hal/src/arch/riscv64/boot.rs`); Linux there can hang before it says a word.
const LINUX_STARTS: Duration = Duration::from_secs(120);
const LINUX_TRIES: usize = 3;

/// Which kernel a guest boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kernel {
    /// This project's kernel
    Scarlet,
    /// Debian's Linux, the reference
    Linux,
}

impl std::fmt::Display for Kernel {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Kernel::Scarlet => "Scarlet",
            Kernel::Linux => "Linux",
        })
    }
}

/// A machine that can be started.
#[derive(Clone)]
pub struct Machine {
    /// Its architecture.
    pub arch: Arch,
    /// Its kernel.
    pub kernel: Kernel,
    /// The kernel's file.
    pub kernel_file: PathBuf,
    /// The kernel with symbols, where there is one.
    pub symbols: Option<PathBuf>,
    /// The archive of its root file system, or, where that is on a disk, of what only this boot
    /// carries.
    pub root: Option<PathBuf>,
    /// Whether the last of its disks is its root file system. If it is only read, what is written
    /// lies in memory.
    pub root_on_disk: bool,
    /// Number of CPUs.
    pub cpus: u32,
    /// Memory, in MiB.
    pub memory_mebibytes: u32,
    /// Words for the kernel's command line.
    pub append: String,
    /// Whether time counts guest instructions.
    pub instruction_count: bool,
    /// Its disks, the first one `/dev/vda`.
    pub disks: Vec<Disk>,
    /// How it reaches them.
    pub transport: disk::Transport,
    /// The lock on its root disk, which must last as long as the machine.
    pub lock: Option<Arc<RootDisk>>,
    /// Where the emulator's monitor is, if it has one.
    pub monitor: Option<Arc<Temporary>>,
    /// A file that must last as long.
    pub kept: Option<Arc<Temporary>>,
}

/// Sets up, builds and images whatever a machine of this kind needs.
pub fn prepare(project: &Project, kernel: Kernel, arch: Arch) -> Result<Machine> {
    setup::emulator(project, arch)?;
    let (kernel_file, symbols, root) = match kernel {
        Kernel::Scarlet => {
            setup::rust_targets(arch)?;
            let built = build::everything(project, arch)?;
            let root = image::scarlet(project, arch, &built)?;
            (built.kernel.bootable, Some(built.kernel.debug), root)
        }
        Kernel::Linux => (
            image::linux_kernel(project, arch)?,
            None,
            image::linux(project, arch)?,
        ),
    };
    Ok(Machine {
        kernel,
        symbols,
        root: Some(root),
        ..Machine::bare(arch, kernel_file)
    })
}

/// Sets up and builds what a machine with Scarlet needs that has its root file system on the disk
/// of its architecture, and brings that disk up to date. `files` are put on the disk. With
/// `ephemeral` what the machine writes is gone at its end, and so are `files`.
pub fn prepare_on_disk(
    project: &Project,
    arch: Arch,
    ephemeral: bool,
    files: &[(PathBuf, String)],
) -> Result<Machine> {
    setup::emulator(project, arch)?;
    setup::rust_targets(arch)?;
    let built = build::everything(project, arch)?;
    let tree = image::layers(project, arch, &built)?;
    let mut machine = Machine::bare(arch, built.kernel.bootable);
    machine.symbols = Some(built.kernel.debug);
    let lock = match image::disk::ready(project, arch, &tree, None, false) {
        Ok(disk) => disk,
        // Beside others that leave the disk as it is, it is taken as they found it.
        Err(error) if ephemeral => {
            let path = image::disk::place(project, arch);
            RootDisk::open(&path, Sharing::Reading).map_err(|_| error)?
        }
        Err(error) => return Err(error),
    };
    if ephemeral {
        lock.share()?;
        let mut root = Disk {
            file: lock.path.clone(),
            read_only: true,
            scratch: false,
        };
        if !files.is_empty() {
            let file = disk::temporary(project);
            image::disk::copy(&lock.path, &file.0)?;
            RootDisk::open(&file.0, Sharing::Alone)?.add(files)?;
            root.file = file.0.clone();
            machine.kept = Some(Arc::new(file));
        }
        machine.disks.push(root);
    } else {
        lock.add(files)?;
        machine.disks.push(Disk {
            file: lock.path.clone(),
            read_only: false,
            scratch: false,
        });
    }
    lock.pass_on()?;
    machine.lock = Some(Arc::new(lock));
    machine.root_on_disk = true;
    Ok(machine)
}

impl Machine {
    /// A machine with two CPUs and 512 MiB that has only a kernel.
    pub fn bare(arch: Arch, kernel_file: PathBuf) -> Machine {
        Machine {
            arch,
            kernel: Kernel::Scarlet,
            kernel_file,
            symbols: None,
            root: None,
            root_on_disk: false,
            cpus: 2,
            memory_mebibytes: 512,
            append: String::new(),
            instruction_count: false,
            disks: Vec::new(),
            transport: disk::Transport::default(),
            lock: None,
            monitor: None,
            kept: None,
        }
    }

    /// The same machine with its root file system on a disk, behind those it has.
    pub fn with_root_on(&self, disk: Disk) -> Machine {
        let mut machine = self.clone();
        machine.root = None;
        machine.disks.push(disk);
        machine.root_on_disk = true;
        machine
    }

    /// The emulator's command line; the console is its standard input and output.
    pub fn emulator(&self) -> Command {
        let mut command = Command::new(self.arch.emulator());
        command.args(self.arch.machine());
        command.args(["-display", "none", "-serial", "stdio", "-no-reboot"]);
        let monitor = self.monitor.as_ref().map(|place| {
            let place = place.path().display().to_string().replace(',', ",,");
            format!("unix:{place},server=on,wait=off")
        });
        command.arg("-monitor");
        command.arg(monitor.as_deref().unwrap_or("none"));
        command.args(["-nic", "none"]);
        command.args(["-global", "virtio-mmio.force-legacy=false"]);
        command.arg("-device").arg(self.transport.device("rng"));
        disk::attach(&mut command, self.arch, self.transport, &self.disks);
        command.arg("-smp").arg(self.cpus.to_string());
        command.arg("-m").arg(format!("{}M", self.memory_mebibytes));
        if self.instruction_count {
            // Who waits for a disk waits for this host. Were the guest's clock to jump to its next timer as
            // often as it looks, the timers' work would be counted as the disk's.
            let icount = match self.disks.is_empty() {
                true => "shift=0,sleep=off",
                false => "shift=0,sleep=on",
            };
            command.args(["-icount", icount]);
            // The same random numbers each time: addresses and hash seeds change what is counted.
            command.args(["-seed", "1"]);
        }
        command.arg("-kernel").arg(&self.kernel_file);
        if let Some(root) = &self.root {
            command.arg("-initrd").arg(root);
        }
        let mut line = match self.kernel {
            Kernel::Scarlet if self.root_on_disk => {
                let name = disk::name(self.disks.len().max(1) - 1);
                match self.disks.last().is_some_and(|disk| disk.read_only) {
                    true => format!("root={name} overlayroot=tmpfs"),
                    false => format!("root={name} rw"),
                }
            }
            Kernel::Scarlet => String::new(),
            Kernel::Linux => format!("console={} quiet", self.arch.linux_console()),
        };
        if !self.append.is_empty() {
            line = format!("{line} {}", self.append);
        }
        command.arg("-append").arg(line.trim());
        command
    }

    /// The same machine with further files in its root, in an archive of its own behind the first.
    /// Where its root is on a disk, they are below `/run/initramfs`.
    pub fn with_files(&self, project: &Project, files: &Tree) -> Result<(Machine, Temporary)> {
        let mut archive = self
            .root
            .as_ref()
            .map(fs::read)
            .transpose()?
            .unwrap_or_default();
        archive.extend(files.archive());
        if self.kernel == Kernel::Linux && !self.disks.is_empty() {
            archive.extend(image::linux_modules(project, self.arch)?.archive());
        }
        let name = format!("root-{}-{}.cpio", std::process::id(), unique());
        let path = Temporary(project.output.join(name));
        fs::write(&path.0, archive)?;
        let mut machine = self.clone();
        machine.root = Some(path.0.clone());
        Ok((machine, path))
    }
}

/// A file that goes when its owner goes.
pub struct Temporary(PathBuf);

impl Temporary {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn additions(files: Vec<(PathBuf, String)>) -> Result<Tree> {
    let mut tree = Tree::default();
    for (file, path) in files {
        let contents =
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        tree.file(&path, 0o755, contents);
    }
    Ok(tree)
}

/// Gives the terminal to the guest's console until the guest ends or the person leaves.
pub fn interactive(
    project: &Project,
    mut machine: Machine,
    files: Vec<(PathBuf, String)>,
) -> Result<u8> {
    let files = additions(files)?;
    if let Some((rows, columns)) = terminal::size() {
        machine.append = format!("{} console.size={columns}x{rows}", machine.append);
    }
    let (machine, _file) = match machine.root_on_disk && files.is_empty() {
        true => (machine, None),
        false => {
            let (machine, file) = machine.with_files(project, &files)?;
            (machine, Some(file))
        }
    };
    ui::clear();
    match machine.disks.iter().any(|disk| !disk.read_only) {
        true => eprintln!("(`shutdown` ends the machine; Ctrl-A X pulls its plug)"),
        false => eprintln!("(Ctrl-A X leaves)"),
    }
    let child = machine
        .emulator()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", machine.arch.emulator()))?;
    terminal::attach(child)
}

/// Boots, runs a command in the shell, prints its output and returns its status.
pub fn run_command(
    project: &Project,
    machine: Machine,
    command: &str,
    files: Vec<(PathBuf, String)>,
    seconds: u64,
) -> Result<u8> {
    ui::clear();
    let mut standard_output = std::io::stdout();
    let finished = run_framed(
        project,
        &machine,
        command,
        additions(files)?,
        Duration::from_secs(seconds),
        &mut |bytes| {
            let _ = standard_output
                .write_all(bytes)
                .and_then(|()| standard_output.flush());
        },
    )?;
    Ok(finished)
}

/// Boots a machine with a command, hands the command's output to `output` as it comes, and
/// returns the command's status. A machine that fails shows its console.
pub fn run_framed(
    project: &Project,
    machine: &Machine,
    command: &str,
    files: Tree,
    limit: Duration,
    output: &mut dyn FnMut(&[u8]),
) -> Result<u8> {
    let errors = Stdio::inherit;
    framed(project, machine, command, files, limit, output, errors).map_err(
        |(error, transcript)| {
            eprint!("{transcript}");
            error.context("the guest's console is above")
        },
    )
}

/// Like [`run_framed`], for a machine that is expected to fail: its console stays unseen.
pub fn run_framed_quietly(
    project: &Project,
    machine: &Machine,
    command: &str,
    limit: Duration,
    output: &mut dyn FnMut(&[u8]),
) -> Result<u8> {
    let (files, errors) = (Tree::default(), Stdio::null);
    framed(project, machine, command, files, limit, output, errors).map_err(|(error, _)| error)
}

/// The error comes with what the console showed.
fn framed(
    project: &Project,
    machine: &Machine,
    command: &str,
    mut files: Tree,
    limit: Duration,
    output: &mut dyn FnMut(&[u8]),
    errors: fn() -> Stdio,
) -> Result<u8, (anyhow::Error, String)> {
    let nonce = format!("{:x}-{:x}", std::process::id(), unique());
    files.file(
        "/etc/scarlet/run",
        0o644,
        format!("{nonce}\n{command}\n").into_bytes(),
    );
    let before = |error| (error, String::new());
    let (machine, _file) = machine.with_files(project, &files).map_err(before)?;
    let mut console = Console::start_with(&machine, errors()).map_err(before)?;
    let mut frame = framing::Frame::new(&nonce);
    let kernel = machine.kernel;
    let mut deadline = Instant::now() + limit;
    let mut tries = match kernel {
        Kernel::Linux if limit > LINUX_STARTS => LINUX_TRIES,
        Kernel::Linux | Kernel::Scarlet => 1,
    };
    let mut start_by = Instant::now() + LINUX_STARTS;
    loop {
        let is_starting = tries > 1 && !frame.has_begun();
        let until = if is_starting {
            start_by.min(deadline)
        } else {
            deadline
        };
        let (bytes, ended) = match console.receive(until) {
            Waited::Bytes(bytes) => (bytes, false),
            Waited::Ended => (Vec::new(), true),
            Waited::TimedOut if is_starting => {
                ui::step("Linux did not start; it is switched on again");
                tries -= 1;
                drop(console);
                console = Console::start_with(&machine, errors()).map_err(before)?;
                frame = framing::Frame::new(&nonce);
                start_by = Instant::now() + LINUX_STARTS;
                deadline = Instant::now() + limit;
                continue;
            }
            Waited::TimedOut => {
                let seconds = limit.as_secs();
                let error = anyhow::anyhow!("{kernel} did not finish within {seconds} s");
                return Err((error, console.transcript()));
            }
        };
        let part = frame.feed(&bytes);
        if !part.output.is_empty() {
            output(&part.output);
        }
        if let Some(status) = part.status {
            return match machine.disks.is_empty() || ends(&mut console) {
                true => Ok(status),
                false => Err((
                    anyhow::anyhow!("{kernel} did not switch itself off after the command"),
                    console.transcript(),
                )),
            };
        }
        if ended {
            let error = anyhow::anyhow!("{kernel} ended before the command did");
            return Err((error, console.transcript()));
        }
    }
}

/// Waits until a guest that is switching itself off has ended: before that its disks are not in
/// order.
fn ends(console: &mut Console) -> bool {
    let deadline = Instant::now() + SWITCHING_OFF;
    loop {
        match console.receive(deadline) {
            Waited::Bytes(_) => {}
            Waited::Ended => return true,
            Waited::TimedOut => return false,
        }
    }
}

/// Starts the machine halted and gdb on it.
pub fn debug(_project: &Project, machine: Machine) -> Result<u8> {
    ui::clear();
    let port = 1234 + (std::process::id() % 10_000) as u16;
    let log = std::env::temp_dir().join(format!("scarlet-debug-{}.log", std::process::id()));
    let mut emulator = machine
        .emulator()
        .args(["-S", "-gdb", &format!("tcp:127.0.0.1:{port}")])
        .stdin(Stdio::null())
        .stdout(fs::File::create(&log)?)
        .spawn()
        .with_context(|| format!("cannot start {}", machine.arch.emulator()))?;
    eprintln!("The guest's console goes to {}.", log.display());
    let mut gdb = Command::new("gdb-multiarch");
    if let Some(symbols) = &machine.symbols {
        gdb.arg(symbols);
    }
    gdb.args(["-ex", &format!("target remote 127.0.0.1:{port}")]);
    let status = gdb.status();
    let _ = emulator.kill();
    let _ = emulator.wait();
    let status = status.context("cannot start gdb-multiarch")?;
    Ok(u8::from(!status.success()))
}
