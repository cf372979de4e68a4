//! `ops/kubernetes`: what is there is right, and what would be wrong is found.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use packaging::{Set, file, problems, read};
use serde_json::Value;

fn openapi() -> Value {
    serde_json::from_str(&file("docs/openapi.json").unwrap()).unwrap()
}

/// What is wrong with the text of a file.
fn wrong(yaml: &str) -> Vec<String> {
    match read(yaml) {
        Ok(objects) => problems(Set {
            objects: &objects,
            openapi: &openapi(),
        }),
        Err(error) => vec![error],
    }
}

#[test]
fn what_we_ship_is_right() {
    for name in ["postgres", "embedded"] {
        let found = wrong(&file(&format!("ops/kubernetes/{name}.yaml")).unwrap());
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

/// Each change, and what is said of it.
fn is_found(name: &str, changes: &[(&str, &str, &str)]) {
    let yaml = file(&format!("ops/kubernetes/{name}.yaml")).unwrap();
    for (text, replacement, words) in changes {
        assert!(yaml.contains(text), "{name}.yaml has no {text:?}");
        let found = wrong(&yaml.replacen(text, replacement, 1));
        let is_found = found.iter().any(|one| one.contains(words));
        assert!(is_found, "{text:?} -> {replacement:?}: {found:#?}");
    }
}

#[test]
fn what_kubernetes_does_not_know_is_found() {
    is_found(
        "postgres",
        &[
            (
                "      enableServiceLinks:",
                "      enableServiceLink:",
                "enableServiceLink is no field",
            ),
            (
                "maxSurge: 1",
                "maxSurges: 1",
                "strategy.rollingUpdate.maxSurges is no field",
            ),
            (
                "drop: [\"ALL\"]",
                "drops: [\"ALL\"]",
                "containers[0].securityContext.capabilities.drops is no field",
            ),
            ("replicas: 3", "replicas: three", "Deployment: invalid type"),
            (
                "kind: Service\n",
                "kind: Servise\n",
                "unknown kind `Servise`",
            ),
            (
                "apiVersion: apps/v1\n",
                "apiVersion: apps/v1beta1\n",
                "apps/v1beta1",
            ),
        ],
    );
}

#[test]
fn what_the_tokenizer_does_not_know_is_found() {
    is_found(
        "postgres",
        &[
            (
                "LUNADEFEND_DRAIN_DELAY\n",
                "LUNADEFEND_DRAIN_DELY\n",
                "LUNADEFEND_DRAIN_DELY",
            ),
            (
                "name: AUTH_PROVIDERS\n",
                "name: PROVIDERS\n",
                "PROVIDERS is no setting",
            ),
            (
                "LUNADEFEND_MASTER_KEY_PATH\n",
                "LUNADEFEND_MASTER_KEY_FILE\n",
                "LUNADEFEND_MASTER_KEY_FILE",
            ),
            ("value: json", "value: xml", "LUNADEFEND_LOG_FORMAT"),
            (
                "value: 15s",
                "value: 5s",
                "Kubernetes notices a drain after 6s",
            ),
            (
                "value: 15s",
                "value: 40s",
                "killed after 45 s, and may need 50s",
            ),
            (
                "terminationGracePeriodSeconds: 45",
                "terminationGracePeriodSeconds: 25",
                "killed after 25 s, and may need 25s",
            ),
            (
                "value: 0.0.0.0:17766",
                "value: 127.0.0.1:17766",
                "SECUREFRAME_HTTP_ADDR does not listen",
            ),
            (
                "containerPort: 17766",
                "containerPort: 17767",
                "SECUREFRAME_HTTP_ADDR does not listen",
            ),
            (
                "value: 0.0.0.0:9464",
                "value: 0.0.0.0:9465",
                "LUNADEFEND_METRICS_LISTEN does not listen",
            ),
            (
                "path: /live",
                "path: /health",
                "the startup probe does not ask /live",
            ),
            (
                "path: /ready",
                "path: /live",
                "the readiness probe does not ask /ready",
            ),
            (
                "mountPath: /run/lunadefend",
                "mountPath: /run/luna",
                "the admin socket is in no volume",
            ),
        ],
    );
    is_found(
        "embedded",
        &[
            (
                "mountPath: /data",
                "mountPath: /var",
                "the store is in no volume",
            ),
            (
                "- name: data\n              mountPath",
                "- name: run\n              mountPath",
                "the store is in no volume that is kept",
            ),
            (
                "replicas: 1",
                "replicas: 2",
                "one process may have the store",
            ),
        ],
    );
}

#[test]
fn what_is_not_safe_is_found() {
    is_found(
        "postgres",
        &[
            ("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"),
            ("runAsUser: 65532", "runAsUser: 0", "a numeric user"),
            ("fsGroup: 65532", "fsGroup: 65533", "fsGroup"),
            ("type: RuntimeDefault", "type: Unconfined", "seccomp"),
            (
                "readOnlyRootFilesystem: true",
                "readOnlyRootFilesystem: false",
                "readOnlyRootFilesystem",
            ),
            (
                "allowPrivilegeEscalation: false",
                "allowPrivilegeEscalation: true",
                "escalation",
            ),
            ("drop: [\"ALL\"]", "drop: [\"NET_RAW\"]", "no capabilities"),
            (
                "drop: [\"ALL\"]",
                "drop: [\"ALL\"]\n              add: [\"NET_ADMIN\"]",
                "no capabilities",
            ),
            (
                "      automountServiceAccountToken: false\n",
                "",
                "no token of Kubernetes",
            ),
            (
                "\nautomountServiceAccountToken: false\n",
                "\n",
                "or has a token",
            ),
            (
                "            limits:\n              memory: 256Mi\n",
                "",
                "a limit of memory",
            ),
            (
                "      enableServiceLinks: false\n",
                "      hostNetwork: true\n",
                "no namespace of the host",
            ),
            (
                "defaultMode: 288",
                "defaultMode: 292",
                "LUNADEFEND_MASTER_KEY_PATH",
            ),
            (
                "LUNADEFEND_MASTER_KEY_PROVIDER\n              value: file",
                "LUNADEFEND_MASTER_KEY\n              value: abc",
                "the secret LUNADEFEND_MASTER_KEY is in the manifest",
            ),
            (
                "targetPort: http",
                "targetPort: metrics",
                "another port than `http`",
            ),
            (
                "    - from:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: monitoring\n      ports",
                "    - ports",
                "anybody may connect",
            ),
            (
                "- port: metrics",
                "- port: metric",
                "names a port that is none",
            ),
            (
                "policyTypes: [\"Ingress\", \"Egress\"]",
                "policyTypes: [\"Ingress\"]",
                "both directions",
            ),
        ],
    );
}

#[test]
fn what_fits_no_pod_is_found() {
    let yaml = file("ops/kubernetes/postgres.yaml").unwrap();
    let label = "app.kubernetes.io/name: tokenizer";
    let at: Vec<_> = yaml.match_indices(label).map(|(at, _)| at).collect();
    let found: Vec<_> = at
        .iter()
        .flat_map(|at| {
            let mut yaml = yaml.clone();
            yaml.replace_range(*at..at + label.len(), "app.kubernetes.io/name: other");
            wrong(&yaml)
        })
        .collect();
    for words in [
        "the Deployment does not select its pods",
        "the Service does not select the pods",
        "the budget does not select the pods",
        "the NetworkPolicy does not select the pods",
    ] {
        assert!(found.iter().any(|one| one == words), "{words}: {found:#?}");
    }
    for kind in ["Service", "ServiceAccount", "NetworkPolicy"] {
        let documents = yaml.split("---\n");
        let others = documents.filter(|one| !one.contains(&format!("kind: {kind}\n")));
        let found = wrong(&others.collect::<Vec<_>>().join("---\n"));
        assert_eq!(found, [format!("there is no {kind}")]);
    }
}
