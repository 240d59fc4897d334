// cargo run --release --manifest-path examples/apps/metrics/Cargo.toml
//! A pipeline that Prometheus can scrape: what its stages count and what their workers do, by stage.
//!
//! It scrapes itself over TCP while it runs and after its end, prints what a server would read, and ends. A service has
//! a route of its own give `handle.render()`, or `PrometheusBuilder::with_http_listener` answer on a fixed address.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::num::ParseIntError;
use std::time::Duration;

use anypipe::Run;
use anypipe::metrics::RecordMetrics;
use anypipe::prelude::*;
use anypipe::time::sleep;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How many orders come; every tenth can't be read, and every third of the rest is of no interest.
const ORDERS: u32 = 400;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::select! {
        () = serve(listener, handle) => Err("nobody serves any more".into()),
        result = run_and_scrape(address) => result,
    }
}

#[expect(clippy::float_cmp, reason = "they are counts")]
async fn run_and_scrape(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    // One line makes the run's numbers known.
    let orders = orders().metrics("orders", Duration::from_millis(20)).start();

    let taken = r#"anypipe_stage_items_total{pipeline="orders",stage="price",end="taken"}"#;
    let running = r#"anypipe_run_state{pipeline="orders",state="running"}"#;
    let live = loop {
        let scraped = scrape(address).await?;
        // The state is recorded last: all else is there then.
        if scraped.get(taken) > Some(&0.0) && scraped.contains_key(running) {
            break scraped;
        }
        sleep(Duration::from_millis(5)).await;
    };
    println!("while it runs, from http://{address}/metrics:");
    print(&live, "price");
    assert_eq!(live[running], 1.0);
    assert_eq!(live[r#"anypipe_stage_workers{pipeline="orders",stage="price"}"#], 4.0);

    let priced = orders.await?;
    let last = scrape(address).await?;
    println!("after its end:");
    print(&last, "");
    let items = |stage: &str, end: &str| {
        last[&format!(r#"anypipe_stage_items_total{{pipeline="orders",stage="{stage}",end="{end}"}}"#)]
    };
    assert_eq!((items("parse", "taken"), items("parse", "errored")), (f64::from(ORDERS), 40.0));
    assert_eq!(items("price", "delivered") + items("price", "filtered"), items("price", "taken"));
    assert_eq!(items("count", "taken"), f64::from(u32::try_from(priced)?));
    assert_eq!(last[r#"anypipe_run_state{pipeline="orders",state="ended"}"#], 1.0);
    for (name, before) in &live {
        assert!(!name.contains("_total") || last[name] >= *before, "{name} fell");
    }
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

/// Answers every request with the numbers as they are.
async fn serve(listener: TcpListener, handle: PrometheusHandle) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await;
        let body = handle.render();
        let head = "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n";
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    }
}

/// What a server would read: each number by its name and labels.
async fn scrape(address: SocketAddr) -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no head")?;
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    let lines = body.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let numbers = lines.map(|line| {
        let (name, number) = line.rsplit_once(' ').ok_or("no number")?;
        Ok((name.to_owned(), number.parse()?))
    });
    numbers.collect()
}

/// Prints the numbers of a stage, or all.
fn print(scraped: &BTreeMap<String, f64>, stage: &str) {
    for (name, number) in scraped.iter().filter(|(name, _)| name.contains(stage)) {
        println!("    {name} {number}");
    }
}
