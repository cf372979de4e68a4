//! The context of a request: made before any other layer runs, and written into the response.

use crate::{
    context::RequestContext,
    headers::{REQUEST_ID, SESSION_HASH, single},
    server::Peer,
    trusted_proxies::TrustedProxies,
};
use axum::{extract::Request, response::Response};
use http::{HeaderMap, HeaderValue};
use lunadefend_crypto::{hex, random_bytes};

/// Gives the request a [`RequestContext`] and a [`ClientAddr`](crate::ClientAddr), and writes the content of the context into the
/// response.
pub(crate) async fn provide<F: Future<Output = Response>>(
    proxies: &TrustedProxies,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    find_client(proxies, &mut request);
    let context = RequestContext::new(request_id(request.headers()));
    request.extensions_mut().insert(context.clone());
    let mut response = next(request).await;
    for (name, value) in [
        (REQUEST_ID, context.request_id()),
        (SESSION_HASH, context.session_hash()),
    ] {
        if let Some(value) = value {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// Notes who sent the request, if [`serve`](crate::serve) knows the other end of the connection.
fn find_client(proxies: &TrustedProxies, request: &mut Request) {
    if let Some(Peer(peer)) = request.extensions().get().copied() {
        let client = proxies.client(peer, request.headers());
        request.extensions_mut().insert(client);
    }
}

/// Returns the request's own id, if it is safe in a log, or a new one.
fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    single(headers, &REQUEST_ID)
        .filter(|id| is_request_id(id.as_bytes()))
        .cloned()
        .or_else(|| {
            let bytes = random_bytes::<8>().ok()?;
            HeaderValue::from_str(&hex(&bytes)).ok()
        })
}

fn is_request_id(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client_addr::ClientAddr,
        config::Limits,
        server::{self, Places},
    };
    use axum::{
        Extension, Router,
        middleware::{Next, from_fn},
    };
    use lunadefend_testing::http::exchange_parts;
    use tokio::{net::TcpListener, sync::mpsc};

    /// Sends a request from loopback through a real server, and returns whom the handler takes for its client.
    async fn client_of(trusted: &[&str], headers: &str) -> Option<ClientAddr> {
        let (found, mut finding) = mpsc::unbounded_channel();
        let handler = async move |client: Option<Extension<ClientAddr>>| {
            let _ = found.send(client.map(|Extension(client)| client));
        };
        let proxies = TrustedProxies::parse(trusted, "TRUSTED_PROXIES").unwrap();
        let layer = from_fn(move |request: Request, next: Next| {
            let proxies = proxies.clone();
            async move { provide(&proxies, request, |request| next.run(request)).await }
        });
        let service = Router::new().fallback(handler).layer(layer);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        let (places, limits) = (Places::new(1), Limits::default());
        let asked = async {
            exchange_parts(address, &[request.as_bytes()]).await;
        };
        server::run(listener, None, service, &places, &limits, asked).await;
        finding.recv().await.unwrap()
    }

    #[tokio::test]
    async fn a_request_has_the_address_of_its_client() {
        let addr = |text: &str| Some(ClientAddr::new(text.parse().unwrap()));
        let forged = "X-Forwarded-For: 203.0.113.9\r\n";
        let forwarded =
            "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.7, 10.0.0.3\r\n";
        for (trusted, headers, client) in [
            (&[][..], "", "127.0.0.1"),
            (&[], forged, "127.0.0.1"),
            (&["10.0.0.0/8"], forwarded, "127.0.0.1"),
            (&["127.0.0.1"], forwarded, "10.0.0.3"),
            (&["127.0.0.1", "10.0.0.0/8"], forwarded, "198.51.100.7"),
        ] {
            let found = client_of(trusted, headers).await;
            assert!(found == addr(client), "{trusted:?} {headers}");
        }
    }

    #[test]
    fn request_ids() {
        let id = |value: &'static str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_static(value))]);
            request_id(&headers).unwrap()
        };
        assert_eq!(id("a-1_2.B"), "a-1_2.B");
        for bad in ["", "a b", "<x>", "a\tb"] {
            assert_ne!(id(bad), bad);
            assert_eq!(id(bad).len(), 16);
        }
        assert_ne!(id(""), id(""), "they are random");
    }
}
