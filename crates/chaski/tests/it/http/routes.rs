//! What all answers have in common, and what each route of `/api/v1` gives.

use axum::body::Body;
use chaski::app::keys::Scope;
use http::{Method, Request};
use serde_json::json;

use super::{Answered, Door};

#[tokio::test]
async fn a_ruc_with_where_it_came_from() {
    let door = Door::open().await;
    let first = door.get("/api/v1/ruc/20100070970").await;
    let body = first.json();
    assert_eq!(first.status, 200);
    assert_eq!(body["data"]["estado_del_contribuyente"], "ACTIVO");
    assert_eq!(body["meta"]["source"], "upstream");
    assert_eq!(first.header("cache-status"), "chaski; fwd=miss; stored");
    assert_eq!(body["request_id"], first.header("x-request-id"));
    let again = door.get("/api/v1/ruc/20100070970").await;
    assert_eq!(again.json()["meta"]["source"], "memory");
    assert_eq!(again.header("cache-status"), "chaski; hit");
    assert_eq!(again.header("age"), "0");
    let forced = door.get("/api/v1/ruc/20100070970?force_refresh=true").await;
    assert_eq!(forced.json()["meta"]["source"], "upstream");
    assert_eq!(door.app.migo().line().stats().calls, 2);
}

#[tokio::test]
async fn every_answer_of_v1() {
    let door = Door::open().await;
    let check = async |path: &str, place: &str| {
        let answer = door.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(
            answer.json().pointer(place).is_some(),
            "{path}: {}",
            answer.text
        );
    };
    let ruc = "/api/v1/ruc/20100070970";
    check(&format!("{ruc}/validacion-facturacion"), "/hallazgos").await;
    check(
        &format!("{ruc}/validacion-facturacion?emisor=true"),
        "/nivel",
    )
    .await;
    check(&format!("{ruc}/representantes"), "/data/0/nombre").await;
    check(&format!("{ruc}/actividad"), "/data/tipo").await;
    check(&format!("{ruc}/condiciones"), "/agente_de_retencion/figura").await;
    check("/api/v1/dni/00000001", "/data/nombre").await;
    check("/api/v1/tipo-cambio", "/data/0/precio_venta").await;
    check(
        "/api/v1/tipo-cambio?desde=2026-01-20&hasta=2026-01-28",
        "/data/8/fecha_cierre_sbs",
    )
    .await;
    check("/api/v1/tipo-cambio/2026-01-25", "/data/arrastrado").await;
    check(
        "/api/v1/tipo-cambio/2026-01-28?fuente=SBS&moneda=EUR",
        "/data/origen",
    )
    .await;
    check("/api/v1/llamadas?limit=2", "/data/1/id").await;
    check("/api/v1/proveedores", "/data/0/interruptor").await;
    check("/api/v1/proveedores/migo/cuenta", "/data/consultas").await;
    check("/salud/vivo", "/version").await;
    check("/healthz", "/version").await;
    check("/readyz", "/estado").await;
    check("/version", "/mode").await;
    check("/openapi.json", "/paths").await;
    let metrics = door.get("/metrics").await.text;
    for name in [
        "chaski_http_requests_total{",
        "chaski_http_request_duration_seconds_bucket{",
        "chaski_upstream_requests_total{",
        "chaski_upstream_duration_seconds_count{",
        "chaski_cache_requests_total{",
        "chaski_breaker_state{",
        "chaski_gate_wait_seconds{",
        "chaski_audit_queue_depth{",
        "chaski_jobs{",
        "chaski_build_info{",
    ] {
        assert!(metrics.contains(name), "{name} is missing");
    }
    check_documented(&metrics);
    // In a label it would stand in quotes; a sum of seconds may hold those digits.
    assert!(!metrics.contains("20100070970") && !metrics.contains("\"00000001\""));
}

/// Every metric has its row in both languages.
#[track_caller]
fn check_documented(metrics: &str) {
    const PAGES: [&str; 2] = [
        include_str!("../../../../../docs/es/pasarela.md"),
        include_str!("../../../../../docs/en/gateway.md"),
    ];
    let names = metrics.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        (!kind.is_empty()).then(|| name.to_owned())
    });
    let names: Vec<_> = names.collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        for page in PAGES {
            assert!(page.contains(&format!("| `{name}")), "{name} has no row");
        }
    }
}

#[tokio::test]
async fn jobs_are_counted_by_kind_and_state() {
    let door = Door::open().await;
    let gauge = async |queue: &str, state: &str| {
        let text = door.get("/metrics").await.text;
        let line = format!("chaski_jobs{{queue=\"{queue}\",state=\"{state}\",mode=\"sandbox\"}} ");
        let count = text.lines().find_map(|it| it.strip_prefix(line.as_str()));
        count
            .unwrap_or_else(|| panic!("no {line}: {text}"))
            .to_owned()
    };
    assert_eq!(gauge("lote", "PENDING").await, "0");
    let post = async |path: &str, body: &str| {
        let answer = door.ask(Method::POST, path, None, body).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        answer.header("location").to_owned()
    };
    let batch = post("/api/v1/lotes", r#"{"rucs":["20100070970"]}"#).await;
    post("/api/v1/lotes", r#"{"rucs":["20131312955"]}"#).await;
    post("/api/v1/partners/actualizar", "{}").await;
    assert_eq!(gauge("lote", "PENDING").await, "2");
    assert_eq!(gauge("partners", "PENDING").await, "1");
    // What left a state is no longer counted there.
    post(&format!("{batch}/pausar"), "").await;
    assert_eq!(gauge("lote", "PENDING").await, "1");
    assert_eq!(gauge("lote", "PAUSED").await, "1");
    post(&format!("{batch}/cancelar"), "").await;
    assert_eq!(gauge("lote", "PAUSED").await, "0");
    assert_eq!(gauge("lote", "CANCELLED").await, "1");
}

#[tokio::test]
async fn the_registry_of_refused_numbers() {
    let door = Door::open().await;
    let missing = "/api/v1/ruc/20000633527";
    assert_eq!(
        door.get(missing).await.status,
        404,
        "{}",
        door.get(missing).await.text
    );
    let page = door.get("/api/v1/ruc/invalidos").await.json();
    assert_eq!(page["data"][0]["ruc"], "20000633527");
    let path = "/api/v1/ruc/invalidos/20000633527";
    let gone = door.ask(Method::DELETE, path, None, "").await.json();
    assert_eq!(gone["estaba"], true);
    let gone = door.ask(Method::DELETE, path, None, "").await.json();
    assert_eq!(gone["estaba"], false);
    assert_eq!(
        door.get("/api/v1/ruc/invalidos").await.json()["data"],
        json!([])
    );
}

#[tokio::test]
async fn calls_come_in_pages() {
    let door = Door::open().await;
    for ruc in ["20100070970", "20131312955", "20603274742"] {
        door.get(&format!("/api/v1/ruc/{ruc}")).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = door
            .get(&format!("/api/v1/llamadas?limit=1{cursor}"))
            .await
            .json();
        for call in page["data"].as_array().unwrap() {
            seen.push(call["sobre"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["20603274742", "20131312955", "20100070970"]);
    let one = door.get("/api/v1/llamadas?quien=nadie").await.json();
    let empty = json!({"data": [], "next_cursor": null, "mode": "sandbox"});
    assert_eq!(one, empty);
}

#[tokio::test]
async fn mistakes_say_what_is_wrong_and_what_to_do() {
    let door = Door::open().await;
    let check = async |method: Method, path: &str, body: &str, status: u16, code: &str| {
        let answer = door.ask(method, path, None, body).await;
        let problem = answer.json();
        assert_eq!(answer.status, status, "{path}: {problem}");
        assert_eq!(problem["code"], code, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(problem["type"], format!("/errores/{code}"));
        assert_ne!(problem["title"], "", "{code} has a page");
        assert_ne!(problem["action"], "", "{code} says what to do");
        assert_eq!(door.get(&format!("/errores/{code}")).await.status, 200);
    };
    let get = || Method::GET;
    check(get(), "/nada", "", 404, "ruta_desconocida").await;
    check(get(), "/api/v1/ruc/20100070971", "", 422, "ruc_digito").await;
    check(get(), "/api/v1/ruc/x", "", 422, "ruc_formato").await;
    check(
        get(),
        "/api/v1/ruc/20100070970?max_age=x",
        "",
        422,
        "parametro_invalido",
    )
    .await;
    check(
        get(),
        "/api/v1/ruc/20100070970?otra=1",
        "",
        422,
        "parametro_invalido",
    )
    .await;
    check(get(), "/api/v1/dni/1", "", 422, "dni_longitud").await;
    check(get(), "/api/v1/tipo-cambio/ayer", "", 422, "fecha_formato").await;
    check(
        get(),
        "/api/v1/tipo-cambio?desde=2026-01-01",
        "",
        422,
        "parametro_invalido",
    )
    .await;
    check(
        get(),
        "/api/v1/llamadas?limit=0",
        "",
        422,
        "parametro_invalido",
    )
    .await;
    check(
        get(),
        "/api/v1/llamadas?cursor=x",
        "",
        422,
        "parametro_invalido",
    )
    .await;
    check(get(), "/api/v1/llamadas/x", "", 404, "no_hay").await;
    check(get(), "/api/v1/proveedores/otro/cuenta", "", 404, "no_hay").await;
    check(
        Method::PATCH,
        "/api/v1/llamadas",
        "",
        405,
        "metodo_no_permitido",
    )
    .await;
    let cpe = "/api/v1/cpe/validar";
    check(Method::POST, cpe, "", 415, "tipo_de_cuerpo").await;
    check(Method::POST, cpe, "{", 400, "peticion_ilegible").await;
    check(Method::POST, cpe, "{}", 422, "campo_requerido").await;
    check(Method::POST, cpe, "{\"x\":1}", 422, "campo_invalido").await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    check(Method::POST, cpe, &deep, 422, "campo_invalido").await;
    let long = format!("\"{}\"", "a".repeat(1_100_000));
    check(Method::POST, cpe, &long, 413, "cuerpo_demasiado_grande").await;
    let far = format!("/{}", "a".repeat(9_000));
    check(get(), &far, "", 414, "direccion_larga").await;
}

#[tokio::test]
async fn a_voucher_is_read_as_it_is_printed() {
    let door = Door::open().await;
    let cpe = "/api/v1/cpe/validar";
    let voucher = |kind: &str, number: &str, amount: &str| {
        format!(
            "{{\"ruc_emisor\":\"20100070970\",\"tipo_comprobante\":\"{kind}\",\"serie\":\"F001\",\"numero\":{number},\"fecha_emision\":\"2026-01-28\",\"monto\":{amount}}}"
        )
    };
    // Numbers as texts and texts as numbers, but neither lists nor logic.
    for (number, amount) in [
        ("1", "118"),
        ("\"00000001\"", "118.5"),
        ("1", "\"1,180.00\""),
    ] {
        let answer = door
            .ask(Method::POST, cpe, None, &voucher("01", number, amount))
            .await;
        assert_eq!(answer.status, 200, "{number} {amount}: {}", answer.text);
    }
    for (kind, number, amount) in [
        ("01", "true", "118"),
        ("01", "[1]", "118"),
        ("01", "null", "118"),
        ("01", "-1", "118"),
        ("01", "1.5", "118"),
        ("01", "1e30", "118"),
        ("01", "1", "118.001"),
        ("01", "1", "-118"),
        ("01", "1", "{}"),
        ("02", "1", "118"),
    ] {
        let answer = door
            .ask(Method::POST, cpe, None, &voucher(kind, number, amount))
            .await;
        assert_eq!(
            answer.status, 422,
            "{kind} {number} {amount}: {}",
            answer.text
        );
        assert_eq!(answer.json()["code"], "campo_invalido");
    }
}

#[tokio::test]
async fn errors_speak_the_language_of_the_caller() {
    let door = Door::open().await;
    let check = async |wanted: &str, lang: &str, title: &str| {
        let request = Request::builder()
            .uri("/api/v1/ruc/1")
            .header("Accept-Language", wanted)
            .body(Body::empty())
            .unwrap();
        let answer = door.send(request).await;
        assert_eq!(answer.header("content-language"), lang, "{wanted}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(title), "{wanted}: {detail}");
    };
    check("es-PE,es;q=0.9,en;q=0.8", "es", "dígitos").await;
    check("en-US,en;q=0.9", "en", "digits").await;
    check("fr, en;q=0.5, es;q=0.4", "en", "digits").await;
    check("fr", "es", "dígitos").await;
    check("en;q=0", "es", "dígitos").await;
    check(";;;,q=", "es", "dígitos").await;
}

#[tokio::test]
async fn the_identifier_of_a_request_is_the_callers_or_a_new_one() {
    let door = Door::open().await;
    let ask = async |id: &str| {
        let request = Request::builder()
            .uri("/salud/vivo")
            .header("X-Request-Id", id)
            .body(Body::empty())
            .unwrap();
        door.send(request).await.header("x-request-id").to_owned()
    };
    assert_eq!(ask("pedido-7.a_B").await, "pedido-7.a_B");
    assert_eq!(ask("con espacios").await.len(), 24);
    assert_eq!(ask(&"x".repeat(65)).await.len(), 24);
}

/// A look-up with nothing said beside the number does not pass the router. `?` makes it pass.
#[tokio::test]
async fn the_short_way_and_the_router_say_the_same() {
    let door = Door::open().await;
    let ask = async |path: &str, key: Option<&str>| {
        let request = Request::builder().uri(path).header("X-Request-Id", "uno");
        let request = match key {
            Some(key) => request.header("X-API-Key", key),
            None => request,
        };
        door.send(request.body(Body::empty()).unwrap()).await
    };
    let check = async |number: &str, key: Option<&str>, status: u16| {
        // Known from here on, so that both find it in memory.
        let path = format!("/api/v1/ruc/{number}");
        ask(&path, key).await;
        let short = ask(&path, key).await;
        let long = ask(&format!("{path}?"), key).await;
        assert_eq!(short.status, status, "{number}: {}", short.text);
        let told = |it: &Answered| {
            let mut headers = it.headers.clone();
            // What the second one of two finds later, or has less of.
            for moving in ["age", "x-ratelimit-remaining", "x-ratelimit-reset"] {
                let held = headers.remove(moving).is_some();
                headers.insert(moving, held.to_string().parse().unwrap());
            }
            // The router counts it, else the connection does.
            headers.remove("content-length");
            let body = it.text.split("\"meta\"").next().unwrap().to_owned();
            (it.status, headers, body)
        };
        assert_eq!(told(&short), told(&long), "{number}");
    };
    check("20100070970", None, 200).await;
    check("20100070971", None, 422).await;
    check("99100070970", None, 422).await;
    let all = door.key(&[Scope::Consultas], 0, 0).await;
    let paced = door.key(&[Scope::Consultas], 100, 0).await;
    let slow = door.key(&[Scope::Consultas], 1, 0).await;
    let other = door.key(&[Scope::Partners], 0, 0).await;
    let poor = door.key(&[Scope::Consultas], 0, 1).await;
    check("20100070970", Some(&all), 200).await;
    check("20100070970", Some(&paced), 200).await;
    check("20100070970", Some(&slow), 429).await;
    check("20100070970", Some(&other), 403).await;
    check("20100070970", Some(&poor), 200).await;
    check("20100070970", Some("chk_test_000000000000_0"), 401).await;
    check("20100070970", Some("chk_live_000000000000_0"), 503).await;
    check("20100070970", None, 401).await;
    let metrics = door.get("/metrics").await.text;
    let name = "chaski_http_requests_total{route=";
    let counted: Vec<_> = metrics.lines().filter(|it| it.starts_with(name)).collect();
    for line in &counted {
        assert!(
            line.starts_with(&format!("{name}\"/api/v1/ruc/{{ruc}}\"")),
            "{line}"
        );
    }
    let sum: u64 = counted
        .iter()
        .map(|it| it.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(sum, 11 * 3);
}

#[tokio::test]
async fn the_description_speaks_both_languages() {
    let door = Door::open().await;
    let check = async |query: &str, header: &str, lang: &str, said: &str| {
        let request = Request::builder()
            .uri(format!("/openapi.json{query}"))
            .header("Accept-Language", header)
            .body(Body::empty())
            .unwrap();
        let answer = door.send(request).await;
        assert_eq!(answer.header("content-language"), lang, "{query} {header}");
        assert_eq!(answer.header("content-type"), "application/json");
        let document = answer.json();
        assert_eq!(document["paths"]["/api/v1/lotes"]["post"]["summary"], said);
    };
    check("", "*", "es", "Entregar una lista").await;
    check("", "en-US", "en", "Hand in a list").await;
    check("?lang=en", "es", "en", "Hand in a list").await;
    check("?lang=es", "en", "es", "Entregar una lista").await;
    check("?lang=fr", "es", "es", "Entregar una lista").await;
}

#[tokio::test]
async fn the_documentation_needs_no_network() {
    let door = Door::open().await;
    let page = door.get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"));
    for asset in ["swagger-ui.js", "swagger-ui.css", "start.js", "page.css"] {
        assert!(page.text.contains(asset) || asset == "page.css");
        assert_eq!(door.get(&format!("/docs/{asset}")).await.status, 200);
    }
    assert_eq!(door.get("/docs/../llave").await.status, 404);
}

/// Each mistake names its field, in the text and beside it.
#[tokio::test]
async fn mistakes_say_where_and_why() {
    let door = Door::open().await;
    let check = async |method: Method, path: &str, body: &str, field: &str, why: &str| {
        let problem = door.ask(method, path, None, body).await.json();
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{path} {body}: {problem}");
        assert_eq!(errors[0]["field"], field, "{path} {body}: {problem}");
        for detail in [&problem["detail"], &errors[0]["detail"]] {
            let detail = detail.as_str().unwrap().to_lowercase();
            assert!(detail.contains(why), "{path} {body}: {problem}");
        }
    };
    let ruc = "/api/v1/ruc/20100070970";
    let get = async |query: &str, field: &str, why: &str| {
        check(Method::GET, &format!("{ruc}?{query}"), "", field, why).await;
    };
    get("max_age=1h", "max_age", "número entero").await;
    get("max_age=-1", "max_age", "número entero").await;
    get("max_age=99999999999", "max_age", "demasiado grande").await;
    get("force_refresh=si", "force_refresh", "true o false").await;
    get("forzar=1", "forzar", "force_refresh, max_age").await;
    get("max_age=1&max_age=2", "max_age", "repetido").await;
    let calls = "/api/v1/llamadas?lote=1";
    check(Method::GET, calls, "", "lote", "identificador").await;
    let post = async |path: &str, body: &str, field: &str, why: &str| {
        check(Method::POST, path, body, field, why).await;
    };
    let (cpe, partners) = ("/api/v1/cpe/validar", "/api/v1/partners");
    post(cpe, "{}", "ruc_emisor", "falta").await;
    post(cpe, "{\"x\":1}", "x", "ruc_emisor, tipo_comprobante").await;
    post(partners, "{\"email\":5}", "email", "un texto").await;
    post(
        partners,
        "{\"customer\":\"si\"}",
        "customer",
        "true o false",
    )
    .await;
    post(partners, "{\"correo\":\"a\"}", "correo", "email, email_2").await;
    let number = |fields: &str| format!("{{\"num_document\":\"20100070970\",{fields}}}");
    post(partners, "{}", "num_document", "falta").await;
    post(partners, &number("\"email\":\"a\""), "email", "forma").await;
    post(
        partners,
        "{\"num_document\":\"20100070971\"}",
        "num_document",
        "",
    )
    .await;
    // A name may be somebody's number, and a value may be.
    for path in [
        format!("{ruc}?10000000016=1"),
        format!("{ruc}?00000001=1"),
        format!("{ruc}?max_age=00000001x"),
        "/api/v1/llamadas?lote=00000001".to_owned(),
    ] {
        let answer = door.get(&path).await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.text);
        assert!(!answer.text.contains("0000001"), "{}", answer.text);
    }
    let nobody = format!("{partners}/00000000-0000-7000-8000-000000000000");
    let problem = door.get(&nobody).await.json();
    assert_eq!(problem["detail"], "No existe ese cliente o proveedor");
}

#[tokio::test]
async fn an_address_that_is_no_text() {
    let door = Door::open().await;
    for path in ["/api/v1/ruc/%FF", "/api/v1/partners/%C3%28", "/errores/%FF"] {
        let answer = door.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["code"], "peticion_ilegible");
    }
}

/// What generators of clients read: no integer of 32 bits whose limits do not fit in them.
#[test]
fn numbers_of_the_description_fit_their_kinds() {
    fn check(value: &serde_json::Value) {
        if value["format"] == "int32" {
            for limit in ["minimum", "maximum"] {
                let limit = value[limit].as_f64().unwrap_or_default();
                assert!(limit.abs() <= f64::from(i32::MAX), "{value}");
            }
        }
        if let Some(fields) = value.as_object() {
            fields.values().for_each(check);
        }
        value.as_array().into_iter().flatten().for_each(check);
    }
    check(&chaski::http::openapi(chaski_core::Lang::Es));
}
