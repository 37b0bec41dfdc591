//! What the vocabulary promises, one file per topic.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a test case reads best as plain values"
)]

mod catalog;
mod dates;
mod dni;
mod exchange_rate;
mod fitness;
mod invoice_bad_input;
mod invoice_every_finding;
mod invoice_json;
mod invoice_properties;
mod invoice_samples;
mod invoice_simple;
mod invoicing_correct;
mod invoicing_other;
mod invoicing_qr;
mod invoicing_words;
mod masking;
mod oracle;
mod ruc;
mod text;
mod ubigeo;
