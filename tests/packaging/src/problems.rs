//! What would not work, or not be safe, of the manifests of a tokenizer.

use crate::{
    Object,
    pod::{Labels, Pod, asked},
};
use k8s_openapi::{
    api::core::v1::{PodSpec, Probe},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use lunadefend_settings::{FixedEnvironment, Kind, Settings, Side, table};
use lunadefend_tokenizer::Limits;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The objects of one file.
#[derive(Clone, Copy, Debug)]
pub struct Set<'m> {
    /// All of them.
    pub objects: &'m [Object],
    /// `docs/openapi.json`, which has all public routes.
    pub openapi: &'m Value,
}

/// Lists what is wrong with a set; nothing when all is right.
#[must_use]
pub fn problems(set: Set<'_>) -> Vec<String> {
    let pods: Vec<_> = set.objects.iter().filter_map(Pod::of).collect();
    let [pod] = &*pods else {
        return vec!["there must be one workload, of one container with labels".to_owned()];
    };
    let mut problems = settings(pod).err().unwrap_or_default();
    problems.extend(probes(pod, set.openapi));
    problems.extend(security(pod));
    problems.extend(secrets(pod));
    for object in set.objects {
        problems.extend(around(object, pod));
    }
    let has = |which: fn(&Object) -> bool| set.objects.iter().any(which);
    for (is_there, name) in [
        (has(|one| matches!(one, Object::Service(_))), "Service"),
        (
            has(|one| matches!(one, Object::ServiceAccount(_))),
            "ServiceAccount",
        ),
        (
            has(|one| matches!(one, Object::NetworkPolicy(_))),
            "NetworkPolicy",
        ),
    ] {
        expect(&mut problems, is_there, || format!("there is no {name}"));
    }
    problems
}

fn expect(problems: &mut Vec<String>, holds: bool, problem: impl FnOnce() -> String) {
    if !holds {
        problems.push(problem());
    }
}

/// The environment by the table of settings, and what goes by its values.
fn settings(pod: &Pod<'_>) -> Result<(), Vec<String>> {
    let environment = FixedEnvironment::from_iter(pod.environment());
    let one = |error: &dyn std::error::Error| vec![error.to_string()];
    let settings = Settings::from_environment(Side::Tokenizer, Arc::new(environment));
    let settings = settings.map_err(|error| one(&error))?;
    let mut problems = Vec::new();
    for (name, _) in pod.environment() {
        expect(&mut problems, is_known(name), || {
            format!("{name} is no setting of the tokenizer")
        });
    }
    let mine = table::SETTINGS
        .iter()
        .filter(|one| one.is_of(Side::Tokenizer));
    for setting in mine.filter(|one| !matches!(one.kind, Kind::Secret(_))) {
        problems.extend(settings.in_force(setting).err().map(|e| e.to_string()));
    }
    for (setting, name) in [
        (&table::LISTEN, "http"),
        (&table::METRICS_LISTEN, "metrics"),
    ] {
        let addr = settings.text(setting).map_err(|error| one(&error))?;
        let addr = addr.and_then(|addr| addr.parse::<std::net::SocketAddr>().ok());
        let fits = addr
            .is_some_and(|addr| addr.ip().is_unspecified() && pod.port(name) == Some(addr.port()));
        expect(&mut problems, fits, || {
            format!("{} does not listen on the port `{name}`", setting.env)
        });
    }
    let drain = settings.duration(&table::DRAIN_DELAY);
    let drain = drain.map_err(|error| one(&error))?.unwrap_or_default();
    problems.extend(end(pod, drain));
    for (path, what) in [
        (settings.text(&table::ADMIN_SOCKET), "the admin socket"),
        (Ok(store(pod)), "the store"),
    ] {
        // What has no path needs no place.
        let path = path
            .map_err(|error| one(&error))?
            .filter(|path| path.contains('/'));
        let is_writable = path.as_deref().is_none_or(|path| {
            let mount = pod.mount(path);
            mount.is_some_and(|mount| mount.read_only != Some(true))
        });
        expect(&mut problems, is_writable, || {
            format!("{what} is in no volume")
        });
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems),
    }
}

fn is_known(name: &str) -> bool {
    let mine = table::SETTINGS
        .iter()
        .filter(|one| one.is_of(Side::Tokenizer));
    mine.into_iter().any(|setting| match setting.kind {
        Kind::Secret(prefix) => {
            let rest = name
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix('_'));
            let mut all = table::SECRET.iter();
            rest.is_some_and(|rest| all.any(|one| one.name.eq_ignore_ascii_case(rest)))
        }
        _ => setting.env == name,
    })
}

/// The value of `--store`.
fn store(pod: &Pod<'_>) -> Option<String> {
    let mut arguments = pod.container.args.iter().flatten();
    arguments.find(|one| *one == "--store")?;
    arguments.next().cloned()
}

/// The time between SIGTERM and SIGKILL, and what must have happened in it.
fn end(pod: &Pod<'_>, drain: Duration) -> Vec<String> {
    let mut problems = Vec::new();
    let grace = pod.spec.termination_grace_period_seconds.unwrap_or(30);
    let needed = drain + Limits::default().drain;
    let is_enough = u64::try_from(grace).is_ok_and(|grace| Duration::from_secs(grace) > needed);
    expect(&mut problems, is_enough, || {
        format!("it is killed after {grace} s, and may need {needed:?}")
    });
    if let Some(probe) = pod.container.readiness_probe.as_ref()
        && !drain.is_zero()
    {
        let noticed = noticed(probe);
        expect(&mut problems, drain > noticed, || {
            format!("Kubernetes notices a drain after {noticed:?}, and it takes {drain:?}")
        });
    }
    problems
}

/// How long a probe takes to notice.
fn noticed(probe: &Probe) -> Duration {
    let times = probe.failure_threshold.unwrap_or(3) * probe.period_seconds.unwrap_or(10);
    Duration::from_secs(u64::try_from(times).unwrap_or(u64::MAX))
}

fn probes(pod: &Pod<'_>, openapi: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, probe) in pod.probes() {
        let asked = probe.and_then(asked);
        // A store that is away must not restart the process, and a start that waits for it not end it.
        let path = match name {
            "readiness" => "/ready",
            _ => "/live",
        };
        expect(&mut problems, asked == Some((path, "http")), || {
            format!("the {name} probe does not ask {path} of the port `http`")
        });
        expect(&mut problems, openapi["paths"].get(path).is_some(), || {
            format!("the tokenizer has no route {path}")
        });
    }
    problems
}

fn security(pod: &Pod<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let of_pod = pod.spec.security_context.clone().unwrap_or_default();
    let of_container = pod.container.security_context.clone().unwrap_or_default();
    let seccomp = of_pod.seccomp_profile.map(|profile| profile.type_);
    let capabilities = of_container.capabilities.unwrap_or_default();
    let all = vec!["ALL".to_owned()];
    for (holds, rule) in [
        (of_pod.run_as_non_root == Some(true), "runAsNonRoot"),
        (
            of_pod.run_as_user.is_some_and(|user| user > 0),
            "a numeric user",
        ),
        (
            of_pod.fs_group.is_some() && of_pod.fs_group == of_pod.run_as_group,
            "fsGroup is the group of the process",
        ),
        (
            seccomp.as_deref() == Some("RuntimeDefault"),
            "seccomp RuntimeDefault",
        ),
        (
            of_container.read_only_root_filesystem == Some(true),
            "readOnlyRootFilesystem",
        ),
        (
            of_container.allow_privilege_escalation == Some(false),
            "no privilege escalation",
        ),
        (
            capabilities.drop == Some(all) && capabilities.add.is_none(),
            "no capabilities",
        ),
        (
            pod.spec.automount_service_account_token == Some(false),
            "no token of Kubernetes",
        ),
        (is_bounded(pod), "a limit of memory"),
        (is_alone(pod.spec), "no namespace of the host"),
    ] {
        expect(&mut problems, holds, || format!("security: {rule}"));
    }
    problems
}

fn is_bounded(pod: &Pod<'_>) -> bool {
    let resources = pod.container.resources.as_ref();
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    limits.is_some_and(|limits| limits.contains_key("memory"))
}

fn is_alone(spec: &PodSpec) -> bool {
    [spec.host_network, spec.host_pid, spec.host_ipc]
        .iter()
        .all(|one| *one != Some(true))
}

/// Secrets come from files that only the process reads.
fn secrets(pod: &Pod<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let variables = pod.environment();
    let secrets = table::SETTINGS
        .iter()
        .filter(|one| one.is_of(Side::Tokenizer));
    for setting in secrets {
        let Kind::Secret(prefix) = setting.kind else {
            continue;
        };
        let value = |name: &str| {
            let mut all = variables.iter();
            all.find(|(one, _)| *one == name).map(|(_, value)| *value)
        };
        let is_written = value(setting.env).or_else(|| value(&format!("{prefix}_VALUE")));
        expect(&mut problems, is_written.is_none(), || {
            format!("the secret {} is in the manifest", setting.env)
        });
        if let Some(path) = value(&format!("{prefix}_PATH")) {
            let volume = pod.mount(path).and_then(|mount| pod.volume(mount));
            let secret = volume.and_then(|volume| volume.secret.as_ref());
            // In YAML 1.1 `0440` is this number, and in 1.2 it is not.
            let is_private = secret.is_some_and(|secret| secret.default_mode == Some(0o440));
            expect(&mut problems, is_private, || {
                format!("{prefix}_PATH is in no volume of a secret with mode 0440 (288)")
            });
        }
    }
    problems
}

/// The objects around the pod.
fn around(object: &Object, pod: &Pod<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expect = |holds, problem: &str| expect(&mut problems, holds, || problem.to_owned());
    match object {
        Object::Deployment(one) => {
            let spec = one.spec.clone().unwrap_or_default();
            let is_found = selects(&spec.selector, pod.labels);
            expect(is_found, "the Deployment does not select its pods");
            expect(
                spec.replicas.is_some_and(|count| count > 1),
                "the Deployment has one replica",
            );
            let spread = pod.spec.topology_spread_constraints.iter().flatten();
            let is_spread = spread
                .map(|one| one.label_selector.as_ref())
                .any(|one| one.is_some_and(|one| selects(one, pod.labels)));
            expect(is_spread, "the pods are not spread");
            expect(pod.kept.is_empty(), "a Deployment has no volumes to keep");
        }
        Object::StatefulSet(one) => {
            let spec = one.spec.clone().unwrap_or_default();
            expect(
                selects(&spec.selector, pod.labels),
                "the StatefulSet does not select its pods",
            );
            expect(spec.replicas == Some(1), "one process may have the store");
            let store = store(pod).unwrap_or_default();
            let mount = pod.mount(&store);
            expect(
                mount.is_some_and(|mount| pod.kept.contains(&&*mount.name)),
                "the store is in no volume that is kept",
            );
        }
        Object::Service(one) => {
            let spec = one.spec.clone().unwrap_or_default();
            let selector = spec.selector.unwrap_or_default();
            expect(
                is_part_of(&selector, pod.labels),
                "the Service does not select the pods",
            );
            let http = Some(IntOrString::String("http".to_owned()));
            let mut ports = spec.ports.iter().flatten();
            expect(
                ports.all(|port| port.target_port == http),
                "the Service has another port than `http`",
            );
        }
        Object::ServiceAccount(one) => expect(
            one.automount_service_account_token == Some(false)
                && one.metadata.name == pod.spec.service_account_name,
            "the ServiceAccount is not that of the pod, or has a token",
        ),
        Object::Budget(one) => {
            let selector = one.spec.clone().unwrap_or_default().selector;
            let is_found = selector.is_some_and(|selector| selects(&selector, pod.labels));
            expect(is_found, "the budget does not select the pods");
        }
        Object::NetworkPolicy(one) => {
            let spec = one.spec.clone().unwrap_or_default();
            let is_found = spec
                .pod_selector
                .is_some_and(|selector| selects(&selector, pod.labels));
            expect(is_found, "the NetworkPolicy does not select the pods");
            let types = spec.policy_types.unwrap_or_default();
            expect(
                types == ["Ingress", "Egress"],
                "the NetworkPolicy is not about both directions",
            );
            for rule in spec.ingress.unwrap_or_default() {
                let (from, ports) = (rule.from.unwrap_or_default(), rule.ports);
                expect(!from.is_empty(), "anybody may connect");
                let named = ports.unwrap_or_default().into_iter().map(|one| one.port);
                let names: Vec<_> = named.collect();
                let is_port = |port: &Option<IntOrString>| match port {
                    Some(IntOrString::String(name)) => pod.port(name).is_some(),
                    _ => false,
                };
                expect(
                    !names.is_empty() && names.iter().all(is_port),
                    "the NetworkPolicy names a port that is none",
                );
            }
        }
    }
    problems
}

fn selects(selector: &LabelSelector, labels: &Labels) -> bool {
    let wanted = selector.match_labels.clone().unwrap_or_default();
    selector.match_expressions.is_none() && is_part_of(&wanted, labels)
}

/// Whether labels are wanted, and all of them there.
fn is_part_of(wanted: &Labels, labels: &Labels) -> bool {
    let is_there = |(name, value)| labels.get(name) == Some(value);
    !wanted.is_empty() && wanted.iter().all(is_there)
}
