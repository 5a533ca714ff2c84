//! The chart: a bar for each row's ratio, instructions above wall time, and a line where Linux is.

use super::{
    measure::Comparison,
    report::{mean, ratio},
};
use std::fmt::Write;

const LABELS: u32 = 330;
const PLOT: f64 = 420.0;
const STEP: u32 = 24;
/// Longer bars are cut here; their number still says how long they are.
const LONGEST: f64 = 1.5;

/// The chart of an architecture as an SVG document.
pub fn svg(result: &Comparison) -> String {
    let rows: Vec<_> = result
        .rows
        .iter()
        .filter(|row| row.source.is_time())
        .collect();
    let height = 60 + (rows.len() as u32 + 1) * STEP;
    let width = LABELS + PLOT as u32 + 60;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"20\" font-weight=\"bold\">{}: Scarlet / Linux, shorter is better</text>\n\
         <text x=\"10\" y=\"36\"><tspan fill=\"#c0262d\">\u{25a0}</tspan> guest instructions, one CPU \
         <tspan fill=\"#e8a0a3\">\u{25a0}</tspan> wall time, two CPUs</text>\n",
        result.arch.name()
    );
    let x = |ratio: f64| f64::from(LABELS) + ratio.min(LONGEST) / LONGEST * PLOT;
    let mut line = |at: u32, title: &str, instructions: Option<f64>, wall: Option<f64>| {
        let y = 50 + at * STEP;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{title}</text>",
            LABELS - 8,
            y + 13
        );
        for (offset, ratio, colour) in [(2, instructions, "#c0262d"), (11, wall, "#e8a0a3")] {
            let Some(ratio) = ratio else { continue };
            let end = x(ratio);
            let _ = writeln!(
                svg,
                "<rect x=\"{LABELS}\" y=\"{}\" width=\"{:.1}\" height=\"8\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{}\" font-size=\"9\">{ratio:.2}</text>",
                y + offset,
                end - f64::from(LABELS),
                end + 3.0,
                y + offset + 7
            );
        }
    };
    for (at, row) in rows.iter().enumerate() {
        line(
            at as u32,
            row.title,
            ratio(&result.instructions, row),
            ratio(&result.wall, row),
        );
    }
    line(
        rows.len() as u32,
        "geometric mean",
        mean(result, &result.instructions).map(|(mean, _)| mean),
        mean(result, &result.wall).map(|(mean, _)| mean),
    );
    let one = x(1.0);
    let _ = writeln!(
        svg,
        "<line x1=\"{one}\" y1=\"44\" x2=\"{one}\" y2=\"{height}\" stroke=\"#444\" \
         stroke-dasharray=\"3 3\"/>\n<text x=\"{}\" y=\"40\" font-size=\"10\">Linux</text>\n</svg>",
        one - 12.0
    );
    svg
}
