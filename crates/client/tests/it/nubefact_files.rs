//! PDF, XML and CDR: from links and out of answers, told by content, from their own hosts only.

use base64::Engine as _;
use chaski_client::{FileKind, NubefactError, NubefactReply};
use serde_json::{Value, json};

use crate::nubefact_classes::{Played, Seen, client, says};
use crate::nubefact_kit::{Nube, factura};

#[tokio::test(start_paused = true)]
async fn the_files_of_a_document_are_fetched_under_its_name() {
    let fields = json!({
        "serie": "FFF1", "numero": 1, "tipo_de_comprobante": 1, "aceptada_por_sunat": true,
        "enlace": "https://www.nubefact.com/cpe/1",
        "enlace_del_pdf": "https://www.nubefact.com/cpe/1.pdf",
        "enlace_del_xml": "https://www.nubefact.com/cpe/1.xml",
        "enlace_del_cdr": "https://www.nubefact.com/cpe/1.cdr",
    });
    let files = [
        (FileKind::Pdf, "%PDF-1.7 ..."),
        (FileKind::Xml, "<?xml version='1.0'?><Invoice/>"),
        (
            FileKind::Cdr,
            "<?xml version='1.0'?><ar:ApplicationResponse/>",
        ),
    ];
    let played = Played::of(files.iter().map(|(_, body)| says(200, body)).collect());
    let nubefact = client(&played).await;
    for (kind, body) in files {
        let file = nubefact.file(&reply(&fields), kind).await.unwrap().unwrap();
        assert_eq!((file.kind, &*file.bytes), (kind, body.as_bytes()));
    }
    let nothing = nubefact.file(&reply(&json!({})), FileKind::Pdf).await;
    assert!(nothing.unwrap().is_none());
}

/// Those of the sandbox, by link and inside the answer.
#[tokio::test(start_paused = true)]
async fn the_sandbox_serves_what_is_read() {
    for attached in [false, true] {
        let it = Nube::with(|it| {
            it.nubefact.attach_files = attached;
            it.nubefact.links = Some("https://www.nubefact.com".to_owned());
        })
        .await;
        let settled = it.nubefact.issue(&factura("uno"), "k").await.unwrap();
        let reply = &settled.issued().unwrap().reply;
        for kind in [FileKind::Pdf, FileKind::Xml, FileKind::Cdr] {
            let file = it.nubefact.file(reply, kind).await.unwrap().unwrap();
            assert_eq!(file.kind, kind, "{attached}");
        }
        let fetched = it
            .rows()
            .iter()
            .filter(|it| it.starts_with("descargar_"))
            .count();
        assert_eq!(fetched, if attached { 0 } else { 3 });
    }
}

fn reply(fields: &Value) -> NubefactReply {
    NubefactReply::from_json(fields.to_string().as_bytes()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn links_lead_where_they_should_or_nowhere() {
    let enlace = "http://www.nubefact.com/guia/56";
    let accepted = |kind: &str, link: Value| json!({ "enlace": enlace, format!("enlace_del_{kind}"): link, "aceptada_por_sunat": true });
    let pdf = || says(200, "%PDF-1.7");
    let cdr = || says(200, "<ApplicationResponse/>");
    // What is asked for, as the vendor's own texts have it.
    for (fields, kind, seen, address) in [
        (
            accepted("pdf", format!("{enlace}.pdf").into()),
            FileKind::Pdf,
            pdf(),
            "https://www.nubefact.com/guia/56.pdf",
        ),
        (
            accepted("pdf", "".into()),
            FileKind::Pdf,
            pdf(),
            "https://www.nubefact.com/guia/56.pdf",
        ),
        (
            accepted("cdr", "http://www.nubefact.com/guia56.crd".into()),
            FileKind::Cdr,
            cdr(),
            "https://www.nubefact.com/guia/56.cdr",
        ),
        (
            accepted("cdr", format!("{enlace}.crd").into()),
            FileKind::Cdr,
            cdr(),
            "https://www.nubefact.com/guia/56.cdr",
        ),
    ] {
        let played = Played::of(vec![seen]);
        let file = client(&played)
            .await
            .file(&reply(&fields), kind)
            .await
            .unwrap();
        assert_eq!(file.unwrap().kind, kind);
        let requests = played.requests.lock().unwrap();
        assert_eq!(requests[0].uri().to_string(), address);
        assert!(requests[0].headers().get("authorization").is_none());
    }
    // Somebody else's address is not asked.
    for link in [
        "http://127.0.0.1/x.pdf",
        "https://evil.pe/x.pdf",
        "http://10.0.0.8/x.pdf",
        "file:///x.pdf",
    ] {
        let played = Played::of(vec![]);
        let fields = json!({ "enlace_del_pdf": link });
        let error = client(&played)
            .await
            .file(&reply(&fields), FileKind::Pdf)
            .await
            .unwrap_err();
        assert!(
            matches!(error, NubefactError::Call(it) if it.is_invalid()),
            "{link}"
        );
    }
    // No receipt before SUNAT has answered.
    let pending = json!({ "enlace": enlace, "enlace_del_cdr": null, "aceptada_por_sunat": false });
    let played = Played::of(vec![]);
    let file = client(&played)
        .await
        .file(&reply(&pending), FileKind::Cdr)
        .await
        .unwrap();
    assert!(file.is_none());
    // A redirect, a page, another file, too much.
    for seen in [
        Seen::Headed(302, "location", "http://127.0.0.1/", String::new()),
        says(200, "<html>"),
        says(200, "<Invoice/>"),
        says(404, ""),
        says(200, &format!("%PDF-{}", " ".repeat(17 * 1024 * 1024))),
    ] {
        let played = Played::of(vec![seen]);
        let fields = accepted("pdf", "".into());
        let file = client(&played)
            .await
            .file(&reply(&fields), FileKind::Pdf)
            .await;
        assert!(file.is_err());
        assert_eq!(played.requests.lock().unwrap().len(), 1);
    }
}

/// The manual swaps the descriptions of two fields: content decides.
#[tokio::test(start_paused = true)]
async fn files_in_the_answer_are_told_by_content() {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let fields = json!({
        "pdf_zip_base64": encode("<?xml version='1.0'?><Invoice/>"),
        "xml_zip_base64": format!("{}\n", encode("%PDF-1.7")),
        "cdr_zip_base64": "no es base64",
    });
    let played = Played::of(vec![]);
    let nubefact = client(&played).await;
    for kind in [FileKind::Pdf, FileKind::Xml] {
        let file = nubefact.file(&reply(&fields), kind).await.unwrap().unwrap();
        assert_eq!(file.kind, kind);
    }
    assert!(
        nubefact
            .file(&reply(&fields), FileKind::Cdr)
            .await
            .unwrap()
            .is_none()
    );
}
