use super::*;
use http::HeaderValue;
use proptest::prelude::*;

const PROXIES: [&str; 3] = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"];

fn proxies() -> TrustedProxies {
    TrustedProxies::parse(PROXIES, "TRUSTED_PROXIES").unwrap()
}

fn forwarded<T: AsRef<[u8]>>(lines: impl IntoIterator<Item = T>) -> HeaderMap {
    let lines = lines.into_iter().map(|line| {
        let line = HeaderValue::from_bytes(line.as_ref()).unwrap();
        (X_FORWARDED_FOR, line)
    });
    lines.collect()
}

fn addr(text: &str) -> ClientAddr {
    ClientAddr::new(text.parse().unwrap())
}

#[test]
fn the_first_from_the_right_that_is_no_proxy_is_the_client() {
    for (peer, lines, client) in [
        // Without a proxy, and without its header.
        ("192.0.2.1", &[][..], "192.0.2.1"),
        ("127.0.0.1", &[], "127.0.0.1"),
        // Whoever is no proxy is not believed.
        ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
        ("127.0.0.2", &["198.51.100.7"], "127.0.0.2"),
        ("127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
        ("::ffff:127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
        // What the client sent itself is on the left.
        ("127.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        (
            "127.0.0.1",
            &["203.0.113.9", "198.51.100.7"],
            "198.51.100.7",
        ),
        ("127.0.0.1", &["10.0.0.1", "198.51.100.7"], "198.51.100.7"),
        // Two proxies, in one line and in two.
        ("127.0.0.1", &["198.51.100.7,10.1.2.3"], "198.51.100.7"),
        (
            "127.0.0.1",
            &["203.0.113.9, 198.51.100.7", "10.1.2.3"],
            "198.51.100.7",
        ),
        (
            "2001:db8:1::5",
            &["2001:db8:2::9,\t2001:db8:1:7::1"],
            "2001:db8:2::9",
        ),
        // A proxy asks by itself.
        ("127.0.0.1", &["10.1.2.3"], "10.1.2.3"),
        // What is no address says nothing, nor does anything to its left.
        ("127.0.0.1", &["198.51.100.7, unknown"], "127.0.0.1"),
        (
            "127.0.0.1",
            &["198.51.100.7, unknown, 10.1.2.3"],
            "10.1.2.3",
        ),
        ("127.0.0.1", &["198.51.100.7, , 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", &["198.51.100.7", ""], "127.0.0.1"),
        ("127.0.0.1", &["198.51.100.7, 010.1.2.3"], "127.0.0.1"),
        ("127.0.0.1", &["198.51.100.7, 10.1.2.3/8"], "127.0.0.1"),
        // As some proxies write them.
        ("127.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
        ("127.0.0.1", &["[2001:db8:2::9]:4711"], "2001:db8:2::9"),
        ("127.0.0.1", &["[2001:db8:2::9]"], "2001:db8:2::9"),
        ("127.0.0.1", &["[198.51.100.7]"], "127.0.0.1"),
    ] {
        let found = proxies().client(peer.parse().unwrap(), &forwarded(lines));
        assert!(found == addr(client), "{peer} {lines:?} is not {client}");
    }
}

#[test]
fn a_line_may_have_any_bytes() {
    let found = proxies().client([127, 0, 0, 1].into(), &forwarded([b"198.51.100.7\xff"]));
    assert!(found == addr("127.0.0.1"));
}

#[test]
fn an_item_is_an_address_or_a_network() {
    let parse = |item: &str| TrustedProxies::parse(["127.0.0.1", item], "TRUSTED_PROXIES");
    for (item, contained, other) in [
        ("::1", "::1", "::2"),
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.255.0.1", "11.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
    ] {
        let proxies = parse(item).unwrap();
        assert!(proxies.trusts(contained.parse().unwrap()), "{item}");
        assert!(!proxies.trusts(other.parse().unwrap()), "{item}");
    }
    for (item, words) in [
        ("proxy.example.com", "neither an address nor a network"),
        ("10.0.0.0/33", "neither an address nor a network"),
        ("10.0.0.1:80", "neither an address nor a network"),
        ("10.0.0.1/8", "has bits set behind its prefix"),
        ("0.0.0.0/0", "is every address"),
        ("::/0", "is every address"),
        ("::ffff:0.0.0.0/96", "is every address"),
    ] {
        let error = parse(item).unwrap_err().to_string();
        let start = "TRUSTED_PROXIES has an item, number 2, that ";
        assert!(error.starts_with(start) && error.contains(words), "{error}");
        assert!(!error.contains(item), "{error}");
    }
    assert_eq!(
        TrustedProxies::parse([""; 0], "TRUSTED_PROXIES").unwrap(),
        TrustedProxies::default()
    );
}

/// An address of a proxy.
fn proxy() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        Just(IpAddr::from([127, 0, 0, 1])),
        any::<[u8; 3]>().prop_map(|[a, b, c]| IpAddr::from([10, a, b, c])),
        any::<u64>().prop_map(|low| {
            let network = 0x2001_0db8_0001_u128 << 80;
            IpAddr::from((network | u128::from(low)).to_be_bytes())
        }),
    ]
}

/// An address of someone else.
fn stranger() -> impl Strategy<Value = IpAddr> {
    any::<IpAddr>().prop_filter("is a proxy", |addr| !proxies().trusts(addr.to_canonical()))
}

/// What a client may send.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let bytes = proptest::collection::vec(32_u8..=255, 0..40);
    let entries = proptest::collection::vec(any::<IpAddr>(), 0..5).prop_map(|entries| {
        let entries = entries.iter().map(ToString::to_string);
        entries.collect::<Vec<_>>().join(",").into_bytes()
    });
    prop_oneof![bytes, entries]
        .prop_filter("is no header", |line| HeaderValue::from_bytes(line).is_ok())
}

proptest! {
    /// However the proxies split or join their lines.
    #[test]
    fn a_client_cannot_choose_its_address(
        client in stranger(),
        own_lines in proptest::collection::vec(line(), 0..4),
        chain in proptest::collection::vec((proxy(), any::<bool>()), 1..5),
    ) {
        let mut lines = own_lines;
        let mut before = client;
        for (proxy, joins) in chain {
            let entry = before.to_string().into_bytes();
            match lines.last_mut().filter(|_| joins) {
                Some(last) => last.extend([b", ".as_slice(), &entry].concat()),
                None => lines.push(entry),
            }
            before = proxy;
        }
        prop_assert!(proxies().client(before, &forwarded(&lines)) == ClientAddr::new(client));
        // Nor does it pass for a proxy.
        prop_assert!(proxies().client(client, &forwarded(&lines)) == ClientAddr::new(client));
    }

    #[test]
    fn an_address_is_read_as_it_is_written(addr: IpAddr, port: u16) {
        prop_assert_eq!(address(addr.to_string().as_bytes()), Some(addr.to_canonical()));
        let with_port = SocketAddr::new(addr, port).to_string();
        prop_assert_eq!(address(with_port.as_bytes()), Some(addr.to_canonical()));
    }

    #[test]
    fn any_bytes_are_an_address_or_none(entry: Vec<u8>) {
        let _ = address(&entry);
    }
}
