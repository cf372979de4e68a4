use lunadefend_core::{Error, trust::{GrantProof, Verify, VerifyCollector, VerifyProof}};
use std::sync::Mutex;

static KEPT: Mutex<Option<&'static VerifyProof>> = Mutex::new(None);

struct Thief;

impl Verify for Thief {
    type Verified = ();

    fn collect(&self, _: &mut VerifyCollector) {}

    fn upgrade(self, proof: &VerifyProof) -> Result<(), Error> {
        *KEPT.lock().unwrap() = Some(proof);
        Ok(())
    }
}

struct Lender<'a>(&'a str);

impl<'a> Verify for Lender<'a> {
    type Verified = &'a VerifyProof;

    fn collect(&self, _: &mut VerifyCollector) {}

    fn upgrade(self, proof: &VerifyProof) -> Result<&'a VerifyProof, Error> {
        Ok(proof)
    }
}

fn main() {}
