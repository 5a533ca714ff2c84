//! Long random sequences against a model, judged by e2fsck.

use super::kit::*;

const LIFE: Life = Life {
    names: &[3, 30, 150, 250],
    present: &["lost+found"],
    spell: spelled_so,
    mount: &mounting,
    judge: assert_clean,
};

#[test]
fn a_long_life_leaves_what_the_model_says() {
    let forms: [&[&str]; 4] = [
        &["-b", "1024"],
        &["-b", "1024", "-g", "512", "-N", "128"],
        &["-b", "2048", "-O", "^filetype", "-I", "128"],
        &["-b", "4096"],
    ];
    for seed in 1..=rounds("SCARLET_ROUNDS", 2) {
        for form in forms {
            LIFE.run(seed, make_image(2048, form), 150);
        }
    }
}
