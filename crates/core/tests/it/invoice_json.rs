//! The reader of exact JSON against `serde_json`, and what it refuses.

use chaski_core::Lang;
use chaski_core::invoicing::{JsonObject, JsonValue, MOST_BYTES, MOST_DEPTH};
use proptest::prelude::*;
use serde_json::Value;

#[track_caller]
fn refused(text: &str, field: &str, says: &str) {
    let error = JsonValue::parse(text.as_bytes()).expect_err("refused");
    assert_eq!(error.field(), field, "{text}");
    assert!(
        error.message(Lang::En).contains(says),
        "{}",
        error.message(Lang::En)
    );
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    refused("", "", "ends before");
    refused(r#"{"a": 1"#, "", "ends before");
    refused(
        r#"{"items": [{"igv": 1,}]}"#,
        "items[0]",
        "did not expect «}»",
    );
    refused(
        r#"{"items": [{"igv": }]}"#,
        "items[0].igv",
        "did not expect «}»",
    );
    refused("{\"a\": \"x\ny\"}", "a", "line break");
    refused(r#"{"a": "x\q"}"#, "a", "invalid escape");
    refused(r#"{"a": "\ud800"}"#, "a", "invalid escape");
    refused(r#"{"a": 01}"#, "a", "malformed number");
    refused(r#"{"a": 1, "a": 1}"#, "a", "comes twice");
    refused(r#"{"a": {"b": 1, "\u0062": 2}}"#, "a.b", "comes twice");
    refused("{} x", "", "after the document");
    refused("{'a': 1}", "", "did not expect «'»");
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let error = JsonValue::parse(b"{\"a\": \"CA\xd1ON\"}").expect_err("refused");
    assert!(error.message(Lang::Es).contains("UTF-8"), "{error}");
}

#[test]
fn size_and_depth_are_bounded() {
    let large = vec![b' '; MOST_BYTES + 1];
    let error = JsonValue::parse(&large).expect_err("refused");
    assert_eq!(error.message(Lang::En), "the document is over 8 MiB");
    let deep = "[".repeat(10_000);
    refused(&deep, &"[0]".repeat(MOST_DEPTH), "levels of nesting");
    let within = format!("{}{}", "[".repeat(MOST_DEPTH), "]".repeat(MOST_DEPTH));
    assert!(JsonValue::parse(within.as_bytes()).is_ok());
}

#[test]
fn many_keys_are_read_in_linear_time() {
    let keys: Vec<String> = (0..200_000).map(|n| format!("\"k{n}\":1")).collect();
    let text = format!("{{{}}}", keys.join(","));
    let began = std::time::Instant::now();
    let value = JsonValue::parse(text.as_bytes()).expect("an object");
    assert_eq!(value.as_object().map(JsonObject::len), Some(200_000));
    // Quadratic work would take minutes.
    assert!(began.elapsed().as_secs() < 20);
}

#[test]
fn numbers_keep_every_digit() {
    for number in [
        "0.1",
        "13.994799999999998",
        "1e400",
        "-0",
        "123456789012345678901234567890",
    ] {
        let value = JsonValue::parse(number.as_bytes()).expect("a number");
        assert_eq!(value.to_string(), number);
    }
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no others", |it| it.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x7f\\u{80}-\\u{ffff}😀\"\\\\]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What `serde_json` writes is read as the same value, compact or not.
    #[test]
    fn the_same_as_serde_json(value in tree()) {
        let compact = value.to_string();
        let ours = JsonValue::parse(compact.as_bytes()).expect("JSON");
        prop_assert_eq!(ours.to_string(), compact);
        let pretty = serde_json::to_vec_pretty(&value).expect("JSON");
        prop_assert_eq!(JsonValue::parse(&pretty).expect("JSON"), ours);
    }

    /// Of any text, both take the same; `NaN` and `Infinity`, which ours keeps for its finding, and
    /// keys that come twice aside.
    #[test]
    fn refused_alike(text in "[\\[\\]{}\",:0-9.eE+\\-truefalsn \\\\u]{0,24}") {
        let ours = JsonValue::parse(text.as_bytes());
        let theirs = serde_json::from_str::<Value>(&text);
        let twice = ours.as_ref().is_err_and(|it| it.message(Lang::En).contains("twice"));
        let overflow = theirs.as_ref().is_err_and(|it| it.to_string().contains("out of range"));
        prop_assume!(!overflow);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok() && !twice, "{}", text);
    }

    /// Nothing panics, whatever the bytes.
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = JsonValue::parse(&bytes);
    }
}
