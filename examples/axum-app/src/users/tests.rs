use super::*;

struct World {
    users: Users,
    _folder: tempfile::TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let users = Users::open(&url(&folder)).await.unwrap();
    for user in ["ann", "bob", "support"] {
        users.log_in(&name(user)).await.unwrap();
    }
    World {
        users,
        _folder: folder,
    }
}

fn url(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("users.sqlite");
    format!("sqlite:{}", path.display())
}

fn name(text: &str) -> UserName {
    text.to_owned().try_into().unwrap()
}

fn token(number: u8) -> VerifiedToken {
    VerifiedToken::assertion(&format!(
        "lunasec-00000000-0000-4000-8000-0000000000{number:02x}"
    ))
    .unwrap()
}

#[tokio::test]
async fn a_profile_comes_back_as_it_was_stored() {
    let World { users, _folder } = world().await;
    let ann = name("ann");
    assert_eq!(users.profile(&ann, &ann).await.unwrap(), Profile::default());
    let mut profile = Profile {
        ssn: Some(token(1)),
        phone: Some(token(2)),
        address: None,
        photo: None,
        cards: [("blue".to_owned(), token(3)), ("red".to_owned(), token(3))].into(),
    };
    users.set_profile(&ann, profile.clone()).await.unwrap();
    assert_eq!(users.profile(&ann, &ann).await.unwrap(), profile);
    assert_eq!(users.ssn(&ann).await.unwrap(), Some(token(1)));

    users.set_ssn(&ann, token(4)).await.unwrap();
    profile.ssn = Some(token(4));
    assert_eq!(users.profile(&ann, &ann).await.unwrap(), profile);

    // The same once more: its own tokens are no reason to refuse.
    users.set_profile(&ann, profile.clone()).await.unwrap();
    users.set_ssn(&ann, token(4)).await.unwrap();
    assert_eq!(users.profile(&ann, &ann).await.unwrap(), profile);
    users.set_profile(&ann, Profile::default()).await.unwrap();
    assert_eq!(users.ssn(&ann).await.unwrap(), None);
}

#[tokio::test]
async fn a_row_is_read_by_its_owner_and_the_support() {
    let World { users, _folder } = world().await;
    let (ann, bob, nobody) = (name("ann"), name("bob"), name("nobody"));
    users.set_ssn(&ann, token(1)).await.unwrap();
    for owner in [&ann, &nobody] {
        let refused = users.profile(&bob, owner).await.unwrap_err();
        assert!(matches!(refused, AppError::NotYourRow), "{refused:?}");
    }
    let seen = users.profile(&name("support"), &ann).await.unwrap();
    assert_eq!(seen.ssn, Some(token(1)));
}

#[tokio::test]
async fn a_token_of_somebody_elses_row_is_refused_and_nothing_is_stored() {
    let World { users, _folder } = world().await;
    let (ann, bob) = (name("ann"), name("bob"));
    users.set_ssn(&ann, token(1)).await.unwrap();
    users.set_ssn(&bob, token(2)).await.unwrap();

    let refused = users.set_ssn(&bob, token(1)).await.unwrap_err();
    assert!(matches!(refused, AppError::NotYourToken), "{refused:?}");
    let mixed = Profile {
        phone: Some(token(3)),
        cards: [("blue".to_owned(), token(1))].into(),
        ..Profile::default()
    };
    let refused = users.set_profile(&bob, mixed).await.unwrap_err();
    assert!(matches!(refused, AppError::NotYourToken), "{refused:?}");

    let kept = users.profile(&bob, &bob).await.unwrap();
    let expected = Profile {
        ssn: Some(token(2)),
        ..Profile::default()
    };
    assert_eq!(kept, expected);
}

/// The support is shown a profile, its owner replaces the token, and the support posts the old one.
#[tokio::test]
async fn a_token_belongs_to_its_first_owner_after_it_stands_in_no_row_any_more() {
    let World { users, _folder } = world().await;
    let (ann, support) = (name("ann"), name("support"));
    users.set_ssn(&ann, token(1)).await.unwrap();
    let shown = users.profile(&support, &ann).await.unwrap();
    let kept = shown.ssn.unwrap();

    let assert_refused = async || {
        let profile = Profile {
            phone: Some(token(3)),
            cards: [("blue".to_owned(), kept.clone())].into(),
            ..Profile::default()
        };
        for refused in [
            users.set_ssn(&support, kept.clone()).await,
            users.set_profile(&support, profile).await,
        ] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, AppError::NotYourToken), "{refused:?}");
        }
    };
    users.set_ssn(&ann, token(2)).await.unwrap();
    assert_refused().await;
    users.set_profile(&ann, Profile::default()).await.unwrap();
    assert_refused().await;

    // What was refused belongs to nobody by that, and what was theirs they may store again.
    users.set_ssn(&name("bob"), token(3)).await.unwrap();
    users.set_ssn(&ann, token(1)).await.unwrap();
}

#[tokio::test]
async fn the_owners_of_an_older_database_are_kept() {
    let World { users, _folder } = world().await;
    let ann = name("ann");
    users.set_ssn(&ann, token(1)).await.unwrap();
    sqlx::raw_sql("DROP TABLE owners")
        .execute(&users.0)
        .await
        .unwrap();
    drop(users);
    let users = Users::open(&url(&_folder)).await.unwrap();
    users.set_profile(&ann, Profile::default()).await.unwrap();
    let refused = users.set_ssn(&name("bob"), token(1)).await.unwrap_err();
    assert!(matches!(refused, AppError::NotYourToken), "{refused:?}");
}

#[tokio::test]
async fn users_are_there_when_the_database_is_opened_again() {
    let World { users, _folder } = world().await;
    let ann = name("ann");
    users.set_ssn(&ann, token(1)).await.unwrap();
    drop(users);
    let again = Users::open(&url(&_folder)).await.unwrap();
    again.log_in(&ann).await.unwrap();
    assert_eq!(again.ssn(&ann).await.unwrap(), Some(token(1)));
}

#[test]
fn names_are_plain() {
    for good in ["a", "user-1", &"x".repeat(64)] {
        assert_eq!(name(good).as_str(), good);
    }
    for bad in ["", "Ann", "a b", "a'", "ä", &"x".repeat(65)] {
        assert!(UserName::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}
