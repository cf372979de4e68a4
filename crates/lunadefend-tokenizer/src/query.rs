//! Query parameters, each at most once.

use crate::error::ApiError;
use std::{borrow::Cow, collections::HashMap};
use url::form_urlencoded;

/// The decoded parameters of a query.
pub(crate) struct Query<'q>(HashMap<Cow<'q, str>, Cow<'q, str>>);

impl<'q> Query<'q> {
    /// Reads a query. It refuses a duplicate parameter: the reader decides which one counts, and two readers
    /// that disagree let an attacker bypass a check.
    pub(crate) fn parse(query: Option<&'q str>) -> Result<Self, ApiError> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if parameters.insert(name, value).is_some() {
                return Err(ApiError::bad_request(
                    "a query parameter must not be there twice",
                ));
            }
        }
        Ok(Self(parameters))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| &**value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters() {
        let query = Query::parse(Some("state=a%2Db&openid_token=x.y&empty=&bare"))
            .ok()
            .unwrap();
        assert_eq!(query.get("state"), Some("a-b"));
        assert_eq!(query.get("openid_token"), Some("x.y"));
        assert_eq!(query.get("empty"), Some(""));
        assert_eq!(query.get("bare"), Some(""));
        assert_eq!(query.get("none"), None);
        assert!(Query::parse(None).ok().unwrap().get("state").is_none());
    }

    #[test]
    fn twice_is_refused_however_it_is_spelt() {
        for query in [
            "state=a&state=a",
            "state=a&st%61te=b",
            "state&state=",
            "x=1&state=a&x=2",
        ] {
            let refusal = Query::parse(Some(query)).err().unwrap();
            assert_eq!(refusal.status(), 400, "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "\\PC{0,60}") {
            let _ = Query::parse(Some(&query));
        }
    }
}
