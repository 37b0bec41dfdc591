//! How a partner is described: the document, what its owner wrote down, and what SUNAT says.

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::partners::PartnerFields;

/// A field: its name, what kind of value it has, and what it is.
type About = (&'static str, Kind, &'static str);

#[derive(Clone, Copy)]
enum Kind {
    Always,
    Text,
    Flag,
}

/// Those that every answer has beside the owner's fields.
const OURS: [About; 18] = [
    ("id", Kind::Always, "Its identifier."),
    ("document_type", Kind::Always, "Kind of its document."),
    ("num_document", Kind::Always, "Number of its document."),
    (
        "sunat_valid",
        Kind::Flag,
        "Whether SUNAT knows the number; null before it was asked.",
    ),
    ("sunat_state", Kind::Always, "Its estado, in few words."),
    (
        "sunat_condition",
        Kind::Always,
        "Its condición, in few words.",
    ),
    (
        "apto_para_facturar",
        Kind::Flag,
        "Whether it is fit to be invoiced; null before SUNAT was asked.",
    ),
    (
        "sunat_last_check",
        Kind::Text,
        "When SUNAT was asked last, Lima time.",
    ),
    (
        "sunat_reason",
        Kind::Text,
        "Why it is not fit, as a stable code.",
    ),
    (
        "estado_del_contribuyente",
        Kind::Text,
        "SUNAT's estado, such as `ACTIVO`.",
    ),
    (
        "condicion_de_domicilio",
        Kind::Text,
        "SUNAT's condición, such as `HABIDO`.",
    ),
    ("sunat_name", Kind::Text, "Its name at SUNAT."),
    ("sunat_address", Kind::Text, "Its fiscal address at SUNAT."),
    (
        "sunat_ubigeo",
        Kind::Text,
        "Ubigeo of that address, 6 digits.",
    ),
    (
        "sunat_comment",
        Kind::Text,
        "What the last check came to, for people.",
    ),
    ("created_at", Kind::Always, "When it was added, Lima time."),
    (
        "updated_at",
        Kind::Always,
        "When it changed last, Lima time.",
    ),
    ("mode", Kind::Always, "`real` or `sandbox` (invented data)."),
];

/// What the owner's fields are.
const THEIRS: [(&str, &str); 25] = [
    ("name", "Name as its owner writes it."),
    ("display_name", "Trade name."),
    ("email", "Electronic mail."),
    ("email_2", "A second address of electronic mail."),
    ("ref", "Its owner's own code for it."),
    ("website", "Page on the web."),
    ("comment", "Notes of its owner."),
    ("street", "Address as its owner writes it."),
    ("street_2", "The rest of that address."),
    ("phone", "Telephone."),
    ("mobile", "Mobile telephone."),
    ("latitude", "Degrees, as a decimal; negative in the south."),
    ("longitude", "Degrees, as a decimal; negative in the west."),
    ("parent", "The company that it belongs to."),
    ("user", "Who looks after it."),
    ("payment_term", "When it pays, in words."),
    ("is_active", "Whether it is in use."),
    ("foreign", "Whether it is not domiciled in Peru."),
    ("employee", "Whether it works here."),
    ("supplier", "Whether it sells."),
    ("customer", "Whether it buys."),
    ("company", "Whether it is a company."),
    ("detractor", "Whether detracciones are paid to it."),
    ("partner_retention", "Whether it withholds."),
    (
        "invoice_end_of_month_payment",
        "Whether it pays at the end of the month.",
    ),
];

fn field(kind: Kind, about: &str) -> Object {
    let kind = match kind {
        Kind::Always => SchemaType::new(Type::String),
        Kind::Text => SchemaType::from_iter([Type::String, Type::Null]),
        Kind::Flag => SchemaType::from_iter([Type::Boolean, Type::Null]),
    };
    let field = ObjectBuilder::new().schema_type(kind);
    field.description(Some(about)).build()
}

fn put_theirs(mut schema: ObjectBuilder, required: bool) -> ObjectBuilder {
    let none = PartnerFields::default();
    let texts = none.texts().map(|(name, _)| (name, Kind::Text));
    let flags = none.flags().map(|(name, _)| (name, Kind::Flag));
    for (name, kind) in texts.into_iter().chain(flags) {
        let about = THEIRS.iter().find(|(known, _)| *known == name);
        let about = about.map_or("", |(_, about)| about);
        schema = schema.property(name, field(kind, about));
        if required {
            schema = schema.required(name);
        }
    }
    schema
}

/// A partner as it is answered: every field is there, null where nothing is known.
pub(super) fn answered(about: &str) -> ObjectBuilder {
    let mut schema = put_theirs(ObjectBuilder::new().description(Some(about)), true);
    for (name, kind, about) in OURS {
        schema = schema.property(name, field(kind, about)).required(name);
    }
    schema
}

/// A partner as its owner writes it down.
pub(super) fn wanted(about: &str) -> ObjectBuilder {
    let schema = ObjectBuilder::new().description(Some(about));
    let document = [
        (
            "document_type",
            "`ruc`, `dni`, `ce`, `pasaporte` or `otro`; by its form when not given. Not in a change.",
        ),
        ("num_document", "The document's number. Not in a change."),
    ];
    let schema = document.into_iter().fold(schema, |schema, (name, about)| {
        schema.property(name, field(Kind::Text, about))
    });
    put_theirs(schema, false)
}
