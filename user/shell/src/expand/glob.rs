//! From a pattern to the paths that match it.

use super::Host;
use crate::pattern::{Mark, is_pattern, matches};
use alloc::vec;
use alloc::vec::Vec;

/// More matches than this are cut off rather than exhausting memory.
const MOST_MATCHES: usize = 100_000;

/// The paths that match a field, sorted; the field itself if there are none.
pub(super) fn expand(field: Vec<Mark>, host: &mut dyn Host) -> Vec<Vec<u8>> {
    let text = || field.iter().map(|mark| mark.byte).collect::<Vec<u8>>();
    if host.no_patterns() || !is_pattern(&field) {
        return vec![text()];
    }
    let mut found = vec![Vec::new()];
    let mut rest = field.as_slice();
    while !rest.is_empty() && !found.is_empty() {
        let slashes = rest.iter().take_while(|mark| mark.byte == b'/').count();
        for path in &mut found {
            path.extend(core::iter::repeat_n(b'/', slashes));
        }
        rest = &rest[slashes..];
        let length = rest
            .iter()
            .position(|mark| mark.byte == b'/')
            .unwrap_or(rest.len());
        let (component, after) = rest.split_at(length);
        rest = after;
        if !component.is_empty() {
            found = step(found, component, !rest.is_empty(), host);
        }
    }
    if found.is_empty() {
        return vec![text()];
    }
    found.sort();
    found
}

/// Adds one component to each path found so far.
fn step(
    found: Vec<Vec<u8>>,
    component: &[Mark],
    more_follows: bool,
    host: &mut dyn Host,
) -> Vec<Vec<u8>> {
    let mut longer = Vec::new();
    for path in found {
        if !is_pattern(component) {
            let mut path = path;
            path.extend(component.iter().map(|mark| mark.byte));
            if more_follows || host.exists(&path) {
                longer.push(path);
            }
            continue;
        }
        let directory: &[u8] = if path.is_empty() { b"." } else { &path };
        for name in host.names_in(directory) {
            // A leading dot is matched only by a dot.
            let hidden = name.first() == Some(&b'.') && component[0].byte != b'.';
            if hidden || !matches(component, &name) || longer.len() >= MOST_MATCHES {
                continue;
            }
            let mut path = path.clone();
            path.extend_from_slice(&name);
            if !more_follows || host.exists(&[path.as_slice(), b"/"].concat()) {
                longer.push(path);
            }
        }
    }
    longer
}
