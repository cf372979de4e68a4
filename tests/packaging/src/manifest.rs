//! Manifests of Kubernetes with their types.

use k8s_openapi::{
    Resource,
    api::{
        apps::v1::{Deployment, StatefulSet},
        core::v1::{Service, ServiceAccount},
        networking::v1::NetworkPolicy,
        policy::v1::PodDisruptionBudget,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// An object of the kinds that we use.
#[derive(Debug)]
pub enum Object {
    /// Processes that are alike.
    Deployment(Box<Deployment>),
    /// Processes with a volume each.
    StatefulSet(Box<StatefulSet>),
    /// A name for processes.
    Service(Box<Service>),
    /// Who a process is for Kubernetes.
    ServiceAccount(Box<ServiceAccount>),
    /// How many may be missing while nodes are emptied.
    Budget(Box<PodDisruptionBudget>),
    /// Who may connect.
    NetworkPolicy(Box<NetworkPolicy>),
}

/// Reads the documents of a file.
///
/// # Errors
/// A text that says which document is no YAML, has a kind that we do not use, or a field that its kind does not have.
pub fn read(yaml: &str) -> Result<Vec<Object>, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(yaml).map_err(|error| error.to_string())?;
    documents.iter().map(object).collect()
}

fn object(document: &Value) -> Result<Object, String> {
    Ok(match document["kind"].as_str().unwrap_or_default() {
        Deployment::KIND => Object::Deployment(typed(document)?),
        StatefulSet::KIND => Object::StatefulSet(typed(document)?),
        Service::KIND => Object::Service(typed(document)?),
        ServiceAccount::KIND => Object::ServiceAccount(typed(document)?),
        PodDisruptionBudget::KIND => Object::Budget(typed(document)?),
        NetworkPolicy::KIND => Object::NetworkPolicy(typed(document)?),
        kind => return Err(format!("a document has the unknown kind `{kind}`")),
    })
}

/// Reads a type, which passes over what it does not know: so it is written again, and nothing may be missing then.
fn typed<T: Resource + Serialize + DeserializeOwned>(document: &Value) -> Result<Box<T>, String> {
    let wrong = |error: serde_json::Error| format!("{}: {error}", T::KIND);
    let read: T = serde_json::from_value(document.clone()).map_err(wrong)?;
    let written = serde_json::to_value(&read).map_err(wrong)?;
    match lost(document, &written, T::KIND) {
        None => Ok(Box::new(read)),
        Some(path) => Err(format!("{path} is no field of Kubernetes")),
    }
}

/// The path of the first thing that the second value does not have as the first one has it.
fn lost(first: &Value, second: &Value, path: &str) -> Option<String> {
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => first.iter().find_map(|(name, value)| {
            let path = format!("{path}.{name}");
            match second.get(name) {
                Some(second) => lost(value, second, &path),
                None => Some(path),
            }
        }),
        (Value::Array(first), Value::Array(second)) if first.len() == second.len() => {
            let pairs = first.iter().zip(second).enumerate();
            let mut lost = pairs
                .filter_map(|(at, (first, second))| lost(first, second, &format!("{path}[{at}]")));
            lost.next()
        }
        _ => (first != second).then(|| path.to_owned()),
    }
}
