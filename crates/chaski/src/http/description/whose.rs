//! The addresses in the shapes of others, which their own programs know, and the errors of each
//! shape: once, and named by every operation that may answer with them.

use serde_json::{Map, Value, json};

use super::{operations, put_mode};
use crate::http::compat::{generar, migo, nubefact, original};
use crate::http::kit::ERROR_STATUSES;

/// Their addresses and shapes. None is ours, so no type of ours describes them.
const OTHERS: &str = include_str!("others.json");

/// How errors look at some addresses: the name of their shape, the kind of body, and which addresses.
struct ErrorShape {
    name: &'static str,
    kind: &'static str,
    has: fn(&str) -> bool,
}

const SHAPES: [ErrorShape; 4] = [
    ErrorShape {
        name: "ErrorDeMigo",
        kind: "application/json",
        has: migo::is_path,
    },
    ErrorShape {
        name: "ErrorDeNubefact",
        kind: "application/json",
        has: nubefact::is_path,
    },
    ErrorShape {
        name: "ErrorDeGenerar",
        kind: "application/json",
        has: generar::is_path,
    },
    ErrorShape {
        name: "ErrorDelOriginal",
        kind: "application/json",
        has: original::is_path,
    },
];

const OURS: ErrorShape = ErrorShape {
    name: "ProblemBody",
    kind: "application/problem+json",
    has: |_| true,
};

/// Whether an address is in the shape of others.
pub(super) fn is_of_others(path: &str) -> bool {
    SHAPES.iter().any(|it| (it.has)(path))
}

/// Puts both into the description.
///
/// # Panics
///
/// Never: the file is part of the program.
pub(super) fn put(document: &mut Value) {
    // 1. Their addresses and shapes.
    let others: Value = serde_json::from_str(OTHERS).expect("it is JSON");
    for (part, place) in [("paths", "/paths"), ("schemas", "/components/schemas")] {
        let into = document.pointer_mut(place).and_then(Value::as_object_mut);
        if let (Some(into), Some(from)) = (into, others[part].as_object()) {
            into.extend(from.clone());
        }
    }
    // 2. The errors of each shape.
    let components = &mut document["components"];
    components["headers"]["ChaskiMode"] = json!({
        "description": "`sandbox`: the sandbox answered, and what it says is invented. Answers about real data do not have it.",
        "schema": { "type": "string", "enum": ["sandbox"] },
    });
    for shape in SHAPES.iter().chain([&OURS]) {
        for (status, about) in ERROR_STATUSES {
            let mut response = Map::new();
            response.insert("description".to_owned(), about.into());
            // A head that is too large is refused by hyper, which says no more.
            if status != "431" {
                let schema = format!("#/components/schemas/{}", shape.name);
                let content = json!({ shape.kind: { "schema": { "$ref": schema } } });
                response.insert("content".to_owned(), content);
            }
            put_mode(&mut response);
            components["responses"][format!("{}{status}", shape.name)] = response.into();
        }
    }
    // 3. By their names where they are answered.
    for (path, _, operation) in operations(document) {
        let Some(shape) = SHAPES.iter().find(|it| (it.has)(&path)) else {
            continue;
        };
        for (status, _) in ERROR_STATUSES {
            let name = format!("{}{status}", shape.name);
            let name = json!({ "$ref": format!("#/components/responses/{name}") });
            operation["responses"][status] = name;
        }
    }
}
