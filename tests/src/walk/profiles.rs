//! The routes of `axum-app`, `actix-app` and `warp-app`.

use super::{Report, Visitor, pages, report::is_success};
use anyhow::Result;
use serde_json::{Value, json};

/// The longest body that the applications take, in bytes.
const MAX_BODY: usize = 16 * 1024;
const SSN: &str = "078-05-1120";
const CARD: &str = "4111 1111 1111 1111";

pub(super) async fn walk(report: &mut Report, visitor: impl Fn(&str) -> Visitor) -> Result<()> {
    let (mut ann, mut bob) = (visitor("user-1"), visitor("user-2"));
    let mut support = visitor("support");
    for user in [&mut ann, &mut bob, &mut support] {
        report.enter(user).await?;
    }
    let ssn = report.ssn(&mut ann).await?;
    let profile = report.profile(&mut ann, &ssn).await?;
    report.theft(&mut bob, &ssn).await?;
    report.rows(&mut bob, &mut support, &profile).await?;
    report.errors(&mut ann, &mut visitor("nobody")).await?;
    pages::walk(report, &mut visitor("user-3"), &mut support).await?;
    report.sessions(&mut ann, &ssn).await?;
    report.next_user(ann, &ssn).await
}

impl Report {
    async fn enter(&mut self, user: &mut Visitor) -> Result<()> {
        let page = user.log_in().await?;
        self.step(&format!("{} logs in", user.name()), &page, page.is_ok());
        self.transfer(user).await
    }

    pub(super) async fn transfer(&mut self, user: &mut Visitor) -> Result<()> {
        let page = user.transfer_session().await?;
        let by_way =
            page.request == "GET /session/ensure -> /.lunasec/secure-frame -> /session/create";
        self.step(
            &format!("{}'s session reaches the tokenizer", user.name()),
            &page,
            page.is_ok() && by_way,
        );
        Ok(())
    }

    /// One token in, and out again.
    async fn ssn(&mut self, ann: &mut Visitor) -> Result<String> {
        let page = ann.get("/get-ssn").await?;
        let nothing = page.json() == json!({ "success": true, "ssnToken": null });
        self.step("there is no number yet", &page, page.is_ok() && nothing);

        let token = ann.tokenize(SSN).await?;
        let page = ann.post("/set-ssn", &json!({ "ssn_token": token })).await?;
        self.step("the token is verified and stored", &page, is_success(&page));

        let page = ann.get("/get-ssn").await?;
        let the_same = page.json() == json!({ "success": true, "ssnToken": token });
        self.step(
            "the token is granted and sent",
            &page,
            page.is_ok() && the_same,
        );

        let page = ann.detokenize(&token).await?;
        let the_value = page.is_ok() && page.body == SSN.as_bytes();
        self.step("the frame reads the value back", &page, the_value);
        Ok(token)
    }

    /// Many tokens in one call, each way. Gives the profile that is stored in the end.
    async fn profile(&mut self, ann: &mut Visitor, ssn: &str) -> Result<Value> {
        let profile = json!({
            "ssn": ssn,
            "phone": ann.tokenize("555-0100").await?,
            "address": ann.tokenize("1 Main Street").await?,
            "photo": ann.tokenize("a picture").await?,
            "cards": { "blue": ann.tokenize(CARD).await?, "red": ann.tokenize("5500").await? },
        });
        let page = ann.post("/profile", &profile).await?;
        self.step(
            "six tokens are verified and stored",
            &page,
            is_success(&page),
        );

        let page = ann.get("/profile").await?;
        let the_same = page.is_ok() && page.json() == profile;
        self.step("all of them are granted and sent", &page, the_same);

        let card = profile["cards"]["blue"].as_str().unwrap_or_default();
        let page = ann.detokenize(card).await?;
        let the_value = page.is_ok() && page.body == CARD.as_bytes();
        self.step("the frame reads one of them", &page, the_value);
        Ok(profile)
    }

    /// A token that was seen in a log or over a shoulder is worth nothing.
    async fn theft(&mut self, bob: &mut Visitor, stolen: &str) -> Result<()> {
        let page = bob
            .post("/set-ssn", &json!({ "ssn_token": stolen }))
            .await?;
        self.refused(
            "user-2 posts user-1's token as their own",
            &page,
            401,
            "invalidGrant",
        );

        let own = bob.tokenize("555-0199").await?;
        let mixed = json!({ "phone": own, "cards": { "not mine": stolen } });
        let page = bob.post("/profile", &mixed).await?;
        self.refused("they hide it among their own", &page, 401, "invalidGrant");

        let page = bob.get("/profile").await?;
        let nothing =
            json!({ "ssn": null, "phone": null, "address": null, "photo": null, "cards": {} });
        self.step(
            "nothing of that was stored",
            &page,
            page.is_ok() && page.json() == nothing,
        );

        let page = bob.detokenize(stolen).await?;
        let refused = page.json()["error"]["errorMessage"]
            == "session does not have valid token grant available to detokenize";
        let refused = page.status == 400 && refused;
        self.step("they ask the tokenizer for the value", &page, refused);
        Ok(())
    }

    /// Verified is not owned.
    async fn rows(&mut self, bob: &mut Visitor, support: &mut Visitor, ann: &Value) -> Result<()> {
        let page = bob.get("/profile/user-1").await?;
        self.refused("user-2 asks for user-1's row", &page, 403, "forbidden");

        let page = support.get("/profile/user-1").await?;
        let the_same = page.is_ok() && &page.json() == ann;
        self.step("the support may read it", &page, the_same);

        let page = support
            .post("/set-ssn", &json!({ "ssn_token": ann["ssn"] }))
            .await?;
        self.refused(
            "but cannot make its tokens its own",
            &page,
            403,
            "forbidden",
        );
        Ok(())
    }

    /// Every error has one form, in every case.
    async fn errors(&mut self, ann: &mut Visitor, nobody: &mut Visitor) -> Result<()> {
        let unknown = json!({ "ssn_token": "lunasec-00000000-0000-4000-8000-000000000000" });
        let page = nobody.post("/set-ssn", &unknown).await?;
        self.refused(
            "who is not logged in stores nothing",
            &page,
            401,
            "sessionError",
        );
        let page = nobody.get("/get-ssn").await?;
        self.refused("and reads nothing", &page, 401, "sessionError");
        let page = nobody.transfer_session().await?;
        self.refused("and has no session to transfer", &page, 401, "sessionError");
        let page = nobody.post("/login", &json!({ "user": "no name" })).await?;
        self.refused("a log-in that is none", &page, 400, "badRequest");
        let page = ann.post("/set-ssn", &unknown).await?;
        self.refused("a token that nobody made", &page, 401, "invalidGrant");
        let page = ann.post("/set-ssn", &json!({ "ssn_token": SSN })).await?;
        self.refused("a value instead of its token", &page, 400, "badToken");
        let page = ann.post("/set-ssn", &json!({})).await?;
        self.refused("no token at all", &page, 400, "badRequest");
        let page = ann
            .post("/set-ssn", &json!({ "ssn_token": "x".repeat(MAX_BODY) }))
            .await?;
        self.refused("much too much", &page, 413, "payloadTooLarge");
        let page = ann.get("/nothing").await?;
        self.refused("a path that is not there", &page, 404, "notFound");
        let page = ann.get("/logout").await?;
        self.refused("a method that is not there", &page, 405, "methodNotAllowed");
        Ok(())
    }

    /// A new session id at every log-in, and none after log-out.
    async fn sessions(&mut self, ann: &mut Visitor, ssn: &str) -> Result<()> {
        let page = ann.log_in().await?;
        self.step("user-1 logs in again", &page, page.is_ok());
        let set = json!({ "ssn_token": ssn });
        let page = ann.post("/set-ssn", &set).await?;
        self.refused(
            "the last session's grants are gone",
            &page,
            401,
            "invalidGrant",
        );
        let page = ann.get("/get-ssn").await?;
        self.step(
            "but the row is still theirs",
            &page,
            page.json()["ssnToken"] == ssn,
        );
        let page = ann.post("/set-ssn", &set).await?;
        self.step("and now they have a grant again", &page, is_success(&page));

        let page = ann.post("/logout", &json!({})).await?;
        self.step("user-1 logs out", &page, is_success(&page));
        let page = ann.get("/get-ssn").await?;
        self.refused("after that they read nothing", &page, 401, "sessionError");
        let page = ann.transfer_session().await?;
        self.refused("and has no session to transfer", &page, 401, "sessionError");
        Ok(())
    }

    /// Log-out ends the browser's session at the tokenizer too.
    async fn next_user(&mut self, mut ann: Visitor, ssn: &str) -> Result<()> {
        self.enter(&mut ann).await?;
        let page = ann.get("/get-ssn").await?;
        self.step("the token is granted again", &page, page.is_ok());
        let page = ann.detokenize(ssn).await?;
        self.step("the frame reads the value", &page, page.is_ok());
        let page = ann.post("/logout", &json!({})).await?;
        self.step("user-1 logs out", &page, is_success(&page));

        let mut bob = ann.leave_to("user-2");
        let page = bob.log_in().await?;
        self.step("user-2 logs in with this browser", &page, page.is_ok());
        let page = bob.verify_session().await?;
        let nobody = page.is_ok() && page.json()["success"] == false;
        self.step("nobody's session is left at the tokenizer", &page, nobody);
        let page = bob.detokenize(ssn).await?;
        let refused = page.status == 401;
        self.step("the frame reads nothing of user-1", &page, refused);

        self.transfer(&mut bob).await?;
        let token = bob.tokenize("555-0142").await?;
        let page = bob.post("/profile", &json!({ "phone": token })).await?;
        self.step("what user-2 types is theirs", &page, is_success(&page));
        Ok(())
    }
}
