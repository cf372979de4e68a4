//! What an operator hears when a tokenizer starts: settings that work, and may not be what they want.

use crate::config::TokenizerConfig;

const NO_FRAME: &str = "there is no /frame, and no page can have secure fields: set APPLICATION_FRONT_END to the origins of the application's pages";
const SEVERAL_PROVIDERS: &str = "AUTH_PROVIDERS has several auth providers: one tokenizer is one trust domain, so their applications must trust each other; an application that others must not trust needs a tokenizer of its own";

/// Logs a warning for each of them.
pub(crate) fn warn(config: &TokenizerConfig) {
    for advice in of(config) {
        tracing::warn!("{advice}");
    }
}

fn of(config: &TokenizerConfig) -> impl Iterator<Item = &'static str> {
    [
        (config.application_origins.is_empty(), NO_FRAME),
        (config.providers.are_several(), SEVERAL_PROVIDERS),
    ]
    .into_iter()
    .filter_map(|(holds, advice)| holds.then_some(advice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuthProviders, JwksSource, Origin, VerificationKeys};
    use lunadefend_http::{BaseUrl, Cleartext, HttpClient};

    fn advice(providers: &str, front_end: Option<&str>) -> Vec<&'static str> {
        let cleartext = Cleartext::LoopbackOnly;
        let url = |text| BaseUrl::parse(text, "TEST_URL", cleartext).unwrap();
        let http = HttpClient::builder().tls(false).build().unwrap();
        let keys = JwksSource::new(url("http://localhost:1/jwks.json"), http).unwrap();
        let providers = AuthProviders::parse(providers, "AUTH_PROVIDERS", cleartext).unwrap();
        let keys = VerificationKeys::Jwks(keys);
        let mut config = TokenizerConfig::builder(url("http://localhost:2"), keys, providers);
        if let Some(origin) = front_end {
            config = config.application_origin(Origin::parse(origin, "TEST_ORIGIN").unwrap());
        }
        of(&config.build().unwrap()).collect()
    }

    #[test]
    fn an_operator_hears_what_may_not_be_meant() {
        let one = "http://localhost:3";
        let several =
            r#"{"a":{"url":"http://localhost:3","default":true},"b":{"url":"http://localhost:4"}}"#;
        assert!(advice(one, Some(one)).is_empty());
        assert_eq!(advice(one, None), [NO_FRAME]);
        assert_eq!(advice(several, Some(one)), [SEVERAL_PROVIDERS]);
        assert_eq!(advice(several, None), [NO_FRAME, SEVERAL_PROVIDERS]);
    }
}
