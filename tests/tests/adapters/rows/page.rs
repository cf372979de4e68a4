//! What a page gets: the script tag, the sources of its policy, and the name of its session.

use crate::row::{Expected, Request, Row};
use lunadefend::{Builder, ErrorKind, LunaDefend};
use lunadefend_elements::element_module;
use lunadefend_tests::{provider, signing_key};

const TOKENIZER: &str = "http://tokenizer.example.com";
/// Computed with Python's hashlib: the tokenizer must be able to agree with us.
const HASHED: &str = "c9f1acc865816323ba313ceb3d9b3ffe";
const RAW: &str = "1cb0cbaf3ab35c7650840f87e8d0030c";

pub(super) fn rows() -> Vec<Row> {
    let page = || Request::get("/page").by("ann");
    let mut rows = vec![
        Row::new(
            "a page of a session that is sent hashed",
            page(),
            expected(TOKENIZER, "", HASHED),
        ),
        Row::new(
            "a page of a session that is sent raw",
            page(),
            expected("http://127.0.0.1:1", "", RAW),
        )
        .with(|| luna().raw_session_ids()),
        Row::new(
            "a page of nobody",
            Request::get("/page"),
            Expected::error(ErrorKind::NoSession),
        ),
        Row::new(
            "a tokenizer that browsers reach below a path",
            page(),
            expected("https://public.example/t", "", HASHED),
        )
        .with(|| luna().public_tokenizer_url("https://PUBLIC.example:443/t/")),
    ];
    for (base, attribute) in [
        ("", ""),
        ("/", ""),
        ("/api", " data-plugin-base=\"/api\""),
        ("api/", " data-plugin-base=\"/api\""),
        ("a/b", " data-plugin-base=\"/a/b\""),
    ] {
        let name = format!("a page where the auth plugin is below {base:?}");
        let expected = expected(TOKENIZER, attribute, HASHED);
        rows.push(Row::new(name, page(), expected).below(base));
    }
    rows
}

fn luna() -> Builder {
    LunaDefend::builder("http://127.0.0.1:1").signing_key(provider(signing_key()))
}

fn expected(tokenizer: &str, attribute: &str, page_session: &str) -> Expected {
    let module = element_module();
    let (name, integrity) = (module.name(), module.integrity());
    let script = format!("{tokenizer}/elements/{name}");
    Expected::text(format!(
        "<script type=\"module\" src=\"{script}\" integrity=\"{integrity}\" crossorigin{attribute}></script>\n\
         script-src {script}; frame-src {tokenizer}/frame; connect-src 'self' {tokenizer}/session/create\n\
         {page_session}"
    ))
}
