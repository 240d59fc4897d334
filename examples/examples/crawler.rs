// cargo run --release --example crawler
//! Crawls a site: each page gives links to more of them, eight are fetched at a time, none is fetched twice, and it ends when
//! there is nothing left to fetch. The site is in memory, so that the example runs anywhere.

use std::process::ExitCode;
use std::time::Duration;

use anypipe::prelude::*;

/// Pages by their number, each with two or three links; some lead back, some lead nowhere.
struct Site {
    pages: u32,
}

/// What was found at an address, and where it leads.
type Found = (Result<String, String>, Vec<u32>);

impl Site {
    async fn get(&self, page: u32) -> Found {
        anypipe::time::sleep(Duration::from_millis(1)).await;
        if page >= self.pages {
            return (Err(format!("page {page} is not there")), Vec::new());
        }
        (Ok(format!("page {page}")), vec![page * 2 + 1, page * 2 + 2, page / 3])
    }
}

/// The crawler.
async fn crawl(site: Site) -> (Vec<String>, Vec<String>) {
    Pipeline::once(0)
        .expand_map(using(site, async |site, page| site.get(page).await))
        .workers(8)
        .unordered()
        .breadth_first()
        .dedup_by(|page| *page)
        .partition_results()
        .await
}

fn main() -> ExitCode {
    let (pages, missing) = anypipe::run(crawl(Site { pages: 100 }));
    println!("{} pages, {} links lead nowhere", pages.len(), missing.len());
    ExitCode::SUCCESS
}
