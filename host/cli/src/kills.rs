//! `cargo scarlet soak --kills N`: a machine is killed in the midst of writing, again and again, on
//! one disk; `e2fsck -p` has to repair it each time, and what was stored for good has to be there.
//!
//! The load is `user/linux/power.c`. It says on the console what fsync and its like have stored
//! ([`promise`]); the emulator is killed (SIGKILL) after a number of such lines and a moment more,
//! both of which the seed decides (and not after a time, of which a busy host may give the guest
//! nothing); e2fsck repairs the disk, finds nothing more to repair, and debugfs takes the files out to be compared.
//! The next machine starts on the same disk, where the last round's files have to stay as they
//! were while it works. The seed fixes the load and the moments, not how the CPUs interleave.

mod promise;

use crate::{
    arch::Arch,
    build,
    guest::{
        Machine,
        console::{Console, Waited},
        disk,
    },
    image::{
        self,
        cpio::Tree,
        disk::ext2::{self, Script},
    },
    project::Project,
    setup,
};
use anyhow::{Context, Result, bail};
use promise::Promises;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// What to run.
#[derive(Clone, Copy)]
pub struct Options {
    /// How often the machine is killed.
    pub kills: u32,
    /// What decides load and moments.
    pub seed: u64,
}

/// Bytes of the disk: several rounds' files, and the system.
const DISK: u64 = 192 << 20;
/// Longest time from power-on to the kill, on a very busy host.
const LIMIT: Duration = Duration::from_secs(240);
/// After so many lines at most, and so many milliseconds more at most.
const MOST_LINES: u64 = 100;
const MOST_DELAY: u64 = 40;
/// Where the load writes, in the Linux environment and on the disk.
const PLACE: &str = "power";

/// A machine that can be killed on a disk of its own.
pub struct Victim {
    machine: Machine,
    layers: Tree,
}

/// What came out of it.
pub struct Outcome {
    /// How many lines were heard in all rounds.
    pub heard: usize,
    /// How many files were compared in all rounds.
    pub compared: usize,
}

/// Builds what is needed; `cpus` and `memory` (in MiB) are the guest's.
pub fn prepare(project: &Project, arch: Arch, cpus: u32, memory: u32) -> Result<Victim> {
    setup::emulator(project, arch)?;
    setup::rust_targets(arch)?;
    let built = build::everything(project, arch)?;
    let mut layers = image::layers(project, arch, &built)?;
    let program = build::linux::programs(project, arch)?
        .into_iter()
        .find(|program| program.name == "power")
        .context("user/linux/power.c is missing")?;
    layers.file(&program_path(arch), 0o755, fs::read(&program.file)?);
    let mut machine = Machine::bare(arch, built.kernel.bootable);
    machine.cpus = cpus;
    machine.memory_mebibytes = memory;
    Ok(Victim { machine, layers })
}

fn program_path(arch: Arch) -> String {
    format!("/system/linux-{}/tests/power", arch.name())
}

/// Kills the machine again and again; the error is a sentence, and the disk of that moment is kept
/// in the file that it names. `told` hears of each round.
pub fn run(
    project: &Project,
    victim: &Victim,
    options: Options,
    told: &mut dyn FnMut(&str),
) -> Result<Outcome> {
    let arch = victim.machine.arch;
    let file = disk::temporary(project);
    image::disk::fresh(project, file.path(), DISK, &victim.layers)?;
    let machine = victim.machine.with_root_on(file.as_disk());
    let scratch = Folder(file.path().with_extension("files"));
    let mut promises = Promises::default();
    let mut compared = 0;
    for round in 0..options.kills {
        let mut judge = || -> Result<()> {
            let before = promises.heard;
            load(project, &machine, options.seed, round, &mut promises)?;
            let broken = look(file.path(), arch, &promises, &scratch.0)?;
            if !broken.is_empty() {
                bail!("{}", broken.join("\n"));
            }
            compared += promises.count();
            told(&format!(
                "{}: kill {} of {} after {} lines, {} files as promised",
                arch.name(),
                round + 1,
                options.kills,
                promises.heard - before,
                promises.count()
            ));
            Ok(())
        };
        if let Err(error) = judge() {
            let kept = project.output.join(format!("killed-{}.img", arch.name()));
            image::disk::copy(file.path(), &kept)?;
            let text = format!("kill {} (the disk is {})", round + 1, kept.display());
            return Err(error.context(text));
        }
    }
    Ok(Outcome {
        heard: promises.heard,
        compared,
    })
}

/// Boots, lets the load run for a while and kills the machine.
fn load(
    project: &Project,
    machine: &Machine,
    seed: u64,
    round: u32,
    promises: &mut Promises,
) -> Result<()> {
    let mut files = Tree::default();
    let program = program_path(machine.arch);
    let workers = machine.cpus + 1;
    let order = format!("power\n{program} {seed} {round} {workers} /{PLACE}\n");
    files.file("/etc/scarlet/run", 0o644, order.into_bytes());
    let (machine, _archive) = machine.with_files(project, &files)?;
    let mut console = Console::start(&machine)?;
    let mut lines = Lines::default();
    let number = scramble(seed, u64::from(round));
    let enough = promises.heard + 1 + (number % MOST_LINES) as usize;
    let delay = Duration::from_millis((number >> 32) % MOST_DELAY);
    let mut deadline = Instant::now() + LIMIT;
    let mut killed = false;
    loop {
        match console.receive(deadline) {
            Waited::Bytes(bytes) => {
                let before = promises.heard;
                for line in lines.feed(&bytes) {
                    if let Err(complaint) = promises.hear(&line) {
                        bail!("{complaint}\n{}", console.transcript());
                    }
                }
                if before < enough && promises.heard >= enough {
                    deadline = Instant::now() + delay;
                }
            }
            // What the machine had said before it was killed is read to its end.
            Waited::TimedOut if promises.heard >= enough && !killed => {
                console.kill();
                killed = true;
                deadline = Instant::now() + LIMIT;
            }
            Waited::Ended if killed => return Ok(()),
            Waited::Ended => bail!("the machine ended by itself\n{}", console.transcript()),
            Waited::TimedOut => bail!("the load says too little\n{}", console.transcript()),
        }
    }
}

/// Repairs the disk and compares what is on it with what was promised.
fn look(image: &Path, arch: Arch, promises: &Promises, scratch: &Path) -> Result<Vec<String>> {
    ext2::preen(image)?.map_err(anyhow::Error::msg)?;
    ext2::check(image)?;
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch)?;
    let mut script = Script::default();
    for directory in promises.directories() {
        let from = format!("/system/linux-{}/{PLACE}/{directory}", arch.name());
        script.add("rdump", &[&from, &scratch.display().to_string()])?;
    }
    script.read(image)?;
    Ok(promises.broken(scratch))
}

/// A number for a seed and a round (the finisher of SplitMix64).
fn scramble(seed: u64, round: u64) -> u64 {
    let mut value = seed ^ round.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// Whole lines of what arrives in pieces. A line that a kill has cut off is nothing.
#[derive(Default)]
struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        self.pending.extend_from_slice(bytes);
        let Some(end) = self.pending.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let whole: Vec<u8> = self.pending.drain(..=end).collect();
        let text = String::from_utf8_lossy(&whole).into_owned();
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
