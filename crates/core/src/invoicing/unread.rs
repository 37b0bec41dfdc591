//! Fields that came and could not be read: each is told once, and is unknown from then on.

use std::collections::HashSet;

/// Names of fields that are unknown, as findings say them: `items[2].igv`. One that stands for an
/// object or a list stands for everything within.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unread(HashSet<String>);

impl Unread {
    /// From now on the field is unknown.
    pub(crate) fn insert(&mut self, campo: impl Into<String>) {
        self.0.insert(campo.into());
    }

    /// Whether everything could be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the field is unknown, or what it is a part of.
    pub(crate) fn covers(&self, campo: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let ends = campo.match_indices(['.', '[']).map(|(end, _)| end);
        let mut wholes = ends.chain([campo.len()]).filter_map(|end| campo.get(..end));
        wholes.any(|whole| self.0.contains(whole))
    }

    /// Whether the field is unknown, what it is a part of, or any part of it.
    pub(crate) fn touches(&self, campo: &str) -> bool {
        let is_part = |it: &String| {
            it.strip_prefix(campo)
                .is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        self.covers(campo) || self.0.iter().any(is_part)
    }
}

#[cfg(test)]
mod tests {
    use super::Unread;

    #[test]
    fn a_whole_stands_for_its_parts() {
        let mut unread = Unread::default();
        assert!(unread.is_empty() && !unread.covers("total"));
        unread.insert("items[1]");
        unread.insert("cliente.tipo");
        assert!(unread.covers("items[1]") && unread.covers("items[1].isc.tasa"));
        assert!(!unread.covers("items") && !unread.covers("items[10].igv"));
        assert!(!unread.covers("cliente") && unread.touches("cliente"));
        assert!(unread.touches("items") && !unread.touches("item"));
    }
}
