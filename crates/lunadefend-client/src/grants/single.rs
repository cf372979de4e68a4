//! Wire level 1: one request for each token.

use super::Call;
use crate::{Client, answer::Route};
use lunadefend_core::{
    Error,
    provider::{GrantRequest, TokenId, Verdict},
    wire::{Empty, GrantSet, GrantVerified, GrantVerify},
};

impl Client {
    pub(super) async fn verify_one_by_one(
        &self,
        call: &Call,
        tokens: &[TokenId],
    ) -> Result<Vec<Verdict>, Error> {
        let work = |index: usize| self.verify_token(call, &tokens[index]);
        let is_last = |verdict: &Verdict| *verdict != Verdict::Valid;
        let verdicts = self.for_each(tokens.len(), work, is_last).await?;
        // Tokens without a verdict count as refused: one invalid token refuses all.
        let verdicts = verdicts.into_iter();
        Ok(verdicts
            .map(|verdict| verdict.unwrap_or(Verdict::Invalid))
            .collect())
    }

    async fn verify_token(&self, call: &Call, token: &TokenId) -> Result<Verdict, Error> {
        let body = GrantVerify {
            session_id: call.session.clone(),
            token_id: token.clone(),
        };
        let GrantVerified { valid } = self
            .0
            .call(
                Route::GrantVerify,
                call.authorization.clone(),
                &body,
                call.deadline,
            )
            .await?;
        Ok(if valid {
            Verdict::Valid
        } else {
            Verdict::Invalid
        })
    }

    pub(super) async fn create_one_by_one(
        &self,
        call: &Call,
        grants: &[GrantRequest],
    ) -> Result<(), Error> {
        let work = |index: usize| self.create_grant(call, &grants[index]);
        self.for_each(grants.len(), work, |()| false).await?;
        Ok(())
    }

    async fn create_grant(&self, call: &Call, grant: &GrantRequest) -> Result<(), Error> {
        let body = GrantSet {
            session_id: call.session.clone(),
            token_id: grant.token().clone(),
            custom_duration: grant.duration().map(|duration| duration.to_string()),
        };
        let Empty {} = self
            .0
            .call(
                Route::GrantSet,
                call.authorization.clone(),
                &body,
                call.deadline,
            )
            .await?;
        Ok(())
    }
}
