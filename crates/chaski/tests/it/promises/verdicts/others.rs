//! Answers about somebody else.

use super::upstream::{Mood, Upstream};
use crate::cli_kit::{Place, companies};

const OTHER: &str = "20100070970";

/// Each is said of whatever is asked; none says the number that was asked for, and no other.
const ANSWERS: [&str; 14] = [
    r#"{"success":true,"nombre_o_razon_social":"AJENA","estado_del_contribuyente":"ACTIVO"}"#,
    r#"{"success":true,"ruc":null,"nombre_o_razon_social":"AJENA"}"#,
    r#"{"success":true,"ruc":true,"nombre_o_razon_social":"AJENA"}"#,
    r#"{"success":true,"ruc":["OTHER"],"nombre_o_razon_social":"AJENA"}"#,
    r#"{"success":true,"ruc":{"numero":"OTHER"},"nombre_o_razon_social":"AJENA"}"#,
    r#"{"success":true,"ruc":"OTHER","nombre_o_razon_social":"AJENA"}"#,
    r#"{"success":true,"RUC":"OTHER","nombre_o_razon_social":"AJENA"}"#,
    r#"{"success":true,"numero_documento":"OTHER","nombre_o_razon_social":"AJENA"}"#,
    r#"{"success":true,"ruc":"ASKED","numero_documento":"OTHER","nombre_o_razon_social":"AJENA"}"#,
    r#"{"ruc":"OTHER","data":{"success":true,"nombre_o_razon_social":"AJENA"}}"#,
    r#"{"ruc":"OTHER","data":{"success":true,"ruc":"ASKED","nombre_o_razon_social":"AJENA"}}"#,
    r#"{"ruc":"OTHER","nombre_o_razon_social":"AJENA","ruc":"ASKED"}"#,
    r#"{"success":true,"data":{"success":false,"ruc":"ASKED","nombre_o_razon_social":"AJENA"}}"#,
    r#"{"success":true,"ruc":"ASKED","nombre_o_razon_social":"AJENA","error":"timeout"}"#,
];

#[test]
fn h08_no_answer_about_somebody_else_is_shown() {
    let upstream = Upstream::new();
    let asked = companies(3, ANSWERS.len());
    for (body, ruc) in ANSWERS.into_iter().zip(asked) {
        let body = body.replace("OTHER", OTHER);
        let mut place = Place::new();
        place.set("CHASKI_MIGO_BASE_URL", &upstream.url());
        place.set("CHASKI_MIGO_TOKEN", "prueba");
        place.set("CHASKI_MIGO_MAX_ATTEMPTS", "1");
        // As the answer to one number, and as an item of a collection and then of each.
        for mood in [
            Mood::Says(200, body.clone()),
            Mood::Items(200, body.clone()),
        ] {
            upstream.set(mood);
            let ran = place.run(&format!("ruc {ruc} --format json"));
            assert_eq!(ran.code, 5, "{body}: {}", ran.shown());
            assert!(!ran.out.contains("AJENA"), "{body}: {}", ran.out);
        }
        upstream.set(Mood::Healthy);
        let ran = place.run(&format!("ruc {ruc} --format json")).expect(0);
        assert!(ran.out.contains(&format!("EMPRESA {ruc}")), "{}", ran.out);
    }
}
