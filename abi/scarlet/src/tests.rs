//! The contract's own promises.

use crate::call::CALLS;
use crate::error::{ErrorCode, decode};
use crate::*;

#[test]
fn numbers_rise_and_find_their_call() {
    for pair in CALLS.windows(2) {
        assert!((pair[0].call as usize) < pair[1].call as usize);
    }
    for description in CALLS {
        assert_eq!(
            Call::from_number(description.call as usize),
            Some(description.call)
        );
    }
    assert_eq!(Call::from_number(0), None);
}

#[test]
fn no_call_takes_more_than_six_arguments() {
    for description in CALLS {
        let count: usize = description
            .arguments
            .split(", ")
            .map(|argument| match argument {
                "" => 0,
                "path" => 3,
                _ => 1,
            })
            .sum();
        assert!(count <= 6, "{} takes {count}", description.name);
    }
}

#[test]
fn errors_survive_the_register() {
    for &code in ErrorCode::ALL {
        assert_eq!(decode(-(code as i32 as isize)), Err(code));
        assert!(!code.sentence().is_empty());
    }
    assert_eq!(decode(7), Ok(7));
    assert_eq!(decode(-77), Err(ErrorCode::Other));
    assert_eq!(decode(isize::MIN), Err(ErrorCode::Other));
}

#[test]
fn records_are_whole_words() {
    assert_eq!(size_of::<process::SpawnRequest>(), 120);
    assert_eq!(size_of::<file::FileStatus>(), 96);
    assert_eq!(size_of::<process::ProcessInfo>() % 8, 0);
    assert_eq!(size_of::<environment::EnvironmentRequest>(), 56);
    assert_eq!(size_of::<environment::EnvironmentInfo>(), 80);
    assert_eq!(size_of::<terminal::WindowSize>(), 8);
}
