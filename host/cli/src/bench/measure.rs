//! Runs the rows on machines and collects the figures.

use super::{
    disks, forms,
    rows::{Row, Source},
};
use crate::{
    arch::Arch,
    build,
    guest::{
        self, Kernel, Machine,
        console::{Console, Waited},
    },
    image::cpio::Tree,
    project::Project,
    ui,
};
use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

/// Longest time for all rows on one machine.
const LIMIT: Duration = Duration::from_secs(900);
/// How long a row runs for wall time, in milliseconds.
const WALL_ROW: u32 = 60;
/// Memory of the machine whose use of memory is measured, in MiB.
const SMALL: u32 = 128;

/// One figure: nanoseconds or instructions for one thing done, or KiB.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// It was measured.
    Value(f64),
    /// The kernel lacks what the row needs; the reason is an error's name.
    Missing(String),
}

impl Figure {
    /// The value, if there is one.
    pub fn value(&self) -> Option<f64> {
        match self {
            Figure::Value(value) => Some(*value),
            Figure::Missing(_) => None,
        }
    }
}

/// Figures by the rows' names.
pub type Figures = BTreeMap<String, Figure>;

/// What was measured on one architecture; of each pair, Scarlet's comes first.
pub struct Comparison {
    /// The architecture.
    pub arch: Arch,
    /// What was asked for.
    pub rows: Vec<Row>,
    /// Guest instructions.
    pub instructions: [Figures; 2],
    /// Nanoseconds of wall time: medians.
    pub wall: [Figures; 2],
    /// Guest instructions of the native and xv6 forms: see [`super::forms`].
    pub forms: Figures,
    /// How many runs each median is of.
    pub runs: usize,
}

/// Measures all rows on both kernels, instructions first.
pub fn everything(
    project: &Project,
    machines: [&Machine; 2],
    rows: &[Row],
    runs: usize,
) -> Result<Comparison> {
    let arch = machines[0].arch;
    ui::step(format!("counting instructions on {}", arch.name()));
    // Instructions do not depend on what else runs here: both at once.
    let [ours, reference] = std::thread::scope(|scope| {
        machines
            .map(|machine| scope.spawn(move || counted(project, machine, rows)))
            .map(|thread| thread.join().unwrap_or_else(|_| panic_to_error()))
    });
    let mut instructions = [ours?, reference?];
    for (figures, machine) in instructions.iter_mut().zip(machines) {
        ui::step(format!("memory on {}", arch.name()));
        figures.extend(memory(project, machine, rows)?);
    }
    let mut wall: [Vec<Figures>; 2] = Default::default();
    for turn in 0..runs {
        for (collected, machine) in wall.iter_mut().zip(machines) {
            ui::step(format!(
                "wall time on {}, run {} of {runs}",
                arch.name(),
                turn + 1
            ));
            collected.push(timed(project, machine, rows)?);
        }
    }
    Ok(Comparison {
        arch,
        rows: rows.to_vec(),
        instructions,
        wall: wall.map(|runs| medians(&runs)),
        forms: forms::counted(project, machines[0], rows)?,
        runs,
    })
}

fn panic_to_error() -> Result<Figures> {
    Err(anyhow::anyhow!("a measuring thread panicked"))
}

/// Guest instructions of every row that is a time.
pub fn counted(project: &Project, machine: &Machine, rows: &[Row]) -> Result<Figures> {
    let mut machine = machine.clone();
    machine.cpus = 1;
    machine.instruction_count = true;
    let mut figures = times(project, &machine, rows, 0)?;
    figures.extend(disks::times(project, &machine, rows)?);
    figures.extend(first_process(project, &machine, rows)?);
    Ok(figures)
}

/// One run for wall time.
fn timed(project: &Project, machine: &Machine, rows: &[Row]) -> Result<Figures> {
    let mut figures = times(project, machine, rows, WALL_ROW)?;
    figures.extend(disks::times(project, machine, rows)?);
    figures.extend(first_process(project, machine, rows)?);
    Ok(figures)
}

/// Where the Linux environment's root is in the machine's file system.
fn system(machine: &Machine) -> String {
    match machine.kernel {
        Kernel::Scarlet => format!("/system/linux-{}", machine.arch.name()),
        Kernel::Linux => String::new(),
    }
}

fn files(project: &Project, machine: &Machine) -> Result<Tree> {
    let program = build::linux::benchmark(project, machine.arch)?;
    let mut tree = Tree::default();
    tree.file(
        &format!("{}/tests/bench", system(machine)),
        0o755,
        fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?,
    );
    Ok(tree)
}

/// The rows that the benchmark program measures, in one boot.
fn times(project: &Project, machine: &Machine, rows: &[Row], milliseconds: u32) -> Result<Figures> {
    let mut script = String::new();
    let own: Vec<&str> = rows
        .iter()
        .filter(|row| row.source == Source::Program)
        .map(|row| row.name)
        .collect();
    if !own.is_empty() {
        script += &format!("/tests/bench rows {milliseconds} {}\n", own.join(" "));
    }
    for row in rows {
        if let Source::Command(count, before, words) = row.source {
            script += &format!(
                "{before}\n/tests/bench command {} {count} {words}\n",
                row.name
            );
        }
    }
    if script.is_empty() {
        return Ok(Figures::new());
    }
    self::script(project, machine, &script)
}

/// Runs lines of a script that print rows, on a machine that has the benchmark program.
pub fn script(project: &Project, machine: &Machine, lines: &str) -> Result<Figures> {
    // What a kernel still does for itself after booting must not be counted: it gets a second.
    let script = format!("export PATH=/bin HOME=/root\ncd /tmp; sleep 1\n{lines}");
    let mut files = files(project, machine)?;
    let system = system(machine);
    files.file(
        &format!("{system}/tests/bench.sh"),
        0o644,
        script.into_bytes(),
    );
    let mut output = Vec::new();
    guest::run_framed(
        project,
        machine,
        &format!("{system}/bin/busybox sh /tests/bench.sh"),
        files,
        LIMIT,
        &mut |bytes| output.extend_from_slice(bytes),
    )?;
    Ok(parse(&String::from_utf8_lossy(&output)))
}

/// The lines `row NAME NANOSECONDS COUNT` and `row NAME missing REASON` of some output.
fn parse(output: &str) -> Figures {
    let mut figures = Figures::new();
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["row", name, first, rest @ ..] = words.as_slice() else {
            continue;
        };
        let figure = match (first.parse::<f64>(), rest.first().map(|word| word.parse())) {
            (Ok(took), Some(Ok::<f64, _>(count))) if count > 0.0 => Figure::Value(took / count),
            _ => Figure::Missing(rest.join(" ")),
        };
        figures.insert((*name).to_owned(), figure);
    }
    figures
}

/// The benchmark program as the first process says when it began.
fn first_process(project: &Project, machine: &Machine, rows: &[Row]) -> Result<Figures> {
    if !rows.iter().any(|row| row.source == Source::FirstProcess) {
        return Ok(Figures::new());
    }
    let mut machine = machine.clone();
    machine.append = match machine.kernel {
        Kernel::Scarlet => format!("init={}/tests/bench", system(&machine)),
        Kernel::Linux => "rdinit=/tests/bench".to_owned(),
    };
    let (machine, _file) = machine.with_files(project, &files(project, &machine)?)?;
    let mut console = Console::start(&machine)?;
    let deadline = Instant::now() + Duration::from_secs(120);
    while let Waited::Bytes(_) = console.receive(deadline) {}
    let mut figures = parse(&console.transcript());
    figures.retain(|name, _| name == "boot");
    Ok(figures)
}

/// The rows about memory, in KiB. They are the same in both ways of measuring.
fn memory(project: &Project, machine: &Machine, rows: &[Row]) -> Result<Figures> {
    let mut figures = Figures::new();
    let wants = |source| rows.iter().any(|row| row.source == source);
    if wants(Source::MemoryUsed) || wants(Source::MemoryTaken) {
        let mut small = machine.clone();
        small.memory_mebibytes = SMALL;
        let mut output = Vec::new();
        let command = format!("{}/bin/busybox cat /proc/meminfo", system(machine));
        guest::run_framed(
            project,
            &small,
            &command,
            Tree::default(),
            Duration::from_secs(120),
            &mut |bytes| output.extend_from_slice(bytes),
        )?;
        let text = String::from_utf8_lossy(&output).into_owned();
        let field = |name: &str| -> Option<f64> {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        let sum = |names: &[&str]| -> Option<f64> { names.iter().map(|name| field(name)).sum() };
        // What `free` subtracts from the total.
        let idle = sum(&["MemFree:", "Buffers:", "Cached:", "SReclaimable:"]);
        let mut put = |source, total: Option<f64>| {
            for row in rows.iter().filter(|row| row.source == source) {
                let figure = match (total, idle) {
                    (Some(total), Some(idle)) => Figure::Value(total - idle),
                    _ => Figure::Missing("/proc/meminfo".to_owned()),
                };
                figures.insert(row.name.to_owned(), figure);
            }
        };
        put(Source::MemoryUsed, field("MemTotal:"));
        put(Source::MemoryTaken, Some(f64::from(SMALL) * 1024.0));
    }
    for row in rows.iter().filter(|row| row.source == Source::LeastMemory) {
        let least = least_memory(project, machine)?;
        figures.insert(
            row.name.to_owned(),
            Figure::Value(f64::from(least) * 1024.0),
        );
    }
    Ok(figures)
}

/// The smallest machine, in MiB, on which BusyBox's shell runs a command, to the MiB.
fn least_memory(project: &Project, machine: &Machine) -> Result<u32> {
    let works = |mebibytes: u32| {
        let mut small = machine.clone();
        small.memory_mebibytes = mebibytes;
        if small.kernel == Kernel::Linux {
            // Without memory it panics; a reboot ends the emulator.
            small.append = "panic=-1".to_owned();
        }
        let command = format!("{}/bin/busybox sh -c 'echo prompt'", system(machine));
        let mut output = Vec::new();
        let ended = guest::run_framed_quietly(
            project,
            &small,
            &command,
            Duration::from_secs(60),
            &mut |bytes| output.extend_from_slice(bytes),
        );
        matches!(ended, Ok(0)) && output.starts_with(b"prompt")
    };
    let (mut too_small, mut enough) = (4, SMALL);
    while enough - too_small > 1 {
        let middle = (too_small + enough) / 2;
        if works(middle) {
            enough = middle;
        } else {
            too_small = middle;
        }
    }
    Ok(enough)
}

/// The median of each row; a row that was missing once is missing.
fn medians(runs: &[Figures]) -> Figures {
    let mut figures = Figures::new();
    let Some(first) = runs.first() else {
        return figures;
    };
    for name in first.keys() {
        let found: Vec<&Figure> = runs.iter().filter_map(|run| run.get(name)).collect();
        let mut values: Vec<f64> = found.iter().filter_map(|figure| figure.value()).collect();
        values.sort_by(f64::total_cmp);
        let missing = found.iter().find(|figure| figure.value().is_none());
        let figure = match missing {
            Some(missing) => (*missing).clone(),
            None => Figure::Value(values[values.len() / 2]),
        };
        figures.insert(name.clone(), figure);
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_figures() {
        let figures = parse("noise\nrow a 1000 10\r\nrow b missing ENOSYS\nrow c 5 0\n");
        assert_eq!(figures["a"], Figure::Value(100.0));
        assert_eq!(figures["b"], Figure::Missing("ENOSYS".to_owned()));
        assert!(figures["c"].value().is_none());
    }

    #[test]
    fn a_row_that_was_missing_once_is_missing() {
        let run = |value| Figures::from([("a".to_owned(), value)]);
        let all = [3.0, 1.0, 2.0].map(|value| run(Figure::Value(value)));
        assert_eq!(medians(&all)["a"], Figure::Value(2.0));
        let holed = [run(Figure::Value(1.0)), run(Figure::Missing("x".into()))];
        assert!(medians(&holed)["a"].value().is_none());
    }
}
