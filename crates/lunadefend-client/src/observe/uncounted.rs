//! Without metrics.

use http::StatusCode;
use lunadefend_http::HttpError;

pub(super) struct Call;

impl Call {
    pub(super) const fn begin(_: &'static str) -> Self {
        Self
    }

    pub(super) const fn end(self, _: &'static str) {}
}

pub(crate) const fn attempt(_: &'static str, _: Result<StatusCode, &HttpError>) {}

pub(crate) const fn retry(_: &'static str) {}

pub(crate) const fn batch(_: &'static str, _: usize) {}

pub(crate) const fn signature() {}
