//! Shows what was measured: as text, as JSON, and as a page of the documentation.

use super::{
    chart, forms,
    measure::{Comparison, Figure, Figures},
    rows::Row,
};
use crate::project::Project;
use anyhow::Result;
use std::{fmt::Write, fs};

/// Scarlet's figure over Linux's, where both are there.
pub fn ratio(pair: &[Figures; 2], row: &Row) -> Option<f64> {
    let [ours, reference] = pair;
    Some(ours.get(row.name)?.value()? / reference.get(row.name)?.value()?)
}

/// The geometric mean of the ratios of all rows that are times, and how many there are.
pub fn mean(result: &Comparison, pair: &[Figures; 2]) -> Option<(f64, usize)> {
    let ratios: Vec<f64> = result
        .rows
        .iter()
        .filter(|row| row.source.is_time())
        .filter_map(|row| ratio(pair, row))
        .collect();
    let count = ratios.len();
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (count > 0).then(|| ((sum / count as f64).exp(), count))
}

/// A line of the table: the row's title and its six cells.
fn cells(result: &Comparison, row: &Row) -> [String; 6] {
    let show = |figures: &Figures| match figures.get(row.name) {
        Some(Figure::Value(value)) if row.source.is_time() => grouped(*value),
        Some(Figure::Value(value)) => format!("{} KiB", grouped(*value)),
        Some(Figure::Missing(_)) => "not there".to_owned(),
        None => "-".to_owned(),
    };
    let over = |pair: &[Figures; 2]| match ratio(pair, row) {
        Some(ratio) => format!("{ratio:.2}"),
        None => "-".to_owned(),
    };
    [
        show(&result.instructions[0]),
        show(&result.instructions[1]),
        over(&result.instructions),
        show(&result.wall[0]),
        show(&result.wall[1]),
        over(&result.wall),
    ]
}

const HEADINGS: [&str; 6] = [
    "instr. Scarlet",
    "instr. Linux",
    "ratio",
    "ns Scarlet",
    "ns Linux",
    "ratio",
];

fn mean_line(result: &Comparison) -> String {
    let show = |pair| match mean(result, pair) {
        Some((mean, count)) => format!("{mean:.3} ({count} rows)"),
        None => "-".to_owned(),
    };
    format!(
        "Geometric mean of the ratios: instructions {}, wall time {}.",
        show(&result.instructions),
        show(&result.wall)
    )
}

/// The table for a terminal.
pub fn text(result: &Comparison) -> String {
    let mut text = format!(
        "{}: Scarlet beside Debian's Linux; instructions with one CPU, wall time with two\n\n",
        result.arch.name()
    );
    let width = |column: usize| if column % 3 == 2 { 7 } else { 17 };
    let _ = write!(text, "{:<20}", "");
    for (column, heading) in HEADINGS.iter().enumerate() {
        let _ = write!(text, "{heading:>0$}", width(column));
    }
    text.push('\n');
    for row in &result.rows {
        let _ = write!(text, "{:<20}", row.name);
        for (column, cell) in cells(result, row).iter().enumerate() {
            let _ = write!(text, "{cell:>0$}", width(column));
        }
        text.push('\n');
    }
    for (kernel, figures) in ["Scarlet", "Linux"].iter().zip(&result.instructions) {
        for (name, figure) in figures {
            if let Figure::Missing(reason) = figure {
                let _ = writeln!(text, "{name} is not there on {kernel}: {reason}");
            }
        }
    }
    let _ = writeln!(text, "\n{}", mean_line(result));
    let lines = forms::table(result.arch, &result.instructions[0], &result.forms);
    if !lines.is_empty() {
        let _ = writeln!(text, "\nthe same through each ABI, instructions on Scarlet");
        let mut heading = vec![String::new(), "linux".to_owned()];
        heading.extend(
            forms::forms(result.arch)
                .iter()
                .map(|form| form.name.to_owned()),
        );
        for line in [heading].iter().chain(&lines) {
            let _ = write!(text, "{:<20}", line[0]);
            for cell in &line[1..] {
                let _ = write!(text, "{cell:>17}");
            }
            text.push('\n');
        }
    }
    text
}

/// `1234567.8` as `1,234,568`; small numbers keep a digit after the point.
fn grouped(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// All figures as JSON. Names are plain words, so nothing needs escaping.
pub fn json(results: &[Comparison]) -> String {
    let object = |figures: &Figures| {
        let fields: Vec<String> = figures
            .iter()
            .map(|(name, figure)| match figure {
                Figure::Value(value) => format!("\"{name}\": {value:.1}"),
                Figure::Missing(_) => format!("\"{name}\": null"),
            })
            .collect();
        format!("{{{}}}", fields.join(", "))
    };
    let parts: Vec<String> = results
        .iter()
        .map(|result| {
            let pair = |pair: &[Figures; 2]| {
                format!(
                    "{{\n      \"scarlet\": {},\n      \"linux\": {}\n    }}",
                    object(&pair[0]),
                    object(&pair[1])
                )
            };
            format!(
                "  \"{}\": {{\n    \"instructions\": {},\n    \"wall_ns\": {},\n    \"forms\": {},\n    \"runs\": {}\n  }}",
                result.arch.name(),
                pair(&result.instructions),
                pair(&result.wall),
                object(&result.forms),
                result.runs
            )
        })
        .collect();
    format!("{{\n{}\n}}\n", parts.join(",\n"))
}

/// Writes the page `docs/src/benchmarks.md` and a chart for each architecture.
pub fn write_docs(project: &Project, results: &[Comparison]) -> Result<()> {
    let folder = project.root.join("docs/src");
    let mut page = String::from(
        "# Benchmarks\n\n\
         Written by `cargo scarlet bench --write-docs`; do not edit by hand.\n\n\
         The same static program and the same BusyBox on Scarlet and on Debian's Linux 6.12, in the\n\
         same QEMU machine. **Instructions**: guest instructions for one operation, one CPU, `-icount`;\n\
         they repeat on any machine. **ns**: wall time on an emulated machine with two CPUs, a median;\n\
         only the ratio means something. Ratios are Scarlet's figure over Linux's: below 1, Scarlet does\n\
         the same with less.\n",
    );
    for result in results {
        let name = result.arch.name();
        let _ = write!(
            page,
            "\n## {name}\n\n![Ratios on {name}](benchmarks-{name}.svg)\n\n| |"
        );
        for heading in HEADINGS {
            let _ = write!(page, " {heading} |");
        }
        page += "\n|---|--:|--:|--:|--:|--:|--:|\n";
        for row in &result.rows {
            let _ = write!(page, "| {} |", row.title);
            for cell in cells(result, row) {
                let _ = write!(page, " {cell} |");
            }
            page.push('\n');
        }
        let runs = match result.runs {
            0 => String::from("Wall times were left out."),
            runs => format!("Wall times are medians of {runs} runs."),
        };
        let _ = writeln!(page, "\n{} {runs}", mean_line(result));
        let mut heading = vec!["the same through each ABI".to_owned(), "linux".to_owned()];
        let other = forms::forms(result.arch);
        heading.extend(other.iter().map(|form| form.name.to_owned()));
        let _ = writeln!(page, "\n| {} |", heading.join(" | "));
        let _ = writeln!(page, "|---|--:{}|", "|--:".repeat(other.len()));
        for line in forms::table(result.arch, &result.instructions[0], &result.forms) {
            let title = result.rows.iter().find(|row| row.name == line[0]);
            let title = title.map_or(line[0].as_str(), |row| row.title);
            let _ = writeln!(page, "| {title} | {} |", line[1..].join(" | "));
        }
        fs::write(
            folder.join(format!("benchmarks-{name}.svg")),
            chart::svg(result),
        )?;
    }
    fs::write(folder.join("benchmarks.md"), page)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(1_234_567.8), "1,234,568");
        assert_eq!(grouped(123.4), "123");
        assert_eq!(grouped(12.34), "12.3");
    }
}
