//! `cargo scarlet bench`: how fast Scarlet is, beside Debian's Linux on the same machine in QEMU.
//!
//! The same static program (`user/linux/bench`) and the same command lines run on both kernels,
//! measured twice: as **guest instructions** (one CPU, `-icount`: a nanosecond of the guest's clock
//! is an instruction, so the figures repeat whatever else this machine does) and as **wall time**
//! (two CPUs, the median of several runs, the kernels in turn). [`rows`] says what there is,
//! [`measure`] runs it, [`report`] shows it, and [`baseline`] keeps it from getting worse.

pub mod baseline;
mod chart;
mod disks;
mod forms;
mod measure;
mod report;
mod rows;

use crate::{
    arch::Arch,
    guest::{self, Kernel},
    project::Project,
    ui,
};
use anyhow::{Result, bail};
use std::{fs, path::PathBuf};

/// What to measure and where to put it.
pub struct Options {
    /// Only this architecture.
    pub arch: Option<Arch>,
    /// Only this group of rows, or this row.
    pub only: Option<String>,
    /// Runs on each kernel for wall time; 0 leaves wall time out.
    pub runs: usize,
    /// Where to write all figures as JSON.
    pub json: Option<PathBuf>,
    /// Compare Scarlet's instructions with the committed baseline, and nothing else.
    pub check: bool,
    /// Write the baseline.
    pub write_baseline: bool,
    /// Write the page and the charts of the documentation.
    pub write_docs: bool,
}

/// Measures and reports; the result is the tool's exit status.
pub fn run(project: &Project, options: &Options) -> Result<u8> {
    let wanted = rows::select(options.only.as_deref())?;
    let architectures: Vec<Arch> = Arch::ALL
        .into_iter()
        .filter(|arch| options.arch.is_none_or(|only| only == *arch))
        .collect();
    if options.check {
        return baseline::check(project, &architectures, &wanted);
    }
    if options.write_baseline {
        return baseline::write(project, &architectures, &wanted);
    }
    if options.write_docs && (options.only.is_some() || options.arch.is_some()) {
        bail!("--write-docs writes the whole page: leave out --arch and --only");
    }
    let mut results = Vec::new();
    for arch in architectures {
        let ours = guest::prepare(project, Kernel::Scarlet, arch)?;
        let reference = guest::prepare(project, Kernel::Linux, arch)?;
        let result = measure::everything(project, [&ours, &reference], &wanted, options.runs)?;
        ui::clear();
        println!("{}", report::text(&result));
        results.push(result);
    }
    if let Some(path) = &options.json {
        fs::write(path, report::json(&results))?;
    }
    if options.write_docs {
        report::write_docs(project, &results)?;
    }
    Ok(0)
}
