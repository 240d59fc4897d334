//! `#[anypipe::test]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ItemFn, ReturnType};

use crate::options::{Options, Test};

/// When a test counts as hanging where nothing else was said, in milliseconds.
const TIMEOUT: u64 = 60_000;

pub(crate) fn expand(options: &Options<Test>, function: &ItemFn) -> syn::Result<TokenStream> {
    check(function)?;
    let ItemFn { attrs, vis, sig, block } = function;
    let (krate, name) = (&options.krate, &sig.ident);
    // Lints, docs and `cfg`s belong to the body; the rest is meant for the test.
    let (body, test): (Vec<_>, Vec<_>) = attrs.iter().partition(|attr| is_of_body(attr));
    let (ignore, test): (Vec<_>, Vec<_>) = test.into_iter().partition(|attr| attr.path().is_ident("ignore"));
    let condition: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let should_panic = should_panic(function).is_some();
    let timeout = options.timeout.unwrap_or(TIMEOUT);
    let (seeds, jitter) = (options.seeds.iter(), options.jitter.iter());
    let variants = &options.variants;
    Ok(quote! {
        #(#body)*
        #[allow(clippy::unused_async, reason = "the attribute asks for an `async fn`")]
        #vis #sig #block

        #krate::__test! {
            { #(#condition)* }
            { #(#variants)* }
            { #name { #timeout #should_panic { #(#seeds)* } { #(#jitter)* } } { #(#ignore)* } { #(#test)* } }
        }
    })
}

fn check(function: &ItemFn) -> syn::Result<()> {
    crate::check("test", &function.sig)?;
    match (should_panic(function), &function.sig.output) {
        (Some(attr), ReturnType::Type(..)) => {
            Err(syn::Error::new_spanned(attr, "a test that should panic gives nothing: drop its return type"))
        }
        _ => Ok(()),
    }
}

fn should_panic(function: &ItemFn) -> Option<&Attribute> {
    function.attrs.iter().find(|attr| attr.path().is_ident("should_panic"))
}

fn is_of_body(attr: &Attribute) -> bool {
    const NAMES: [&str; 7] = ["allow", "expect", "warn", "deny", "forbid", "doc", "cfg"];
    NAMES.iter().any(|name| attr.path().is_ident(name))
}
