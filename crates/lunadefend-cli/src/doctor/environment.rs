//! Checks the variables that affect connections.

use lunadefend_secrets::{Environment, ProcessEnvironment};

/// The variables that curl and others read; lower case counts as well.
const PROXIES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/// Returns a sentence if egress proxies are set, which are not used.
pub(super) fn egress_proxies() -> Option<String> {
    not_used(&ProcessEnvironment)
}

fn not_used(environment: &dyn Environment) -> Option<String> {
    let is_set = |name: &str| {
        let value = environment.get(name);
        value.is_some_and(|value| !value.expose_secret().trim_ascii().is_empty())
    };
    let set: Vec<String> = PROXIES
        .iter()
        .flat_map(|name| [(*name).to_owned(), name.to_lowercase()])
        .filter(|name| is_set(name))
        .collect();
    let verb = if set.len() == 1 { "is" } else { "are" };
    (!set.is_empty()).then(|| {
        format!(
            "{} {verb} set and not used, on purpose: this machine must reach the tokenizer directly",
            set.join(" and ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_secrets::FixedEnvironment;

    #[test]
    fn egress_proxies_are_named_and_their_urls_are_not() {
        let of = |names: &[&str]| {
            let variables = names.iter().map(|name| (*name, "http://user:canary@proxy"));
            not_used(&FixedEnvironment::from_iter(variables))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["NO_PROXY"]), None);
        let one = of(&["ALL_PROXY"]).unwrap();
        assert!(one.starts_with("ALL_PROXY is set and not used"), "{one}");
        let two = of(&["https_proxy", "HTTPS_PROXY"]).unwrap();
        assert!(
            two.starts_with("HTTPS_PROXY and https_proxy are set"),
            "{two}"
        );
        assert!(!format!("{one}{two}").contains("canary"));
        let empty = FixedEnvironment::from_iter([("HTTPS_PROXY", " ")]);
        assert_eq!(not_used(&empty), None);
    }
}
