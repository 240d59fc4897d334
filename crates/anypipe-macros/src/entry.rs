//! `#[anypipe::main]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::options::{Main, Options};

pub(crate) fn expand(options: &Options<Main>, function: &ItemFn) -> TokenStream {
    let ItemFn { attrs, vis, sig, block } = function;
    let name = &sig.ident;
    if let Err(error) = crate::check("main", sig) {
        // With the function there, its absence isn't told on top.
        let error = error.to_compile_error();
        return quote! { #error #vis fn #name() {} };
    }
    let (krate, output) = (&options.krate, &sig.output);
    let runtime = options.variants.first().map(|variant| quote!(, #variant));
    let threads = options.threads.as_ref().map(|threads| quote!(, #threads));
    quote! {
        #(#attrs)*
        #vis fn #name() #output {
            #[allow(clippy::unused_async, reason = "the attribute asks for an `async fn`")]
            #sig #block
            #krate::__main! { #name #runtime #threads }
        }
    }
}
