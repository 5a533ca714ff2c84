//! Two transcripts as one readable text: what only one of them has is marked.

/// The lines of two texts beside each other: `-` is only on Linux, `+` only on Scarlet, with up to
/// three lines around each difference.
pub fn unified(linux: &str, scarlet: &str) -> String {
    const AROUND: usize = 3;
    let (old, new): (Vec<&str>, Vec<&str>) = (linux.lines().collect(), scarlet.lines().collect());
    let edits = edits(&old, &new);
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        edits[from..edits.len().min(at + AROUND + 1)]
            .iter()
            .any(|(mark, _)| *mark != ' ')
    };
    let mut text = String::new();
    let mut skipped = false;
    for (at, (mark, line)) in edits.iter().enumerate() {
        if near(at) {
            text += &format!("  {mark} {line}\n");
            skipped = false;
        } else if !skipped {
            text += "    ...\n";
            skipped = true;
        }
    }
    text
}

/// The shortest way from one list of lines to the other, by the longest common subsequence.
fn edits<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // Transcripts are short; a runaway one is cut so that the table stays small.
    const LONGEST: usize = 2000;
    let (old, new) = (
        &old[..old.len().min(LONGEST)],
        &new[..new.len().min(LONGEST)],
    );
    let width = new.len() + 1;
    let mut common = vec![0u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut edits = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            edits.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]
        {
            edits.push(('-', old[i]));
            i += 1;
        } else {
            edits.push(('+', new[j]));
            j += 1;
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_equal_parts_are_left_out() {
        let old: String = (0..50).map(|n| format!("{n}\n")).collect();
        let new = old.replace("25\n", "x\n");
        let shown = unified(&old, &new);
        assert_eq!(shown.lines().count(), 3 + 2 + 3 + 2, "{shown}");
    }
}
