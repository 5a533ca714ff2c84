//! `cargo scarlet soak`: a mixed load in the guest for a long time, decided by a seed, and at its
//! end nothing may be missing.
//!
//! The load is `user/linux/soak.c`: it forks, executes programs of every ABI, uses pipes, sockets,
//! files, signals, threads and memory, and kills in the midst of it; it compares memory, processes,
//! threads and handles before and after. Here the machine is started and watched. What went wrong
//! is told with the seed and the line that runs it again. With `--kills` it is another load, cut off
//! again and again ([`crate::kills`]).

use crate::{
    arch::Arch,
    build,
    guest::{self, Kernel},
    image::cpio::Tree,
    kills,
    project::Project,
    ui,
};
use anyhow::{Context, Result};
use std::{
    fs,
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What to run, and for how long.
pub struct Options {
    /// Only this architecture; both, one after the other, when absent.
    pub arch: Option<Arch>,
    /// What is done on each.
    pub load: Load,
    /// CPUs of the guest.
    pub cpus: u32,
    /// Its memory, in MiB.
    pub memory: u32,
    /// What decides everything; of the clock when absent.
    pub seed: Option<u64>,
}

/// What the machine goes through.
#[derive(Clone, Copy)]
pub enum Load {
    /// Minutes of everything.
    Minutes(u32),
    /// So many kills in the midst of writing ([`crate::kills`]).
    Kills(u32),
}

/// Time for booting, for warming up and for what a slow host adds.
const MARGIN: Duration = Duration::from_secs(600);

/// Runs the load; the tool's exit status is 1 where something was lost or went wrong.
pub fn run(project: &Project, options: &Options) -> Result<u8> {
    let seed = options.seed.unwrap_or_else(|| {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_secs() % 1_000_000)
    });
    let mut status = 0;
    for arch in Arch::ALL {
        if options.arch.is_some_and(|only| only != arch) {
            continue;
        }
        let minutes = match options.load {
            Load::Minutes(minutes) => minutes,
            Load::Kills(kills) => {
                status |= u8::from(!killed(project, arch, kills, options, seed)?);
                continue;
            }
        };
        let name = arch.name();
        let mut machine = guest::prepare(project, Kernel::Scarlet, arch)?;
        machine.cpus = options.cpus;
        machine.memory_mebibytes = options.memory;
        // A panic shows what programs asked for last.
        machine.append = "record".to_owned();
        let program = build::linux::programs(project, arch)?
            .into_iter()
            .find(|program| program.name == "soak")
            .context("user/linux/soak.c is missing")?;
        let mut tree = Tree::default();
        tree.file(
            &format!("/system/linux-{name}/tests/soak"),
            0o755,
            fs::read(&program.file)?,
        );
        let seconds = minutes * 60;
        let workers = options.cpus * 2;
        let command = format!(
            "/system/linux-{name}/tests/soak {seed} {seconds} {workers} {}",
            options.memory
        );
        ui::clear();
        println!(
            "{name}: {minutes} minutes of load on {} CPUs and {} MiB, seed {seed}",
            options.cpus, options.memory
        );
        let limit = Duration::from_secs(u64::from(seconds) * 2) + MARGIN;
        let mut output = std::io::stdout();
        let ended = guest::run_framed(project, &machine, &command, tree, limit, &mut |bytes| {
            let _ = output.write_all(bytes).and_then(|()| output.flush());
        });
        match ended {
            Ok(0) => println!("ok      {name}"),
            Ok(_) | Err(_) => {
                if let Err(error) = ended {
                    println!("{error:#}");
                }
                println!(
                    "FAILED  {name}; again: cargo scarlet soak --arch {name} --minutes {minutes} --cpus {} \
                     --memory {}M --seed {seed}",
                    options.cpus, options.memory
                );
                status = 1;
            }
        }
    }
    Ok(status)
}

/// Kills the machine again and again; whether nothing was lost.
fn killed(project: &Project, arch: Arch, kills: u32, options: &Options, seed: u64) -> Result<bool> {
    let name = arch.name();
    let victim = kills::prepare(project, arch, options.cpus, options.memory)?;
    ui::clear();
    println!("{name}: {kills} kills on one disk, seed {seed}");
    let wanted = kills::Options { kills, seed };
    match kills::run(project, &victim, wanted, &mut |line| println!("{line}")) {
        Ok(outcome) => {
            println!(
                "ok      {name}: {} lines heard, {} files compared",
                outcome.heard, outcome.compared
            );
            Ok(true)
        }
        Err(error) => {
            println!(
                "{error:#}\nFAILED  {name}; the same load again: cargo scarlet soak --arch {name} \
                 --kills {kills} --cpus {} --memory {}M --seed {seed}",
                options.cpus, options.memory
            );
            Ok(false)
        }
    }
}
