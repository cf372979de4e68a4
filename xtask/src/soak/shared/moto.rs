//! DynamoDB and S3 as moto has them.

use super::SharedStore;
use crate::{
    soak::{MOMENT, Programs},
    test::oracles,
    workspace::Workspace,
};
use anyhow::{Result, ensure};
use lunadefend_process::Process;

/// A running server with the table and the bucket.
pub(in crate::soak) struct Moto {
    url: String,
    /// It ends with its input.
    _server: Process,
}

impl Moto {
    pub(in crate::soak) fn start(workspace: &Workspace, programs: &Programs) -> Result<Self> {
        let python = oracles::installed_python(workspace)?;
        let script = workspace.root().join("tests/oracles/aws.py");
        let server = Process::start(&python, &[&script.to_string_lossy()], &[])?;
        // One line of JSON.
        let url = server.line(r#"{"url": ""#, MOMENT)?;
        let moto = Self {
            url: url.trim_end_matches(r#""}"#).to_owned(),
            _server: server,
        };
        let lunadefend = programs.find("lunadefend")?;
        let mut create = Process::start(&lunadefend, &["store", "create"], &moto.settings())?;
        let status = create.end(MOMENT)?;
        ensure!(
            status.success(),
            "lunadefend store create: {status}; it must be built with its feature `aws-store`, as --all-features does"
        );
        Ok(moto)
    }
}

impl SharedStore for Moto {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        [
            ("LUNADEFEND_AWS_TABLE", "tokenizer"),
            ("LUNADEFEND_AWS_BUCKET", "values"),
            ("LUNADEFEND_AWS_REGION", "eu-central-1"),
            ("LUNADEFEND_DYNAMODB_ENDPOINT", &self.url),
            ("LUNADEFEND_S3_ENDPOINT", &self.url),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }
}
