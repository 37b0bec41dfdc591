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

/// Every character there is, alone, inside and at both ends: what is blank is collapsed, what is
/// a control is dropped, all else stays.
#[test]
fn each_character_is_cleaned_in_every_place() {
    for c in '\0'..=char::MAX {
        let kept = if c.is_whitespace() || c.is_control() {
            String::new()
        } else {
            c.to_string()
        };
        let inside = if c.is_whitespace() {
            " "
        } else {
            kept.as_str()
        };
        assert_eq!(clean(&format!("{c}")), kept, "{c:?}");
        assert_eq!(clean(&format!("A{c}Ñ")), format!("A{inside}Ñ"), "{c:?}");
        assert_eq!(clean(&format!("{c}Ñ")), format!("{kept}Ñ"), "{c:?}");
        assert_eq!(clean(&format!("Ñ{c}")), format!("Ñ{kept}"), "{c:?}");
    }
    assert_eq!(clean("A  B"), "A B");
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
