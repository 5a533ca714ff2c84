//! Guests: a machine in QEMU, and the ways to use one.
//!
//! [`interactive`] gives a person its console, [`run_command`] runs one command and reports its
//! output and status, [`debug`] attaches gdb, and [`console::Console`] is what tests type at.

pub mod console;
pub mod disk;
mod framing;
mod terminal;

use crate::{arch::Arch, build, image, image::cpio::Tree, project::Project, setup, ui};
use anyhow::{Context, Result};
use clap::ValueEnum;
use console::{Console, Waited};
use disk::Disk;
use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Which kernel a guest boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kernel {
    /// This project's kernel
    Scarlet,
    /// Debian's Linux, the reference
    Linux,
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
    /// The archive of its root file system.
    pub root: PathBuf,
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
        arch,
        kernel,
        kernel_file,
        symbols,
        root,
        cpus: 2,
        memory_mebibytes: 512,
        append: String::new(),
        instruction_count: false,
        disks: Vec::new(),
    })
}

impl Machine {
    /// The emulator's command line; the console is its standard input and output.
    pub fn emulator(&self) -> Command {
        let mut command = Command::new(self.arch.emulator());
        command.args(self.arch.machine());
        command.args([
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "stdio",
            "-no-reboot",
        ]);
        command.args(["-nic", "none"]);
        command.args(["-global", "virtio-mmio.force-legacy=false"]);
        command.args(["-device", "virtio-rng-device"]);
        disk::attach(&mut command, self.arch, &self.disks);
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
        command.arg("-initrd").arg(&self.root);
        let mut line = match self.kernel {
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
    pub fn with_files(&self, project: &Project, files: &Tree) -> Result<(Machine, Temporary)> {
        let mut archive = fs::read(&self.root)?;
        archive.extend(files.archive());
        if self.kernel == Kernel::Linux && !self.disks.is_empty() {
            archive.extend(image::linux_modules(project, self.arch)?.archive());
        }
        let name = format!("root-{}-{}.cpio", std::process::id(), unique());
        let path = Temporary(project.output.join(name));
        fs::write(&path.0, archive)?;
        let mut machine = self.clone();
        machine.root = path.0.clone();
        Ok((machine, path))
    }
}

/// A file that goes when its owner goes.
pub struct Temporary(PathBuf);

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
    let (machine, _file) = machine.with_files(project, &files)?;
    ui::clear();
    eprintln!("(Ctrl-A X leaves)");
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
    let errors = Stdio::inherit();
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
    let (files, errors) = (Tree::default(), Stdio::null());
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
    errors: Stdio,
) -> Result<u8, (anyhow::Error, String)> {
    let nonce = format!("{:x}-{:x}", std::process::id(), unique());
    files.file(
        "/etc/scarlet/run",
        0o644,
        format!("{nonce}\n{command}\n").into_bytes(),
    );
    let before = |error| (error, String::new());
    let (machine, _file) = machine.with_files(project, &files).map_err(before)?;
    let mut console = Console::start_with(&machine, errors).map_err(before)?;
    let mut frame = framing::Frame::new(&nonce);
    let deadline = Instant::now() + limit;
    loop {
        let (bytes, ended) = match console.receive(deadline) {
            Waited::Bytes(bytes) => (bytes, false),
            Waited::Ended => (Vec::new(), true),
            Waited::TimedOut => {
                let seconds = limit.as_secs();
                let error = anyhow::anyhow!("the guest did not finish within {seconds} s");
                return Err((error, console.transcript()));
            }
        };
        let part = frame.feed(&bytes);
        if !part.output.is_empty() {
            output(&part.output);
        }
        if let Some(status) = part.status {
            return Ok(status);
        }
        if ended {
            let error = anyhow::anyhow!("the guest ended before the command did");
            return Err((error, console.transcript()));
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
