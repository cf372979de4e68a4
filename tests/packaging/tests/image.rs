//! `ops/Dockerfile`, as far as it is about settings. `cargo xtask dist --prove` runs what it makes.

use lunadefend_settings::{FixedEnvironment, Settings, Side, table};
use packaging::file;
use std::{net::SocketAddr, path::Path, sync::Arc};

#[test]
fn the_image_listens_where_it_says_and_keeps_its_files_in_the_volume() {
    let text = file("ops/Dockerfile").unwrap();
    let one = |word: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(word));
        let line = lines.next();
        line.unwrap_or_else(|| panic!("the image has no {word}"))
    };
    let variables = text.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("ENV ")?.split_once('=')?;
        Some((name, value))
    });
    let environment = FixedEnvironment::from_iter(variables);
    let settings = Settings::from_environment(Side::Tokenizer, Arc::new(environment)).unwrap();
    let listen = settings.text(&table::LISTEN).unwrap().unwrap();
    let listen: SocketAddr = listen.parse().unwrap();
    assert!(listen.ip().is_unspecified());
    assert_eq!(one("EXPOSE "), listen.port().to_string());
    let volume = one("VOLUME ");
    let volume: Vec<String> = serde_json::from_str(volume).unwrap();
    let socket = settings.text(&table::ADMIN_SOCKET).unwrap().unwrap();
    let command: Vec<String> = serde_json::from_str(one("CMD ")).unwrap();
    for path in [socket, command.last().unwrap().clone()] {
        assert!(Path::new(&path).starts_with(&volume[0]), "{path}");
    }
}
