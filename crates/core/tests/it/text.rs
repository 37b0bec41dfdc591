//! Free text of the registry: cleaned, recognised as absent, folded.

use chaski_core::{clean, fold, present};
use proptest::prelude::*;

#[test]
fn cleaned() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected, "{text:?}");
    }
    check("", "");
    check("  PERÚ\u{a0}\u{a0}S.A.C.\r\n", "PERÚ S.A.C.");
    check("\u{0}\u{1b}[31mROJO", "[31mROJO");
    check("\"LA ÑUSTA\" E.I.R.L.", "\"LA ÑUSTA\" E.I.R.L.");
}

#[test]
fn absent_in_every_way_the_registry_has() {
    #[track_caller]
    fn check(text: Option<&str>, expected: Option<&str>) {
        assert_eq!(present(text).as_deref(), expected, "{text:?}");
    }
    check(None, None);
    check(Some(""), None);
    check(Some("   "), None);
    check(Some("-"), None);
    check(Some("----"), None);
    check(Some(" - - - -"), None);
    check(Some("\t-\u{a0}-\r\n"), None);
    check(Some("-1"), Some("-1"));
    check(Some("S/N"), Some("S/N"));
}

#[test]
fn folded() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(fold(text), expected, "{text:?}");
    }
    check("Anulación - Error SUNAT.", "ANULACION ERROR SUNAT");
    check("ANUL.PROVI.-ACTO ILICITO", "ANUL PROVI ACTO ILICITO");
    check("Ñuñoa", "NUNOA");
    check("u\u{301}nica", "UNICA");
    check("straße", "STRASSE");
    check("...", "");
}

proptest! {
    #[test]
    fn cleaning_and_folding_twice_changes_nothing(text in "\\PC*") {
        prop_assert_eq!(clean(&clean(&text)), clean(&text));
        prop_assert_eq!(fold(&fold(&text)), fold(&text));
        prop_assert_eq!(fold(&clean(&text)), fold(&text));
    }
}
