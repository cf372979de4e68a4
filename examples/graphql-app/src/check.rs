//! What `--once` runs: two users who do what users do, and what a thief tries.

use anyhow::Result;
use app_common::{Browser, Page, Visitor};
use lunadefend_http::HttpClient;
use serde_json::{Value, json};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(10);

const SET: &str = "mutation($form: FormInput!) { setFormData(formInput: $form) { email } }";
const GET: &str = "{ getFormData { email insecure_field text_area files } }";

/// Walks through everything that the application at `app` can do. True when each step went as it must.
pub(crate) async fn run(app: &str, tokenizer: &str) -> Result<bool> {
    let http = HttpClient::builder().tls(false).build()?;
    let visitor = |name| Visitor::new(name, Browser::new(http.clone(), DEADLINE), app, tokenizer);
    let mut check = Check::default();
    let (mut ann, mut bob, mut nobody) = (visitor("ann"), visitor("bob"), visitor("nobody"));

    for user in [&mut ann, &mut bob] {
        let page = user.log_in().await?;
        check.step(&format!("{} logs in", user.name()), &page, page.is_ok());
        let page = user.transfer_session().await?;
        let what = format!("{}'s session reaches the tokenizer", user.name());
        check.step(&what, &page, page.is_ok());
    }

    let form = json!({
        "email": ann.tokenize("ann@example.com").await?,
        "insecure_field": "not a secret",
        "text_area": ann.tokenize("078-05-1120").await?,
        "files": [ann.tokenize("a file").await?, ann.tokenize("another file").await?],
    });
    let page = graphql(&mut ann, SET, json!({ "form": form })).await?;
    let stored = json!({ "data": { "setFormData": { "email": form["email"] } } });
    check.step(
        "four tokens are verified and stored",
        &page,
        page.json() == stored,
    );

    let page = graphql(&mut ann, GET, Value::Null).await?;
    let sent = json!({ "data": { "getFormData": form } });
    check.step(
        "all of them are granted and sent",
        &page,
        page.json() == sent,
    );

    let token = form["text_area"].as_str().unwrap_or_default();
    let page = ann.detokenize(token).await?;
    let is_value = page.is_ok() && page.body() == b"078-05-1120";
    check.step("the frame reads one of them", &page, is_value);

    // Whatever shape the thief finds: in an argument, in a list, in a default.
    let own = bob.tokenize("bob@example.com").await?;
    for (what, query, variables) in [
        (
            "bob sends ann's token as his own",
            SET.to_owned(),
            json!({ "form": { "text_area": token } }),
        ),
        (
            "bob hides it in a list",
            SET.to_owned(),
            json!({ "form": { "email": own, "files": [own, token] } }),
        ),
        (
            "bob hides it in a second field",
            format!(
                "mutation {{ a: setFormData(formInput: {{ email: {own:?} }}) {{ email }} b: setFormData(formInput: {{ files: {token:?} }}) {{ email }} }}"
            ),
            Value::Null,
        ),
        (
            "bob hides it in a default",
            format!(
                "mutation($form: FormInput = {{ email: {token:?} }}) {{ ...f }} fragment f on Mutation {{ setFormData(formInput: $form) {{ email }} }}"
            ),
            Value::Null,
        ),
    ] {
        let page = graphql(&mut bob, &query, variables).await?;
        check.step(what, &page, refused(&page, "invalidGrant"));
    }
    let page = graphql(&mut bob, GET, Value::Null).await?;
    let nothing = json!({ "data": { "getFormData": null } });
    check.step("nothing of it was stored", &page, page.json() == nothing);

    let malformed = json!({ "form": { "email": "ann@example.com" } });
    let page = graphql(&mut ann, SET, malformed).await?;
    let echoes = String::from_utf8_lossy(page.body()).contains("example.com");
    check.step(
        "a value instead of a token is refused",
        &page,
        refused(&page, "badToken") && !echoes,
    );
    let page = graphql(&mut nobody, SET, json!({ "form": { "email": own } })).await?;
    check.step("nobody is refused", &page, refused(&page, "sessionError"));
    let page = graphql(
        &mut nobody,
        "{ __schema { queryType { name } } }",
        Value::Null,
    )
    .await?;
    check.step(
        "the schema is for everybody",
        &page,
        page.json()["errors"].is_null(),
    );
    let page = nobody.get("/").await?;
    let is_page = page.body().starts_with(b"<!DOCTYPE html>");
    check.step("GraphiQL is there", &page, page.is_ok() && is_page);
    check.end()
}

async fn graphql(visitor: &mut Visitor, query: &str, variables: Value) -> Result<Page> {
    let body = json!({ "query": query, "variables": variables });
    visitor.post("/graphql", &body).await
}

/// Whether an operation was refused as a whole, with this name.
fn refused(page: &Page, code: &str) -> bool {
    let answer = page.json();
    answer["data"].is_null() && answer["errors"][0]["extensions"]["code"] == code
}

/// Prints the steps and counts those that did not go as they must.
#[derive(Default)]
struct Check {
    steps: usize,
    failures: usize,
}

impl Check {
    fn step(&mut self, what: &str, page: &Page, as_it_must: bool) {
        self.steps += 1;
        self.failures += usize::from(!as_it_must);
        let error = &page.json()["errors"][0];
        let said = error["message"]
            .as_str()
            .map_or_else(|| page.outcome(), str::to_owned);
        let verdict = if as_it_must { "ok" } else { "WRONG" };
        println!(
            "{:>2}. {what}: {} -> {said} [{verdict}]",
            self.steps, page.request
        );
    }

    fn end(&self) -> Result<bool> {
        match self.failures {
            0 => println!("\nevery step went as it must"),
            failures => println!("\n{failures} steps did not go as they must"),
        }
        Ok(self.failures == 0)
    }
}
