// cargo run --release --manifest-path examples/apps/opentelemetry/Cargo.toml
//! A pipeline whose numbers go to OpenTelemetry, by the names that Prometheus has them by: what its stages count and what
//! their workers do, by stage.
//!
//! The exporter keeps in memory what it is given, so that the program can look at it, while the run goes on and after its
//! end. A service has that of `opentelemetry-otlp` in its place, which sends the same to a collector.

use std::collections::BTreeMap;
use std::error::Error;
use std::num::ParseIntError;
use std::time::Duration;

use anypipe::Run;
use anypipe::metrics::RecordMetrics;
use anypipe::prelude::*;
use anypipe::time::{fail_after, sleep};
use metrics_opentelemetry::{OpenTelemetryMetrics, OpenTelemetryRecorder};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

/// How many orders come; every tenth can't be read, and every third of the rest is of no interest.
const ORDERS: u32 = 400;
/// How often a run is recorded, and what was recorded is exported.
const EVERY: Duration = Duration::from_millis(20);

#[tokio::main]
#[expect(clippy::float_cmp, reason = "they are counts")]
async fn main() -> Result<(), Box<dyn Error>> {
    // OpenTelemetry as any program has it, and whatever records `metrics` handed to it.
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).with_interval(EVERY).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let recorder = OpenTelemetryRecorder::new(OpenTelemetryMetrics::new(provider.meter("orders")));
    metrics::set_global_recorder(recorder)?;

    // One line makes the run's numbers known.
    let orders = orders().metrics("orders", EVERY).start();

    let taken = r#"anypipe_stage_items_total{end="taken",pipeline="orders",stage="price"}"#;
    let running = r#"anypipe_run_state{pipeline="orders",state="running"}"#;
    let looking = async {
        loop {
            let numbers = exported(&exporter)?;
            // The state is recorded last: all else is there then.
            if numbers.get(taken) > Some(&0.0) && numbers.contains_key(running) {
                return Ok::<_, Box<dyn Error>>(numbers);
            }
            sleep(EVERY).await;
        }
    };
    let live = fail_after(Duration::from_secs(60), looking).await??;
    println!("while it runs:");
    print(&live, "price");
    assert_eq!(live[running], 1.0);
    assert_eq!(live[r#"anypipe_stage_workers{pipeline="orders",stage="price"}"#], 4.0);

    let priced = orders.await?;
    provider.force_flush()?;
    let last = exported(&exporter)?;
    println!("after its end:");
    print(&last, "");
    let items = |stage: &str, end: &str| {
        last[&format!(r#"anypipe_stage_items_total{{end="{end}",pipeline="orders",stage="{stage}"}}"#)]
    };
    assert_eq!((items("parse", "taken"), items("parse", "errored")), (f64::from(ORDERS), 40.0));
    assert_eq!(items("price", "delivered") + items("price", "filtered"), items("price", "taken"));
    assert_eq!(items("count", "taken"), f64::from(u32::try_from(priced)?));
    assert!(last[r#"anypipe_stage_seconds_total{pipeline="orders",stage="price",state="working"}"#] > 0.0);
    assert_eq!(last[r#"anypipe_stage_held{pipeline="orders",stage="price"}"#], 0.0);
    assert_eq!(last[r#"anypipe_run_state{pipeline="orders",state="ended"}"#], 1.0);
    for (name, before) in &live {
        assert!(!name.contains("_total") || last[name] >= *before, "{name} fell");
    }
    provider.shutdown()?;
    Ok(())
}

/// Orders that are read, and priced by four workers. Gives how many have a price.
fn orders() -> Run<usize> {
    let lines = (0..ORDERS).map(|n| if n % 10 == 0 { "?".to_owned() } else { n.to_string() });
    let priced = Pipeline::from_iter(lines.map(Ok::<_, ParseIntError>))
        .try_then(async |line: String| line.parse())
        .named("parse")
        .ok_only()
        .filter_map_async(async |n: u32| {
            sleep(Duration::from_millis(4)).await;
            (n % 3 > 0).then_some(2 * n)
        })
        .workers(4)
        .named("price");
    priced.count()
}

/// What was exported last: each number by its name and labels.
fn exported(exporter: &InMemoryMetricExporter) -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
    let all = exporter.get_finished_metrics()?;
    let scopes = all.last().into_iter().flat_map(ResourceMetrics::scope_metrics);
    let mut numbers = BTreeMap::new();
    for metric in scopes.flat_map(ScopeMetrics::metrics) {
        let mut add = |labels: Vec<&KeyValue>, number| {
            let mut labels: Vec<_> =
                labels.iter().map(|label| format!("{}=\"{}\"", label.key, label.value)).collect();
            labels.sort();
            numbers.insert(format!("{}{{{}}}", metric.name(), labels.join(",")), number);
        };
        match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) if sum.is_monotonic() => {
                for point in sum.data_points() {
                    add(point.attributes().collect(), f64::from(u32::try_from(point.value())?));
                }
            }
            AggregatedMetrics::F64(MetricData::Gauge(gauge)) => {
                gauge.data_points().for_each(|point| add(point.attributes().collect(), point.value()));
            }
            other => return Err(format!("{}: {other:?}", metric.name()).into()),
        }
    }
    Ok(numbers)
}

/// Prints the numbers of a stage, or all.
fn print(numbers: &BTreeMap<String, f64>, stage: &str) {
    for (name, number) in numbers.iter().filter(|(name, _)| name.contains(stage)) {
        println!("    {name} {number}");
    }
}
