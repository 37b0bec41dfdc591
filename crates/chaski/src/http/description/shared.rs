//! Shapes inside others that are there under a name of their own: generic types bring a copy.

use serde_json::{Value, json};

/// Puts the name in the place of every copy.
pub(super) fn put(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return;
    };
    let known = schemas.clone();
    let named = |schema: &Value| {
        schema.get("properties")?;
        let (name, _) = known.iter().find(|(_, it)| *it == schema)?;
        Some(json!({ "$ref": format!("#/components/schemas/{name}") }))
    };
    for schema in schemas.values_mut() {
        each_inside(schema, &named);
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, field) in fields.into_iter().flatten() {
            say_outside(name, field);
        }
    }
    open(document);
}

/// What a field is stands at the field, and not at one of the shapes that it may have.
fn say_outside(name: &str, field: &mut Value) {
    let Some(field) = field.as_object_mut() else {
        return;
    };
    let shapes = field.get_mut("oneOf").and_then(Value::as_array_mut);
    let inside = shapes.into_iter().flatten().find_map(|shape| {
        let shape = shape.as_object_mut()?;
        shape
            .contains_key("$ref")
            .then(|| shape.shift_remove("description"))?
    });
    // A type argument brings no words of its own.
    let usual = (name == "data").then(|| "The answer.".into());
    if !field.contains_key("description")
        && let Some(about) = inside.or(usual)
    {
        field.insert("description".to_owned(), about);
    }
}

/// An object of which nothing is said may hold anything; some tools read that it may hold nothing.
fn open(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("type");
            let is_object =
                kind.is_some_and(|it| *it == "object" || *it == json!(["object", "null"]));
            let is_told = ["properties", "additionalProperties"]
                .iter()
                .any(|it| fields.contains_key(*it));
            if is_object && !is_told {
                fields.insert("additionalProperties".to_owned(), true.into());
            }
            fields.values_mut().for_each(open);
        }
        Value::Array(values) => values.iter_mut().for_each(open),
        _ => {}
    }
}

fn each_inside(schema: &mut Value, named: &impl Fn(&Value) -> Option<Value>) {
    let inside: Vec<&mut Value> = match schema {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(values) => values.iter_mut().collect(),
        _ => return,
    };
    for schema in inside {
        match named(schema) {
            Some(name) => *schema = name,
            None => each_inside(schema, named),
        }
    }
}
