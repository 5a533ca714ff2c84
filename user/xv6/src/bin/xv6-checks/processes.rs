//! Processes: they end, are waited for, killed, orphaned, and share the processor.

use crate::{Check, Outcome, child, collect, end_of, expect, works};
use alloc::vec::Vec;
use xv6::{close, exit, fork, kill, pipe, process_id, read, sleep, uptime, wait, write};

pub(crate) const CHECKS: &[Check] = &[
    ("exit_and_wait", exit_and_wait),
    ("wait_without_children", wait_without_children),
    ("many_at_a_time", many_at_a_time),
    ("numbers", numbers),
    ("orphans", orphans),
    ("orphans_of_the_killed", orphans_of_the_killed),
    ("kill_whoever_it_is", kill_whoever_it_is),
    ("kill_nobody", kill_nobody),
    ("kill_oneself", kill_oneself),
    ("endless_loops", endless_loops),
    ("the_clock", the_clock),
];

fn exit_and_wait() -> Outcome {
    for round in 0..60 {
        for status in [0, 1, 255, 256, i32::MAX, -2, i32::MIN] {
            match works!(fork()) {
                0 => exit(status),
                child => expect!(wait() == Ok((child, status))),
            }
        }
        let _ = round;
    }
    Ok(())
}

fn wait_without_children() -> Outcome {
    expect!(wait().is_err());
    works!(child(|| Ok(())));
    expect!(wait().is_ok());
    expect!(wait().is_err());
    Ok(())
}

fn many_at_a_time() -> Outcome {
    for _ in 0..5 {
        for _ in 0..30 {
            works!(child(|| Ok(())));
        }
        collect(30)?;
    }
    expect!(wait().is_err());
    Ok(())
}

fn numbers() -> Outcome {
    let own = process_id();
    let (reading, writing) = works!(pipe());
    let mut seen = Vec::with_capacity(20);
    for _ in 0..20 {
        let number = works!(child(|| {
            expect!(write(writing, &process_id().to_le_bytes()) == Ok(4));
            Ok(())
        }));
        let mut told = [0; 4];
        expect!(read(reading, &mut told) == Ok(4));
        expect!(i32::from_le_bytes(told) == number);
        expect!(number != own && !seen.contains(&number));
        seen.push(number);
    }
    collect(20)
}

/// Whose parent has ended goes on, and somebody waits for it.
fn orphans() -> Outcome {
    let (reading, writing) = works!(pipe());
    for _ in 0..30 {
        let ended = end_of(|| {
            works!(child(|| {
                let _ = sleep(0);
                expect!(write(writing, b"o") == Ok(1));
                Ok(())
            }));
            Ok(())
        });
        expect!(ended == Ok(0));
        // It is not ours.
        expect!(wait().is_err());
    }
    let mut byte = [0];
    for _ in 0..30 {
        expect!(read(reading, &mut byte) == Ok(1));
    }
    Ok(())
}

fn orphans_of_the_killed() -> Outcome {
    for _ in 0..10 {
        let (reading, writing) = works!(pipe());
        let parent = works!(child(|| {
            for _ in 0..3 {
                works!(child(|| {
                    works!(close(writing));
                    let mut byte = [0];
                    // Until the last end to write is closed.
                    expect!(read(reading, &mut byte) == Ok(0));
                    Ok(())
                }));
            }
            loop {
                let _ = sleep(100);
            }
        }));
        let _ = sleep(0);
        works!(kill(parent));
        expect!(wait() == Ok((parent, -1)));
        works!(close(writing));
        works!(close(reading));
    }
    Ok(())
}

/// In a sleep, in a read, in a wait, in a full pipe, and while it computes.
fn kill_whoever_it_is() -> Outcome {
    let (reading, writing) = works!(pipe());
    let ways: [fn(i32, i32) -> Outcome; 5] = [
        |_, _| {
            let _ = sleep(1000);
            Ok(())
        },
        |reading, _| {
            let _ = read(reading, &mut [0]);
            Ok(())
        },
        |reading, _| {
            works!(child(|| {
                let _ = read(reading, &mut [0]);
                Ok(())
            }));
            let _ = wait();
            Ok(())
        },
        |_, writing| {
            while write(writing, &[0; 100]).is_ok() {}
            Ok(())
        },
        |_, _| loop {
            core::hint::spin_loop();
        },
    ];
    for way in ways {
        for pause in [0, 1] {
            let child = works!(child(|| way(reading, writing)));
            works!(sleep(pause));
            works!(kill(child));
            expect!(wait() == Ok((child, -1)));
        }
    }
    Ok(())
}

fn kill_nobody() -> Outcome {
    for process in [0, -1, i32::MIN, i32::MAX, 4_000_000] {
        expect!(kill(process).is_err());
    }
    let child = works!(child(|| Ok(())));
    expect!(wait() == Ok((child, 0)));
    expect!(kill(child).is_err());
    Ok(())
}

fn kill_oneself() -> Outcome {
    expect!(
        end_of(|| {
            let _ = kill(process_id());
            Ok(())
        }) == Ok(-1)
    );
    Ok(())
}

/// Who computes for ever keeps nobody else from running.
fn endless_loops() -> Outcome {
    let mut loops = [0; 6];
    for place in &mut loops {
        *place = works!(child(|| loop {
            core::hint::spin_loop();
        }));
    }
    for _ in 0..20 {
        let quick = works!(fork());
        if quick == 0 {
            exit(7);
        }
        expect!(wait() == Ok((quick, 7)));
    }
    for process in loops {
        works!(kill(process));
    }
    for _ in loops {
        expect!(works!(wait()).1 == -1);
    }
    Ok(())
}

fn the_clock() -> Outcome {
    let before = uptime();
    works!(sleep(2));
    let passed = uptime() - before;
    expect!((2..100).contains(&passed));
    works!(sleep(0));
    Ok(())
}
