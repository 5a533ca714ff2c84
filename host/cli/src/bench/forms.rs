//! The basic rows through the other two ABIs: the native and the xv6 form of the same thing.
//!
//! Their programs (`bench` in `user/bin` and `user/xv6`) only repeat; the Linux benchmark program
//! runs and times them, once with a count and once with none, and the difference is the row's.

use super::{
    measure::{self, Figure, Figures},
    rows::Row,
};
use crate::{arch::Arch, guest::Machine, project::Project};
use anyhow::Result;
use std::fmt::Write;

/// The rows that have other forms, and how often each is done.
const ROWS: &[(&str, u32)] = &[
    ("null_call", 20_000),
    ("read_byte", 20_000),
    ("write_byte", 20_000),
    ("open_close", 5_000),
    ("stat", 5_000),
    ("fork_exit", 100),
    ("fork_exec", 50),
    ("pipe_pingpong", 3_000),
];

/// An ABI that is not Linux's: its name, and its program as a Linux program sees it.
pub struct Form {
    /// The name.
    pub name: &'static str,
    program: &'static str,
    /// The rows that it has no call for.
    lacks: &'static [&'static str],
}

/// The other ABIs of a machine.
pub fn forms(arch: Arch) -> &'static [Form] {
    const ALL: &[Form] = &[
        Form {
            name: "native",
            program: "/scarlet/system/scarlet/bin/bench",
            lacks: &[],
        },
        Form {
            name: "xv6",
            program: "/scarlet/system/xv6-riscv64/bench",
            lacks: &["stat"],
        },
    ];
    match arch {
        Arch::Riscv64 => ALL,
        Arch::Aarch64 => &ALL[..1],
    }
}

/// Guest instructions of every form of the rows: names are `native.null_call` and so on.
pub fn counted(project: &Project, machine: &Machine, rows: &[Row]) -> Result<Figures> {
    let mut script = String::new();
    let wanted = |name: &str| rows.iter().any(|row| row.name == name);
    for form in forms(machine.arch) {
        for (name, count) in ROWS {
            if wanted(name) && !form.lacks.contains(name) {
                for times in [0, *count] {
                    let _ = writeln!(
                        script,
                        "/tests/bench command {}.{name}.{times} 1 {} {name} {times}",
                        form.name, form.program
                    );
                }
            }
        }
    }
    if script.is_empty() {
        return Ok(Figures::new());
    }
    let mut machine = machine.clone();
    machine.cpus = 1;
    machine.instruction_count = true;
    let found = measure::script(project, &machine, &script)?;
    let mut figures = Figures::new();
    for form in forms(machine.arch) {
        for (name, count) in ROWS {
            let run = |times: u32| found.get(&format!("{}.{name}.{times}", form.name));
            let figure = match (run(0), run(*count)) {
                (Some(Figure::Value(none)), Some(Figure::Value(all))) => {
                    Figure::Value((all - none) / f64::from(*count))
                }
                (None, None) => continue,
                _ => Figure::Missing("it failed".to_owned()),
            };
            figures.insert(format!("{}.{name}", form.name), figure);
        }
    }
    Ok(figures)
}

/// A table of them beside Linux's form: heading cells and rows of cells.
pub fn table(arch: Arch, linux: &Figures, forms_: &Figures) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for (name, _) in ROWS {
        let mut line = vec![(*name).to_owned()];
        let show = |figure: Option<&Figure>| match figure {
            Some(Figure::Value(value)) => format!("{value:.0}"),
            Some(Figure::Missing(_)) => "not there".to_owned(),
            None => "-".to_owned(),
        };
        line.push(show(linux.get(*name)));
        for form in forms(arch) {
            line.push(show(forms_.get(&format!("{}.{name}", form.name))));
        }
        if line[2..].iter().any(|cell| cell != "-") {
            lines.push(line);
        }
    }
    lines
}
