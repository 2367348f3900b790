//! Rows below the row that began them.
//!
//! A row hangs on its parent; where that one has no row, on the oldest of its job that has. A
//! row that is folded has the figures of all that hangs on it, so the rows still add up.

use std::collections::HashSet;

use rustc_hash::FxHashMap;

use super::{
    rows::Arrangement,
    shown::{Shown, Twig},
};
use crate::{
    ledger::{Row, RowKey},
    sample::ProcessId,
};

/// Levels that are told apart; whatever is deeper stands by itself.
pub(super) const DEEPEST: usize = 64;

/// A row, and all that hangs on it.
struct Tree {
    own: Shown,
    /// The figures of it and all that hangs on it.
    whole: Shown,
    bears: Vec<Tree>,
    /// Rows that hang on it, near or far.
    count: usize,
}

/// Arranges rows as a forest; whoever is in `folded` keeps to itself what hangs on it.
pub(super) fn grow(
    rows: Vec<Shown>,
    arrangement: &Arrangement,
    folded: &HashSet<RowKey>,
    interval: std::time::Duration,
) -> Vec<Shown> {
    let places: FxHashMap<ProcessId, usize> = rows
        .iter()
        .enumerate()
        .filter_map(|(index, row)| match row.key {
            RowKey::Process(id) => Some((id, index)),
            _ => None,
        })
        .collect();
    let mut below: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    let mut roots = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        match above(row, &places) {
            Some(parent) => below.entry(parent).or_default().push(index),
            None => roots.push(index),
        }
    }
    let mut rows: Vec<Option<Shown>> = rows.into_iter().map(Some).collect();
    let mut trees = Grower { rows: &mut rows, below: &below, arrangement, interval }.all(&roots, 0);
    // Whoever hangs on itself, which only made-up parents can do, stands by itself.
    let rest: Vec<usize> = (0..rows.len()).filter(|index| rows[*index].is_some()).collect();
    for index in rest {
        let mut grower = Grower { rows: &mut rows, below: &below, arrangement, interval };
        trees.extend(grower.one(index, 0));
    }
    sort(&mut trees, arrangement);
    let mut shown = Vec::new();
    flatten(trees, &[], folded, &mut shown);
    shown
}

/// The row that a row hangs on: an older one, so that nobody hangs on what hangs on it.
pub(super) fn above(row: &Row, places: &FxHashMap<ProcessId, usize>) -> Option<usize> {
    let RowKey::Process(id) = row.key else { return None };
    let older =
        |parent: &ProcessId| *parent != id && (parent.start, parent.pid) < (id.start, id.pid);
    let candidates = [row.identity.parent, row.root];
    candidates.into_iter().flatten().filter(older).find_map(|parent| places.get(&parent).copied())
}

struct Grower<'a> {
    rows: &'a mut [Option<Shown>],
    below: &'a FxHashMap<usize, Vec<usize>>,
    arrangement: &'a Arrangement,
    interval: std::time::Duration,
}

impl Grower<'_> {
    fn all(&mut self, indices: &[usize], depth: usize) -> Vec<Tree> {
        indices.iter().filter_map(|index| self.one(*index, depth)).collect()
    }

    fn one(&mut self, index: usize, depth: usize) -> Option<Tree> {
        let own = self.rows.get_mut(index)?.take()?;
        let mut bears = Vec::new();
        if let Some(below) = self.below.get(&index).filter(|_| depth < DEEPEST) {
            bears = self.all(below, depth + 1);
        }
        sort(&mut bears, self.arrangement);
        let count = bears.iter().map(|tree| 1 + tree.count).sum();
        let whole = if bears.is_empty() {
            own.clone()
        } else {
            let parts = std::iter::once(&own).chain(bears.iter().map(|tree| &tree.whole));
            let sum = Shown::sum(own.key, "", parts, self.interval);
            let mut row = sum.row;
            row.identity = own.identity.clone();
            (row.job, row.root, row.ended) = (own.job.clone(), own.root, own.ended);
            row.gpu.held_idle = own.gpu.held_idle;
            Shown { row, ..sum }
        };
        Some(Tree { own, whole, bears, count })
    }
}

/// By what hangs on them as well, so that a busy tree comes first.
fn sort(trees: &mut [Tree], arrangement: &Arrangement) {
    trees.sort_unstable_by(|a, b| arrangement.order(&a.whole, &b.whole));
}

fn flatten(trees: Vec<Tree>, above: &[bool], folded: &HashSet<RowKey>, shown: &mut Vec<Shown>) {
    let last = trees.len().saturating_sub(1);
    for (index, Tree { own, whole, bears, count }) in trees.into_iter().enumerate() {
        let above: Vec<bool> = above.iter().copied().chain([index < last]).collect();
        let fold = count > 0 && folded.contains(&own.key);
        let hidden = if fold { count } else { 0 };
        let twig = Twig { above: above.clone(), hidden, bears: count > 0 };
        let row = if fold { whole } else { own };
        shown.push(Shown { twig: Some(twig), ..row });
        if !fold {
            flatten(bears, &above, folded, shown);
        }
    }
}
