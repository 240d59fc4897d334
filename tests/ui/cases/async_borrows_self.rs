//! A method whose future borrows the value that it is called on: `using(client, async |client, url| client.get(url).await)`.
//~ borrowed data escapes outside of method

use anypipe::prelude::*;

struct Client;

impl Client {
    async fn get(&self, n: u64) -> u64 {
        n
    }

    fn all(&self) -> Pipeline<impl Source<Item = u64>> {
        Pipeline::from_iter(0..3u64).then(|n| self.get(n))
    }
}

fn main() {
    let _run = Client.all().collect::<Vec<u64>>();
}
