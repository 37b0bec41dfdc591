//! Bodies of look-ups that memory answers, kept as they were rendered: of two answers to the same
//! question only age and identifier differ.

use std::sync::Arc;

use chaski_client::{Found, Source};
use chaski_core::{Lang, Ruc, Taxpayer};
use jiff::Timestamp;
use quick_cache::sync::Cache;

/// Bodies kept, of about a kilobyte each.
const MOST_BODIES: usize = 4_096;

/// Stands where the age goes; nothing that is rendered after it can hold it.
pub(crate) const AGE: u64 = u64::MAX;

/// Ends a body behind its identifier.
const AFTER_ID: &str = "\"}";

/// The bodies. Of persons none is kept: what is known of them has to be erasable.
pub(crate) struct RenderedBodies {
    bodies: Cache<(Ruc, Lang), Arc<Rendered>>,
}

/// One body, around its age and its identifier.
struct Rendered {
    value: Arc<Taxpayer>,
    stored_at: Timestamp,
    before_age: Box<str>,
    before_id: Box<str>,
}

impl Default for RenderedBodies {
    fn default() -> RenderedBodies {
        RenderedBodies {
            bodies: Cache::new(MOST_BODIES),
        }
    }
}

impl RenderedBodies {
    /// The body of an answer; `render` makes one of the age [`AGE`] and of an empty identifier,
    /// its last field. None where a body is not to be kept.
    pub(crate) fn body(
        &self,
        found: &Found<Taxpayer>,
        lang: Lang,
        (age, id): (u64, &str),
        render: impl FnOnce() -> Vec<u8>,
    ) -> Option<Vec<u8>> {
        let ruc = found.value.ruc;
        if found.source != Source::Memory || ruc.is_personal() {
            return None;
        }
        let known = self.bodies.get(&(ruc, lang)).filter(|it| it.is_of(found));
        let rendered = if let Some(rendered) = known {
            rendered
        } else {
            let rendered = Arc::new(Rendered::cut(found, render())?);
            self.bodies.insert((ruc, lang), Arc::clone(&rendered));
            rendered
        };
        Some(rendered.body(age, id))
    }
}

impl Rendered {
    fn cut(found: &Found<Taxpayer>, body: Vec<u8>) -> Option<Rendered> {
        let text = String::from_utf8(body).ok()?;
        let (before_age, rest) = text.rsplit_once(&AGE.to_string())?;
        let before_id = rest.strip_suffix(AFTER_ID)?;
        Some(Rendered {
            value: Arc::clone(&found.value),
            stored_at: found.stored_at,
            before_age: before_age.into(),
            before_id: before_id.into(),
        })
    }

    fn is_of(&self, found: &Found<Taxpayer>) -> bool {
        Arc::ptr_eq(&self.value, &found.value) && self.stored_at == found.stored_at
    }

    fn body(&self, age: u64, id: &str) -> Vec<u8> {
        let age = compact_str::format_compact!("{age}");
        [&self.before_age, &*age, &self.before_id, id, AFTER_ID]
            .concat()
            .into_bytes()
    }
}
