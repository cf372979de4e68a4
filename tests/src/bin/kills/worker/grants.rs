//! Grants and their ends, set at one process and asked for at another.

use super::{ATTEMPTS, Worker, values::Kept};
use crate::{
    ledger::{Fault, Outcome},
    processes::of_sdk,
};
use anyhow::Result;
use lunadefend::{SessionId, UntrustedToken, VerifiedToken};

impl Worker {
    /// Changes who may read a value, and asks at other processes.
    pub(super) async fn change_grants(&mut self) -> Result<()> {
        let Some(mut kept) = self.take() else {
            self.store().await;
            return Ok(());
        };
        let grants = self.processes.any(&mut self.rng).luna.grants();
        let (owner, friend) = (&mut kept.owner, &mut kept.friend);
        match self.rng.u8(..10) {
            0..4 => {
                let granted = grants.grant(&friend.0.session, &kept.token, None).await;
                let granted = self.counted(of_sdk(granted)).map(drop);
                friend.1.asked(true, &granted);
            }
            4..6 => {
                let granted = grants.grant(&owner.0.session, &kept.token, None).await;
                let granted = self.counted(of_sdk(granted)).map(drop);
                owner.1.asked(true, &granted);
            }
            6..9 => {
                let revoked = grants.revoke(&friend.0.session, &kept.token).await;
                let revoked = self.counted(of_sdk(revoked));
                friend.1.asked(false, &revoked);
            }
            _ => {
                let revoked = grants.revoke_all(&kept.token).await;
                let revoked = self.counted(of_sdk(revoked));
                owner.1.asked(false, &revoked);
                friend.1.asked(false, &revoked);
            }
        }
        for (visitor, standing) in [&kept.owner, &kept.friend] {
            let verified = self.verify(&visitor.session, &kept.token).await?;
            let fault = match verified {
                Outcome::Done(()) => standing.judge(true),
                Outcome::Refused => standing.judge(false),
                Outcome::Unsent | Outcome::Unknown | Outcome::Wrong(_) => None,
            };
            self.judged(fault, "a grant, or its end");
            self.pause_after(&verified).await;
        }
        self.values.push(kept);
        Ok(())
    }

    /// The last look at the grants of a value.
    pub(super) async fn check_grant(&mut self, kept: &Kept) -> Result<()> {
        for (visitor, standing) in [&kept.owner, &kept.friend] {
            let mut fault = Some(Fault::Lost);
            for _ in 0..ATTEMPTS {
                fault = match self.verify(&visitor.session, &kept.token).await? {
                    Outcome::Done(()) => standing.judge(true),
                    Outcome::Refused => standing.judge(false),
                    Outcome::Unsent | Outcome::Unknown | Outcome::Wrong(_) => continue,
                };
                break;
            }
            self.judged(fault, "at the end, a grant, or its end");
            self.tally.grants += 1;
        }
        Ok(())
    }

    async fn verify(&mut self, session: &SessionId, token: &VerifiedToken) -> Result<Outcome<()>> {
        let untrusted = UntrustedToken::parse(token.expose_id())?;
        let grants = self.processes.any(&mut self.rng).luna.grants();
        let verified = grants.verify(session, untrusted).await;
        Ok(self.counted(of_sdk(verified)).map(drop))
    }
}
