//! Long random sequences against a model, judged by fsck.fat.

use super::kit::*;

const LIFE: Life = Life {
    names: &[3, 8, 30, 150],
    present: &[],
    spell: spelled,
    mount: &mounting,
    judge: assert_clean,
};

/// Another spelling of a path.
fn spelled(random: &mut Random, path: &str) -> String {
    match random.below(3) {
        0 => path.to_uppercase(),
        1 => path.replace('n', "N"),
        _ => path.into(),
    }
}

#[test]
fn a_long_life_leaves_what_the_model_says() {
    for seed in 1..=rounds("SCARLET_ROUNDS", 2) {
        for (arguments, kibibytes) in KINDS {
            LIFE.run(seed, make_image(kibibytes, arguments), 250);
        }
    }
}
