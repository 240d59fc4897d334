//! Whose turn it is among those that have ranks, and of which none is to starve.

/// That nobody's turn has come.
const NEVER: i64 = i64::MAX / 2;

/// The ranks of those that may go, and when each has its turn at the latest: when so many items for each rank before it have come from
/// those, since its own last.
///
/// It is a tree over the ranks. What an item changes is the same for all behind its rank, so what is kept of a rank is how much more is
/// missing for its turn than for that of the one before; then it is a step or two from the leaves to the root, however many there are.
pub(crate) struct Ranks {
    /// The root at 1, and below each its two halves; the ranks are the last `leaves`.
    nodes: Vec<Node>,
    /// How many ranks there is place for: a power of two.
    leaves: usize,
    /// How many items of each rank before it a rank waits for.
    most: i64,
}

/// Some ranks in a row.
#[derive(Clone, Copy)]
struct Node {
    /// How many items more are missing for the turn of the last of them than for that of the one before the first.
    sum: i64,
    /// The same for the one of those that may go whose turn comes next.
    least: i64,
    /// True where one of them may go.
    may_go: bool,
}

impl Node {
    const NONE: Self = Self { sum: 0, least: NEVER, may_go: false };

    fn of(first: Self, second: Self) -> Self {
        Self {
            sum: first.sum.saturating_add(second.sum),
            least: first.least.min(first.sum.saturating_add(second.least)),
            may_go: first.may_go || second.may_go,
        }
    }
}

impl Ranks {
    /// Of so many, none of which may go yet.
    pub(crate) fn new(count: usize, most: usize) -> Self {
        let leaves = count.next_power_of_two();
        // So small that nothing here passes what an `i64` can tell.
        let limit = NEVER / 4 / i64::try_from(leaves).unwrap_or(i64::MAX);
        let most = i64::try_from(most).unwrap_or(i64::MAX).min(limit);
        let mut nodes = vec![Node::NONE; 2 * leaves];
        for leaf in &mut nodes[leaves + 1..] {
            leaf.sum = most;
        }
        for at in (1..leaves).rev() {
            nodes[at] = Node::of(nodes[2 * at], nodes[2 * at + 1]);
        }
        Self { nodes, leaves, most }
    }

    /// True where none may go.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !self.nodes[1].may_go
    }

    /// Says whether one may go.
    pub(crate) fn set(&mut self, rank: usize, may_go: bool) {
        let leaf = &mut self.nodes[self.leaves + rank];
        if leaf.may_go != may_go {
            leaf.may_go = may_go;
            self.change(rank, 0);
        }
    }

    /// Who goes next: the first whose turn has come, else the first of all that may.
    pub(crate) fn next(&self) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let is_turn = self.nodes[1].least <= 0;
        let (mut at, mut before) = (1, 0_i64);
        while at < self.leaves {
            let first = self.nodes[2 * at];
            let is_there = if is_turn { before.saturating_add(first.least) <= 0 } else { first.may_go };
            if !is_there {
                before = before.saturating_add(first.sum);
            }
            at = 2 * at + usize::from(!is_there);
        }
        Some(at - self.leaves)
    }

    /// Counts an item of this rank.
    pub(crate) fn gave(&mut self, rank: usize) {
        // The first never waits.
        let over = if rank == 0 { 0 } else { self.turn_of(rank) - self.missing(rank) };
        if over != 0 {
            self.change(rank, over);
        }
        if rank + 1 < self.leaves {
            self.change(rank + 1, -over - 1);
        }
    }

    /// How many items are missing for a turn of one that has just had one.
    fn turn_of(&self, rank: usize) -> i64 {
        // There are no more ranks than the limit was made for.
        self.most * i64::try_from(rank).unwrap_or(0)
    }

    /// How many are missing for its turn now.
    fn missing(&self, rank: usize) -> i64 {
        let mut at = self.leaves + rank;
        let mut sum = self.nodes[at].sum;
        while at > 1 {
            if at % 2 == 1 {
                sum += self.nodes[at - 1].sum;
            }
            at /= 2;
        }
        sum
    }

    /// Has the turns of a rank and of all behind it come so many items later.
    fn change(&mut self, rank: usize, by: i64) {
        let mut at = self.leaves + rank;
        let leaf = &mut self.nodes[at];
        leaf.sum += by;
        leaf.least = if leaf.may_go && rank > 0 { leaf.sum } else { NEVER };
        while at > 1 {
            at /= 2;
            self.nodes[at] = Node::of(self.nodes[2 * at], self.nodes[2 * at + 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by counting: who goes next, of how many, with so many for each rank.
    struct Counted {
        may_go: Vec<bool>,
        passed: Vec<usize>,
        most: usize,
    }

    impl Counted {
        fn next(&self) -> Option<usize> {
            let may_go = |rank: &usize| self.may_go[*rank];
            let is_turn =
                |rank: &usize| may_go(rank) && self.passed[*rank] >= self.most.saturating_mul(*rank);
            (1..self.may_go.len()).find(is_turn).or_else(|| (0..self.may_go.len()).find(may_go))
        }

        fn gave(&mut self, rank: usize) {
            self.passed[rank] = 0;
            self.passed[rank + 1..].iter_mut().for_each(|passed| *passed += 1);
        }
    }

    #[test]
    fn it_is_the_turn_of_the_one_that_counting_tells() {
        let mut random = 1_u64;
        let mut draw = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(random >> 33).unwrap() % below
        };
        for round in 0..400 {
            let (count, most) = (round % 20, if round % 7 == 0 { usize::MAX } else { 1 + draw(4) });
            let mut ranks = Ranks::new(count, most);
            let mut counted = Counted { may_go: vec![false; count], passed: vec![0; count], most };
            for _ in 0..if count == 0 { 0 } else { 300 } {
                let (rank, may_go) = (draw(count), draw(3) > 0);
                ranks.set(rank, may_go);
                counted.may_go[rank] = may_go;
                assert_eq!(ranks.next(), counted.next());
                assert_eq!(ranks.is_empty(), counted.next().is_none());
                if let Some(next) = ranks.next() {
                    ranks.gave(next);
                    counted.gave(next);
                }
            }
            assert_eq!(ranks.next(), counted.next());
        }
    }
}
