//! Entries: stages whose work makes work.

use std::collections::{BTreeSet, VecDeque};

use anypipe_core::Holds;
use anypipe_core::option::KeyedBy;
use anypipe_stages::stage;

use super::{Agree, BuiltStage, Draw, Item, Operator, around, fails, mix, result_value};

/// What is made of a value: up to two smaller ones.
fn children(value: i64) -> Vec<i64> {
    vec![value / 10; usize::try_from(value.rem_euclid(3)).expect("0 to 2")]
}

/// What is made of an item, one by one and not before it is asked for.
fn row(item: &Item) -> impl Iterator<Item = Item> + Send + use<> {
    let item = item.beside(item.value());
    children(item.raw()).into_iter().map(move |value| item.beside(value))
}

/// What is drawn for one of them.
#[derive(Clone, Copy)]
struct Choice {
    breadth: bool,
    max_depth: Option<usize>,
    dedup: bool,
}

impl Choice {
    fn draw(draw: &mut Draw) -> Self {
        let (breadth, dedup) = (draw.coin(), draw.below(4) == 0);
        // Which item of a key comes first, and with it its depth, is a matter of time where there are workers.
        let max_depth = (!dedup && draw.coin()).then(|| draw.below(4));
        Self { breadth, max_depth, dedup }
    }

    fn told(self, name: &str) -> String {
        let order = if self.breadth { ".breadth_first()" } else { "" };
        let depth = self.max_depth.map_or(String::new(), |n| format!(".max_depth({n})"));
        let dedup = if self.dedup { ".dedup_by(value)" } else { "" };
        format!("{name}{order}{depth}{dedup}")
    }

    /// What goes out, in the order of one worker: a value and whether it is at the last depth. Nothing is made of what
    /// `is_leaf`.
    fn walk(self, all: &[i64], is_leaf: fn(i64) -> bool) -> Vec<(i64, bool)> {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for &root in all {
            let mut waiting = VecDeque::from([(root, 0)]);
            while let Some((value, depth)) = waiting.pop_front() {
                if self.dedup && !seen.insert(value) {
                    continue;
                }
                let is_last = self.max_depth.is_some_and(|most| depth >= most);
                out.push((value, is_last));
                if is_last || is_leaf(value) {
                    continue;
                }
                let made = children(value).into_iter().map(|value| (value, depth + 1));
                if self.breadth {
                    waiting.extend(made);
                } else {
                    made.rev().for_each(|made| waiting.push_front(made));
                }
            }
        }
        out
    }
}

/// Builds one of them; `$around` puts adapters around it, `$model` says what goes out for a value.
macro_rules! built {
    ($draw:ident, $name:literal, $stage:expr, $leaf:expr, |$made:ident| $around:expr, $model:expr) => {{
        let (choice, options) = (Choice::draw($draw), $draw.options());
        let keyed = !choice.dedup && $draw.below(4) == 0;
        let mut told = options.told(&choice.told($name));
        let stage = $stage;
        let stage = if choice.breadth { stage.breadth_first() } else { stage.depth_first() };
        let stage = stage.max_depth(choice.max_depth.unwrap_or(usize::MAX));
        let stage = options.apply(stage);
        let model = move |all: &[i64]| choice.walk(all, $leaf).into_iter().map($model).collect();
        let built = if choice.dedup {
            let $made = stage.dedup_by(Item::value);
            BuiltStage::new(told, $around, model)
        } else if keyed {
            told.push_str(".keyed(value)");
            let $made = stage.keyed_by(|item: &Item| item.value() % 3);
            BuiltStage::new(told, $around, model).itemwise()
        } else {
            let $made = stage;
            BuiltStage::new(told, $around, model).itemwise()
        };
        let built = built.holds(Holds::UNBOUNDED);
        // With workers it is a matter of time what is begun first.
        if options.is_alone() { built } else { built.agree(Agree::AnyOrder) }
    }};
}

pub(super) const ENTRIES: &[Operator] = &[
    Operator {
        name: "expand",
        build: |draw| {
            let f = async |item: Item| {
                item.work().await;
                row(&item)
            };
            built!(draw, "expand", stage::expand(f), |_| false, |stage| stage, |(value, _)| value)
        },
    },
    Operator {
        name: "try_expand",
        build: |draw| {
            let f = async |item: Item| {
                item.work().await;
                item.into_result().map(|item| row(&item))
            };
            let stage = stage::try_expand(f);
            let put = |item: Item| item;
            built!(
                draw,
                "try_expand",
                stage,
                fails,
                |made| around(put, made, Item::of_result),
                |(value, is_last)| {
                    if is_last { mix(&[value, 1]) } else { result_value(value, |value| value) }
                }
            )
        },
    },
    Operator {
        name: "expand_map",
        build: |draw| {
            let f = async |item: Item| {
                item.work().await;
                let made = row(&item);
                (item.map(|value| mix(&[value, 2])), made)
            };
            let stage = stage::expand_map(f);
            built!(draw, "expand_map", stage, |_| false, |stage| stage, |(value, _)| mix(&[value, 2]))
        },
    },
];
