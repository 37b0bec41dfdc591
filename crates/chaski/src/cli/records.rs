//! What a command has to tell, before it is known in which form.

use chaski_core::Lang;
use serde_json::{Map, Value};

/// Records of one kind and the columns that people want to see of them.
pub(super) struct Records {
    /// Field and its heading for people.
    pub(super) columns: Vec<(&'static str, String)>,
    pub(super) rows: Vec<Map<String, Value>>,
}

/// A value as one line of text.
pub(super) fn plain(value: Option<&Value>, lang: Lang) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(true)) => lang.pick("SÍ", "YES").to_owned(),
        Some(Value::Bool(false)) => "NO".to_owned(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| plain(Some(item), lang))
            .collect::<Vec<_>>()
            .join("; "),
        Some(Value::Object(object)) => object
            .get("mensaje")
            .or_else(|| object.get("message"))
            .map_or_else(
                || Value::Object(object.clone()).to_string(),
                |text| plain(Some(text), lang),
            ),
        Some(other) => other.to_string(),
    };
    // No control byte of upstream text reaches a terminal.
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
