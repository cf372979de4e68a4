//! Misspelled names of settings.

use crate::{Environment, Kind, table::SETTINGS};
use lunadefend_core::provider::SettingError;

/// The prefix of all of them. It does not count for the likeness of two names.
const PREFIX: &str = "LUNADEFEND_";

/// The least length of the rest of a name to count as misspelled. Shorter words are too easily like another
/// one.
const SHORTEST_SLIP: usize = 6;

/// Refuses an environment with a variable whose name is close to that of a setting of LunaDefend: it would be
/// ignored silently. Variables unlike any setting are accepted, and so are those that Kubernetes sets for a
/// service. A short name that is like a setting is a warning in the log.
///
/// # Errors
/// [`SettingError`], which names the variable and the closest setting.
pub(crate) fn refuse_misspelled(environment: &dyn Environment) -> Result<(), SettingError> {
    for name in environment.names() {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let is_known = settings().any(|known| {
            rest.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        });
        if is_known || is_of_kubernetes(&name, environment) {
            continue;
        }
        // On what differs only: the prefix would make every short word like every other.
        let Some(meant) = closest(rest, settings()) else {
            continue;
        };
        if rest.len() < SHORTEST_SLIP {
            tracing::warn!(
                variable = name,
                "there is no such setting; did you mean {PREFIX}{meant}?"
            );
            continue;
        }
        let advice = format!("there is no such setting; did you mean {PREFIX}{meant}?");
        return Err(SettingError::wrong(name, advice));
    }
    Ok(())
}

/// Returns the names after the prefix of our variables, the application's and the tokenizer's: one
/// environment may have both.
fn settings() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().flat_map(|setting| {
        let of_secret = match setting.kind {
            Kind::Secret(prefix) => Some(prefix),
            _ => None,
        };
        let names = std::iter::once(setting.env).chain(of_secret);
        names.filter_map(|name| name.strip_prefix(PREFIX))
    })
}

/// The closest known name to `unknown`, if one is close.
#[must_use]
pub fn closest<'a>(unknown: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(unknown, name), name))
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// Returns whether Kubernetes set this variable for a service, as Docker's links once did: `X_SERVICE_HOST`,
/// `X_SERVICE_PORT`, `X_SERVICE_PORT_HTTP`, `X_PORT=tcp://..`, `X_PORT_80_TCP`, `X_PORT_80_TCP_ADDR`.
pub(crate) fn is_of_kubernetes(name: &str, environment: &dyn Environment) -> bool {
    let is_port = |rest: &str| {
        rest.is_empty()
            || rest.strip_prefix('_').is_some_and(|rest| {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                digits > 0 && (digits == rest.len() || rest[digits..].starts_with('_'))
            })
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name
            .match_indices("_PORT")
            .any(|(at, word)| is_port(&name[at + word.len()..]))
        || environment.get(name).is_some_and(|value| {
            let value = value.expose_secret();
            ["tcp://", "udp://", "sctp://"]
                .iter()
                .any(|scheme| value.starts_with(scheme.as_bytes()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedEnvironment;
    use proptest::prelude::*;

    #[test]
    fn near_misses_only() {
        let refused = |name: &str| {
            let environment = FixedEnvironment::from_iter([(name, "canary")]);
            refuse_misspelled(&environment).err()
        };
        for name in settings() {
            assert_eq!(refused(&format!("{PREFIX}{name}")), None);
        }
        for name in [
            "LUNADEFEND_MASTER_KEY_PROVIDER",
            "LUNADEFEND_SERVICE_HOST",
            "LUNADEFEND_PORT_80_TCP",
            "MY_LUNADEFEND_DEADLIN",
            "PATH",
        ] {
            assert_eq!(refused(name), None, "{name}");
        }
        for (name, meant) in [
            ("LUNADEFEND_DEADLIN", "LUNADEFEND_DEADLINE"),
            ("LUNADEFEND_SESION_KEY", "LUNADEFEND_SESSION_KEY"),
            ("LUNADEFEND_MASTERKEY", "LUNADEFEND_MASTER_KEY"),
            ("LUNADEFEND_ALLOW_CLEAR_TEXT", "LUNADEFEND_ALLOW_CLEARTEXT"),
        ] {
            let error = refused(name).unwrap().to_string();
            assert_eq!(
                error,
                format!("{name} is wrong: there is no such setting; did you mean {meant}?")
            );
        }
    }

    #[test]
    fn suggestions() {
        let names = ["provider", "path", "name", "secret_id"];
        assert_eq!(closest("provdier", names), Some("provider"));
        assert_eq!(closest("secretid", names), Some("secret_id"));
        assert_eq!(closest("pahts", names), None);
        assert_eq!(closest("", names), None);
    }

    /// What Kubernetes puts into every pod of a namespace with a service of this name.
    fn of_service(name: &str, port: &str) -> Vec<(String, String)> {
        let prefix = name.to_uppercase().replace('-', "_");
        let (address, number) = ("10.96.0.7", port.split('/').next().unwrap());
        let protocol = port.split('/').nth(1).unwrap();
        let (upper, url) = (
            protocol.to_uppercase(),
            format!("{protocol}://{address}:{number}"),
        );
        [
            ("SERVICE_HOST".to_owned(), address.to_owned()),
            ("SERVICE_PORT".to_owned(), number.to_owned()),
            ("SERVICE_PORT_HTTP".to_owned(), number.to_owned()),
            ("PORT".to_owned(), url.clone()),
            (format!("PORT_{number}_{upper}"), url),
            (format!("PORT_{number}_{upper}_PROTO"), protocol.to_owned()),
            (format!("PORT_{number}_{upper}_PORT"), number.to_owned()),
            (format!("PORT_{number}_{upper}_ADDR"), address.to_owned()),
        ]
        .map(|(rest, value)| (format!("{prefix}_{rest}"), value))
        .into()
    }

    #[test]
    fn services_of_kubernetes_are_no_misspelled_settings() {
        for service in [
            "lunadefend",
            "lunadefend-tokenizer",
            "lunadefend-wir",
            "lunadefend-deadlin",
            "lunadefend-cookie",
            "lunadefend-secret",
        ] {
            for port in ["17766/tcp", "443/udp"] {
                let environment = FixedEnvironment::from_iter(of_service(service, port));
                assert_eq!(refuse_misspelled(&environment), Ok(()), "{service}");
            }
        }
    }

    #[test]
    fn common_words_of_other_programs_are_left_alone() {
        for word in [
            "PORT",
            "HOST",
            "ENV",
            "URL",
            "HOME",
            "LOG",
            "DB",
            "CI",
            "VERSION",
            "METRICS",
            "REGION",
            "STAGE",
            "IMAGE",
            "NAMESPACE",
            "RELEASE",
            "CONFIG",
            "LOG_LEVEL",
            "DATABASE_URL",
            "USER",
            "PASSWORD",
            "TOKEN",
            "DOMAIN",
            "REPLICAS",
            "ENVIRONMENT",
            "DIRECTORY",
            "BUILD",
            "COMMIT",
        ] {
            let environment = FixedEnvironment::from_iter([(format!("LUNADEFEND_{word}"), "x")]);
            assert_eq!(refuse_misspelled(&environment), Ok(()), "{word}");
        }
    }

    /// `WIRE` and `IDLE` are too short to tell a slip of the pen from another program's word.
    #[test]
    fn short_words_that_are_like_a_setting_are_left_alone() {
        for word in ["WIRED", "FIRE", "WIRES", "WIER", "IDLES", "TITLE", "IDEL"] {
            let environment = FixedEnvironment::from_iter([(format!("LUNADEFEND_{word}"), "x")]);
            assert_eq!(refuse_misspelled(&environment), Ok(()), "{word}");
        }
    }

    proptest! {
        /// A program that shares the prefix does not end ours.
        #[test]
        fn a_short_word_never_ends_the_start(word in "[A-Z0-9_]{0,5}", value in "\\PC{0,20}") {
            let environment = FixedEnvironment::from_iter([(format!("LUNADEFEND_{word}"), value)]);
            prop_assert_eq!(refuse_misspelled(&environment), Ok(()));
        }
    }
}
