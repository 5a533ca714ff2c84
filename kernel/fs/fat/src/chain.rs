//! The chain of a file: where each of its clusters lies.
//!
//! What was found once is kept as runs, so that a place in the middle of a long file is not looked for from its beginning
//! each time. However scattered a file is, only so many runs are kept; between them the table is asked.

use alloc::vec::Vec;

use base::{Error, Result};

use crate::format::table::Link;
use crate::meta::Meta;

/// How many runs are kept of a file.
const RUNS_MAX: usize = 1024;

/// Clusters of a file that lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// The first one's place in the file.
    index: u32,
    cluster: u32,
    count: u32,
}

/// What is known of a chain.
#[derive(Default)]
pub(crate) struct Chain {
    runs: Vec<Run>,
    /// How many clusters it has, if that is known.
    length: Option<u32>,
}

impl Chain {
    /// The run at or before a place in the file.
    fn nearest(&self, index: u32) -> Option<Run> {
        let after = self.runs.partition_point(|run| run.index <= index);
        self.runs.get(after.checked_sub(1)?).copied()
    }

    fn note(&mut self, index: u32, cluster: u32) {
        let after = self.runs.partition_point(|run| run.index <= index);
        if let Some(before) = after.checked_sub(1).and_then(|at| self.runs.get_mut(at)) {
            let behind = index - before.index;
            if behind < before.count {
                return;
            }
            if behind == before.count && cluster == before.cluster + before.count {
                before.count += 1;
                return;
            }
        }
        let run = Run {
            index,
            cluster,
            count: 1,
        };
        self.runs.insert(after, run);
        if self.runs.len() > RUNS_MAX {
            let mut keep = false;
            self.runs.retain(|run| {
                keep = !keep;
                keep || run.index == 0
            });
        }
    }

    fn cut(&mut self, length: u32) {
        self.runs.retain_mut(|run| {
            run.count = run.count.min(length.saturating_sub(run.index));
            run.count > 0
        });
        self.length = Some(length);
    }
}

impl Meta {
    /// The cluster at a place of the chain that begins at `start`, and how many of those behind it, up to `most`, lie
    /// behind it on the disk too. [`None`] behind the chain's end.
    pub(crate) fn find(
        &mut self,
        chain: &mut Chain,
        start: u32,
        index: u32,
        most: u32,
    ) -> Result<Option<(u32, u32)>> {
        if start == 0 || chain.length.is_some_and(|length| index >= length) {
            return Ok(None);
        }
        if !self.measures.has(start) {
            return Err(self.damage("a first cluster that is none", start.into()));
        }
        if index >= self.measures.clusters {
            return Err(self.damage("a chain without an end", start.into()));
        }
        if chain.runs.is_empty() {
            chain.note(0, start);
        }
        // The nearest that is known, and on from there.
        let (mut at, mut cluster) = match chain.nearest(index) {
            Some(run) if index < run.index + run.count => {
                (index, run.cluster + (index - run.index))
            }
            Some(run) => (run.index + run.count - 1, run.cluster + run.count - 1),
            None => (0, start),
        };
        while at < index {
            match self.next(chain, at, cluster)? {
                Some(next) => (at, cluster) = (at + 1, next),
                None => return Ok(None),
            }
        }
        let first = cluster;
        while at - index + 1 < most.min(4096) {
            match self.next(chain, at, cluster)? {
                Some(next) if next == cluster + 1 => (at, cluster) = (at + 1, next),
                _ => break,
            }
        }
        Ok(Some((first, at - index + 1)))
    }

    /// The cluster after the one at a place; [`None`] at the end.
    fn next(&mut self, chain: &mut Chain, at: u32, cluster: u32) -> Result<Option<u32>> {
        if let Some(run) = chain.nearest(at + 1)
            && at + 1 < run.index + run.count
        {
            return Ok(Some(run.cluster + (at + 1 - run.index)));
        }
        match self.link(cluster)? {
            Link::Next(_) if at + 1 >= self.measures.clusters => {
                Err(self.damage("a chain without an end", cluster.into()))
            }
            Link::Next(next) => {
                chain.note(at + 1, next);
                Ok(Some(next))
            }
            Link::End => {
                chain.length = Some(at + 1);
                Ok(None)
            }
            Link::Free | Link::Bad => {
                Err(self.damage("a chain that leads to no cluster", cluster.into()))
            }
        }
    }

    /// How many clusters a chain has, if that is no more than `most`.
    pub(crate) fn length(
        &mut self,
        chain: &mut Chain,
        start: u32,
        most: u32,
    ) -> Result<Option<u32>> {
        if start == 0 {
            return Ok(Some(0));
        }
        if let Some(length) = chain.length {
            return Ok((length <= most).then_some(length));
        }
        let mut index = chain.runs.last().map_or(0, |run| run.index);
        while index <= most {
            match self.find(chain, start, index, u32::MAX)? {
                Some((_, count)) => index += count,
                None => break,
            }
        }
        Ok(chain.length.filter(|&length| length <= most))
    }

    /// Sees to it that a chain has `wanted` clusters. Returns how many it has then, which are fewer if room runs out, and
    /// where it begins. `late` as for [`Meta::join`].
    pub(crate) fn extend(
        &mut self,
        chain: &mut Chain,
        start: u32,
        wanted: u32,
        late: bool,
    ) -> Result<(u32, u32)> {
        if wanted > 0 && self.find(chain, start, wanted - 1, 1)?.is_some() {
            return Ok((wanted, start));
        }
        let most = self.measures.clusters;
        let Some(mut length) = self.length(chain, start, most)? else {
            return Err(self.damage("a chain without an end", start.into()));
        };
        let mut start = start;
        let mut last = match length.checked_sub(1) {
            Some(index) => self.find(chain, start, index, 1)?.map_or(0, |(at, _)| at),
            None => 0,
        };
        while length < wanted {
            let (first, count) = match self.allocate(last, wanted - length) {
                Ok(found) => found,
                Err(Error::NoSpace) => break,
                Err(error) => return Err(error),
            };
            if last == 0 {
                start = first;
            } else if let Err(error) = self.join(last, first, late) {
                self.take_back(first, first + count);
                return Err(error);
            }
            for step in 0..count {
                chain.note(length + step, first + step);
            }
            length += count;
            chain.length = Some(length);
            last = first + count - 1;
        }
        Ok((length, start))
    }

    /// Cuts a chain off behind its first `keep` clusters; returns where it begins, which is 0 for nothing.
    pub(crate) fn cut(&mut self, chain: &mut Chain, start: u32, keep: u32) -> Result<u32> {
        if start == 0 {
            return Ok(0);
        }
        match keep.checked_sub(1) {
            None => self.freed.push(start),
            Some(index) => match self.find(chain, start, index, 1)? {
                Some((last, _)) => self.cut_behind(last)?,
                // It is shorter than that already.
                None => return Ok(start),
            },
        }
        chain.cut(keep);
        Ok(if keep == 0 { 0 } else { start })
    }
}
