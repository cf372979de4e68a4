//! The schema of `graphql-app`.

use super::{Report, Visit, Visitor};
use anyhow::Result;
use serde_json::{Value, json};

const SET: &str = "mutation($form: FormInput!) { setFormData(formInput: $form) { email } }";
const GET: &str = "{ getFormData { email insecure_field text_area files } }";

pub(super) async fn walk(report: &mut Report, visitor: impl Fn(&str) -> Visitor) -> Result<()> {
    let (mut ann, mut bob, mut nobody) = (visitor("ann"), visitor("bob"), visitor("nobody"));

    for user in [&mut ann, &mut bob] {
        let page = user.log_in().await?;
        step(
            report,
            &format!("{} logs in", user.name()),
            &page,
            page.is_ok(),
        );
        let page = user.transfer_session().await?;
        let what = format!("{}'s session reaches the tokenizer", user.name());
        step(report, &what, &page, page.is_ok());
    }

    let form = json!({
        "email": ann.tokenize("ann@example.com").await?,
        "insecure_field": "not a secret",
        "text_area": ann.tokenize("078-05-1120").await?,
        "files": [ann.tokenize("a file").await?, ann.tokenize("another file").await?],
    });
    let page = graphql(&mut ann, SET, json!({ "form": form })).await?;
    let stored = json!({ "data": { "setFormData": { "email": form["email"] } } });
    step(
        report,
        "four tokens are verified and stored",
        &page,
        page.json() == stored,
    );

    let page = graphql(&mut ann, GET, Value::Null).await?;
    let sent = json!({ "data": { "getFormData": form } });
    step(
        report,
        "all of them are granted and sent",
        &page,
        page.json() == sent,
    );

    let token = form["text_area"].as_str().unwrap_or_default();
    let page = ann.detokenize(token).await?;
    let is_value = page.is_ok() && page.body == b"078-05-1120";
    step(report, "the frame reads one of them", &page, is_value);

    // Whatever shape the thief finds: in an argument, in a list, in a default.
    let own = bob.tokenize("bob@example.com").await?;
    for (what, query, variables) in [
        (
            "bob sends ann's token as their own",
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
        step(report, what, &page, refused(&page, "invalidGrant"));
    }
    let page = graphql(&mut bob, GET, Value::Null).await?;
    let nothing = json!({ "data": { "getFormData": null } });
    step(
        report,
        "nothing of it was stored",
        &page,
        page.json() == nothing,
    );

    let malformed = json!({ "form": { "email": "ann@example.com" } });
    let page = graphql(&mut ann, SET, malformed).await?;
    let echoes = String::from_utf8_lossy(&page.body).contains("example.com");
    step(
        report,
        "a value instead of a token is refused",
        &page,
        refused(&page, "badToken") && !echoes,
    );
    let page = graphql(&mut nobody, SET, json!({ "form": { "email": own } })).await?;
    step(
        report,
        "nobody is refused",
        &page,
        refused(&page, "sessionError"),
    );
    let page = graphql(
        &mut nobody,
        "{ __schema { queryType { name } } }",
        Value::Null,
    )
    .await?;
    step(
        report,
        "the schema is for everybody",
        &page,
        page.json()["errors"].is_null(),
    );
    let page = nobody.get("/").await?;
    let is_page = page.body.starts_with(b"<!DOCTYPE html>");
    step(report, "GraphiQL is there", &page, page.is_ok() && is_page);
    Ok(())
}

async fn graphql(visitor: &mut Visitor, query: &str, variables: Value) -> Result<Visit> {
    let body = json!({ "query": query, "variables": variables });
    visitor.post("/graphql", &body).await
}

/// Whether an operation was refused as a whole, with this name.
fn refused(page: &Visit, code: &str) -> bool {
    let answer = page.json();
    answer["data"].is_null() && answer["errors"][0]["extensions"]["code"] == code
}

/// An error is a 200 to GraphQL: its message is shown.
fn step(report: &mut Report, what: &str, visit: &Visit, as_it_must: bool) {
    let body: Value = serde_json::from_slice(&visit.body).unwrap_or_default();
    match body["errors"][0]["message"].as_str() {
        Some(message) => report.say(what, visit, message, as_it_must),
        None => report.step(what, visit, as_it_must),
    }
}
