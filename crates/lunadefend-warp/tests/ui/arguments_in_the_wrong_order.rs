//! What the filters of the route extract comes first.

use lunadefend_warp::{Luna, Session};

async fn card(_: Session, number: u32) -> String {
    number.to_string()
}

fn route(luna: &Luna) {
    let _ = luna.handle(warp::path!("cards" / u32), card);
}

fn main() {}
