//! An example for every body and every success, by `operationId`. They were answered by the sandbox;
//! `.ci/run` holds each to its shape.

use serde_json::Value;

use super::{contents, operations};

const EXAMPLES: &str = include_str!("examples.json");

/// Puts them where they belong.
///
/// # Panics
///
/// Never: the file is part of the program.
pub(super) fn put(document: &mut Value) {
    let examples: Value = serde_json::from_str(EXAMPLES).expect("it is JSON");
    for (_, _, operation) in operations(document) {
        let id = operation.get("operationId").and_then(Value::as_str);
        let Some(examples) = id.and_then(|id| examples.get(id)).cloned() else {
            continue;
        };
        if let Some(body) = operation
            .get_mut("requestBody")
            .and_then(Value::as_object_mut)
        {
            for (kind, content) in contents(body) {
                put_one(content, &examples["request"][kind]);
            }
        }
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (status, response) in responses.into_iter().flatten() {
            for (kind, content) in response.as_object_mut().into_iter().flat_map(contents) {
                put_one(content, &examples[status][kind]);
            }
        }
    }
}

fn put_one(content: &mut Value, example: &Value) {
    if !example.is_null() {
        content["example"] = example.clone();
    }
}
