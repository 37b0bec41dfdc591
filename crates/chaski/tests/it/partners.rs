//! The deeds on partners, with the embedded sandbox or a served one.

use std::fmt::Write as _;
use std::sync::Arc;

use chaski::app::partners::{Refreshed, Which};
use chaski::app::spending::Payer;
use chaski::app::trabajos::RefreshRequest;
use chaski::app::{App, AppError, WantedMode};
use chaski::config::{Layers, Origin};
use chaski::partners::{PartnerError, PartnerFields};
use chaski::sheets::{Limits, OutputFormat, read_bytes};
use chaski::store::{Company, Job, JobState, PartnerFilter, PartnerFitness};
use chaski_client::{Ask, Clock};
use chaski_core::Lang;
use chaski_sandbox::Operation;

use crate::cli_kit::{Service, companies};

/// A refresh from its beginning to its end.
pub(crate) async fn refresh(
    app: &App,
    company: Company,
    which: &Which,
    ask: &Ask,
) -> Result<Refreshed, AppError> {
    let prepared = app.prepare_partner_refresh(company, which, false).await?;
    app.refresh_partners(company, &prepared, ask).await
}

/// The rooms in a folder of their own, before a served sandbox when there is one.
async fn open(dir: &std::path::Path, service: Option<&Service>) -> App {
    let mut layers = Layers::defaults();
    let mut set = |key: &str, value: &str| layers.set_text(key, value, Origin::Set).unwrap();
    set("dir", &dir.display().to_string());
    let wish = match service {
        None => WantedMode::Sandbox,
        Some(service) => {
            set("migo.token", "prueba");
            set("migo.base_url", &service.url());
            set("migo.max_attempts", "1");
            WantedMode::Real
        }
    };
    let config = layers.config().unwrap();
    App::open(config, wish, Clock::system()).await.unwrap()
}

async fn import(app: &App, list: &str) -> chaski::app::partner_lists::Imported {
    let table = read_bytes(list.as_bytes(), None, &Limits::default(), Lang::Es).unwrap();
    app.import_partners(Company::HOUSE, &table, None)
        .await
        .unwrap()
}

fn list_of(rucs: &[String]) -> String {
    format!("RUC\n{}\n", rucs.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_take_a_hundred_calls_and_then_none() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), None).await;
    let imported = import(&app, &list_of(&companies(11, 10_000))).await;
    assert_eq!(
        (imported.saved.created, imported.problems.len()),
        (10_000, 0)
    );
    let ask = Ask::by("prueba");
    let first = refresh(&app, Company::HOUSE, &Which::All, &ask)
        .await
        .unwrap();
    assert_eq!((first.asked, first.calls, first.failed), (10_000, 100, 0));
    assert_eq!(first.noted.written, 10_000);
    assert_eq!(first.found + first.not_found, 10_000);
    let second = refresh(&app, Company::HOUSE, &Which::All, &ask)
        .await
        .unwrap();
    assert_eq!((second.asked, second.calls, second.failed), (10_000, 0, 0));
    assert_eq!((second.noted.partners, second.noted.written), (10_000, 0));
    let never = refresh(&app, Company::HOUSE, &Which::NeverChecked, &ask).await;
    assert_eq!(never.unwrap().asked, 0);
    app.close().await.unwrap();
}

/// A RUC that several companies have costs one question, and each of them learns the answer. The
/// house's auditors see what was asked about its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_nightly_refresh_asks_once_for_all_companies() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), None).await;
    let all = companies(13, 250);
    let of = |ruc: &str| app.store().company(&ruc.parse().unwrap());
    let (one, two) = (of("20604702811"), of("10481516230"));
    let lists = [
        (Company::HOUSE, &all[..100]),
        (one, &all[50..200]),
        (two, &all[150..250]),
    ];
    for (company, list) in lists {
        let table = list_of(list);
        let table = read_bytes(table.as_bytes(), None, &Limits::default(), Lang::Es).unwrap();
        app.import_partners(company, &table, None).await.unwrap();
    }
    let refreshed = app
        .refresh_due_partners(1_000, &Ask::by("programado"))
        .await;
    let refreshed = refreshed.unwrap();
    // The house's hundred, and the 150 that only others have: one chunk and two.
    assert_eq!((refreshed.asked, refreshed.calls), (250, 3));
    assert_eq!(
        (refreshed.noted.partners, refreshed.noted.written),
        (350, 350)
    );
    for (company, list) in lists {
        let filter = PartnerFilter::default();
        let page = app
            .list_partners(company, &filter, 250, None)
            .await
            .unwrap();
        assert_eq!(page.rows.len(), list.len());
        assert!(page.rows.iter().all(|it| it.sunat.last_check.is_some()));
    }
    app.migo().engine().flush().await.unwrap();
    for (company, items) in [(Some(Company::HOUSE), 100), (Some(one), 0), (None, 250)] {
        let filter = chaski::store::CallFilter {
            company,
            only_sent: true,
            limit: 1_000,
            ..Default::default()
        };
        let calls = app.store().calls(&filter).await.unwrap().rows;
        assert_eq!(calls.iter().map(|call| call.items).sum::<u32>(), items);
    }
    let again = app
        .refresh_due_partners(1_000, &Ask::by("programado"))
        .await
        .unwrap();
    assert_eq!((again.asked, again.calls, again.noted.written), (250, 0, 0));
    app.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nightly_refresh_takes_so_many_and_the_next_one_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), None).await;
    import(&app, &list_of(&companies(12, 1_500))).await;
    let ask = Ask::by("prueba");
    let first = app.refresh_due_partners(1_000, &ask).await.unwrap();
    assert_eq!((first.asked, first.calls), (1_000, 10));
    // Those never checked come first: 500 calls' worth of news, 500 from memory.
    let second = app.refresh_due_partners(1_000, &ask).await.unwrap();
    assert_eq!((second.asked, second.calls), (1_000, 5));
    assert_eq!(second.noted.written, 500);
    let never = PartnerFilter {
        fitness: Some(PartnerFitness::NeverChecked),
        ..PartnerFilter::default()
    };
    let left = app
        .list_partners(Company::HOUSE, &never, 10, None)
        .await
        .unwrap();
    assert_eq!(left.rows.len(), 0);
    app.close().await.unwrap();
}

/// A run of a refresh of which some failed is repeated while that may help, whatever memory
/// answered, and asks then for what failed alone; else it has failed.
#[track_caller]
fn check_end(fault: &'static str, state: JobState) {
    let service = Service::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let app = Arc::new(open(dir.path(), Some(&service)).await);
        let numbers = companies(18, 150);
        import(&app, &list_of(&numbers)).await;
        let ask = Ask::by("prueba");
        let known: Vec<_> = numbers[..50].iter().map(|it| it.parse().unwrap()).collect();
        app.lookup_rucs(&known, &ask).await;
        service.sandbox.fail(fault.parse().unwrap());
        let due = Which::Due { most: 100 };
        let counted = app.prepare_partner_refresh(Company::HOUSE, &due, true);
        assert_eq!(counted.await.unwrap().calls, Some(1));
        let (house, most, payer) = (Company::HOUSE, Some(10), Payer::default());
        let wanted = RefreshRequest { which: due, most };
        let id = app.submit_partner_refresh(house, wanted, &payer, None);
        let id = id.await.unwrap();
        let job = run_until(&app, id, |job| job.attempts > 0).await;
        assert_eq!(
            (job.state, job.attempts),
            (state, 1),
            "{fault}: {:?}",
            job.code
        );
        assert!(job.code.is_some());
        // In a while; here at once.
        service.sandbox.heal();
        let (seen, _) = (
            service.sandbox.last_sequence(),
            app.cancel_trabajo(id, None).await,
        );
        app.retry_trabajo(id, None, &Payer::default())
            .await
            .unwrap();
        let job = run_until(&app, id, |job| job.finished_at.is_some()).await;
        assert_eq!(job.state, JobState::Completed, "{fault}: {:?}", job.code);
        assert_eq!(service.sandbox.ledger_since(seen).len(), 1, "{fault}");
        let never = PartnerFilter {
            fitness: Some(PartnerFitness::NeverChecked),
            ..PartnerFilter::default()
        };
        let left = app.list_partners(Company::HOUSE, &never, 250, None).await;
        assert_eq!(left.unwrap().rows.len(), 50, "{fault}: not others instead");
        app.close().await.unwrap();
    });
}

/// Runs the worker until a job is so.
async fn run_until(app: &Arc<App>, id: uuid::Uuid, is_so: impl Fn(&Job) -> bool) -> Job {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = tokio::spawn(chaski::jobs::run(Arc::clone(app), async {
        let _ = stopped.await;
    }));
    let job = loop {
        let job = app.trabajo(id, None).await.unwrap();
        if is_so(&job) {
            break job;
        }
        tokio::task::yield_now().await;
    };
    stop.send(()).unwrap();
    worker.await.unwrap().unwrap();
    job
}

#[test]
fn a_refresh_with_failures_is_not_done() {
    check_end("503", JobState::Pending);
    check_end("cerrar", JobState::Pending);
    check_end("401", JobState::Failed);
}

/// Whatever is wrong with the upstream, what is known of a partner stays.
#[track_caller]
fn check(fault: &'static str) {
    let service = Service::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let app = open(dir.path(), Some(&service)).await;
        import(&app, "RUC\n20100070970\n20131312955\n").await;
        let ask = Ask::by("prueba");
        let good = refresh(&app, Company::HOUSE, &Which::All, &ask)
            .await
            .unwrap();
        assert_eq!((good.found, good.failed), (2, 0), "{fault}");
        let known = || async {
            let page = app
                .list_partners(Company::HOUSE, &PartnerFilter::default(), 9, None)
                .await;
            page.unwrap().rows
        };
        let before = known().await;
        service.sandbox.fail(fault.parse().unwrap());
        let ask = ask.force_refresh();
        let bad = refresh(&app, Company::HOUSE, &Which::All, &ask)
            .await
            .unwrap();
        assert_eq!((bad.failed, bad.noted.changed), (2, 0), "{fault}");
        assert!(bad.failure.is_some(), "{fault}");
        for (before, after) in before.iter().zip(known().await) {
            let comment = after.sunat.comment.clone();
            let older = before.sunat.comment.as_deref().unwrap();
            assert!(comment.as_deref().unwrap().ends_with(older), "{fault}");
            let mut after = after.sunat;
            after.comment.clone_from(&before.sunat.comment);
            assert_eq!(after, before.sunat, "{fault}");
        }
        app.close().await.unwrap();
    });
}

#[test]
fn a_failure_says_nothing_of_a_partner() {
    for fault in [
        "503",
        "401",
        "429",
        "404",
        "html",
        "cerrar",
        "truncado",
        "success-false",
    ] {
        check(fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_past_its_time_is_no_check() {
    let service = Service::new();
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), Some(&service)).await;
    import(&app, "RUC\n20100070970\n").await;
    let rucs = ["20100070970".parse().unwrap()];
    let ask = Ask::by("prueba");
    let outcomes = app.lookup_rucs(&rucs, &ask).await;
    let now = app.clock.now();
    let check = |outcome| chaski::partners::SunatCheck::of(rucs[0], outcome, now);
    let mut stale = outcomes[0].clone().unwrap();
    stale.source = chaski_client::Source::Stale;
    let stale = Ok(stale);
    let noted = app
        .note_on_partners(Company::HOUSE, vec![check(&stale)])
        .await
        .unwrap();
    assert_eq!((noted.partners, noted.changed), (1, 0));
    let document = app.parse_document(None, "20100070970").unwrap();
    let partner = app.partner_with(Company::HOUSE, &document).await.unwrap();
    assert_eq!(
        (partner.sunat.valid, partner.sunat.last_check),
        (None, None)
    );
    // The same answer while it was fresh is one.
    app.note_on_partners(Company::HOUSE, vec![check(&outcomes[0])])
        .await
        .unwrap();
    let partner = app.partner_with(Company::HOUSE, &document).await.unwrap();
    assert_eq!(partner.sunat.fit, Some(true));
    app.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_named_partners_are_asked_about() {
    let service = Service::new();
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), Some(&service)).await;
    import(
        &app,
        "RUC,Activo\n20100070970,si\n20131312955,no\n12345678,si\n",
    )
    .await;
    let all = app
        .list_partners(Company::HOUSE, &PartnerFilter::default(), 9, None)
        .await;
    let all = all.unwrap().rows;
    let ids = all.iter().map(|it| it.id).collect();
    let ask = Ask::by("prueba");
    // Not in use: never without being named.
    let whole = refresh(&app, Company::HOUSE, &Which::All, &ask)
        .await
        .unwrap();
    assert_eq!(whole.asked, 1);
    let named = refresh(&app, Company::HOUSE, &Which::These(ids), &ask).await;
    let named = named.unwrap();
    assert_eq!((named.asked, named.without_ruc), (2, 1));
    assert_eq!(service.sandbox.count(Operation::Dni), 0);
    // Of those named, one is gone and one is named twice.
    let nobody = uuid::Uuid::from_u128(1);
    let some = Which::These(vec![all[0].id, nobody, all[1].id, all[0].id]);
    let some = refresh(&app, Company::HOUSE, &some, &ask).await;
    let some = some.unwrap();
    assert_eq!(some.asked + some.without_ruc, 2);
    assert_eq!(some.missing, 1);
    let unknown = Which::These(vec![nobody]);
    let error = refresh(&app, Company::HOUSE, &unknown, &ask)
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.exit_code()), ("partner_no_existe", 3));
    app.close().await.unwrap();
}

#[tokio::test]
async fn partners_are_made_changed_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), None).await;
    let document = app.parse_document(None, "20100070970").unwrap();
    let named = |name: &str| PartnerFields {
        name: Some(name.to_owned()),
        ..PartnerFields::default()
    };
    let made = app
        .create_partner(Company::HOUSE, document.clone(), named(" UNO "), None)
        .await;
    let made = made.unwrap();
    assert_eq!(made.fields.name.as_deref(), Some("UNO"));
    assert!(made.is_active());
    let code = |outcome: Result<_, AppError>| outcome.map(|(): ()| ()).unwrap_err().code();
    let twice = app
        .create_partner(Company::HOUSE, document.clone(), named("DOS"), None)
        .await;
    assert_eq!(code(twice.map(drop)), "partner_ya_existe");
    let mut bad = named("");
    bad.email = Some("nada".into());
    let bad = app.update_partner(Company::HOUSE, made.id, bad).await;
    assert!(matches!(
        bad,
        Err(AppError::Partner(PartnerError::BadField { field: "email" }))
    ));
    let cleared = app
        .update_partner(Company::HOUSE, made.id, named(""))
        .await
        .unwrap();
    assert_eq!(cleared.fields.name, None);
    app.delete_partner(Company::HOUSE, made.id).await.unwrap();
    assert_eq!(
        code(app.delete_partner(Company::HOUSE, made.id).await),
        "partner_no_existe"
    );
    assert_eq!(
        code(app.partner(Company::HOUSE, made.id).await.map(drop)),
        "partner_no_existe"
    );
    let change = app
        .update_partner(Company::HOUSE, made.id, named("X"))
        .await
        .map(drop);
    assert_eq!(code(change), "partner_no_existe");
    app.close().await.unwrap();
}

/// What a list comes to: new partners, then its bad rows with their codes, then what it ignored.
#[track_caller]
fn check_import(list: &str, expected: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shown = runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let app = open(dir.path(), None).await;
        let imported = import(&app, list).await;
        let mut lines = Vec::new();
        let page = app
            .list_partners(Company::HOUSE, &PartnerFilter::default(), 9, None)
            .await;
        for partner in page.unwrap().rows.iter().rev() {
            let document = &partner.document;
            let mut line = format!("{} {}", document.kind().as_str(), document.number());
            let texts = partner.fields.texts().into_iter();
            for (name, text) in texts.filter_map(|(name, text)| Some((name, text?))) {
                write!(line, " {name}={text}").unwrap();
            }
            let flags = partner.fields.flags().into_iter();
            for (name, flag) in flags.filter_map(|(name, flag)| Some((name, flag?))) {
                if name != "is_active" || !flag {
                    write!(line, " {name}={flag}").unwrap();
                }
            }
            lines.push(line);
        }
        for problem in &imported.problems {
            lines.push(format!("{}: {}", problem.row, problem.error.code()));
        }
        lines.extend(imported.ignored.iter().map(|title| format!("-{title}")));
        app.close().await.unwrap();
        lines.join(" / ")
    });
    assert_eq!(shown, expected);
}

#[test]
fn titles_and_cells_are_read_liberally() {
    check_import(
        "20100070970\n20131312955\n",
        "ruc 20100070970 / ruc 20131312955",
    );
    check_import(
        "N° RUC;Razón Social;Correo electrónico;Teléfono;Celular;Dirección\n\
         20100070970;  UNO   S.A.C. ;a@b.pe;014445555;-;\"AV. UNO, 1\"\n",
        "ruc 20100070970 name=UNO S.A.C. email=a@b.pe street=AV. UNO, 1 phone=014445555",
    );
    check_import(
        "tipo de documento,Nro. de documento,Nombre,Proveedor,Activo\n\
         DNI,12345678,Persona,SI,no\n7,ab-123,Viajera,x,1\nC.E.,000123456,Vecino,NO,\n",
        "dni 12345678 name=Persona is_active=false supplier=true / \
         pasaporte AB123 name=Viajera supplier=true / ce 000123456 name=Vecino supplier=false",
    );
    check_import(
        "Número,RUC,Tipo\n1,20100070970,Mayorista\n2,20131312955,\n",
        "ruc 20100070970 / ruc 20131312955 / -Número / -Tipo",
    );
    check_import(
        "Tipo,Documento\nDNI,12345678\nPAS,12345678\n",
        "dni 12345678 / pasaporte 12345678",
    );
    check_import(
        "RUC,DNI,Cliente\n20100070970,,Empresa Uno\n,12345678,Persona Dos\n",
        "ruc 20100070970 name=Empresa Uno / dni 12345678 name=Persona Dos",
    );
    check_import(
        "RUC,Saldo,Nombre\n20100070971,1,A\n,2,B\n2010007097,3,C\n20100070970,4,D\n\
         20100070970,5,-\n",
        "ruc 20100070970 name=D / 2: ruc_digito / 3: partner_sin_documento / 4: ruc_longitud / -Saldo",
    );
    check_import(
        "RUC,Tipo Doc.,Email,Activo\n20100070970,cosa,,\n20131312955,,nada,\n20100038146,,,quizás\n\
         20100070970,dni,,\n",
        "2: partner_tipo_documento / 3: partner_campo / 4: partner_campo / 5: dni_formato",
    );
}

/// An export goes page by page; its end and the seams between pages are those of a whole file.
#[tokio::test]
async fn an_export_of_several_pages() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), None).await;
    let all = PartnerFilter::default();
    let export = async |format| {
        let file = app.write_partners(Company::HOUSE, &all, format, Lang::Es, Vec::new());
        file.await.unwrap()
    };
    let count = async |expected: usize| {
        let json: Vec<serde_json::Value> =
            serde_json::from_slice(&export(OutputFormat::Json).await).unwrap();
        assert_eq!(json.len(), expected);
        let pretty = serde_json::to_string_pretty(&json).unwrap() + "\n";
        assert_eq!(pretty.len(), export(OutputFormat::Json).await.len());
        let lines = String::from_utf8(export(OutputFormat::Ndjson).await).unwrap();
        let lines: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines, json);
        if expected == 0 {
            return;
        }
        for format in [OutputFormat::Csv, OutputFormat::Xlsx] {
            let table =
                read_bytes(&export(format).await, None, &Limits::default(), Lang::Es).unwrap();
            assert_eq!(table.rows.len(), expected);
            let imported = app
                .import_partners(Company::HOUSE, &table, None)
                .await
                .unwrap();
            assert_eq!(imported.saved.unchanged, expected as u64);
        }
    };
    count(0).await;
    let mut rows = vec!["DNI,Nombre".to_owned()];
    rows.extend((1..=2_001).map(|n| format!("{n:08},Persona")));
    import(&app, &rows.join("\n")).await;
    count(2_001).await;
    app.close().await.unwrap();
}

#[tokio::test]
async fn an_export_can_be_imported_and_runs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), None).await;
    import(
        &app,
        "RUC,Nombre,Notas,Cliente\n20100070970,=1+1,@SUM(A1),si\n12345678,Persona,,no\n",
    )
    .await;
    refresh(&app, Company::HOUSE, &Which::All, &Ask::by("prueba"))
        .await
        .unwrap();
    let all = PartnerFilter::default();
    for format in [OutputFormat::Xlsx, OutputFormat::Csv] {
        let file = app
            .write_partners(Company::HOUSE, &all, format, Lang::Es, Vec::new())
            .await
            .unwrap();
        if format == OutputFormat::Csv {
            let text = String::from_utf8(file.clone()).unwrap();
            assert!(!text.contains(",=1+1") && !text.contains(",@SUM"), "{text}");
        }
        let table = read_bytes(&file, None, &Limits::default(), Lang::Es).unwrap();
        let imported = app
            .import_partners(Company::HOUSE, &table, None)
            .await
            .unwrap();
        assert_eq!((imported.problems.len(), imported.ignored.len()), (0, 0));
        assert_eq!(imported.saved.created, 0);
        assert_eq!(imported.saved.unchanged, 2, "{:?}", imported.saved);
    }
    let json = app.write_partners(
        Company::HOUSE,
        &all,
        OutputFormat::Json,
        Lang::Es,
        Vec::new(),
    );
    let json: serde_json::Value = serde_json::from_slice(&json.await.unwrap()).unwrap();
    assert_eq!(json[1]["estado_del_contribuyente"], "ACTIVO");
    assert_eq!(json[0]["sunat_valid"], serde_json::Value::Null);
    app.close().await.unwrap();
}
