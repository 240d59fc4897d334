//! What a row must be.

use csv::StringRecord;

use crate::rejects::Reject;

/// A row that may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The row that it was, for the rejects.
    pub row: StringRecord,
    pub id: i64,
    pub customer: String,
    pub cents: i64,
}

/// A row as the file has it, or why it can't be read.
///
/// # Panics
///
/// Where the file itself can't be read any further.
pub fn readable(row: csv::Result<StringRecord>) -> Result<StringRecord, Reject> {
    row.map_err(|error| {
        assert!(!error.is_io_error(), "the orders can't be read to their end: {error}");
        let line = error.position().map_or(0, csv::Position::line);
        Reject { line, reason: "no text".to_owned(), row: StringRecord::new() }
    })
}

/// Makes an order of a row, or tells what is wrong with it.
pub fn validate(row: Result<StringRecord, Reject>) -> Result<Order, Reject> {
    let row = row?;
    match parse(&row) {
        Ok((id, customer, cents)) => Ok(Order { row, id, customer, cents }),
        Err(reason) => Err(Reject::new(row, reason)),
    }
}

fn parse(row: &StringRecord) -> Result<(i64, String, i64), String> {
    let [id, customer, cents] =
        [row.get(0), row.get(1), row.get(2)].map(|field| field.unwrap_or_default().trim());
    if row.len() != 3 {
        return Err(format!("{} fields instead of 3", row.len()));
    }
    if customer.is_empty() {
        return Err("no customer".to_owned());
    }
    let number = |name: &str, text: &str| text.parse().map_err(|error| format!("{name} `{text}`: {error}"));
    Ok((number("id", id)?, customer.to_owned(), number("cents", cents)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(fields: &[&str]) -> Option<String> {
        validate(Ok(StringRecord::from(fields))).err().map(|reject| reject.reason)
    }

    #[test]
    fn a_good_row_becomes_an_order() {
        let order = validate(Ok(StringRecord::from(vec!["7", " Ada ", "250"]))).unwrap();
        assert_eq!((order.id, order.customer.as_str(), order.cents), (7, "Ada", 250));
    }

    #[test]
    fn a_bad_row_tells_what_is_wrong() {
        assert_eq!(reason(&["1", "Ada"]).unwrap(), "2 fields instead of 3");
        assert_eq!(reason(&["1", " ", "5"]).unwrap(), "no customer");
        assert_eq!(reason(&["one", "Ada", "5"]).unwrap(), "id `one`: invalid digit found in string");
        assert!(reason(&["1", "Ada", ""]).unwrap().starts_with("cents ``"));
    }
}
