// cargo run --manifest-path examples/apps/ecosystem/Cargo.toml --bin websocket
//! A WebSocket as a source and a sink, its client tokio's, on any runtime: what comes in goes through a pipeline, and what
//! comes out of it goes back. tokio's sockets need tokio where they are made, and can be polled anywhere after that: only
//! the connecting is wrapped.

use anypipe::prelude::*;
use anypipe::runtime::current;
use async_compat::Compat;
use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message as Served, WebSocket};
use axum::routing::get;
use ecosystem::{on_each_runtime, serve};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

fn main() {
    let app = Router::new().route("/", get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(ask)));
    let (address, _server) = serve(app);
    on_each_runtime(async |name| {
        let answered = answer(format!("ws://{address}/"), name).await;
        assert_eq!(answered, 10);
        println!("{name}: {answered} questions answered in order");
    });
}

/// The server: asks for the squares of ten numbers, and looks at the answers.
async fn ask(mut socket: WebSocket) {
    for n in 1..=10u64 {
        socket.send(Served::Text(n.to_string().into())).await.expect("the client listens");
    }
    for n in 1..=10u64 {
        let answer = socket.recv().await.expect("an answer").expect("an answer");
        assert_eq!(answer.into_text().expect("a text").as_str(), (n * n).to_string());
    }
    // Tells the client that this is the end.
    drop(socket.send(Served::Close(None)).await);
}

/// The client: its questions are a source, and a function that sends is the end of the pipeline.
async fn answer(url: String, runtime: &'static str) -> usize {
    let (socket, _) = Compat::new(connect_async(url)).await.expect("the server listens");
    let (out, questions) = socket.split();
    let questions = questions.filter_map(async |message| match message.expect("the server speaks") {
        Message::Text(text) => Some(text.parse::<u64>().expect("a number")),
        _ => None,
    });
    let square = move |n: u64| async move {
        assert_eq!(current().name(), runtime);
        Message::text((n * n).to_string())
    };
    Pipeline::from_stream(Box::pin(questions))
        .then(square)
        .workers(3)
        .fold_async((out, 0), async |(mut out, sent), answer| {
            out.send(answer).await.expect("the server listens");
            (out, sent + 1)
        })
        .await
        .1
}
