//! The database: batches of rows, each in a transaction.

use std::path::Path;

use rusqlite::{Connection, Result, Transaction};

use crate::order::Order;
use crate::rejects::Reject;

/// Makes the table where there is none, and tells how many rows it has.
pub fn prepare(path: &Path) -> Result<u64> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS orders (
             id INTEGER PRIMARY KEY,
             customer TEXT NOT NULL,
             cents INTEGER NOT NULL CHECK (cents >= 0)
         )",
    )?;
    rows(&connection)
}

/// How many rows the table has.
pub fn count(path: &Path) -> Result<u64> {
    rows(&Connection::open(path)?)
}

fn rows(connection: &Connection) -> Result<u64> {
    connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
}

/// A connection for a worker. An error is kept, and is every row's reason then.
pub fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    // A commit then costs no wait for the disk; what a crash takes back, it takes back as a whole.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// Stores a batch, and answers for each of its orders. Blocks.
///
/// A batch that fails is taken back as a whole and stored again row by row, so that one bad row doesn't
/// cost the others.
pub fn store(connection: &mut Result<Connection>, batch: Vec<Order>) -> Vec<Result<(), Reject>> {
    let connection = match connection {
        Ok(connection) => connection,
        Err(error) => {
            let reason = format!("no connection: {error}");
            return batch.into_iter().map(|order| Err(Reject::new(order.row, reason.clone()))).collect();
        }
    };
    if together(connection, &batch).is_ok() {
        return batch.iter().map(|_| Ok(())).collect();
    }
    batch.into_iter().map(|order| alone(connection, order)).collect()
}

fn together(connection: &mut Connection, batch: &[Order]) -> Result<()> {
    // Dropped without a commit, it takes everything back.
    let transaction = connection.transaction()?;
    batch.iter().try_for_each(|order| insert(&transaction, order))?;
    transaction.commit()
}

fn alone(connection: &mut Connection, order: Order) -> std::result::Result<(), Reject> {
    together(connection, std::slice::from_ref(&order))
        .map_err(|error| Reject::new(order.row, error.to_string()))
}

fn insert(transaction: &Transaction<'_>, order: &Order) -> Result<()> {
    let mut statement =
        transaction.prepare_cached("INSERT INTO orders (id, customer, cents) VALUES (?1, ?2, ?3)")?;
    statement.execute((order.id, &order.customer, order.cents)).map(drop)
}
