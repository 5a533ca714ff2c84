//! Ring 4, the oracle: the same command lines and programs on Linux and on Scarlet, the
//! transcripts compared ([`crate::oracle`] says what there is and how it runs).

use super::Case;
use crate::{
    arch::Arch,
    guest::{self, Kernel},
    oracle::{self, Exceptions},
    project::Project,
};
use anyhow::Result;
use std::sync::Arc;

/// One case a suite, but for those to be run by hand.
pub fn cases(project: &Project, arch: Arch) -> Result<Vec<Case<'_>>> {
    let exceptions = Arc::new(Exceptions::read(project)?);
    let ours = guest::prepare(project, Kernel::Scarlet, arch)?;
    let reference = guest::prepare(project, Kernel::Linux, arch)?;
    let mut cases = Vec::new();
    for suite in oracle::suites(project, arch)? {
        if suite.by_hand {
            continue;
        }
        let (ours, reference) = (ours.clone(), reference.clone());
        let exceptions = exceptions.clone();
        cases.push(Case {
            name: format!("4/{}/linux/{}", arch.name(), suite.name),
            run: Box::new(move || {
                let run = |machine| {
                    suite
                        .run(project, machine)
                        .map_err(|error| format!("{error:#}"))
                };
                let (expected, shown) = (run(&reference)?, run(&ours)?);
                let mut report = String::new();
                for (index, piece) in suite.pieces.iter().enumerate() {
                    let difference =
                        oracle::difference(&suite, index, expected.get(&index), shown.get(&index));
                    if let Some(difference) = difference
                        && exceptions.reason(&piece.name).is_none()
                    {
                        report += &format!("{}\n{}\n", piece.name, difference.trim_end());
                    }
                }
                if report.is_empty() {
                    Ok(())
                } else {
                    Err(format!("- Linux, + Scarlet\n{report}"))
                }
            }),
        });
    }
    Ok(cases)
}
