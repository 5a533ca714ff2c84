//! Makes alike what differs from run to run on one kernel: process numbers, times, addresses.
//!
//! Only what says what it is gets replaced: a number after a word such as `pid`, a job's line
//! `[1] 234`, a clock `12:34:56`, a hexadecimal number of more than six digits after `0x`, an
//! area's bounds in `/proc/PID/maps`, and the number in `/proc/NUMBER`. All other numbers count.

/// The words before a process number, in lower case.
const WORDS: [&str; 5] = ["pid", "ppid", "pgid", "sid", "tid"];

/// The transcript with such numbers replaced by what they are.
pub fn normal(transcript: &str) -> String {
    let mut lines: Vec<String> = transcript.lines().map(line).collect();
    if transcript.ends_with('\n') {
        lines.push(String::new());
    }
    lines.join("\n")
}

fn line(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = token_length(rest);
        let (token, after) = rest.split_at(length);
        match replacement(&result, token) {
            Some(word) => result += word,
            None => result += token,
        }
        rest = after;
    }
    result
}

/// A run of letters, digits, `_` and of `:` between digits; anything else is a token of its own.
fn token_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = |at: usize| {
        bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while word(end) || end > 0 && bytes.get(end) == Some(&b':') && digit(end - 1) && digit(end + 1)
    {
        end += 1;
    }
    match end {
        0 => text.chars().next().map_or(1, char::len_utf8),
        end => end,
    }
}

fn replacement(before: &str, token: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(address) = token.strip_prefix("0x")
        && address.len() > 6
        && hexadecimal(address)
    {
        return Some("<address>");
    }
    if token.len() >= 8 && hexadecimal(token) && (before.is_empty() || before == "<address>-") {
        return Some("<address>");
    }
    let parts: Vec<&str> = token.split(':').collect();
    if (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.len() == 2 && digits(part)) {
        return Some("<time>");
    }
    if !digits(token) {
        return None;
    }
    if before.ends_with("/proc/") {
        return Some("<pid>");
    }
    let trimmed = before.trim_end_matches([' ', '=', ':', '\t']);
    let job = trimmed.starts_with('[') && trimmed.ends_with([']', '+', '-']) && before != trimmed;
    let word = trimmed
        .rsplit(|letter: char| !letter.is_ascii_alphabetic())
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if job || before != trimmed && WORDS.contains(&word.as_str()) {
        return Some("<pid>");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_what_it_is_is_replaced() {
        assert_eq!(normal("PID = 12, ppid: 3"), "PID = <pid>, ppid: <pid>");
        assert_eq!(normal("[1] 234"), "[1] <pid>");
        assert_eq!(normal("[1]+ 234 Done"), "[1]+ <pid> Done");
        assert_eq!(normal("at 12:34:56 and 01:02"), "at <time> and <time>");
        assert_eq!(normal("sp 0x3fffffe780"), "sp <address>");
        assert_eq!(
            normal("3fb0000000-3fb0001000 rw-p"),
            "<address>-<address> rw-p"
        );
        assert_eq!(normal("/proc/77/stat\n"), "/proc/<pid>/stat\n");
    }

    #[test]
    fn other_numbers_count() {
        for text in [
            "status 137",
            "5 files",
            "0x1ff",
            "a:b 1:2",
            "rapid 5",
            "grün 7",
            "total 12345678",
        ] {
            assert_eq!(normal(text), text);
        }
    }
}
