//! Averages of temperatures, from lines such as `Oslo;-3.5`: a library that names no runtime.
//!
//! It offers the three shapes that a library can: a segment, a pipeline, and a function that does all.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use anypipe::prelude::*;
use anypipe::time::sleep;

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Where it was measured.
    pub place: String,
    /// In degrees.
    pub degrees: f64,
}

/// A line that is no reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine(String);

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no reading such as `Oslo;-3.5`", self.0)
    }
}

impl Error for BadLine {}

/// Lines to readings, each with its answer: a segment, for any pipeline of lines.
pub fn parse() -> Segment<impl Stage<String, Out = Result<Reading, BadLine>>> {
    map(|line: String| {
        let parsed = line.split_once(';').and_then(|(place, degrees)| {
            Some(Reading { place: place.to_owned(), degrees: degrees.trim().parse().ok()? })
        });
        parsed.ok_or(BadLine(line))
    })
}

/// The readings of all stations, in the order of the stations, three of them asked at a time.
pub fn readings(stations: Vec<Station>) -> Pipeline<impl Source<Item = Result<Reading, BadLine>>> {
    Pipeline::from_iter(stations).then(Station::ask).named("ask").workers(3).flatten().pipe(parse())
}

/// The average of each place, or the first line that is no reading.
///
/// # Errors
///
/// Where a line is no reading; no further station is asked then.
///
/// # Cancel safety
///
/// Dropping it cancels all that it has started.
pub async fn averages(stations: Vec<Station>) -> Result<BTreeMap<String, f64>, BadLine> {
    let all: Vec<Reading> = readings(stations).try_collect().await?;
    let mut sums = BTreeMap::<String, (f64, f64)>::new();
    for Reading { place, degrees } in all {
        let (sum, count) = sums.entry(place).or_default();
        *sum += degrees;
        *count += 1.0;
    }
    Ok(sums.into_iter().map(|(place, (sum, count))| (place, sum / count)).collect())
}

/// Where lines come from; it stands for something that has to be waited for.
#[derive(Clone, Debug)]
pub struct Station {
    lines: Vec<String>,
    delay: Duration,
}

impl Station {
    /// A station that gives these lines after a while.
    pub fn new(delay: Duration, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { lines: lines.into_iter().map(Into::into).collect(), delay }
    }

    /// Waits on the clock of whatever runtime this runs on.
    async fn ask(self) -> Vec<String> {
        sleep(self.delay).await;
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[anypipe::test]
    async fn readings_come_in_the_order_of_the_stations() {
        let slow = Station::new(Duration::from_millis(30), ["Oslo;1"]);
        let fast = Station::new(Duration::from_millis(1), ["Rome;20", "Rome;nan?"]);
        let all: Vec<_> = readings(vec![slow, fast]).collect().await;
        let reading = |place: &str, degrees| Ok(Reading { place: place.to_owned(), degrees });
        let bad = Err(BadLine("Rome;nan?".to_owned()));
        assert_eq!(all, [reading("Oslo", 1.0), reading("Rome", 20.0), bad]);
    }

    #[anypipe::test]
    async fn averages_are_by_place_and_a_bad_line_is_told() {
        let station = |lines: &[&str]| Station::new(Duration::ZERO, lines.iter().copied());
        let good = averages(vec![station(&["a;1", "b;5"]), station(&["a; 2"])]).await;
        assert_eq!(good, Ok(BTreeMap::from([("a".to_owned(), 1.5), ("b".to_owned(), 5.0)])));
        let bad = averages(vec![station(&["a;1"]), station(&["oops"])]).await;
        assert_eq!(bad.unwrap_err().to_string(), "`oops` is no reading such as `Oslo;-3.5`");
    }
}
