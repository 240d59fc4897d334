//! Two libraries in one program, one of which turns on `tokio` and the other `smol`, under the runtime
//! that the argument names.

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("tokio") => {
            let tokio = tokio::runtime::Runtime::new().expect("a runtime can be built");
            tokio.block_on(both());
        }
        Some("smol") => smol::block_on(both()),
        Some("async-std") => async_std::task::block_on(both()),
        other => panic!("tokio, smol or async-std, not {other:?}"),
    }
}

async fn both() {
    println!("{}", on_tokio::work().await);
    println!("{}", on_smol::work().await);
}
