//! Variables that nobody reads because their names are wrong.

use crate::{Environment, SettingError, closest};

/// All variables of LunaDefend, the application's and the tokenizer's: one file may have both.
const KNOWN: [&str; 14] = [
    "LUNADEFEND_ALLOW_CLEARTEXT",
    "LUNADEFEND_BLOB_ORIGINS",
    "LUNADEFEND_COOKIES",
    "LUNADEFEND_DEADLINE",
    "LUNADEFEND_DISK_RESERVE",
    "LUNADEFEND_MASTER_KEY",
    "LUNADEFEND_MAX_RETRIES",
    "LUNADEFEND_MAX_VALUE",
    "LUNADEFEND_SECRETS",
    "LUNADEFEND_SESSION_BYTES",
    "LUNADEFEND_SESSION_IDS",
    "LUNADEFEND_SESSION_KEY",
    "LUNADEFEND_SESSION_VALUES",
    "LUNADEFEND_WIRE",
];

/// Refuses an environment with a variable whose name is almost that of a setting of LunaDefend: what it
/// says would be missed without a word. Variables that are like none are left alone, such as those that
/// Kubernetes sets for a service.
///
/// # Errors
/// [`SettingError`], naming the variable and the one that was probably meant.
pub fn refuse_misspelled(environment: &dyn Environment) -> Result<(), SettingError> {
    for name in environment.names() {
        let is_known = KNOWN.iter().any(|known| {
            name.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        });
        if is_known || !name.starts_with("LUNADEFEND_") {
            continue;
        }
        if let Some(meant) = closest(&name, KNOWN) {
            return Err(SettingError {
                setting: name,
                advice: format!("there is no such setting; did you mean {meant}?"),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedEnvironment;

    #[test]
    fn near_misses_only() {
        let refused = |name: &str| {
            let environment = FixedEnvironment::from_iter([(name, "canary")]);
            refuse_misspelled(&environment).err()
        };
        for name in KNOWN {
            assert_eq!(refused(name), None);
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
}
