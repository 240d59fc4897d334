//! The graph of a run, drawn beside its stages: a row for each, as a history of commits is drawn.

/// No more ways than these are drawn beside each other.
const MOST: usize = 10;

/// What is drawn in each stage's row. Ways that lead back are not: see [`back`].
pub fn drawn(stages: usize, edges: &[(usize, usize)]) -> Vec<String> {
    let mut behind = vec![Vec::new(); stages];
    for &(from, to) in edges {
        if from < to && to < stages {
            behind[from].push(to);
        }
    }
    // Where each way that goes on leads to.
    let mut lanes: Vec<Option<usize>> = Vec::new();
    let mut rows = Vec::with_capacity(stages);
    for (at, next) in behind.iter().enumerate() {
        let ends: Vec<_> = (0..lanes.len()).filter(|lane| lanes[*lane] == Some(at)).collect();
        let own = ends.first().copied().unwrap_or_else(|| free(&mut lanes, &[]));
        let mut next = next.iter().copied();
        for &lane in &ends {
            lanes[lane] = None;
        }
        lanes[own] = next.next();
        let mut begun = Vec::new();
        for to in next {
            let lane = free(&mut lanes, &[&ends[..], &[own]].concat());
            lanes[lane] = Some(to);
            begun.push(lane);
        }
        rows.push(row(&lanes, own, &ends, &begun));
        while lanes.last() == Some(&None) {
            lanes.pop();
        }
    }
    rows
}

/// Where a stage leads back to: itself, or one before it.
pub fn back(at: usize, edges: &[(usize, usize)]) -> impl Iterator<Item = usize> {
    edges.iter().filter(move |(from, to)| *from == at && *to <= at).map(|(_, to)| *to)
}

/// A place for a way, none of these.
fn free(lanes: &mut Vec<Option<usize>>, but: &[usize]) -> usize {
    let found = (0..lanes.len()).find(|lane| lanes[*lane].is_none() && !but.contains(lane));
    found.unwrap_or_else(|| {
        lanes.push(None);
        lanes.len() - 1
    })
}

fn row(lanes: &[Option<usize>], own: usize, ends: &[usize], begun: &[usize]) -> String {
    let beside = || ends.iter().chain(begun).copied();
    let (first, last) = (beside().min().unwrap_or(own).min(own), beside().max().unwrap_or(own).max(own));
    let mut row = String::new();
    for (lane, way) in lanes.iter().enumerate().take(MOST) {
        let goes_by = way.is_some() && lane != own;
        row.push(match () {
            () if lane == own => '●',
            () if begun.contains(&lane) && lane < last => '┬',
            () if begun.contains(&lane) => '╮',
            () if ends.contains(&lane) && lane < last => '┴',
            () if ends.contains(&lane) => '╯',
            () if goes_by && (first..last).contains(&lane) => '┼',
            () if goes_by => '│',
            () if (first..last).contains(&lane) => '─',
            () => ' ',
        });
        row.push(if (first..last).contains(&lane) { '─' } else { ' ' });
    }
    if lanes.len() > MOST {
        row.push('…');
    }
    row.truncate(row.trim_end().len());
    row
}

#[cfg(test)]
mod tests {
    use super::{back, drawn};

    #[test]
    fn a_chain_is_a_line() {
        assert_eq!(drawn(3, &[(0, 1), (1, 2)]), ["●", "●", "●"]);
    }

    #[test]
    fn ways_part_and_meet() {
        assert_eq!(drawn(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]), ["●─╮", "● │", "│ ●", "●─╯"]);
        assert_eq!(
            drawn(5, &[(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)]),
            ["●─┬─╮", "● │ │", "│ ● │", "│ │ ●", "●─┴─╯"]
        );
    }

    #[test]
    fn two_sources_meet() {
        assert_eq!(drawn(3, &[(0, 2), (1, 2)]), ["●", "│ ●", "●─╯"]);
    }

    #[test]
    fn what_leads_back_is_told_apart() {
        assert_eq!(drawn(3, &[(0, 1), (1, 1), (1, 2), (2, 1)]), ["●", "●", "●"]);
        assert_eq!(back(1, &[(0, 1), (1, 1), (1, 2), (2, 1)]).collect::<Vec<_>>(), [1]);
        assert_eq!(back(2, &[(0, 1), (1, 1), (1, 2), (2, 1)]).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn many_ways_take_no_more_room_than_there_is() {
        let edges: Vec<_> = (1..=500).map(|to| (0, to)).collect();
        for row in drawn(501, &edges) {
            assert!(row.chars().count() <= 21, "{row}");
        }
        // Nor do ways that lead nowhere.
        assert_eq!(drawn(1, &[(0, 7), (9, 0)]), ["●"]);
    }
}
