//! Keys: every route with every scope, and with none.

use chaski::app::keys::Scope;
use http::Method;

use super::Door;
use crate::store_postgres::databases;

/// Every route that needs a key, the scope that opens it, and a body that it can read.
pub(super) const ROUTES: [(&str, &str, Scope, &str); 76] = [
    ("GET", "/api/v1/partners", Scope::Partners, ""),
    (
        "POST",
        "/api/v1/partners",
        Scope::Partners,
        r#"{"num_document":"20100070970"}"#,
    ),
    ("POST", "/api/v1/partners/buscar", Scope::Partners, "{}"),
    ("GET", "/api/v1/partners/cambios", Scope::Partners, ""),
    ("POST", "/api/v1/partners/actualizar", Scope::Partners, "{}"),
    ("POST", "/api/v1/partners/importar", Scope::Partners, "{}"),
    ("GET", "/api/v1/partners/exportar", Scope::Partners, ""),
    (
        "GET",
        "/api/v1/partners/00000000-0000-7000-8000-000000000000",
        Scope::Partners,
        "",
    ),
    (
        "PATCH",
        "/api/v1/partners/00000000-0000-7000-8000-000000000000",
        Scope::Partners,
        "{}",
    ),
    (
        "DELETE",
        "/api/v1/partners/00000000-0000-7000-8000-000000000000",
        Scope::Partners,
        "",
    ),
    ("GET", "/api/v1/lotes", Scope::Lotes, ""),
    (
        "POST",
        "/api/v1/lotes",
        Scope::Lotes,
        r#"{"rucs":["20100070970"]}"#,
    ),
    (
        "GET",
        "/api/v1/lotes/00000000-0000-7000-8000-000000000000",
        Scope::Lotes,
        "",
    ),
    (
        "GET",
        "/api/v1/lotes/00000000-0000-7000-8000-000000000000/resultados",
        Scope::Lotes,
        "",
    ),
    (
        "GET",
        "/api/v1/lotes/00000000-0000-7000-8000-000000000000/eventos",
        Scope::Lotes,
        "",
    ),
    (
        "POST",
        "/api/v1/lotes/00000000-0000-7000-8000-000000000000/cancelar",
        Scope::Lotes,
        "",
    ),
    (
        "POST",
        "/api/v1/lotes/00000000-0000-7000-8000-000000000000/pausar",
        Scope::Lotes,
        "",
    ),
    (
        "POST",
        "/api/v1/lotes/00000000-0000-7000-8000-000000000000/reanudar",
        Scope::Lotes,
        "",
    ),
    (
        "POST",
        "/api/v1/lotes/00000000-0000-7000-8000-000000000000/reintentar",
        Scope::Lotes,
        "",
    ),
    ("GET", "/api/v1/trabajos", Scope::Lotes, ""),
    (
        "GET",
        "/api/v1/trabajos/00000000-0000-7000-8000-000000000000",
        Scope::Lotes,
        "",
    ),
    (
        "POST",
        "/api/v1/trabajos/00000000-0000-7000-8000-000000000000/cancelar",
        Scope::Lotes,
        "",
    ),
    (
        "POST",
        "/api/v1/trabajos/00000000-0000-7000-8000-000000000000/reintentar",
        Scope::Lotes,
        "",
    ),
    ("GET", "/api/v1/programados", Scope::Auditoria, ""),
    ("GET", "/api/v1/ruc/20100070970", Scope::Consultas, ""),
    (
        "GET",
        "/api/v1/ruc/20100070970/validacion-facturacion",
        Scope::Consultas,
        "",
    ),
    (
        "GET",
        "/api/v1/ruc/20100070970/representantes",
        Scope::Consultas,
        "",
    ),
    (
        "GET",
        "/api/v1/ruc/20100070970/actividad",
        Scope::Consultas,
        "",
    ),
    (
        "GET",
        "/api/v1/ruc/20100070970/condiciones",
        Scope::Consultas,
        "",
    ),
    (
        "POST",
        "/api/v1/ruc/consultas",
        Scope::Consultas,
        r#"{"rucs":["20100070970"]}"#,
    ),
    ("GET", "/api/v1/ruc/invalidos", Scope::Consultas, ""),
    (
        "POST",
        "/api/v1/ruc/invalidos/olvidar",
        Scope::Consultas,
        r#"{"rucs":["20100070970"]}"#,
    ),
    (
        "POST",
        "/api/v1/dni/consultas",
        Scope::Dni,
        r#"{"dnis":["00000001"]}"#,
    ),
    (
        "POST",
        "/api/v1/llamadas/buscar",
        Scope::Auditoria,
        r#"{"numero":"20100070970"}"#,
    ),
    (
        "DELETE",
        "/api/v1/ruc/invalidos/20100070970",
        Scope::Consultas,
        "",
    ),
    ("GET", "/api/v1/dni/00000001", Scope::Dni, ""),
    ("GET", "/api/v1/tipo-cambio", Scope::Consultas, ""),
    (
        "GET",
        "/api/v1/tipo-cambio/2026-01-28",
        Scope::Consultas,
        "",
    ),
    (
        "POST",
        "/api/v1/cpe/validar",
        Scope::Consultas,
        r#"{"ruc_emisor":"20100070970","tipo_comprobante":"01","serie":"F001","numero":1,"fecha_emision":"2026-01-28","monto":"118.00"}"#,
    ),
    ("GET", "/api/v1/llamadas", Scope::Auditoria, ""),
    (
        "GET",
        "/api/v1/llamadas/00000000-0000-7000-8000-000000000000",
        Scope::Auditoria,
        "",
    ),
    ("GET", "/api/v1/proveedores", Scope::Auditoria, ""),
    (
        "GET",
        "/api/v1/proveedores/migo/cuenta",
        Scope::Auditoria,
        "",
    ),
    (
        "POST",
        "/api/ruc/consultar-async",
        Scope::Consultas,
        r#"{"ruc":"20100070970"}"#,
    ),
    (
        "POST",
        "/api/ruc/consultar-async/",
        Scope::Consultas,
        r#"{"ruc":"20100070970"}"#,
    ),
    (
        "POST",
        "/api/ruc/consultar-masivo-async",
        Scope::Consultas,
        r#"{"rucs":["20100070970"]}"#,
    ),
    (
        "POST",
        "/api/ruc/consultar-masivo-async/",
        Scope::Consultas,
        r#"{"rucs":["20100070970"]}"#,
    ),
    (
        "POST",
        "/api/dni/consultar-async",
        Scope::Dni,
        r#"{"dni":"00000001"}"#,
    ),
    (
        "POST",
        "/api/dni/consultar-async/",
        Scope::Dni,
        r#"{"dni":"00000001"}"#,
    ),
    ("GET", "/api/tipo-cambio", Scope::Consultas, ""),
    ("GET", "/api/tipo-cambio/", Scope::Consultas, ""),
    (
        "POST",
        "/compat/migo/api/v1/ruc",
        Scope::Consultas,
        r#"{"ruc":"20100070970"}"#,
    ),
    ("GET", "/api/v1/llaves", Scope::Llaves, ""),
    (
        "POST",
        "/api/v1/llaves",
        Scope::Llaves,
        r#"{"nombre":"otra","permisos":["llaves"]}"#,
    ),
    (
        "PATCH",
        "/api/v1/llaves/00000000-0000-7000-8000-000000000000",
        Scope::Llaves,
        "{}",
    ),
    (
        "POST",
        "/api/v1/llaves/00000000-0000-7000-8000-000000000000/rotar",
        Scope::Llaves,
        "",
    ),
    (
        "POST",
        "/api/v1/llaves/00000000-0000-7000-8000-000000000000/revocar",
        Scope::Llaves,
        "",
    ),
    ("GET", "/api/v1/consumo", Scope::Auditoria, ""),
    (
        "GET",
        "/compat/migo/api/v1/ruc?ruc=20100070970",
        Scope::Consultas,
        "",
    ),
    (
        "GET",
        "/compat/migo/api/v1/ruc/20100070970",
        Scope::Consultas,
        "",
    ),
    (
        "POST",
        "/compat/migo/api/v1/ruc/collection",
        Scope::Consultas,
        r#"{"ruc":["20100070970"]}"#,
    ),
    (
        "POST",
        "/compat/migo/api/v1/dni",
        Scope::Dni,
        r#"{"dni":"00000001"}"#,
    ),
    (
        "POST",
        "/compat/migo/api/v1/exchange/latest",
        Scope::Consultas,
        "{}",
    ),
    (
        "POST",
        "/compat/migo/api/v1/exchange/date",
        Scope::Consultas,
        r#"{"fecha":"2026-01-28"}"#,
    ),
    (
        "POST",
        "/compat/migo/api/v1/exchange",
        Scope::Consultas,
        r#"{"fecha_inicio":"2026-01-20","fecha_fin":"2026-01-28"}"#,
    ),
    (
        "POST",
        "/compat/migo/api/v1/ruc/representantes-legales",
        Scope::Dni,
        r#"{"ruc":"20100070970"}"#,
    ),
    (
        "GET",
        "/compat/migo/api/v1/ruc/actividad/20100070970",
        Scope::Consultas,
        "",
    ),
    (
        "POST",
        "/compat/migo/api/v1/ruc/agentes-retencion",
        Scope::Consultas,
        r#"{"ruc":"20100070970"}"#,
    ),
    (
        "POST",
        "/compat/migo/api/v1/ruc/buenos-contribuyentes",
        Scope::Consultas,
        r#"{"ruc":"20100070970"}"#,
    ),
    (
        "POST",
        "/compat/migo/api/v1/cpe",
        Scope::Consultas,
        r#"{"ruc_emisor":"20100070970","tipo_comprobante":"01","serie":"F001","numero":"1","fecha_emision":"28/01/2026","monto":"118.00"}"#,
    ),
    (
        "POST",
        "/compat/migo/api/v1/account",
        Scope::Auditoria,
        "{}",
    ),
    (
        "GET",
        "/compat/migo/api/v2/ruc/20100070970",
        Scope::Consultas,
        "",
    ),
    ("GET", "/compat/migo/api/v2/dni/00000001", Scope::Dni, ""),
    (
        "GET",
        "/compat/migo/api/v2/tipo-cambio/sunat?fecha=2026-01-28",
        Scope::Consultas,
        "",
    ),
    (
        "GET",
        "/compat/migo/api/v2/tipo-cambio/sunat/ultimo",
        Scope::Consultas,
        "",
    ),
    (
        "GET",
        "/compat/migo/api/v2/tipo-cambio/sbs?fecha=2026-01-28&moneda=EUR",
        Scope::Consultas,
        "",
    ),
];

/// The same with the routes of documents that are issued.
fn every_route() -> Vec<(&'static str, String, Scope, &'static str)> {
    let others = ROUTES.into_iter();
    let others = others.map(|(method, path, scope, body)| (method, path.to_owned(), scope, body));
    let of_documents = super::issued::routes().into_iter();
    let of_documents = of_documents.chain(super::nubefact::routes());
    let of_documents = of_documents.chain(super::generar::routes());
    others.chain(of_documents).collect()
}

/// The job of a refresh of partners is seen with the scope that asks for it; of an identifier that
/// is nobody's, no other kind can be told.
fn also_opens(scope: Scope, method: &Method, path: &str) -> bool {
    let is_job = path.starts_with("/api/v1/trabajos/") && method == Method::GET;
    is_job && scope == Scope::Partners
}

#[tokio::test]
async fn each_route_opens_to_its_scope_and_to_no_other() {
    for database in databases().await {
        each_route_in(&Door::open_on(database, false).await).await;
    }
}

async fn each_route_in(door: &Door) {
    let mut keys = Vec::new();
    for scope in Scope::ALL {
        keys.push((scope, door.key(&[scope], 0, 0).await));
    }
    for (method, path, needed, body) in every_route() {
        let path = path.as_str();
        let method: Method = method.parse().unwrap();
        for (scope, key) in &keys {
            let answer = door.ask(method.clone(), path, Some(key), body).await;
            let refused = answer.status == 403;
            assert_eq!(
                refused,
                *scope != needed && !also_opens(*scope, &method, path),
                "{method} {path} with {}: {} {}",
                scope.as_str(),
                answer.status,
                answer.text
            );
            assert_ne!(answer.status, 401, "{method} {path}");
            assert!(
                !answer.status.is_server_error(),
                "{method} {path}: {}",
                answer.text
            );
        }
        for key in [
            None,
            Some("chk_test_000000000000_00"),
            Some("chk_test_"),
            Some("otra cosa"),
            Some(""),
        ] {
            let answer = door.ask(method.clone(), path, key, body).await;
            assert_eq!(answer.status, 401, "{method} {path} with {key:?}");
        }
        let live = Some("chk_live_000000000000_0000");
        let answer = door.ask(method.clone(), path, live, body).await;
        assert_eq!(answer.status, 503, "{method} {path}: no real side here");
    }
}

#[tokio::test]
async fn every_described_route_is_in_the_table_or_open_to_all() {
    let document = chaski::http::openapi(chaski_core::Lang::Es);
    let open = ["/salud/vivo", "/salud/listo", "/version", "/metrics"];
    for (path, operations) in document["paths"].as_object().unwrap() {
        if open.contains(&path.as_str()) {
            continue;
        }
        for method in operations.as_object().unwrap().keys() {
            let known = every_route()
                .iter()
                .any(|(known, example, ..)| known.to_lowercase() == *method && fits(path, example));
            assert!(known, "{method} {path} is not in the table");
        }
    }
}

/// Whether an address is one of a route such as `/ruc/{ruc}`.
pub(super) fn fits(route: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route
            .iter()
            .zip(&path)
            .all(|(part, given)| part.starts_with('{') || part == given)
}

#[tokio::test]
async fn a_key_may_be_revoked_and_may_expire() {
    let door = Door::open().await;
    let path = "/api/v1/tipo-cambio";
    assert_eq!(
        door.get(path).await.status,
        200,
        "open while there is no key"
    );
    let key = door.key(&[Scope::Consultas], 0, 0).await;
    assert_eq!(door.get(path).await.status, 401);
    let ask = async |key: &str| door.ask(Method::GET, path, Some(key), "").await;
    assert_eq!(ask(&key).await.status, 200);
    let changed = format!("{}x", &key[..key.len() - 1]);
    assert_eq!(ask(&changed).await.status, 401);
    let beginning = key.rsplit_once('_').unwrap().0;
    let other = door.key(&[Scope::Consultas], 0, 0).await;
    assert!(door.app.revoke_key(beginning).await.unwrap());
    assert!(!door.app.revoke_key(beginning).await.unwrap());
    door.gateway.reload_keys().await;
    // Django's habit: the scheme is what is wrong, and the answer says so.
    let request = http::Request::builder()
        .uri("/api/v1/ruc/20100070970")
        .header("Authorization", format!("Token {other}"))
        .body(axum::body::Body::empty())
        .unwrap();
    let habit = door.send(request).await;
    assert_eq!(
        (habit.status.as_u16(), &habit.json()["code"]),
        (401, &"falta_llave".into())
    );
    let revoked = ask(&key).await;
    assert_eq!(revoked.status, 401);
    assert_eq!(revoked.json()["code"], "llave_desconocida");
    assert_eq!(ask(&other).await.status, 200);
    // Without any key left the door stays closed.
    let beginning = other.rsplit_once('_').unwrap().0;
    assert!(door.app.revoke_key(beginning).await.unwrap());
    door.gateway.reload_keys().await;
    assert_eq!(ask(&other).await.status, 401);
    assert_eq!(door.get(path).await.status, 401);
}

#[tokio::test]
async fn a_key_has_its_pace_and_its_day() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Consultas], 3, 0).await;
    let ask = async |key: &str, ruc: &str| {
        let path = format!("/api/v1/ruc/{ruc}");
        door.ask(Method::GET, &path, Some(key), "").await
    };
    for left in ["2", "1", "0"] {
        let answer = ask(&key, "20100070970").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), "3");
        assert_eq!(answer.header("x-ratelimit-remaining"), left);
    }
    let refused = ask(&key, "20100070970").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["code"], "llave_muy_rapida");
    assert_eq!(refused.header("retry-after"), "20");
    // Two paid calls a day.
    let key = door.key(&[Scope::Consultas], 0, 2).await;
    let numbers = ["20131312955", "20604702811", "20603274742"];
    let statuses = [
        ask(&key, numbers[0]).await.status.as_u16(),
        ask(&key, numbers[1]).await.status.as_u16(),
        ask(&key, numbers[2]).await.status.as_u16(),
    ];
    assert_eq!(statuses, [200, 200, 429]);
    let refused = ask(&key, numbers[2]).await;
    let said = refused.json();
    assert_eq!(said["code"], "tope_diario");
    assert_eq!(
        said["detail"],
        "Se acabaron las consultas que su llave puede gastar hoy; siga mañana o cree otra llave con más --por-dia"
    );
    assert_eq!(said["retryable"], true);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 1 || near_midnight(&door));
    // What is known costs nothing.
    assert_eq!(ask(&key, numbers[0]).await.status, 200);
    // Those asked at once do not pass it either.
    let key = door.key(&[Scope::Consultas], 0, 5).await;
    let before = door.app.migo().line().stats().calls;
    let many = (0..50).map(|n| {
        let dni: chaski_core::Dni = format!("{:08}", 100 + n).parse().unwrap();
        let ruc = chaski_core::Ruc::from_dni(dni);
        let (key, ask) = (key.clone(), &ask);
        async move { ask(&key, ruc.as_str()).await }
    });
    let answers = futures_util::future::join_all(many).await;
    let refused = answers.iter().filter(|answer| answer.status == 429);
    assert_eq!(refused.count(), 45);
    assert_eq!(door.app.migo().line().stats().calls - before, 5);
}

/// Until midnight in Lima may be a second.
fn near_midnight(door: &Door) -> bool {
    let now = door.app.clock.now();
    let soon = now + jiff::SignedDuration::from_secs(3);
    chaski_core::lima_date(now) != chaski_core::lima_date(soon)
}

/// As many requests a minute as can be typed: the pace is that of a microsecond each.
#[tokio::test]
async fn a_pace_too_fast_to_keep_is_none() {
    let door = Door::open().await;
    for per_minute in [60_000_000, 60_000_001, u32::MAX] {
        let key = door.key(&[Scope::Consultas], per_minute, 0).await;
        for _ in 0..2 {
            let path = "/api/v1/ruc/20100070970";
            let answer = door.ask(Method::GET, path, Some(&key), "").await;
            assert_eq!(answer.status, 200, "{per_minute}: {}", answer.text);
        }
    }
}

/// Looking for a close may take a question for each place where it may be published, up to one that
/// memory knows it of.
#[tokio::test]
async fn an_exchange_rate_counts_the_places_it_may_look_at() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Consultas], 0, 5).await;
    let check = async |path: &str, status: u16, calls: u64| {
        let before = door.app.migo().line().stats().calls;
        let answer = door.ask(Method::GET, path, Some(&key), "").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        let spent = door.app.migo().line().stats().calls - before;
        assert_eq!(spent, calls, "{path}");
        // What was learned is on its way to where the next one looks.
        door.app.migo().engine().flush().await.unwrap();
        answer
    };
    // Sundays: found at once, where Monday, Saturday and SBS's Friday might have been needed too.
    check("/api/v1/tipo-cambio/2026-01-25", 200, 1).await;
    check("/api/v1/tipo-cambio/2026-01-18", 200, 1).await;
    // Three are left, four may be needed.
    let refused = check("/api/v1/tipo-cambio/2026-01-11", 429, 0).await;
    assert!(refused.text.contains("puede costar 4"), "{}", refused.text);
    check("/api/tipo-cambio/?fecha=2026-01-11", 429, 0).await;
    // One of which memory knows enough still goes.
    check("/api/v1/tipo-cambio/2026-01-25", 200, 0).await;
    check("/api/tipo-cambio/?fecha=2026-01-25", 200, 0).await;
}

/// Without keys a page of elsewhere, open in this machine's browser, could spend calls.
#[tokio::test]
async fn an_open_door_is_for_this_machine_alone() {
    let door = Door::open().await;
    let check = async |name: &str, value: &str, status: u16| {
        let request = http::Request::builder()
            .uri("/api/v1/tipo-cambio")
            .header(name, value)
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = door.send(request).await;
        assert_eq!(answer.status, status, "{name}: {value}: {}", answer.text);
    };
    for host in [
        "localhost",
        "LOCALHOST:8420",
        "127.0.0.1:8420",
        "[::1]:8420",
        "127.1.2.3",
    ] {
        check("Host", host, 200).await;
    }
    for host in [
        "example.com",
        "127.0.0.1.example.com:8420",
        "0.0.0.0:8420",
        "localhost.",
        "",
    ] {
        check("Host", host, 403).await;
    }
    check("Sec-Fetch-Site", "same-origin", 200).await;
    check("Sec-Fetch-Site", "none", 200).await;
    check("Sec-Fetch-Site", "cross-site", 403).await;
    check("Sec-Fetch-Site", "same-site", 403).await;
    check("Origin", "http://127.0.0.1:8420", 200).await;
    check("Origin", "http://localhost:3000", 200).await;
    for origin in [
        "https://example.com",
        "http://127.0.0.1.example.com",
        "null",
        "",
    ] {
        check("Origin", origin, 403).await;
    }
}
