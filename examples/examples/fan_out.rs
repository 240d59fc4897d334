// cargo run --release --example fan_out
//! One pass over the orders, several aggregates: each branch is stages with a sink behind them, and tells its result. An audit log
//! sees every order besides.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use anypipe::prelude::*;

#[derive(Clone, Debug)]
struct Order {
    customer: u64,
    cents: u64,
}

/// What a branch tells.
enum Told {
    Count(usize),
    Cents(u64),
    Dearest(Option<u64>),
    Customers(usize),
}

#[anypipe::main]
async fn main() {
    let orders = (0..10_000).map(|n| Order { customer: n * n % 97, cents: n * 7 % 1000 });
    let audited = Arc::new(AtomicUsize::new(0));
    let audit = Arc::clone(&audited);
    let log = move |batch: Vec<Order>| {
        audit.fetch_add(batch.len(), SeqCst);
    };

    let count = sink::count().into_stage().map(Told::Count);
    let cents = (map(|order: Order| order.cents) | sink::sum()).into_stage().map(Told::Cents);
    let dearest = (map(|order: Order| order.cents) | sink::max()).into_stage().map(Told::Dearest);
    let customers = (map(|order: Order| order.customer) | sink::collect())
        .into_stage()
        .map(|customers: HashSet<u64>| Told::Customers(customers.len()));

    let told: Vec<Told> = Pipeline::from_iter(orders)
        .tee(chunks(100) | sink::for_each(log))
        .broadcast((count, cents, dearest, customers))
        .collect()
        .await;

    for one in told {
        match one {
            Told::Count(count) => println!("{count} orders"),
            Told::Cents(cents) => println!("{cents} cents"),
            Told::Dearest(dearest) => println!("{} cents for the dearest", dearest.unwrap_or(0)),
            Told::Customers(customers) => println!("{customers} customers"),
        }
    }
    println!("{} orders in the audit log", audited.load(SeqCst));
}
