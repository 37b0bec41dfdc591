//! XML as it is written: elements that close themselves, texts that are escaped.

use quick_xml::escape::escape;

/// The namespaces that every document of SUNAT declares beside its own.
const NAMESPACES: [(&str, &str); 4] = [
    (
        "xmlns:cac",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    ),
    (
        "xmlns:cbc",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    ),
    ("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#"),
    (
        "xmlns:ext",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2",
    ),
];

/// The namespace of SUNAT's own components: retenciones, percepciones and bajas.
pub(super) const SAC: &str =
    "urn:sunat:names:specification:ubl:peru:schema:xsd:SunatAggregateComponents-1";

/// Name and value of an attribute.
type Attribute<'a> = (&'a str, &'a str);

/// A document that grows.
pub(super) struct Markup(String);

impl Markup {
    /// A whole document: declaration, root with its namespaces, and what `fill` puts in.
    pub(super) fn document(
        root: &str,
        namespace: &str,
        more: &[Attribute<'_>],
        fill: impl FnOnce(&mut Markup),
    ) -> Vec<u8> {
        let mut markup = Markup("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned());
        let mut attributes = vec![("xmlns", namespace)];
        attributes.extend(NAMESPACES);
        attributes.extend(more);
        markup.with(root, &attributes, fill);
        markup.0.push('\n');
        markup.0.into_bytes()
    }

    /// An element with others in it.
    pub(super) fn part(&mut self, name: &str, fill: impl FnOnce(&mut Markup)) {
        self.with(name, &[], fill);
    }

    /// The same with attributes.
    pub(super) fn with(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        fill: impl FnOnce(&mut Markup),
    ) {
        self.open(name, attributes);
        fill(self);
        self.close(name);
    }

    /// An element that holds a text.
    pub(super) fn leaf(&mut self, name: &str, text: impl AsRef<str>) {
        self.leaf_with(name, &[], text);
    }

    /// The same with attributes.
    pub(super) fn leaf_with(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        text: impl AsRef<str>,
    ) {
        self.open(name, attributes);
        self.0.push_str(&escape(text.as_ref()));
        self.close(name);
    }

    fn open(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        self.0.push('<');
        self.0.push_str(name);
        for (key, value) in attributes {
            self.0.push(' ');
            self.0.push_str(key);
            self.0.push_str("=\"");
            self.0.push_str(&escape(*value));
            self.0.push('"');
        }
        self.0.push('>');
    }

    fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }
}
