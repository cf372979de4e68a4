//! Reading what the other side sent.

use crate::{
    counted::counting,
    keys::{signing_key, tokens},
    stub,
};
use anyhow::{Result, ensure};
use lunadefend_core::{
    SessionId,
    provider::{Clock, TokenId},
    wire::{
        self, BatchAnswer, BatchId, GrantBatch, GrantItem, GrantVerify, REQUEST, RESPONSE, Success,
        VerifiedItem,
    },
};
use lunadefend_jwt::{JwtPolicy, JwtProfile, JwtSigner, ParsedJwt, SystemClock};
use std::hint::black_box;

/// A JWT of an application: its form, its signature and its claims.
pub(crate) fn jwt(times: u32) -> Result<()> {
    let key = signing_key()?;
    let origin = "https://tokenizer.example.com";
    let now = SystemClock.now();
    let jwt = JwtSigner::new(key.clone(), JwtProfile::default(), origin).application(now)?;
    let policy = JwtPolicy::new(origin);
    counting(|| {
        for _ in 0..times {
            let jwt = ParsedJwt::parse(black_box(jwt.expose_secret()))?;
            jwt.verify([key.public_key()], &policy, now)?;
        }
        Ok(())
    })
}

/// The body of `/grant/verify`.
pub(crate) fn request(times: u32) -> Result<()> {
    let body = wire::to_vec(&GrantVerify {
        session_id: SessionId::new("94AgCStMEksB27IX7v1Ep9SyUmSgsJV3cePAnDO2MjE")?,
        token_id: TokenId::parse(&tokens(1).concat())?,
    });
    counting(|| {
        for _ in 0..times {
            black_box(wire::from_slice::<GrantVerify>(black_box(&body), REQUEST)?);
        }
        Ok(())
    })
}

/// The answer of `/v2/grants/verify` about 100 tokens.
pub(crate) fn batch(times: u32) -> Result<()> {
    type Answer = Success<BatchAnswer<VerifiedItem>>;

    let body = wire::to_vec(&Success(stub::verified(grant_batch()?)));
    counting(|| {
        for _ in 0..times {
            let answer = wire::from_slice::<Answer>(black_box(&body), RESPONSE)?;
            ensure!(answer.0.items.len() == 100, "each item is there");
        }
        Ok(())
    })
}

/// A batch of 100 items.
pub(crate) fn grant_batch() -> Result<GrantBatch> {
    let session = SessionId::new("94AgCStMEksB27IX7v1Ep9SyUmSgsJV3cePAnDO2MjE")?;
    let item = |token: String| Ok(GrantItem::new(&session, &TokenId::parse(&token)?, None));
    let items = tokens(100).into_iter().map(item);
    Ok(GrantBatch {
        batch_id: BatchId::new([7; 16]),
        items: items.collect::<Result<_>>()?,
    })
}
