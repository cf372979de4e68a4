//! A store is backed up 20 times while an application writes to it as much as it can. Each backup is restored: `store
//! check` finds nothing, every value is there that was acknowledged before the backup began, and what was deleted after it
//! is not.

use super::{
    MOMENT, Programs, empty_folder, fill, keys::SigningKey, port::HeldPort, text, work::Work,
};
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use lunadefend_process::Process;
use std::{
    fs,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

const TOKENS: &str = "5000";
const BACKUPS: usize = 20;
/// How many values are stored between two backups.
const BETWEEN: usize = 100;
/// How long all of it may take at any step.
const LONGEST: Duration = Duration::from_secs(300);

pub(super) fn run(workspace: &Workspace, programs: &Programs) -> Result<()> {
    let folder = empty_folder(workspace, "backups")?;
    let at = |name: &str| text(&folder.join(name)).map(str::to_owned);
    let (store, socket, list) = (at("tokenizer.redb")?, at("admin")?, at("deletions")?);
    fill(programs, &store, TOKENS)?;

    let lunadefend = programs.find("lunadefend")?;
    let key = SigningKey::make(programs, &folder)?;
    let port = HeldPort::any()?;
    let environment = [
        ("SECUREFRAME_HTTP_ADDR", port.addr()),
        ("SESSION_PUBLIC_KEY", key.public.clone()),
        ("AUTH_PROVIDERS", "http://localhost:3000".to_owned()),
        ("LUNADEFEND_ADMIN_SOCKET", socket.clone()),
        ("LUNADEFEND_DELETIONS_FILE", list.clone()),
        ("RUST_LOG", "error".to_owned()),
    ];
    let serve = ["serve", "--store", &store];
    let mut tokenizer = Process::start(&lunadefend, &serve, &environment)?;
    tokenizer.line("lunadefend tokenizer listening on ", MOMENT)?;
    let tokens = programs.find("tokens")?;
    let work = Work::start(programs, &store, &port, &key)?;

    let command = |arguments: &[&str]| {
        let mut process = Process::start(&lunadefend, arguments, &[])?;
        ensure!(process.end(LONGEST)?.success(), "{arguments:?} failed");
        Ok(())
    };
    let (mut counts, mut deleted) = (Vec::new(), String::new());
    for number in 0..BACKUPS {
        let acknowledged = wait_for(&folder, (number + 1) * BETWEEN)?;
        let backup = at(&format!("backup-{number}"))?;
        command(&["backup", &backup, "--socket", &socket])?;
        counts.push(acknowledged.len());
        // The last one of before the backup.
        let gone = acknowledged.last().context("a token")?;
        command(&["token", "delete", "--yes", gone, "--socket", &socket])?;
        deleted += &format!("{gone}\n");
    }
    let worked = work.end()?;
    tokenizer.signal("TERM")?;
    ensure!(tokenizer.end(MOMENT)?.success(), "the tokenizer failed");
    fs::write(at("tokenizer.redb.deleted")?, deleted)?;

    for (number, stored) in counts.iter().enumerate() {
        let (backup, restored) = (at(&format!("backup-{number}"))?, at("restored.redb")?);
        fs::copy(at("tokenizer.redb.key")?, at("restored.redb.key")?)?;
        command(&["restore", &backup, "--to", &restored, "--deletions", &list])?;
        command(&["store", "check", &restored])?;
        let stored = stored.to_string();
        let check = [
            "restored", "--store", &restored, "--of", &store, "--stored", &stored,
        ];
        let mut check = Process::start(&tokens, &check, &[])?;
        check.line("checked ", LONGEST)?;
        ensure!(
            check.end(MOMENT)?.success(),
            "backup {number} lacks something"
        );
        fs::remove_file(restored)?;
    }
    println!(
        "soak: backups: {BACKUPS} while it was written: each has all that was acknowledged, and nothing that was deleted \
         since; meanwhile {worked}"
    );
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Returns the tokens that were acknowledged so far, once there are so many.
fn wait_for(folder: &Path, count: usize) -> Result<Vec<String>> {
    let begun = Instant::now();
    loop {
        let lines = fs::read_to_string(folder.join("tokenizer.redb.stored"))?;
        // The last line may be half there.
        let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let tokens = whole.lines().filter_map(|line| line.split(' ').next());
        let tokens: Vec<_> = tokens.map(str::to_owned).collect();
        if tokens.len() >= count {
            return Ok(tokens);
        }
        ensure!(begun.elapsed() < LONGEST, "nothing is stored any more");
        sleep(Duration::from_millis(50));
    }
}
