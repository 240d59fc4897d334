//! `#[anypipe::main]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::options::{Main, Options};

pub(crate) fn expand(options: &Options<Main>, function: &ItemFn) -> syn::Result<TokenStream> {
    let ItemFn { attrs, vis, sig, block } = function;
    crate::check("main", sig)?;
    let (krate, name, output) = (&options.krate, &sig.ident, &sig.output);
    let runtime = options.variants.first().map(|variant| quote!(, #variant));
    let threads = options.threads.as_ref().map(|threads| quote!(, #threads));
    Ok(quote! {
        #(#attrs)*
        #vis fn #name() #output {
            #[allow(clippy::unused_async, reason = "the attribute asks for an `async fn`")]
            #sig #block
            #krate::__main! { #name #runtime #threads }
        }
    })
}

/// The error, with a function in place: its absence isn't to be told on top.
pub(crate) fn refuse(error: &syn::Error, function: &ItemFn) -> TokenStream {
    let (error, vis, name) = (error.to_compile_error(), &function.vis, &function.sig.ident);
    quote! { #error #vis fn #name() {} }
}
