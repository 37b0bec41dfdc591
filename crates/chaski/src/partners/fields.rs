//! What the owner of a partner wrote down: fields that may be missing, and how a change of some
//! of them is laid over what was there.

use std::fmt;

use chaski_core::clean;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::PartnerError;

/// Defines the fields: each text with its name and the most characters it holds, each flag.
macro_rules! fields {
    (
        texts { $($text:ident = $name:literal, $most:literal;)+ }
        flags { $($flag:ident,)+ }
    ) => {
        /// The owner's fields. As a partner's content, `None` is "not known"; as a change, `None`
        /// leaves the field as it is and an empty text clears it.
        #[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(default)]
        #[expect(
            missing_docs,
            reason = "the names say it; they are those of the interfaces"
        )]
        pub struct PartnerFields {
            $(
                #[serde(rename = $name, skip_serializing_if = "Option::is_none")]
                pub $text: Option<String>,
            )+
            $(
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $flag: Option<bool>,
            )+
        }

        impl PartnerFields {
            /// Every text field with its name.
            pub fn texts(&self) -> [(&'static str, Option<&str>); TEXTS] {
                [$(($name, self.$text.as_deref()),)+]
            }

            /// Every flag with its name.
            pub fn flags(&self) -> [(&'static str, Option<bool>); FLAGS] {
                [$((stringify!($flag), self.$flag),)+]
            }

            fn text_slots(&mut self) -> [TextSlot<'_>; TEXTS] {
                [$(($name, $most, &mut self.$text),)+]
            }

            fn flag_slots(&mut self) -> [(&'static str, &mut Option<bool>); FLAGS] {
                [$((stringify!($flag), &mut self.$flag),)+]
            }
        }

        const TEXTS: usize = [$($name),+].len();
        const FLAGS: usize = [$(stringify!($flag)),+].len();
    };
}

fields! {
    texts {
        name = "name", 255;
        display_name = "display_name", 255;
        email = "email", 254;
        email_2 = "email_2", 254;
        reference = "ref", 100;
        website = "website", 255;
        comment = "comment", 2_000;
        street = "street", 500;
        street_2 = "street_2", 500;
        phone = "phone", 50;
        mobile = "mobile", 50;
        latitude = "latitude", 24;
        longitude = "longitude", 24;
        parent = "parent", 100;
        user = "user", 150;
        payment_term = "payment_term", 100;
    }
    flags {
        is_active,
        foreign,
        employee,
        supplier,
        customer,
        company,
        detractor,
        partner_retention,
        invoice_end_of_month_payment,
    }
}

/// A text field: its name, the most characters it holds, and itself.
type TextSlot<'a> = (&'static str, usize, &'a mut Option<String>);

impl PartnerFields {
    /// Names of all fields, texts first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let none = PartnerFields::default();
        let texts = none.texts().map(|it| it.0).into_iter();
        texts.chain(none.flags().map(|it| it.0))
    }

    /// Sets a text field by its name; false when there is none of that name.
    pub fn set_text(&mut self, name: &str, text: &str) -> bool {
        let slot = self.text_slots().into_iter().find(|slot| slot.0 == name);
        slot.map(|(_, _, slot)| *slot = Some(text.to_owned()))
            .is_some()
    }

    /// Sets a flag by its name; false when there is none of that name.
    pub fn set_flag(&mut self, name: &str, flag: bool) -> bool {
        let slot = self.flag_slots().into_iter().find(|slot| slot.0 == name);
        slot.map(|(_, slot)| *slot = Some(flag)).is_some()
    }

    /// The fields cleaned of repeated blanks and control characters, each found to be what its
    /// name says and of a length that is kept whole.
    pub fn checked(mut self) -> Result<PartnerFields, PartnerError> {
        for (field, most, slot) in self.text_slots() {
            let Some(text) = slot else { continue };
            *text = match field {
                // A comment keeps its lines.
                "comment" => text.trim().to_owned(),
                _ => clean(text),
            };
            if text.chars().count() > most {
                return Err(PartnerError::TooLong { field, most });
            }
            let well_formed = match field {
                _ if text.is_empty() => true,
                "email" | "email_2" => is_email(text),
                "latitude" => is_degrees(text, 90),
                "longitude" => is_degrees(text, 180),
                _ => true,
            };
            if !well_formed {
                return Err(PartnerError::BadField { field });
            }
        }
        Ok(self)
    }

    /// Lays a change over these fields; an empty text clears its field.
    pub fn apply(&mut self, mut change: PartnerFields) {
        let slots = self.text_slots().into_iter().zip(change.text_slots());
        for ((_, _, mine), (_, _, theirs)) in slots {
            if let Some(text) = theirs.take() {
                *mine = Some(text).filter(|text| !text.is_empty());
            }
        }
        let slots = self.flag_slots().into_iter().zip(change.flag_slots());
        for ((_, mine), (_, theirs)) in slots {
            *mine = theirs.or(*mine);
        }
    }
}

impl fmt::Debug for PartnerFields {
    /// Which fields are filled, not with what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filled = self.texts().into_iter().filter(|(_, text)| text.is_some());
        f.debug_list()
            .entries(filled.map(|(name, _)| name))
            .finish()
    }
}

/// One `@` with something on both sides: more would refuse addresses that work.
fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let both = [parts.next(), parts.next()];
    let filled = both
        .iter()
        .all(|part| part.is_some_and(|it| !it.is_empty()));
    filled && parts.next().is_none() && !text.contains(char::is_whitespace)
}

fn is_degrees(text: &str, most: i64) -> bool {
    text.parse::<Decimal>()
        .is_ok_and(|degrees| degrees.abs() <= Decimal::from(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: &str, text: &str, expected: Result<&str, &str>) {
        let mut fields = PartnerFields::default();
        assert!(fields.set_text(field, text));
        let found = fields.checked();
        let found = found.as_ref().map(|fields| {
            let texts = fields.texts();
            texts
                .into_iter()
                .find(|it| it.0 == field)
                .unwrap()
                .1
                .unwrap()
        });
        assert_eq!(
            found.map_err(PartnerError::code),
            expected,
            "{field} {text}"
        );
    }

    #[test]
    fn fields_are_what_their_names_say() {
        check("name", "  EMPRESA  UNO ", Ok("EMPRESA UNO"));
        check("name", &"A".repeat(256), Err("partner_campo"));
        check("comment", " uno\ndos ", Ok("uno\ndos"));
        check("email", "a@b.pe", Ok("a@b.pe"));
        check("email", "", Ok(""));
        check("email", "a@b@c", Err("partner_campo"));
        check("email_2", "sin arroba", Err("partner_campo"));
        check("latitude", "-12.0464", Ok("-12.0464"));
        check("latitude", "-90.1", Err("partner_campo"));
        check("longitude", "-90.1", Ok("-90.1"));
    }

    #[test]
    fn names_and_slots_agree() {
        let mut fields = PartnerFields::default();
        let texts = fields.texts().map(|it| it.0);
        assert_eq!(texts, fields.text_slots().map(|slot| slot.0));
        for name in texts {
            assert!(fields.set_text(name, name));
        }
        assert!(
            fields
                .texts()
                .into_iter()
                .all(|(name, it)| it == Some(name))
        );
        let flags = fields.flags().map(|it| it.0);
        assert_eq!(flags, fields.flag_slots().map(|slot| slot.0));
        for name in flags {
            assert!(fields.set_flag(name, true));
        }
        assert!(fields.flags().into_iter().all(|(_, it)| it == Some(true)));
        assert!(!fields.set_text("nada", "") && !fields.set_flag("nada", true));
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let mut fields = PartnerFields {
            name: Some("UNO".into()),
            phone: Some("1".into()),
            supplier: Some(true),
            ..PartnerFields::default()
        };
        fields.apply(PartnerFields {
            phone: Some(String::new()),
            mobile: Some("9".into()),
            customer: Some(false),
            ..PartnerFields::default()
        });
        assert_eq!(fields.name.as_deref(), Some("UNO"));
        assert_eq!((fields.phone, fields.mobile.as_deref()), (None, Some("9")));
        assert_eq!(
            (fields.supplier, fields.customer),
            (Some(true), Some(false))
        );
    }
}
