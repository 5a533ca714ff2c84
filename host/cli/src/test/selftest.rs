//! Ring 3: the kernel tests its own machine layer. It prints `test NAME … ok` or `… FAILED` lines
//! and a last line `N passed, N failed`, then powers off. And a machine is killed a few times while it
//! writes to its disk ([`crate::kills`]).

use super::Case;
use crate::{
    arch::Arch,
    guest::{
        self, Kernel,
        console::{Console, Waited},
    },
    kills,
    project::Project,
};
use anyhow::Result;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);

/// How often a machine is killed here; `cargo scarlet soak --kills` does it for longer.
const KILLS: kills::Options = kills::Options { kills: 3, seed: 1 };

/// Two cases an architecture: the tests share one boot.
pub fn cases(project: &Project, arch: Arch) -> Result<Vec<Case<'_>>> {
    let mut machine = guest::prepare(project, Kernel::Scarlet, arch)?;
    machine.append = "selftest".to_owned();
    let name = format!("3/{}/selftest", arch.name());
    let run = Box::new(move || {
        let mut console = Console::start(&machine).map_err(|error| format!("{error:#}"))?;
        let deadline = Instant::now() + LIMIT;
        loop {
            match console.receive(deadline) {
                Waited::Bytes(_) => {}
                Waited::Ended => break,
                Waited::TimedOut => {
                    return Err(format!("no end within {LIMIT:?}\n{}", console.transcript()));
                }
            }
        }
        let text = console.transcript();
        let summary = text.lines().rev().find_map(|line| {
            let (passed, failed) = line
                .trim()
                .strip_suffix(" failed")?
                .split_once(" passed, ")?;
            Some((passed.parse::<u32>().ok()?, failed.parse::<u32>().ok()?))
        });
        match summary {
            Some((1.., 0)) => Ok(()),
            _ => Err(text),
        }
    });
    let victim = kills::prepare(project, arch, 2, 128)?;
    let killed = Case {
        name: format!("3/{}/kills", arch.name()),
        run: Box::new(move || {
            kills::run(project, &victim, KILLS, &mut |_| {})
                .map(|_| ())
                .map_err(|error| format!("{error:#}"))
        }),
    };
    Ok(vec![Case { name, run }, killed])
}
