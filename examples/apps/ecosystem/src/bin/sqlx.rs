// cargo run --manifest-path examples/apps/ecosystem/Cargo.toml --bin sqlx
//! A database whose driver was built for tokio (`runtime-tokio`), in the tasks of any runtime: `Compat::new(..)` around each
//! future that talks to it. (sqlx can be built for async-std instead, which works on any thread; a library can't choose.)

use anypipe::prelude::*;
use anypipe::runtime::current;
use async_compat::Compat;
use ecosystem::on_each_runtime;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

fn main() {
    on_each_runtime(async |name| {
        let (rows, sum) = store(1000, name).await.expect("a database in memory");
        assert_eq!((rows, sum), (1000, 499_500));
        println!("{name}: {rows} rows in batches of 64, their sum {sum}");
    });
}

/// Stores numbers, in batches, four at a time at most; gives how many there are, and their sum.
async fn store(rows: i64, runtime: &'static str) -> sqlx::Result<(i64, i64)> {
    let pool = Compat::new(open()).await?;
    let insert = {
        let pool = pool.clone();
        move |batch: Vec<i64>| {
            assert_eq!(current().name(), runtime);
            Compat::new(insert(pool.clone(), batch))
        }
    };
    Pipeline::from_iter(0..rows).chunks(64).then(insert).workers(4).try_for_each(|()| Ok(())).await?;
    Compat::new(sqlx::query_as("SELECT count(*), sum(n) FROM numbers").fetch_one(&pool)).await
}

async fn open() -> sqlx::Result<SqlitePool> {
    // One connection: each has a database in memory of its own.
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    sqlx::query("CREATE TABLE numbers (n INTEGER NOT NULL)").execute(&pool).await?;
    Ok(pool)
}

/// Stores a batch in one transaction.
async fn insert(pool: SqlitePool, batch: Vec<i64>) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    for n in batch {
        sqlx::query("INSERT INTO numbers VALUES (?)").bind(n).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}
