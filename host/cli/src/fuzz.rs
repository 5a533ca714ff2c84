//! `cargo scarlet fuzz`: wrong input until the time is over.
//!
//! Two kinds of target. The tables of calls (`linux`, `native`, `xv6`) are fuzzed on the hosted
//! kernel, by a test of ring 2 that is told how long; it needs nothing but this project's own
//! compiler, and the seed it names replays what it finds. The parsers (`elf`, `cpio`, `ext2` and others)
//! are libFuzzer's, which needs a nightly compiler and cargo-fuzz.

use crate::{project::Project, ui};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::process::{Command, Stdio};

/// What is fuzzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Target {
    /// The table of Linux calls
    Linux,
    /// The table of native calls
    Native,
    /// The table of xv6 calls
    Xv6,
    /// The ELF loader (libFuzzer)
    Elf,
    /// The reader of cpio archives (libFuzzer)
    Cpio,
    /// The ext2 file system, mounted and written to on changed images (libFuzzer)
    Ext2,
    /// ext4, read on changed images (libFuzzer)
    Ext4,
    /// The FAT file system, mounted and written to on changed images (libFuzzer)
    Fat,
    /// Overlays whose layers bear wrong marks (libFuzzer)
    Overlay,
    /// The reader of device trees (libFuzzer)
    DeviceTree,
    /// Paths and their resolution (libFuzzer)
    Paths,
    /// Partition tables (libFuzzer)
    Partitions,
}

/// The command's options.
#[derive(Args)]
pub struct Options {
    /// What to fuzz
    #[arg(value_enum)]
    target: Target,
    /// Stop after this many minutes [default: 5, if --calls is not given either]
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Stop after this many calls, or inputs
    #[arg(long, value_name = "N")]
    calls: Option<u64>,
    /// Begin with this seed; a table's campaign takes the next one for each machine
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
}

/// Without another limit, minutes.
const MINUTES: u64 = 5;

/// Fuzzes; 0 if nothing was found.
pub fn run(project: &Project, options: &Options) -> Result<u8> {
    ui::clear();
    let minutes = options.minutes.or(match options.calls {
        None => Some(MINUTES),
        Some(_) => None,
    });
    let mut command = match options.target {
        Target::Linux => table(options, minutes, "linux_calls"),
        Target::Native => table(options, minutes, "native_calls"),
        Target::Xv6 => table(options, minutes, "xv6_calls"),
        parser => lib_fuzzer(options, minutes, name(parser))?,
    };
    let status = command
        .current_dir(&project.root)
        .stdin(Stdio::null())
        .status()
        .context("cannot run cargo")?;
    Ok(u8::from(!status.success()))
}

/// The name as it is typed.
fn name(target: Target) -> String {
    target
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The test of ring 2, with every check of the kernel and optimised.
fn table(options: &Options, minutes: Option<u64>, test: &str) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["test", "--quiet", "--profile", "fuzz"])
        .args(["--package", "scarlet-hosted-tests", "--test", "fuzz", "--"])
        .args(["--exact", "--nocapture", test]);
    let settings = [
        ("SCARLET_FUZZ_MINUTES", minutes),
        ("SCARLET_FUZZ_CALLS", options.calls),
        ("SCARLET_FUZZ_SEED", options.seed),
    ];
    for (name, value) in settings {
        command.env_remove(name);
        if let Some(value) = value {
            command.env(name, value.to_string());
        }
    }
    command
}

/// cargo-fuzz, if there is one, and a nightly compiler for it.
fn lib_fuzzer(options: &Options, minutes: Option<u64>, name: String) -> Result<Command> {
    for needed in [["+nightly", "--version"], ["fuzz", "--version"]] {
        let found = Command::new("cargo")
            .args(needed)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !found {
            bail!(
                "the fuzzer of {name} is libFuzzer's: it needs a nightly compiler and cargo-fuzz \
                 (`rustup toolchain install nightly && cargo install cargo-fuzz`)"
            );
        }
    }
    let mut command = Command::new("cargo");
    // The kernel's threads have stacks of their own on the hosted machine, which AddressSanitizer takes for errors; what
    // it looks for cannot be in crates that forbid `unsafe`.
    command.args(["+nightly", "fuzz", "run", "--sanitizer=none", &name, "--"]);
    let settings = [
        ("max_total_time", minutes.map(|minutes| 60 * minutes)),
        ("runs", options.calls),
        ("seed", options.seed),
    ];
    for (name, value) in settings {
        command.args(value.map(|value| format!("-{name}={value}")));
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_typed_as_their_files_are_called() {
        assert_eq!(name(Target::DeviceTree), "device_tree");
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/fuzz_targets");
        for parser in [
            Target::Elf,
            Target::Cpio,
            Target::DeviceTree,
            Target::Paths,
            Target::Partitions,
        ] {
            let file = format!("{directory}/{}.rs", name(parser));
            assert!(std::path::Path::new(&file).is_file(), "{file}");
        }
    }
}
