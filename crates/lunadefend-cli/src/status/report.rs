//! A status as text for people.

use lunadefend_tokenizer::{KeysStatus, Status, StoreStatus};

/// Returns the text, one line for each part.
pub(super) fn of(status: &Status) -> String {
    let store = match status.store {
        StoreStatus::Ok => "works",
        StoreStatus::NoRoom => {
            "has no room: its disk is nearly full, and new values are refused (LUNADEFEND_DISK_RESERVE)"
        }
        _ => "does not work: see the tokenizer's log",
    };
    let keys = match status.keys {
        KeysStatus::Configured => "one public key (SESSION_PUBLIC_KEY)".to_owned(),
        KeysStatus::Jwks { fetched: None } => "not fetched yet".to_owned(),
        KeysStatus::Jwks {
            fetched: Some(fetched),
        } => {
            let due = if fetched.fresh {
                ""
            } else {
                ", due to be fetched again"
            };
            format!("fetched {} ago{due}", time(fetched.age_seconds))
        }
        _ => "unknown to this version".to_owned(),
    };
    let connections = status.connections.map_or_else(
        || "unknown".to_owned(),
        |connections| format!("{} of {}", connections.used, connections.maximum),
    );
    format!(
        "lunadefend tokenizer {}, up {}\nstore        {store}\nkey set      {keys}\nconnections  {connections}\nuploads      {}\n",
        status.version,
        time(status.uptime_seconds),
        status.uploads
    )
}

/// Returns a time in its two largest units.
fn time(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn text(change: impl FnOnce(&mut Value)) -> String {
        let mut status = json!({
            "version": "1.2.3",
            "uptimeSeconds": 11_520,
            "store": "ok",
            "keys": {"source": "jwks", "fetched": {"at": 5, "ageSeconds": 42, "fresh": true}},
            "connections": {"used": 3, "maximum": 1024},
            "uploads": 1
        });
        change(&mut status);
        of(&serde_json::from_value(status).unwrap())
    }

    #[test]
    fn a_line_for_each_thing() {
        assert_eq!(
            text(|_| ()),
            "lunadefend tokenizer 1.2.3, up 3 h 12 min\n\
             store        works\n\
             key set      fetched 42 s ago\n\
             connections  3 of 1024\n\
             uploads      1\n"
        );
        let worse = text(|status| {
            status["store"] = json!("noRoom");
            status["keys"]["fetched"]["fresh"] = json!(false);
            status["connections"] = Value::Null;
        });
        for words in [
            "has no room",
            "fetched 42 s ago, due to be fetched again",
            "connections  unknown",
        ] {
            assert!(worse.contains(words), "{worse}");
        }
        let other = text(|status| {
            status["store"] = json!("unavailable");
            status["keys"] = json!({"source": "configured"});
        });
        assert!(other.contains("does not work"), "{other}");
        assert!(other.contains("SESSION_PUBLIC_KEY"), "{other}");
        let none = text(|status| status["keys"]["fetched"] = Value::Null);
        assert!(none.contains("not fetched yet"), "{none}");
    }

    #[test]
    fn times() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3599, "59 min 59 s"),
            (3600, "1 h 0 min"),
            (86_399, "23 h 59 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(time(seconds), words);
        }
    }
}
