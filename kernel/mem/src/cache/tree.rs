//! A map from page numbers that finds its entries by their digits: a radix tree.
//!
//! Files are read and written page after page, and each page is looked up several times on its way. In a tree
//! whose nodes are told apart by the bits of the number there is nothing to compare: a file of 64 KiB takes one
//! step, one of 2 MiB two. Leaves are small, because most files are.

use alloc::boxed::Box;
use core::ops::Range;

const LEAF_BITS: u32 = 4;
const INNER_BITS: u32 = 5;
/// How many neighbours lie side by side.
pub(super) const IN_LEAF: usize = 1 << LEAF_BITS;
const IN_INNER: usize = 1 << INNER_BITS;

/// See the module.
pub(super) struct Tree<T> {
    root: Option<Node<T>>,
    /// How many bits of a number tell the places below the root apart.
    bits: u32,
}

enum Node<T> {
    Inner(Box<Inner<T>>),
    Leaf(Box<Leaf<T>>),
}

struct Inner<T> {
    count: usize,
    children: [Option<Node<T>>; IN_INNER],
}

struct Leaf<T> {
    count: usize,
    slots: [Option<T>; IN_LEAF],
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Tree {
            root: None,
            bits: LEAF_BITS,
        }
    }
}

/// The largest number that differs from `number` in its last `bits` bits only.
fn last_of(number: u64, bits: u32) -> u64 {
    number | 1u64.checked_shl(bits).map_or(u64::MAX, |span| span - 1)
}

#[inline]
fn digit(index: u64, bits: u32, places: usize) -> usize {
    (index >> bits) as usize % places
}

impl<T> Node<T> {
    fn new(bits: u32) -> Self {
        if bits == LEAF_BITS {
            Node::Leaf(Box::new(Leaf {
                count: 0,
                slots: [const { None }; IN_LEAF],
            }))
        } else {
            Node::Inner(Box::new(Inner {
                count: 0,
                children: [const { None }; IN_INNER],
            }))
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Node::Inner(inner) => inner.count == 0,
            Node::Leaf(leaf) => leaf.count == 0,
        }
    }

    /// Takes the empty leaf away that has the place `index`, and what is empty without it.
    fn prune(&mut self, bits: u32, index: u64) {
        if let Node::Inner(inner) = self {
            let below = bits - INNER_BITS;
            let child = &mut inner.children[digit(index, below, IN_INNER)];
            if let Some(node) = child {
                node.prune(below, index);
                if node.is_empty() {
                    *child = None;
                    inner.count -= 1;
                }
            }
        }
    }

    /// Shows entries from `first` on, in order, until `visit` says that it is enough; whether it did. The node's
    /// numbers begin at `base`.
    fn visit<'a>(
        &'a self,
        bits: u32,
        base: u64,
        first: u64,
        visit: &mut dyn FnMut(u64, &'a T) -> bool,
    ) -> bool {
        let skipped = first.saturating_sub(base);
        match self {
            Node::Leaf(leaf) => {
                let slots = leaf.slots.iter().enumerate().skip(skipped as usize);
                slots
                    .filter_map(|(place, slot)| Some((place, slot.as_ref()?)))
                    .any(|(place, entry)| visit(base + place as u64, entry))
            }
            Node::Inner(inner) => {
                let below = bits - INNER_BITS;
                let from = (skipped >> below) as usize;
                let children = inner.children.iter().enumerate().skip(from);
                children
                    .filter_map(|(place, child)| Some((place, child.as_ref()?)))
                    .any(|(place, child)| {
                        child.visit(below, base + ((place as u64) << below), first, visit)
                    })
            }
        }
    }

    fn visit_mut(
        &mut self,
        bits: u32,
        base: u64,
        first: u64,
        visit: &mut dyn FnMut(u64, &mut T) -> bool,
    ) -> bool {
        let skipped = first.saturating_sub(base);
        match self {
            Node::Leaf(leaf) => {
                let slots = leaf.slots.iter_mut().enumerate().skip(skipped as usize);
                slots
                    .filter_map(|(place, slot)| Some((place, slot.as_mut()?)))
                    .any(|(place, entry)| visit(base + place as u64, entry))
            }
            Node::Inner(inner) => {
                let below = bits - INNER_BITS;
                let from = (skipped >> below) as usize;
                let children = inner.children.iter_mut().enumerate().skip(from);
                children
                    .filter_map(|(place, child)| Some((place, child.as_mut()?)))
                    .any(|(place, child)| {
                        child.visit_mut(below, base + ((place as u64) << below), first, visit)
                    })
            }
        }
    }

    /// The last entry before `end`, which is not the node's first number.
    fn last_before(&self, bits: u32, base: u64, end: u64) -> Option<u64> {
        let reach = (end - 1).min(last_of(base, bits)) - base;
        match self {
            Node::Leaf(leaf) => (0..=reach)
                .rev()
                .find(|&place| leaf.slots[place as usize].is_some())
                .map(|place| base + place),
            Node::Inner(inner) => {
                let below = bits - INNER_BITS;
                (0..=reach >> below).rev().find_map(|place| {
                    let child = inner.children[place as usize].as_ref()?;
                    child.last_before(below, base + (place << below), end)
                })
            }
        }
    }

    /// Gives every entry from `first` on away.
    fn drain(&mut self, bits: u32, base: u64, first: u64, take: &mut dyn FnMut(T)) {
        let skipped = first.saturating_sub(base);
        match self {
            Node::Leaf(leaf) => {
                for slot in leaf.slots.iter_mut().skip(skipped as usize) {
                    if let Some(entry) = slot.take() {
                        leaf.count -= 1;
                        take(entry);
                    }
                }
            }
            Node::Inner(inner) => {
                let below = bits - INNER_BITS;
                let from = (skipped >> below) as usize;
                for (place, child) in inner.children.iter_mut().enumerate().skip(from) {
                    let Some(node) = child else { continue };
                    node.drain(below, base + ((place as u64) << below), first, take);
                    if node.is_empty() {
                        *child = None;
                        inner.count -= 1;
                    }
                }
            }
        }
    }
}

impl<T> Tree<T> {
    #[inline]
    fn covers(&self, index: u64) -> bool {
        index.checked_shr(self.bits).unwrap_or(0) == 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    #[inline]
    pub(super) fn get(&self, index: u64) -> Option<&T> {
        if !self.covers(index) {
            return None;
        }
        let mut bits = self.bits;
        let mut node = self.root.as_ref()?;
        loop {
            match node {
                Node::Leaf(leaf) => return leaf.slots[digit(index, 0, IN_LEAF)].as_ref(),
                Node::Inner(inner) => {
                    bits -= INNER_BITS;
                    node = inner.children[digit(index, bits, IN_INNER)].as_ref()?;
                }
            }
        }
    }

    #[inline]
    fn leaf_mut(&mut self, index: u64) -> Option<&mut Leaf<T>> {
        if !self.covers(index) {
            return None;
        }
        let mut bits = self.bits;
        let mut node = self.root.as_mut()?;
        loop {
            match node {
                Node::Leaf(leaf) => return Some(leaf),
                Node::Inner(inner) => {
                    bits -= INNER_BITS;
                    node = inner.children[digit(index, bits, IN_INNER)].as_mut()?;
                }
            }
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: u64) -> Option<&mut T> {
        self.leaf_mut(index)?.slots[digit(index, 0, IN_LEAF)].as_mut()
    }

    /// The places of `index` and what follows it up to a number that [`IN_LEAF`] divides: all of them, or none where
    /// there are no entries.
    #[inline]
    pub(super) fn places_mut(&mut self, index: u64) -> &mut [Option<T>] {
        match self.leaf_mut(index) {
            Some(leaf) => &mut leaf.slots[digit(index, 0, IN_LEAF)..],
            None => &mut [],
        }
    }

    /// Enters an entry; returns the one that was there.
    pub(super) fn insert(&mut self, index: u64, entry: T) -> Option<T> {
        while !self.covers(index) {
            if let Some(root) = self.root.take() {
                let mut children = [const { None }; IN_INNER];
                children[0] = Some(root);
                self.root = Some(Node::Inner(Box::new(Inner { count: 1, children })));
            }
            self.bits += INNER_BITS;
        }
        let mut bits = self.bits;
        let mut node = self.root.get_or_insert_with(|| Node::new(bits));
        loop {
            match node {
                Node::Leaf(leaf) => {
                    let old = leaf.slots[digit(index, 0, IN_LEAF)].replace(entry);
                    leaf.count += usize::from(old.is_none());
                    return old;
                }
                Node::Inner(inner) => {
                    bits -= INNER_BITS;
                    let child = &mut inner.children[digit(index, bits, IN_INNER)];
                    inner.count += usize::from(child.is_none());
                    node = child.get_or_insert_with(|| Node::new(bits));
                }
            }
        }
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, index: u64) -> Option<T> {
        let leaf = self.leaf_mut(index)?;
        let old = leaf.slots[digit(index, 0, IN_LEAF)].take()?;
        leaf.count -= 1;
        if leaf.count == 0
            && let Some(root) = &mut self.root
        {
            root.prune(self.bits, index);
            self.forget_empty();
        }
        Some(old)
    }

    fn forget_empty(&mut self) {
        if self.root.as_ref().is_some_and(Node::is_empty) {
            *self = Tree::default();
        }
    }

    /// Takes out every entry from `first` on.
    pub(super) fn drain_from(&mut self, first: u64, take: &mut dyn FnMut(T)) {
        if self.covers(first)
            && let Some(root) = &mut self.root
        {
            root.drain(self.bits, 0, first, take);
            self.forget_empty();
        }
    }

    /// Shows the entries of `range` in order until `visit` says that it is enough.
    pub(super) fn visit<'a>(
        &'a self,
        range: Range<u64>,
        visit: &mut dyn FnMut(u64, &'a T) -> bool,
    ) {
        if self.covers(range.start)
            && let Some(root) = &self.root
        {
            root.visit(self.bits, 0, range.start, &mut |index, entry| {
                index >= range.end || visit(index, entry)
            });
        }
    }

    /// As [`Tree::visit`], for entries to be changed.
    pub(super) fn visit_mut(
        &mut self,
        range: Range<u64>,
        visit: &mut dyn FnMut(u64, &mut T) -> bool,
    ) {
        if self.covers(range.start)
            && let Some(root) = &mut self.root
        {
            root.visit_mut(self.bits, 0, range.start, &mut |index, entry| {
                index >= range.end || visit(index, entry)
            });
        }
    }

    /// The first number in `range` that has an entry.
    pub(super) fn first_in(&self, range: Range<u64>) -> Option<u64> {
        let mut found = None;
        self.visit(range, &mut |index, _| {
            found = Some(index);
            true
        });
        found
    }

    /// The first number in `range` that has none.
    pub(super) fn first_gap(&self, range: Range<u64>) -> Option<u64> {
        let mut expected = range.start;
        self.visit(range.clone(), &mut |index, _| {
            let gap = index != expected;
            expected += u64::from(!gap);
            gap
        });
        (expected < range.end).then_some(expected)
    }

    /// The last number in `range` that has an entry.
    pub(super) fn last_in(&self, range: Range<u64>) -> Option<u64> {
        if range.is_empty() {
            return None;
        }
        let last = self.root.as_ref()?.last_before(self.bits, 0, range.end)?;
        (last >= range.start).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    /// A long life beside a map of the standard library.
    #[test]
    fn it_agrees_with_a_map() {
        let mut state = 1u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        for round in 0..40 {
            let spread = [40, 700, 1 << 20, u64::MAX >> 33][round % 4];
            let mut tree = Tree::default();
            let mut map = BTreeMap::new();
            for _ in 0..2000 {
                let far = if random(50) == 0 { u64::MAX - 40 } else { 0 };
                let index = far + random(if far > 0 { 40 } else { spread });
                let end = index.saturating_add(random(100));
                match random(9) {
                    0..4 => assert_eq!(tree.insert(index, index), map.insert(index, index)),
                    4 | 5 => assert_eq!(tree.remove(index), map.remove(&index)),
                    6 => {
                        let mut got = Vec::new();
                        tree.visit(index..end, &mut |index, _| {
                            got.push(index);
                            false
                        });
                        let expected: Vec<u64> =
                            map.range(index..end).map(|(&index, _)| index).collect();
                        assert_eq!(got, expected);
                        tree.visit_mut(index..end, &mut |index, entry| {
                            assert_eq!(*entry, index);
                            assert_eq!(got.remove(0), index);
                            false
                        });
                        assert_eq!(tree.first_in(index..end), expected.first().copied());
                        assert_eq!(tree.last_in(index..end), expected.last().copied());
                        let gap = (index..end).find(|index| !map.contains_key(index));
                        assert_eq!(tree.first_gap(index..end), gap);
                    }
                    7 if random(20) == 0 => {
                        let mut gone = Vec::new();
                        tree.drain_from(index, &mut |entry| gone.push(entry));
                        assert_eq!(
                            gone,
                            map.split_off(&index).into_values().collect::<Vec<_>>()
                        );
                    }
                    _ => {
                        assert_eq!(tree.get(index), map.get(&index));
                        assert_eq!(tree.get_mut(index), map.get_mut(&index));
                    }
                }
                assert_eq!(tree.is_empty(), map.is_empty());
            }
        }
    }
}
