//! What stands in an attribute's parentheses.

use std::marker::PhantomData;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Lit, LitInt, Path, Token};

/// The names of the runtimes, in the order in which tests are listed.
const VARIANTS: [&str; 6] = ["tokio", "tokio_current_thread", "smol", "smol_one_thread", "async_std", "sim"];

/// What one of the two attributes takes.
pub(crate) trait Attribute {
    const NAME: &'static str;
    /// The options that have a value, besides `crate`.
    const VALUES: &'static [&'static str];
    /// True where several variants may be named.
    const SEVERAL: bool;
}

/// `#[anypipe::main]`.
pub(crate) struct Main;

impl Attribute for Main {
    const NAME: &'static str = "main";
    const VALUES: &'static [&'static str] = &["threads"];
    const SEVERAL: bool = false;
}

/// `#[anypipe::test]`.
pub(crate) struct Test;

impl Attribute for Test {
    const NAME: &'static str = "test";
    const VALUES: &'static [&'static str] = &["seeds", "jitter", "timeout"];
    const SEVERAL: bool = true;
}

/// The options of one attribute, as far as they were given.
pub(crate) struct Options<A> {
    /// The runtimes that were named.
    pub(crate) variants: Vec<Ident>,
    /// Where the facade is.
    pub(crate) krate: Path,
    /// How many threads the runtime has.
    pub(crate) threads: Option<LitInt>,
    /// How many seeds a test runs under.
    pub(crate) seeds: Option<LitInt>,
    /// By how much of its length a sleep may be late on the simulator, in percent.
    pub(crate) jitter: Option<LitInt>,
    /// When a test counts as hanging, in milliseconds.
    pub(crate) timeout: Option<u64>,
    attribute: PhantomData<A>,
}

impl<A: Attribute> Parse for Options<A> {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let krate = syn::parse_quote!(::anypipe);
        let (variants, attribute) = (Vec::new(), PhantomData);
        let (threads, seeds, jitter, timeout) = (None, None, None, None);
        let mut options = Self { variants, krate, threads, seeds, jitter, timeout, attribute };
        let mut given = Vec::new();
        while !input.is_empty() {
            let name = Ident::parse_any(input)?;
            if given.contains(&name) {
                return Err(syn::Error::new(name.span(), format!("`{name}` is given twice")));
            }
            options.parse_one(&name, input)?;
            given.push(name);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        options.check()?;
        Ok(options)
    }
}

impl<A: Attribute> Options<A> {
    fn parse_one(&mut self, name: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        let text = name.to_string();
        if VARIANTS.contains(&text.as_str()) {
            if !A::SEVERAL && !self.variants.is_empty() {
                return Err(syn::Error::new(name.span(), "a program has one main runtime"));
            }
            self.variants.push(name.clone());
            return Ok(());
        }
        if text != "crate" && !A::VALUES.contains(&text.as_str()) {
            return Err(unknown::<A>(name));
        }
        input.parse::<Token![=]>()?;
        match text.as_str() {
            "crate" => self.krate = input.call(Path::parse_mod_style)?,
            "threads" => self.threads = Some(at_least_one(name, input)?),
            "seeds" => self.seeds = Some(at_least_one(name, input)?),
            "jitter" => self.jitter = Some(percent(input)?),
            _ => self.timeout = Some(duration(&input.parse()?)?),
        }
        Ok(())
    }

    /// Refuses options that don't go together.
    fn check(&self) -> syn::Result<()> {
        let Some(threads) = &self.threads else { return Ok(()) };
        match self.variants.first() {
            Some(variant) if variant == "tokio" || variant == "smol" => Ok(()),
            Some(variant) => Err(syn::Error::new(
                threads.span(),
                format!("`threads` goes with `tokio` and `smol`, not with `{variant}`"),
            )),
            None => Err(syn::Error::new(
                threads.span(),
                "`threads` needs a runtime: write `tokio, threads = n` or `smol, threads = n`",
            )),
        }
    }
}

fn unknown<A: Attribute>(name: &Ident) -> syn::Error {
    let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let hint = match name.to_string().as_str() {
        "current_thread" => "; did you mean `tokio_current_thread`?",
        "multi_thread" => "; `tokio` has several threads",
        "async" => "; async-std is written `async_std`",
        _ => "",
    };
    let message = format!(
        "`#[anypipe::{}]` has no option `{name}`{hint}\nit takes a runtime ({}), {}, or `crate`",
        A::NAME,
        list(&VARIANTS),
        list(A::VALUES),
    );
    syn::Error::new(name.span(), message)
}

fn at_least_one(name: &Ident, input: ParseStream<'_>) -> syn::Result<LitInt> {
    let number: LitInt = input.parse()?;
    match number.base10_parse::<u32>()? {
        0 => Err(syn::Error::new(number.span(), format!("`{name}` must be at least 1"))),
        _ => Ok(number),
    }
}

fn percent(input: ParseStream<'_>) -> syn::Result<LitInt> {
    let number: LitInt = input.parse()?;
    match number.base10_parse::<u8>() {
        Ok(_) => Ok(number),
        Err(_) => Err(syn::Error::new(number.span(), "`jitter` is a number of percent, up to 255")),
    }
}

/// A length of time in milliseconds: `5` is seconds, `"500ms"`, `"5s"`, `"2m"`, `"1h"` say what they are.
fn duration(literal: &Lit) -> syn::Result<u64> {
    let refuse = |span: Span| {
        syn::Error::new(
            span,
            "a length of time is a number of seconds, or a text such as \"500ms\", \"5s\", \"2m\"",
        )
    };
    let millis = match literal {
        Lit::Int(seconds) => seconds.base10_parse::<u64>()?.checked_mul(1000),
        Lit::Str(text) => parse_duration(&text.value()),
        _ => None,
    };
    millis.filter(|millis| *millis > 0).ok_or_else(|| refuse(literal.span()))
}

fn parse_duration(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit.trim() {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<A: Attribute>(text: &str) -> String {
        let options = syn::parse_str::<Options<A>>(text);
        options.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn options_are_read() {
        let options: Options<Test> =
            syn::parse_str("tokio, sim, seeds = 7, jitter = 0, timeout = \"500ms\", crate = a::b,").unwrap();
        assert_eq!(options.variants, ["tokio", "sim"]);
        assert_eq!(options.seeds.unwrap().base10_digits(), "7");
        assert_eq!(options.jitter.unwrap().base10_digits(), "0");
        assert_eq!(options.timeout, Some(500));
        assert_eq!(options.krate.segments.len(), 2);
    }

    #[test]
    fn times_have_units() {
        let times = [("5", Some(5000)), ("5s", Some(5000)), ("2m", Some(120_000)), ("1 h", Some(3_600_000))];
        for (text, millis) in times {
            assert_eq!(parse_duration(text), millis);
        }
        for text in ["", "s", "5x", "-5s", "1.5s"] {
            assert_eq!(parse_duration(text), None);
        }
    }

    #[test]
    fn mistakes_are_told() {
        assert!(message::<Main>("rayon").contains("`tokio_current_thread`"));
        assert!(message::<Main>("seeds = 3").contains("has no option `seeds`"));
        assert!(message::<Main>("current_thread").contains("did you mean"));
        assert!(message::<Main>("tokio, smol").contains("one main runtime"));
        assert!(message::<Main>("threads = 2").contains("needs a runtime"));
        assert!(message::<Main>("async_std, threads = 2").contains("not with `async_std`"));
        assert!(message::<Main>("tokio, threads = 0").contains("at least 1"));
        assert!(message::<Test>("sim, sim").contains("given twice"));
        assert!(message::<Test>("jitter = 256").contains("up to 255"));
        assert!(message::<Test>("timeout = 0").contains("a number of seconds"));
        assert!(message::<Test>("timeout = \"soon\"").contains("a number of seconds"));
    }
}
