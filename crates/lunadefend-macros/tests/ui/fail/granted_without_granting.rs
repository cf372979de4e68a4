use lunadefend_core::{Grants, IntoGranted, SessionId, VerifiedToken};
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Profile {
    #[token]
    ssn: VerifiedToken,
}

struct NotDerived {
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", request)]
struct OnlyRequest {
    #[token]
    ssn: VerifiedToken,
}

fn serialize(profile: &Profile) -> String {
    serde_json::to_string(profile).unwrap()
}

fn respond<T: IntoGranted>(_: T) {}

fn not_derived(profile: NotDerived) {
    respond(profile);
}

fn only_request(request: OnlyRequest) {
    respond(request);
}

fn not_clone(profile: &Profile) {
    respond(profile);
}

async fn text(grants: Grants, session: SessionId, token: String) {
    let _ = grants.grant(&session, token, None).await;
}

fn main() {}
