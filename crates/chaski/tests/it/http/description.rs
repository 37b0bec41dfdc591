//! The description of the API as tools of others read it: the rules that every operation keeps. The
//! tools themselves, and examples against their shapes, are in `tests/outside/foreign_tools.py`.

use std::collections::BTreeSet;

use chaski_core::Lang;
use serde_json::{Map, Value};

use super::scopes::ROUTES;

fn document() -> Value {
    chaski::http::openapi(Lang::En)
}

/// Every operation: `GET /address`, and what is said of it.
fn operations(document: &Value) -> Vec<(String, &Map<String, Value>)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            all.push((name, operation.as_object().unwrap()));
        }
    }
    all
}

fn is_text(value: Option<&Value>) -> bool {
    value
        .and_then(Value::as_str)
        .is_some_and(|it| !it.trim().is_empty())
}

#[test]
fn every_operation_has_a_name_a_tag_and_words() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["servers"][0]["url"].is_string());
    let tags = document["tags"].as_array().unwrap().iter();
    let tags: BTreeSet<_> = tags.map(|it| it["name"].as_str().unwrap()).collect();
    let (mut names, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (which, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        let words: Vec<_> = name.split('_').collect();
        let plain = |word: &&str| {
            let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            !word.is_empty() && word.chars().all(letters)
        };
        assert!(
            words.len() >= 2 && words.iter().all(plain),
            "{which}: {name} is no verb_noun"
        );
        assert!(names.insert(name), "{which}: {name} is another one's");
        let tag = operation["tags"][0].as_str().unwrap();
        assert!(tags.contains(tag), "{which}: {tag} is not described");
        used.insert(tag);
        assert!(is_text(operation.get("summary")), "{which} has no summary");
        for parameter in operation
            .get("parameters")
            .into_iter()
            .flat_map(|it| it.as_array().unwrap())
        {
            let about = is_text(parameter.get("description"));
            assert!(about, "{which}: {} has no description", parameter["name"]);
        }
    }
    assert_eq!(used, tags, "a tag that nothing has");
}

#[test]
fn every_body_and_success_has_an_example() {
    let document = document();
    let has_one = |content: &Value| {
        let shape = content["schema"]["$ref"].as_str().unwrap_or_default();
        let shape = document.pointer(shape.trim_start_matches('#'));
        let of_shape = shape.is_some_and(|it| it.get("example").is_some());
        content.get("example").is_some() || of_shape
    };
    for (which, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        let successes = responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'));
        let mut bodies: Vec<_> = successes
            .map(|(status, it)| (status.as_str(), it))
            .collect();
        assert!(!bodies.is_empty(), "{which} never succeeds");
        for (status, response) in &bodies {
            assert!(
                is_text(response.get("description")),
                "{which} {status} says nothing"
            );
        }
        bodies.extend(operation.get("requestBody").map(|it| ("request", it)));
        for (name, body) in bodies {
            let contents = body.get("content").and_then(Value::as_object);
            for (kind, content) in contents.into_iter().flatten() {
                assert!(has_one(content), "{which} {name} {kind} has no example");
            }
        }
    }
}

/// Once for each shape of errors, and by their names.
#[test]
fn errors_are_described_once() {
    let document = document();
    for (which, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !status.starts_with(['4', '5']) || which.contains(" /salud/") {
                continue;
            }
            let name = response["$ref"].as_str();
            let name = name.unwrap_or_else(|| panic!("{which} {status} has a body of its own"));
            assert!(
                document.pointer(&name[1..]).is_some(),
                "{which}: {name} is not there"
            );
        }
    }
}

#[test]
fn every_field_is_described_and_closed_sets_are_sets() {
    let document = document();
    for (shape, schema) in document["components"]["schemas"].as_object().unwrap() {
        let fields = schema.get("properties").and_then(Value::as_object);
        for (name, field) in fields.into_iter().flatten() {
            let about = field.get("description");
            assert!(is_text(about), "{shape}.{name} has no description");
            let about = about.unwrap().as_str().unwrap();
            let open = field["type"] == "string" || field["type"][0] == "string";
            let is_set = field.get("enum").is_some();
            assert!(
                !open || is_set || !names_a_set(about),
                "{shape}.{name}: {about} is a closed set: name it in http/description/closed.rs"
            );
        }
        let required = schema.get("required").and_then(Value::as_array);
        let required: Vec<_> = required.into_iter().flatten().collect();
        let distinct: BTreeSet<_> = required.iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(
            required.len(),
            distinct.len(),
            "{shape} demands a field twice"
        );
    }
}

/// Whether a description is nothing but values: `a`, `b` or `c`.
fn names_a_set(about: &str) -> bool {
    let about = about.trim_end_matches('.').replace(" or ", ", ");
    let values: Vec<_> = about.split(", ").collect();
    let is_value = |it: &&str| it.len() > 2 && it.starts_with('`') && it.ends_with('`');
    values.len() > 1 && values.iter().all(is_value)
}

/// What can be asked for is described: each route of the matrix of scopes, and those of others.
#[test]
fn every_route_is_described() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let described = |method: &str, path: &str| {
        let path = path.split('?').next().unwrap();
        paths.iter().any(|(template, item)| {
            item.get(method.to_lowercase()).is_some() && is_of(template, path)
        })
    };
    for (method, path, _, _) in ROUTES {
        let without = path.trim_end_matches('/');
        let known = [path.to_owned(), without.to_owned(), format!("{without}/")];
        let found = known.iter().any(|path| described(method, path));
        assert!(found, "{method} {path} is not described");
    }
    for (method, path, _, _) in super::issued::routes() {
        assert!(described(method, &path), "{method} {path} is not described");
    }
}

/// Whether an address is of a template such as `/ruc/{ruc}`.
fn is_of(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let same = |(one, other): (&&str, &&str)| one == other || one.starts_with('{');
    template.len() == path.len() && template.iter().zip(&path).all(same)
}
