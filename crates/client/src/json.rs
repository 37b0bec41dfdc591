//! JSON as it came, its texts borrowed from the body. An answer is read once and few fields of it
//! are wanted: a list of pairs costs a third of a tree of maps.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(JsonFields<'a>),
}

/// The members of an object, in their order. Of two with the same name the later one counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct JsonFields<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Members of the largest object that is common here.
const USUAL_FIELDS: usize = 24;

/// Members of the largest object that is looked into.
const MOST_FIELDS: usize = 256;

/// The value of a whole body; at most 128 levels deep.
pub(crate) fn parse(body: &[u8]) -> Option<Json<'_>> {
    serde_json::from_slice(body).ok()
}

impl<'a> Json<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&JsonFields<'a>> {
        match self {
            Json::Object(fields) => Some(fields),
            _ => None,
        }
    }
}

impl<'a> JsonFields<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        let same = |(own, _): &&(Cow<'a, str>, Json<'a>)| own == name;
        self.0.iter().rfind(same).map(|(_, value)| value)
    }

    /// Takes a member out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Json<'a>> {
        let place = self.0.iter().rposition(|(own, _)| own == name)?;
        Some(self.0.remove(place).1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Whether it says two different things under one name. The usual object has no two names alike
    /// in length, first and last letter but a few, and is through at once; one with more members than
    /// any answer has is not looked into.
    pub(crate) fn contradicts_itself(&self) -> bool {
        if self.0.len() > MOST_FIELDS {
            return true;
        }
        let mut seen = 0_u64;
        for (at, (name, value)) in self.0.iter().enumerate() {
            let mark = 1 << mark_of(name);
            if seen & mark != 0
                && self.0[..at]
                    .iter()
                    .any(|(other, said)| other == name && said != value)
            {
                return true;
            }
            seen |= mark;
        }
        false
    }
}

fn mark_of(name: &str) -> usize {
    let bytes = name.as_bytes();
    let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or(0));
    (name.len() * 31 + end(bytes.first()) * 7 + end(bytes.last())) % 64
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let mut fields = Vec::with_capacity(USUAL_FIELDS);
        while let Some((Name(name), value)) = members.next_entry()? {
            fields.push((name, value));
        }
        Ok(Json::Object(JsonFields(fields)))
    }
}

/// A name, borrowed where it has no escapes; `Cow` by itself is always read as owned.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name<'de>, D::Error> {
        struct AnyName;

        impl<'de> Visitor<'de> for AnyName {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(value.to_owned())))
            }
        }

        deserializer.deserialize_str(AnyName)
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, parse};

    #[test]
    fn texts_are_borrowed_and_the_later_of_two_counts() {
        let body = br#"{"a":"uno","b":[1,null,true,2.5],"a":"d\u00f3s","c":{"x":"y"}}"#;
        let Some(Json::Object(mut fields)) = parse(body) else {
            panic!("an object");
        };
        assert_eq!(fields.get("a").and_then(Json::as_str), Some("dós"));
        assert_eq!(
            fields.iter().next().and_then(|it| it.1.as_str()),
            Some("uno")
        );
        assert_eq!(
            fields.take("b"),
            Some(Json::List(vec![
                Json::Number(1.into()),
                Json::Null,
                Json::Bool(true),
                parse(b"2.5").expect("a number"),
            ]))
        );
        let inner = fields.get("c").and_then(Json::as_object).expect("inner");
        assert_eq!(inner.get("x").and_then(Json::as_str), Some("y"));
        assert_eq!(inner.get("b"), None);
    }

    #[test]
    fn two_values_under_one_name_are_a_contradiction() {
        let says = |body: &str, expected: bool| {
            let Some(Json::Object(fields)) = parse(body.as_bytes()) else {
                panic!("an object: {body}");
            };
            assert_eq!(fields.contradicts_itself(), expected, "{body}");
        };
        says("{}", false);
        says(r#"{"a":1,"b":1,"c":2}"#, false);
        says(r#"{"a":1,"b":2,"a":1}"#, false);
        says(r#"{"a":1,"b":2,"a":2}"#, true);
        says(r#"{"a":1,"\u0061":2}"#, true);
        says(r#"{"a":"1","a":1}"#, true);
        let many: Vec<String> = (0..300).map(|n| format!("\"n{n}\":0")).collect();
        says(&format!("{{{}}}", many.join(",")), true);
        says(&format!("{{{}}}", many[..200].join(",")), false);
    }

    #[test]
    fn what_is_not_json_is_none() {
        for body in ["", "{", "{\"a\":1} x", "nul", "{1:2}"] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert_eq!(parse(deep.as_bytes()), None);
    }
}
