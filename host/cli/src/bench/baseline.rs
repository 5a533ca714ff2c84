//! The baseline: how many instructions each row took when somebody last wrote it down.
//!
//! `tests/bench/instructions.toml` has a table for each architecture and major version of QEMU: the
//! processors that versions emulate differ (an older RISC-V one leaves the marks in page tables to
//! the kernel), and so do their firmwares. A row that takes over 5 % more fails (20 % with a disk); so does one that the
//! file has and the kernel has not. Instructions repeat, so this needs no Linux and no quiet machine.
//! What a change makes faster is written down with `cargo scarlet bench --write-baseline`. Where the
//! host's QEMU has no table, the test is left out, and counted as skipped.

use super::{
    measure::{self, Figure, Figures},
    rows::{self, Row, Source},
};
use crate::{
    arch::Arch,
    guest::{self, Kernel, Machine},
    project::Project,
    test::Case,
    ui,
};
use anyhow::{Context, Result};
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf, process::Command};

/// How much more than the baseline passes.
const TOLERANCE: f64 = 0.05;

/// The same for rows that wait for a disk: which requests come back together is up to the host.
const DISK_TOLERANCE: f64 = 0.20;

fn tolerance(row: &Row) -> f64 {
    match row.source {
        Source::Disk => DISK_TOLERANCE,
        _ => TOLERANCE,
    }
}

type Baseline = BTreeMap<String, BTreeMap<String, f64>>;

fn path(project: &Project) -> PathBuf {
    project.root.join("tests/bench/instructions.toml")
}

fn read(project: &Project) -> Result<Baseline> {
    let path = path(project);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

/// The name of the table for an architecture on this host's QEMU.
fn table(arch: Arch) -> Result<String> {
    let text = ui::quietly(Command::new(arch.emulator()).arg("--version"))?;
    let version = text
        .split_once("version ")
        .and_then(|(_, rest)| rest.split('.').next())
        .with_context(|| format!("what version is {}? It says: {text}", arch.emulator()))?;
    Ok(format!("{}-qemu-{version}", arch.name()))
}

/// Whether a row is held to the baseline. Memory is not counted in instructions, and RISC-V's
/// boot is mostly that of the firmware, whose version is the host's.
fn held(arch: Arch, row: &Row) -> bool {
    match row.source {
        Source::Program | Source::Command(..) | Source::Disk => !row.name.ends_with("_2cpu"),
        Source::FirstProcess => arch == Arch::Aarch64,
        _ => false,
    }
}

/// Measures one machine and says what is worse, or gives a line that says how it went.
pub fn judge(project: &Project, machine: &Machine, rows: &[Row]) -> Result<String, String> {
    let failed = |error: anyhow::Error| format!("{error:#}");
    let arch = machine.arch;
    let rows: Vec<Row> = rows.iter().filter(|row| held(arch, row)).copied().collect();
    let baseline = read(project).map_err(failed)?;
    let table = table(arch).map_err(failed)?;
    let Some(known) = baseline.get(&table) else {
        return Err(format!(
            "there is no table [{table}]: `cargo scarlet bench --write-baseline` writes one"
        ));
    };
    let figures = measure::counted(project, machine, &rows).map_err(failed)?;
    compare(&rows, known, &figures)
}

fn compare(
    rows: &[Row],
    known: &BTreeMap<String, f64>,
    figures: &Figures,
) -> Result<String, String> {
    let (mut worse, mut better) = (String::new(), 0);
    for row in rows {
        let Some(before) = known.get(row.name) else {
            continue;
        };
        match figures.get(row.name) {
            Some(Figure::Value(now)) if *now > before * (1.0 + tolerance(row)) => {
                let percent = (now / before - 1.0) * 100.0;
                let _ = writeln!(
                    worse,
                    "{}: {now:.0} instructions, the baseline has {before:.0}: +{percent:.1} %",
                    row.name
                );
            }
            Some(Figure::Value(now)) => {
                better += usize::from(*now < before * (1.0 - tolerance(row)))
            }
            _ => {
                let _ = writeln!(worse, "{}: was not measured", row.name);
            }
        }
    }
    if worse.is_empty() {
        Ok(format!(
            "{} rows, {better} better than the baseline",
            rows.len()
        ))
    } else {
        worse += "if this is meant: `cargo scarlet bench --write-baseline`";
        Err(worse)
    }
}

/// The same as a test: ring 5. `None` where there is nothing to hold this host's QEMU to.
pub fn case(project: &Project, arch: Arch) -> Result<Option<Case<'_>>> {
    let machine = guest::prepare(project, Kernel::Scarlet, arch)?;
    if !read(project)?.contains_key(&table(arch)?) {
        return Ok(None);
    }
    Ok(Some(Case {
        name: format!("5/{}/bench", arch.name()),
        run: Box::new(move || judge(project, &machine, rows::ROWS).map(drop)),
    }))
}

/// Compares with the baseline; the result is the tool's exit status.
pub fn check(project: &Project, architectures: &[Arch], rows: &[Row]) -> Result<u8> {
    let mut status = 0;
    for &arch in architectures {
        let machine = guest::prepare(project, Kernel::Scarlet, arch)?;
        ui::step(format!("counting instructions on {}", arch.name()));
        let judged = judge(project, &machine, rows);
        ui::clear();
        match judged {
            Ok(text) => println!("ok      {}: {text}", arch.name()),
            Err(text) => {
                println!("FAILED  {}\n{text}", arch.name());
                status = 1;
            }
        }
    }
    Ok(status)
}

/// Writes the figures of the selected rows and architectures; the others stay as they are.
pub fn write(project: &Project, architectures: &[Arch], rows: &[Row]) -> Result<u8> {
    let mut baseline = if path(project).is_file() {
        read(project)?
    } else {
        Baseline::new()
    };
    for &arch in architectures {
        let machine = guest::prepare(project, Kernel::Scarlet, arch)?;
        ui::step(format!("counting instructions on {}", arch.name()));
        let rows: Vec<Row> = rows.iter().filter(|row| held(arch, row)).copied().collect();
        let figures = measure::counted(project, &machine, &rows)?;
        let known = baseline.entry(table(arch)?).or_default();
        for (name, figure) in figures {
            if let Figure::Value(value) = figure {
                known.insert(name, value);
            }
        }
    }
    let mut text = String::from(
        "# Guest instructions for one operation, written by `cargo scarlet bench --write-baseline`.\n\
         # `cargo scarlet test --ring 5` fails where a row takes over 5 % more.\n",
    );
    for (name, table) in &baseline {
        let _ = writeln!(text, "\n[{name}]");
        for row in rows::ROWS {
            if let Some(value) = table.get(row.name) {
                let _ = writeln!(text, "{} = {value:.1}", row.name);
            }
        }
    }
    crate::project::write_if_changed(&path(project), text.as_bytes())?;
    ui::clear();
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_more_fails() {
        let rows = rows::select(Some("stat")).unwrap();
        let known = BTreeMap::from([("stat".to_owned(), 1000.0)]);
        let figures = |value| Figures::from([("stat".to_owned(), Figure::Value(value))]);
        assert!(compare(&rows, &known, &figures(1049.0)).is_ok());
        assert!(compare(&rows, &known, &figures(1051.0)).is_err());
        assert!(compare(&rows, &known, &Figures::new()).is_err());
        assert!(compare(&rows, &BTreeMap::new(), &Figures::new()).is_ok());
    }
}
