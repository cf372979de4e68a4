//! How many pages a commit writes, and that they are used again.

use super::*;

/// Without the reader of what was there before, redb writes a page more for each commit, and keeps more of them.
#[tokio::test]
async fn a_small_commit_writes_few_pages_and_takes_those_of_earlier_ones() {
    const COMMITS: u64 = 100;
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let changes = || i64::MAX - disk.writes_left.load(Ordering::SeqCst);
    let length = || fs::metadata(&path).unwrap().len();
    let insert_from = async |first| {
        for number in first..first + COMMITS {
            let written = write(&store, vec![insert(number, row(number))]).await;
            assert_eq!(written.unwrap(), WriteOutcome::Applied);
        }
    };
    insert_from(0).await;
    let (changes_before, length_before) = (changes(), length());
    insert_from(COMMITS).await;
    let each = (changes() - changes_before) as f64 / COMMITS as f64;
    assert!(each < 10.0, "{each} writes and syncs for a commit");
    assert_eq!(length(), length_before);
}
