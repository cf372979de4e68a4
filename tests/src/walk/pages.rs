//! The pages of `axum-app`, `actix-app` and `warp-app`, without the script in them.

use super::{Report, Visit, Visitor};
use anyhow::Result;

const OWN: &str = "same-origin";
const SSN: &str = "219-09-9999";

pub(super) async fn walk(
    report: &mut Report,
    user: &mut Visitor,
    support: &mut Visitor,
) -> Result<()> {
    report.log_in_by_form(user).await?;
    let token = report.form(user).await?;
    report.hidden_row(user, support, &token).await?;
    report.removal_and_log_out(user, &token).await
}

impl Report {
    async fn log_in_by_form(&mut self, user: &mut Visitor) -> Result<()> {
        let page = user.open("/").await?;
        let sent = leads_to(&page, "/login");
        self.step("who is not logged in is sent to the log-in", &page, sent);
        let page = user.open("/login").await?;
        self.page("the page has the elements and a policy", &page, "<form");
        for path in ["/assets/style.css", "/assets/icon.svg"] {
            let page = user.open(path).await?;
            self.step("its files are there", &page, page.is_ok());
        }
        let form = "user=user-3";
        for from in ["cross-site", "same-site"] {
            let page = user.submit(from, "/login", form).await?;
            let refused = page.status == 403 && page.header("set-cookie").is_empty();
            self.step("a foreign page logs nobody in", &page, refused);
        }
        let page = user.submit(OWN, "/login", "user=no+name").await?;
        let refused = page.status == 400 && is_page(&page);
        self.step("a name that is none has a page", &page, refused);
        let page = user.submit(OWN, "/login", form).await?;
        self.step("user-3 logs in by the form", &page, leads_to(&page, "/"));
        self.transfer(user).await
    }

    /// Gives the token that is stored in the end.
    async fn form(&mut self, user: &mut Visitor) -> Result<String> {
        let page = user.open("/").await?;
        self.page("nothing is stored yet", &page, "Not stored");
        let token = user.tokenize(SSN).await?;
        let form = format!("ssn={token}");
        let page = user.submit("same-site", "/edit", &form).await?;
        self.step("a foreign page stores nothing", &page, page.status == 403);
        let page = user.submit(OWN, "/edit", &form).await?;
        self.step("the form is stored", &page, leads_to(&page, "/"));
        for path in ["/", "/edit"] {
            let page = user.open(path).await?;
            self.page("the page has the token", &page, &token);
        }
        let page = user.detokenize(&token).await?;
        let is_value = page.is_ok() && page.body == SSN.as_bytes();
        self.step("and the frame reads the value", &page, is_value);
        Ok(token)
    }

    /// The support sees the row, and nobody granted it a token of it.
    async fn hidden_row(
        &mut self,
        user: &mut Visitor,
        support: &mut Visitor,
        token: &str,
    ) -> Result<()> {
        let page = support.open("/people").await?;
        self.page("the support sees who there is", &page, "/people/user-3");
        let page = support.open("/people/user-3").await?;
        self.page("and the row", &page, token);
        let page = support.detokenize(token).await?;
        self.step("but reads nothing of it", &page, page.status == 400);
        let page = user.open("/people/user-1").await?;
        let refused = page.status == 403 && is_page(&page);
        self.step("nobody else sees a row", &page, refused);
        Ok(())
    }

    async fn removal_and_log_out(&mut self, user: &mut Visitor, token: &str) -> Result<()> {
        let page = user.submit(OWN, "/remove", "field=ssn").await?;
        self.step("user-3 removes the number", &page, leads_to(&page, "/"));
        let page = user.open("/").await?;
        let gone = is_page(&page) && !page.text().contains(token);
        self.step("it is not in the page any more", &page, gone);
        let page = user.submit(OWN, "/logout", "").await?;
        self.step("user-3 logs out by the form", &page, leads_to(&page, "/"));
        let page = user.open("/edit").await?;
        let sent = leads_to(&page, "/login");
        self.step("and has to log in again", &page, sent);
        Ok(())
    }

    fn page(&mut self, what: &str, visit: &Visit, text: &str) {
        let has = |text| visit.text().contains(text);
        let elements = has("<script type=\"module\" src=\"") && has(" integrity=\"sha384-");
        let right = visit.is_ok() && is_page(visit) && elements && has(text);
        self.step(what, visit, right);
    }
}

/// Whether it is HTML that no cache keeps, and that can load and run nothing but what it needs.
fn is_page(visit: &Visit) -> bool {
    let policy = visit.header("content-security-policy");
    let strict = policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe");
    let once = |directive: &str| policy.matches(directive).count() == 1;
    visit.header("content-type").starts_with("text/html")
        && visit.header("cache-control") == "no-store"
        && visit.header("x-content-type-options") == "nosniff"
        && strict
        && [
            "script-src ",
            "frame-src ",
            "connect-src ",
            "frame-ancestors 'none'",
        ]
        .into_iter()
        .all(once)
}

fn leads_to(visit: &Visit, path: &str) -> bool {
    visit.status == 303 && visit.header("location") == path
}
