//! Entries: stages on results.

use anypipe_core::Stage;
use anypipe_core::option::HasBoundary;
use anypipe_stages::stage;

use super::{Agree, BuiltStage, Draw, Item, Operator, around, result_value};

/// A boundary on results, between the adapters.
fn on_results<G>(draw: &mut Draw, name: &str, stage: G, model: fn(i64) -> i64) -> BuiltStage
where
    G: Stage<Result<Item, Item>, Out = Result<Item, Item>> + HasBoundary,
{
    let options = draw.options();
    let stage = around(Item::into_result, options.apply(stage), Item::of_result);
    let model = move |all: &[i64]| all.iter().map(|&value| result_value(value, model)).collect();
    let built = BuiltStage::new(options.told(name), stage, model).itemwise().holds(options.holds());
    if options.is_ordered() { built } else { built.agree(Agree::AnyOrder) }
}

pub(super) const ENTRIES: &[Operator] = &[Operator {
    name: "and_then",
    build: |draw| {
        let stage = stage::and_then(async |item: Item| {
            item.work().await;
            Ok(item.map(|value| value + 1))
        });
        on_results(draw, "and_then", stage, |value| value + 1)
    },
}];
