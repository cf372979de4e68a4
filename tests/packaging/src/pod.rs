//! A pod of one container, as far as its rules need it.

use crate::Object;
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec, Probe, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;

pub(crate) type Labels = BTreeMap<String, String>;

/// What a workload makes.
pub(crate) struct Pod<'m> {
    pub(crate) labels: &'m Labels,
    pub(crate) spec: &'m PodSpec,
    pub(crate) container: &'m Container,
    /// The names of volumes that each pod keeps.
    pub(crate) kept: Vec<&'m str>,
}

impl<'m> Pod<'m> {
    /// The pod of a workload; `None` for other objects, or when there is not exactly one container.
    pub(crate) fn of(object: &'m Object) -> Option<Self> {
        let (template, kept): (&PodTemplateSpec, _) = match object {
            Object::Deployment(one) => (&one.spec.as_ref()?.template, Vec::new()),
            Object::StatefulSet(one) => {
                let spec = one.spec.as_ref()?;
                let claims = spec.volume_claim_templates.iter().flatten();
                let names = claims.filter_map(|claim| claim.metadata.name.as_deref());
                (&spec.template, names.collect())
            }
            _ => return None,
        };
        let spec = template.spec.as_ref()?;
        let [container] = &*spec.containers else {
            return None;
        };
        Some(Self {
            labels: template.metadata.as_ref()?.labels.as_ref()?,
            spec,
            container,
            kept,
        })
    }

    /// The variables that have their value in the manifest.
    pub(crate) fn environment(&self) -> Vec<(&'m str, &'m str)> {
        let variables = self.container.env.iter().flatten();
        variables
            .filter_map(|one| Some((&*one.name, one.value.as_deref()?)))
            .collect()
    }

    /// The number of a port by its name.
    pub(crate) fn port(&self, name: &str) -> Option<u16> {
        let mut ports = self.container.ports.iter().flatten();
        let port = ports.find(|port| port.name.as_deref() == Some(name))?;
        u16::try_from(port.container_port).ok()
    }

    /// The probes with their names.
    pub(crate) fn probes(&self) -> [(&'static str, Option<&'m Probe>); 3] {
        [
            ("startup", self.container.startup_probe.as_ref()),
            ("liveness", self.container.liveness_probe.as_ref()),
            ("readiness", self.container.readiness_probe.as_ref()),
        ]
    }

    /// The mount that holds a path.
    pub(crate) fn mount(&self, path: &str) -> Option<&'m VolumeMount> {
        let mut mounts = self.container.volume_mounts.iter().flatten();
        mounts.find(|mount| {
            path.strip_prefix(&mount.mount_path)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The volume of a mount, unless it is one that the pod keeps.
    pub(crate) fn volume(&self, mount: &VolumeMount) -> Option<&'m Volume> {
        let mut volumes = self.spec.volumes.iter().flatten();
        volumes.find(|volume| volume.name == mount.name)
    }
}

/// The path and the port of a probe by HTTP.
pub(crate) fn asked(probe: &Probe) -> Option<(&str, &str)> {
    let get = probe.http_get.as_ref()?;
    match &get.port {
        IntOrString::String(port) => Some((get.path.as_deref()?, port)),
        IntOrString::Int(_) => None,
    }
}
