//! What matches what.

use super::*;

fn find(expression: &str, syntax: Syntax, line: &str) -> Option<String> {
    let regex = Regex::new(expression, syntax, false).unwrap();
    let characters: Vec<char> = line.chars().collect();
    let found = regex.find(&characters, 0);
    assert_eq!(
        found.is_some(),
        regex.is_match(&characters),
        "{expression} on {line}"
    );
    found.map(|range| characters[range].iter().collect())
}

fn extended(expression: &str, line: &str, expected: Option<&str>) {
    assert_eq!(
        find(expression, Syntax::Extended, line).as_deref(),
        expected,
        "{expression}"
    );
}

fn basic(expression: &str, line: &str, expected: Option<&str>) {
    assert_eq!(
        find(expression, Syntax::Basic, line).as_deref(),
        expected,
        "{expression}"
    );
}

#[test]
fn extended_expressions() {
    extended("abc", "xxabcxx", Some("abc"));
    extended("a.c", "abbaüc aüc", Some("aüc"));
    extended("ab*", "xabbb", Some("abbb"));
    extended("a+b?", "caab", Some("aab"));
    extended("^ab$", "ab", Some("ab"));
    extended("^ab$", "xab", None);
    extended("a|bc|d", "xbcd", Some("bc"));
    extended("(ab|a)(bc)?", "abc", Some("abc"));
    extended("[a-c]+[^0-9]", "abc9abcd", Some("abc"));
    extended("[[:digit:]]{2,3}", "a1b23456", Some("234"));
    extended("x{0}y", "xy", Some("y"));
    extended("(a|b)*c|", "ababx", Some(""));
    extended("\\<is\\>", "this is", Some("is"));
    extended("\\bfoo\\b", "afoo foo", Some("foo"));
    extended("[]x]", "a]", Some("]"));
    extended("a\\.b", "axb a.b", Some("a.b"));
    extended("\\w+@\\w+", "to me@home now", Some("me@home"));
    extended("a)", "xa)", Some("a)"));
}

#[test]
fn basic_expressions() {
    basic("a*b", "aaab", Some("aaab"));
    basic("*b", "a*b", Some("*b"));
    basic("^*b", "*b", Some("*b"));
    basic("a+b", "a+b", Some("a+b"));
    basic("a\\+b", "aab", Some("aab"));
    basic("\\(ab\\)\\{2\\}", "xababx", Some("abab"));
    basic("a\\|b", "xb", Some("b"));
    basic("a^b$c", "a^b$c", Some("a^b$c"));
    basic("(a|b)", "(a|b)", Some("(a|b)"));
}

#[test]
fn other_ways() {
    assert_eq!(find("a.*", Syntax::Fixed, "xa.*"), Some("a.*".into()));
    let regex = Regex::new("straße|ABC", Syntax::Extended, true).unwrap();
    assert!(regex.is_match(&"xabcx".chars().collect::<Vec<_>>()));
    assert!(regex.is_match(&"STRAßE".chars().collect::<Vec<_>>()));
}

#[test]
fn nonsense_is_refused() {
    for expression in [
        "(a",
        "[a",
        "a{2",
        "a{3,2}",
        "*a",
        "a\\",
        "[[:foo:]]",
        "[b-a]",
        "a{9999}",
        "(a)\\1",
    ] {
        assert!(
            Regex::new(expression, Syntax::Extended, false).is_err(),
            "{expression}"
        );
    }
    let large = "(".repeat(50) + "a{99}" + &"){99}".repeat(50);
    assert!(Regex::new(&large, Syntax::Extended, false).is_err());
    assert!(Regex::new(&"(".repeat(9999), Syntax::Extended, false).is_err());
}

#[test]
fn hostile_expressions_are_not_slow() {
    let line: Vec<char> = "a".repeat(2000).chars().collect();
    let regex = Regex::new("(a*)*(a*)*(a*)*b", Syntax::Extended, false).unwrap();
    assert!(!regex.is_match(&line));
}
