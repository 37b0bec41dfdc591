//! What a command has to tell, before it is known in which form.

use chaski_core::{Lang, lima_datetime};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::app::AppError;
use crate::store::{Cursor, Page};

/// Records of one kind and the columns that people want to see of them.
pub(in crate::cli) struct Records {
    pub(in crate::cli) columns: Vec<Column>,
    pub(in crate::cli) rows: Vec<Map<String, Value>>,
}

/// A field, and its heading for people in Spanish and in English.
pub(in crate::cli) type Column = (&'static str, &'static str, &'static str);

/// The name that a command used for a field, and the API's.
pub(in crate::cli) type ApiName = (&'static str, &'static str);

/// The fields of a record, in the order in which they are written.
pub(in crate::cli) fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Lima time, for people and spreadsheets.
pub(in crate::cli) fn time(at: Timestamp) -> String {
    lima_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The first `limit` things of a list that comes in pages.
pub(in crate::cli) async fn pages<T>(
    limit: u32,
    page: impl AsyncFn(u32, Option<Cursor>) -> Result<Page<T>, AppError>,
) -> Result<Vec<T>, AppError> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    while rows.len() < limit as usize {
        let left = limit - u32::try_from(rows.len()).unwrap_or(limit);
        let more = page(left.min(250), cursor).await?;
        rows.extend(more.rows);
        cursor = more.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(rows)
}

/// A value as one line of text.
pub(in crate::cli) fn plain(value: Option<&Value>, lang: Lang) -> String {
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
