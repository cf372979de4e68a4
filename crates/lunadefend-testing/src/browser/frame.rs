//! The steps that an application's page and the tokenizer's frame do for a user.

use super::{Browser, BrowserError, Page};
use http::Method;
use serde_json::{Value, json};

impl Browser {
    /// Moves the application's session to the tokenizer, as a page of the application does. Returns each
    /// response in order: `/session/ensure`, `/.lunasec/secure-frame`, `/session/create`. An error response
    /// ends the transfer, and is the last one.
    ///
    /// # Errors
    /// When a request gets no response.
    pub async fn transfer_session(&mut self, tokenizer: &str) -> Result<Vec<Page>, BrowserError> {
        let ensure = format!("{tokenizer}/session/ensure");
        self.load_no_cors(tokenizer, &ensure).await
    }

    /// Tokenizes a value in the tokenizer's frame, and returns its token.
    ///
    /// # Errors
    /// [`BrowserError::Refused`] when the tokenizer refuses the value; another error when a request gets no
    /// response.
    pub async fn tokenize(&mut self, tokenizer: &str, value: &str) -> Result<String, BrowserError> {
        let body = json!({ "metadata": { "dataType": "string" } }).to_string();
        let made = self.post(&format!("{tokenizer}/tokenize"), &body).await?;
        let (Some(token), Some(upload)) = (data(&made, "tokenId"), data(&made, "uploadUrl")) else {
            return Err(BrowserError::Refused("no token was made", made.outcome()));
        };
        let headers = [("content-type", "text/plain")];
        let sent = self.send(Method::PUT, &upload, &headers, value.as_bytes());
        match sent.await? {
            taken if (200..300).contains(&taken.status) => Ok(token),
            refused => Err(BrowserError::Refused(
                "the value was not taken",
                refused.outcome(),
            )),
        }
    }

    /// Reads a value in the tokenizer's frame. Returns a page whose body is the value, or the error response.
    ///
    /// # Errors
    /// When a request gets no response.
    pub async fn detokenize(&mut self, tokenizer: &str, token: &str) -> Result<Page, BrowserError> {
        let body = json!({ "tokenId": token }).to_string();
        let page = self.post(&format!("{tokenizer}/detokenize"), &body).await?;
        match data(&page, "downloadUrl") {
            Some(download) => self.get(&download).await,
            None => Ok(page),
        }
    }
}

/// Returns a member of the tokenizer's response, if the response is a success.
fn data(page: &Page, name: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(&page.body).unwrap_or_default();
    body["data"][name].as_str().map(str::to_owned)
}
