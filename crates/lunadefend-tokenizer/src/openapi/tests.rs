use super::*;
use std::collections::BTreeSet;

fn document() -> Value {
    serde_json::from_str(&openapi()).unwrap()
}

/// Calls `visit` with each object of the document that has this member.
fn each_with<'d>(value: &'d Value, member: &str, visit: &mut impl FnMut(&'d Value)) {
    if let Some(found) = value.get(member) {
        visit(found);
    }
    match value {
        Value::Object(members) => members
            .values()
            .for_each(|one| each_with(one, member, visit)),
        Value::Array(items) => items.iter().for_each(|one| each_with(one, member, visit)),
        _ => {}
    }
}

#[test]
fn each_operation_has_a_name_of_its_own() {
    let document = document();
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            if let Some(id) = operation.get("operationId") {
                assert!(ids.insert(id.as_str().unwrap()), "{id}");
            }
        }
    }
    for id in [
        "grantSet",
        "v2GrantsVerify",
        "putBlob",
        "headBlob",
        "optionsBlob",
        "getFrameFile",
    ] {
        assert!(ids.contains(id), "{id} of {ids:?}");
    }
    assert!(!ids.contains("getStatus"), "that is the operator's");
}

#[test]
fn references_lead_somewhere() {
    let document = document();
    let mut count = 0;
    each_with(&document, "$ref", &mut |reference| {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        count += 1;
    });
    assert!(count > 100, "{count}");
}

#[test]
fn a_link_leads_to_an_operation_that_has_the_members() {
    let table = routes::table();
    let document = document();
    let mut count = 0;
    for row in &table {
        for link in row.endpoints.iter().flat_map(|one| &one.operation.links) {
            let body: Value = serde_json::from_str(link.body).unwrap();
            let schema = &document["paths"][link.path]["post"]["requestBody"]["content"]["application/json"]
                ["schema"]["$ref"];
            let pointer = schema.as_str().unwrap().strip_prefix('#').unwrap();
            let schema = document.pointer(pointer).unwrap();
            for member in body.as_object().unwrap().keys() {
                assert!(
                    schema["properties"].get(member).is_some(),
                    "{member} of {pointer}"
                );
            }
            count += 1;
        }
    }
    assert!(count > 5, "{count}");
}

#[test]
fn one_name_is_one_schema() {
    let mut schemas = Schemas::new();
    paths(&routes::table(), &mut schemas);
    let (_, ambiguous) = schemas.finish();
    assert_eq!(
        ambiguous, [""; 0],
        "give the types of request and response different names"
    );
}

#[test]
fn parameters_of_a_path_are_described() {
    for row in routes::table() {
        for (number, part) in row
            .path
            .split('/')
            .filter(|part| part.starts_with('{'))
            .enumerate()
        {
            let name = part.trim_matches(['{', '}']);
            let described = operation::of_path(&row);
            assert_eq!(described[number]["name"], name, "{}", row.path);
        }
    }
}
