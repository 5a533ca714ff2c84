//! Long random sequences against a model, judged by the checker.

use super::kit::*;

const LIFE: Life = Life {
    names: &[3, 8, 12],
    present: &[],
    spell: spelled_so,
    mount: &mount,
    judge: assert_clean,
};

#[test]
fn a_long_life_leaves_what_the_model_says() {
    for seed in 1..=rounds("SCARLET_ROUNDS", 2) {
        for kind in KINDS {
            LIFE.run(seed, made(kind), 150);
        }
    }
}
