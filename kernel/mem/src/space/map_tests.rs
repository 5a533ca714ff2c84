//! The area map against the simplest model there is: one entry a page.

use super::super::area::AtFork;
use super::super::request::{Protection, Sharing};
use super::*;
use crate::testing::Random;

const PAGES: usize = 96;
const PAGE: usize = 4096;

fn some_range(random: &mut Random) -> Range<usize> {
    let start = random.below(PAGES);
    let length = 1 + random.below((PAGES - start).min(20));
    start * PAGE..(start + length).min(PAGES) * PAGE
}

fn area(range: Range<usize>, protection: Protection) -> Area {
    Area {
        start: range.start,
        end: range.end,
        protection,
        maximum: Protection::all(),
        sharing: Sharing::Private,
        object: None,
        kind: AreaKind::Normal,
        at_fork: AtFork::Copy,
        pattern: crate::Pattern::Normal,
        has_own_pages: false,
        locked: false,
    }
}

fn check(map: &AreaMap, model: &[Option<Protection>]) {
    for (page, expected) in model.iter().enumerate() {
        let found = map.find(page * PAGE + 17).map(|area| area.protection);
        assert_eq!(found, *expected, "page {page}");
    }
    let mut end = 0;
    let mut last: Option<&Area> = None;
    for area in map.iter() {
        assert!(
            area.start >= end && area.end > area.start,
            "overlap or emptiness"
        );
        assert!(
            !last.is_some_and(|last| last.joins(area)),
            "neighbours that should be one"
        );
        end = area.end;
        last = Some(area);
    }
    let mapped = model.iter().flatten().count() * PAGE;
    assert_eq!(map.total_bytes(), mapped);
}

#[test]
fn the_map_agrees_with_a_page_by_page_model() {
    for seed in 1..200 {
        let mut random = Random::new(seed);
        let mut map = AreaMap::default();
        let mut model = [None; PAGES];
        for _ in 0..120 {
            let range = some_range(&mut random);
            let pages = range.start / PAGE..range.end / PAGE;
            let protection = Protection::from_bits_truncate(random.below(8) as u8);
            match random.below(4) {
                0 | 1 => {
                    map.remove(range.clone());
                    map.insert(area(range, protection));
                    model[pages].fill(Some(protection));
                }
                2 => {
                    map.remove(range);
                    model[pages].fill(None);
                }
                _ => {
                    let covered = model[pages.clone()].iter().all(Option::is_some);
                    assert_eq!(map.covers(range.clone()), covered);
                    map.change(range, |area| area.protection = protection);
                    for page in &mut model[pages] {
                        *page = page.map(|_| protection);
                    }
                }
            }
            check(&map, &model);
        }
    }
}

#[test]
fn the_highest_room_is_found() {
    for seed in 1..300 {
        let mut random = Random::new(seed);
        let mut map = AreaMap::default();
        let mut model = [false; PAGES];
        for _ in 0..10 {
            let range = some_range(&mut random);
            model[range.start / PAGE..range.end / PAGE].fill(true);
            map.remove(range.clone());
            map.insert(area(range, Protection::READ));
        }
        let length = 1 + random.below(12);
        let bottom = random.below(10);
        let top = PAGES - random.below(10);
        let expected = (bottom..=top.saturating_sub(length))
            .rev()
            .find(|&start| !model[start..start + length].iter().any(|used| *used));
        let found = map.find_room(length * PAGE, bottom * PAGE..top * PAGE, 0);
        assert_eq!(found, expected.map(|page| page * PAGE), "seed {seed}");
    }
}

#[test]
fn room_keeps_its_distance_from_a_stack() {
    let mut map = AreaMap::default();
    let mut stack = area(90 * PAGE..PAGES * PAGE, Protection::READ);
    stack.kind = AreaKind::Stack { limit: 1 << 20 };
    map.insert(stack);
    assert_eq!(
        map.find_room(PAGE, 0..PAGES * PAGE, 8 * PAGE),
        Some(81 * PAGE)
    );
}
