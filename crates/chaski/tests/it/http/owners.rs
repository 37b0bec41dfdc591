//! Whose things are: every route with keys of other applications, of other companies, of the house
//! and of the other side. Somebody else's things do not exist.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use chaski::app::App;
use chaski::app::partners::Which;
use chaski::partners::PartnerFields;
use chaski::store::Company;
use chaski_client::Ask;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::scopes::{ROUTES, fits};
use super::{Answered, Door};
use crate::partners::refresh;
use crate::store_partners::found;
use crate::store_postgres::databases;

/// Two companies that the gateway serves; the second one is a person.
const COMPANY: &str = "20604702811";
const PERSON: &str = "10481516230";

/// What is looked up and written down.
const NUMBER: &str = "20100070970";
const OTHER: &str = "20131312955";

/// An identifier that nothing has.
const NOTHING: &str = "00000000-0000-7000-8000-000000000000";

/// Whose the things behind an address are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One thing of an application.
    ItemOfKey(Thing),
    /// One thing of a company.
    ItemOfCompany(Thing),
    /// The things of an application.
    ListOfKey,
    /// The things of a company.
    ListOfCompany,
    /// Makes something, or changes what is already there of the caller's.
    Makes,
}

use Kind::{ItemOfCompany, ItemOfKey, ListOfCompany, ListOfKey, Makes};

const PARTNER: Kind = ItemOfCompany(Thing::Partner);
const CALL: Kind = ItemOfCompany(Thing::Call);
const BATCH: Kind = ItemOfKey(Thing::Batch);
const JOB: Kind = ItemOfKey(Thing::Job);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Partner,
    Batch,
    Job,
    Call,
}

/// Every route behind which there are things that belong to somebody.
const OWNED: [(&str, &str, Kind); 35] = [
    ("GET", "/api/v1/partners", ListOfCompany),
    ("POST", "/api/v1/partners", Makes),
    ("POST", "/api/v1/partners/buscar", ListOfCompany),
    ("GET", "/api/v1/partners/cambios", ListOfCompany),
    ("POST", "/api/v1/partners/actualizar", Makes),
    ("POST", "/api/v1/partners/importar", Makes),
    ("GET", "/api/v1/partners/exportar", ListOfCompany),
    ("GET", "/api/v1/partners/{id}", PARTNER),
    ("PATCH", "/api/v1/partners/{id}", PARTNER),
    ("DELETE", "/api/v1/partners/{id}", PARTNER),
    ("GET", "/api/v1/lotes", ListOfKey),
    ("POST", "/api/v1/lotes", Makes),
    ("GET", "/api/v1/lotes/{id}", BATCH),
    ("GET", "/api/v1/lotes/{id}/resultados", BATCH),
    ("GET", "/api/v1/lotes/{id}/eventos", BATCH),
    ("POST", "/api/v1/lotes/{id}/cancelar", BATCH),
    ("POST", "/api/v1/lotes/{id}/pausar", BATCH),
    ("POST", "/api/v1/lotes/{id}/reanudar", BATCH),
    ("POST", "/api/v1/lotes/{id}/reintentar", BATCH),
    ("GET", "/api/v1/trabajos", ListOfKey),
    ("GET", "/api/v1/trabajos/{id}", JOB),
    ("POST", "/api/v1/trabajos/{id}/cancelar", JOB),
    ("POST", "/api/v1/trabajos/{id}/reintentar", JOB),
    // Whose they are, and whose they are not, is tried in `keys.rs`.
    ("GET", "/api/v1/llaves", Makes),
    ("POST", "/api/v1/llaves", Makes),
    ("PATCH", "/api/v1/llaves/{id}", Makes),
    ("POST", "/api/v1/llaves/{id}/rotar", Makes),
    ("POST", "/api/v1/llaves/{id}/revocar", Makes),
    ("GET", "/api/v1/consumo", ListOfCompany),
    ("GET", "/api/v1/llamadas", ListOfCompany),
    ("POST", "/api/v1/llamadas/buscar", ListOfCompany),
    ("GET", "/api/v1/llamadas/{id}", CALL),
    ("POST", "/api/ruc/consultar-masivo-async", Makes),
    ("POST", "/api/ruc/consultar-masivo-async/", Makes),
    // Looking up writes a row of the record, which is the caller's company's.
    ("GET", "/api/v1/ruc/{ruc}", Makes),
];

/// Routes behind which everything is shared on purpose: answers in memory, the registry of numbers
/// that do not exist, state of the upstreams, schedule.
const SHARED: [(&str, &str); 41] = [
    ("GET", "/api/v1/programados"),
    ("GET", "/api/v1/ruc/{ruc}/validacion-facturacion"),
    ("GET", "/api/v1/ruc/{ruc}/representantes"),
    ("GET", "/api/v1/ruc/{ruc}/actividad"),
    ("GET", "/api/v1/ruc/{ruc}/condiciones"),
    ("POST", "/api/v1/ruc/consultas"),
    ("GET", "/api/v1/ruc/invalidos"),
    ("POST", "/api/v1/ruc/invalidos/olvidar"),
    ("DELETE", "/api/v1/ruc/invalidos/{ruc}"),
    ("GET", "/api/v1/dni/{dni}"),
    ("POST", "/api/v1/dni/consultas"),
    ("GET", "/api/v1/tipo-cambio"),
    ("GET", "/api/v1/tipo-cambio/{fecha}"),
    ("POST", "/api/v1/cpe/validar"),
    ("GET", "/api/v1/proveedores"),
    ("GET", "/api/v1/proveedores/{proveedor}/cuenta"),
    ("POST", "/api/ruc/consultar-async"),
    ("POST", "/api/ruc/consultar-async/"),
    ("POST", "/api/dni/consultar-async"),
    ("POST", "/api/dni/consultar-async/"),
    ("GET", "/api/tipo-cambio"),
    ("GET", "/api/tipo-cambio/"),
    ("POST", "/compat/migo/api/v1/ruc"),
    ("GET", "/compat/migo/api/v1/ruc"),
    ("GET", "/compat/migo/api/v1/ruc/{ruc}"),
    ("POST", "/compat/migo/api/v1/ruc/collection"),
    ("POST", "/compat/migo/api/v1/dni"),
    ("POST", "/compat/migo/api/v1/exchange/latest"),
    ("POST", "/compat/migo/api/v1/exchange/date"),
    ("POST", "/compat/migo/api/v1/exchange"),
    ("POST", "/compat/migo/api/v1/ruc/representantes-legales"),
    ("GET", "/compat/migo/api/v1/ruc/actividad/{ruc}"),
    ("POST", "/compat/migo/api/v1/ruc/agentes-retencion"),
    ("POST", "/compat/migo/api/v1/ruc/buenos-contribuyentes"),
    ("POST", "/compat/migo/api/v1/cpe"),
    ("POST", "/compat/migo/api/v1/account"),
    ("GET", "/compat/migo/api/v2/ruc/{ruc}"),
    ("GET", "/compat/migo/api/v2/dni/{dni}"),
    ("GET", "/compat/migo/api/v2/tipo-cambio/sunat"),
    ("GET", "/compat/migo/api/v2/tipo-cambio/sunat/ultimo"),
    ("GET", "/compat/migo/api/v2/tipo-cambio/sbs"),
];

/// The route of an example address: one without variables wins.
fn kind_of(method: &str, path: &str) -> Option<Kind> {
    let exact = |route: &str| path.split('?').next() == Some(route);
    let shared = |test: &dyn Fn(&str) -> bool| {
        let mut routes = SHARED.iter();
        routes.any(|(known, route)| *known == method && test(route))
    };
    let owned = |test: &dyn Fn(&str) -> bool| {
        let mut routes = OWNED.iter();
        let found = routes.find(|(known, route, _)| *known == method && test(route));
        found.map(|(.., kind)| *kind)
    };
    let loose = |route: &str| fits(route, path);
    match (owned(&exact), shared(&exact)) {
        (None, false) => match (owned(&loose), shared(&loose)) {
            (Some(kind), false) => Some(kind),
            (None, true) => None,
            neither => panic!("{method} {path}: in one list, please, not {neither:?}"),
        },
        (kind, false) => kind,
        (None, true) => None,
        (Some(_), true) => panic!("{method} {path} is in both lists"),
    }
}

#[test]
fn every_route_is_somebodys_or_shared_on_purpose() {
    let owned = ROUTES
        .iter()
        .filter(|(method, path, ..)| kind_of(method, path).is_some())
        .count();
    assert_eq!((owned, ROUTES.len() - owned), (OWNED.len(), SHARED.len()));
}

/// A gateway with two sides, and a key for each way in which two callers can be strangers.
struct World {
    door: Door,
    mine: String,
    strangers: Vec<(&'static str, String)>,
}

/// What the owner of `mine` has: an identifier of each thing.
struct Things {
    partner: String,
    batch: String,
    job: String,
    call: String,
}

impl Things {
    fn id(&self, thing: Thing) -> &str {
        match thing {
            Thing::Partner => &self.partner,
            Thing::Batch => &self.batch,
            Thing::Job => &self.job,
            Thing::Call => &self.call,
        }
    }
}

const SIBLING: &str = "same company, other application";

impl World {
    /// One on each database that there is.
    async fn each() -> Vec<World> {
        let mut worlds = Vec::new();
        for database in databases().await {
            worlds.push(World::new(database).await);
        }
        worlds
    }

    async fn new(database: Option<String>) -> World {
        let door = Door::open_on(database, true).await;
        let real = Arc::clone(&door.gateway.usual().app);
        let mine = door.key_of(&door.app, Some(COMPANY)).await;
        let sides: [(&str, &App, Option<&str>); 6] = [
            (SIBLING, &door.app, Some(COMPANY)),
            ("other company, a person", &door.app, Some(PERSON)),
            ("other company", &door.app, Some(OTHER)),
            ("the house", &door.app, None),
            ("live key of the company", &real, Some(COMPANY)),
            ("live key of the house", &real, None),
        ];
        let mut strangers = Vec::new();
        for (name, app, company) in sides {
            strangers.push((name, door.key_of(app, company).await));
        }
        World {
            door,
            mine,
            strangers,
        }
    }

    async fn ask(&self, key: &str, method: &str, path: &str, body: &str) -> Answered {
        let method: Method = method.parse().unwrap();
        self.door.ask(method, path, Some(key), body).await
    }

    async fn get(&self, key: &str, path: &str) -> Value {
        let answer = self.ask(key, "GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    async fn post(&self, key: &str, path: &str, body: &Value) -> Answered {
        self.ask(key, "POST", path, &body.to_string()).await
    }

    /// What a route that lists gives.
    async fn listed(&self, key: &str, method: &str, path: &str, body: &str) -> Value {
        let answer = self.ask(key, method, path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        answer.json()
    }

    /// Sends a body of some kind under an idempotency key.
    async fn post_once(&self, key: &str, path: &str, kind: &str, body: &str) -> Answered {
        let request = Request::post(path)
            .header("X-API-Key", key)
            .header("Idempotency-Key", "k-1")
            .header("Content-Type", kind);
        let body = Body::from(body.to_owned());
        self.door.send(request.body(body).unwrap()).await
    }

    /// Imports a list of one partner with a reference.
    async fn import(&self, key: &str, reference: &str) -> Value {
        let request = Request::post("/api/v1/partners/importar")
            .header("X-API-Key", key)
            .header("Content-Type", "text/csv");
        let list = format!("num_document,ref\n{NUMBER},{reference}\n");
        let answer = self.door.send(request.body(Body::from(list)).unwrap());
        let answer = answer.await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Gives the owner of `mine` one of each; the batch and the job wait, as nobody works here.
    async fn fill(&self) -> Things {
        let id = |answer: &Answered, name: &str| {
            assert!(answer.status.is_success(), "{}", answer.text);
            answer.json()[name].as_str().unwrap().to_owned()
        };
        let mine = self.mine.as_str();
        let partner = json!({"num_document": NUMBER, "comment": "secreto"});
        let partner = id(&self.post(mine, "/api/v1/partners", &partner).await, "id");
        let company = self.door.app.store().company(&COMPANY.parse().unwrap());
        for (minute, condicion) in [(0, "HABIDO"), (1, "NO HABIDO")] {
            let check = vec![found(NUMBER, minute, "ACTIVO", condicion)];
            let noted = self.door.app.note_on_partners(company, check).await;
            assert_eq!(noted.unwrap().written, 1);
        }
        let list = json!({"rucs": [NUMBER], "nombre": "secreto"});
        let batch = id(&self.post(mine, "/api/v1/lotes", &list).await, "id");
        let refresh = json!({"cuales": "todos"});
        let refresh = self.post(mine, "/api/v1/partners/actualizar", &refresh);
        let job = id(&refresh.await, "trabajo");
        self.get(mine, &format!("/api/v1/ruc/{NUMBER}")).await;
        let calls = self.get(mine, "/api/v1/llamadas").await;
        let call = calls["data"][0]["id"].as_str().unwrap().to_owned();
        Things {
            partner,
            batch,
            job,
            call,
        }
    }

    /// Everything that the owner of `mine` has, as they see it.
    async fn inventory(&self, things: &Things) -> Vec<Value> {
        let mut all = Vec::new();
        for path in [
            format!("/api/v1/partners/{}", things.partner),
            format!("/api/v1/lotes/{}", things.batch),
            format!("/api/v1/lotes/{}/resultados", things.batch),
            format!("/api/v1/trabajos/{}", things.job),
            format!("/api/v1/llamadas/{}", things.call),
            "/api/v1/partners".into(),
            "/api/v1/partners/cambios".into(),
            "/api/v1/lotes".into(),
            "/api/v1/trabajos".into(),
            "/api/v1/llamadas".into(),
        ] {
            all.push(self.get(&self.mine, &path).await);
        }
        all
    }
}

/// Works until nothing waits.
async fn work(app: &Arc<App>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(chaski::jobs::run(Arc::clone(app), async {
        let _ = stopped.await;
    }));
    loop {
        let jobs = app.trabajos(None, 250, None, None).await.unwrap().rows;
        if jobs.iter().all(|job| job.finished_at.is_some()) {
            break;
        }
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    worker.await.unwrap().unwrap();
}

/// A refusal without what differs from request to request.
fn refusal(answer: &Answered, id: &str) -> (u16, Value, BTreeSet<String>) {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    let text = body.to_string().replace(id, "ID");
    let names = answer.headers.keys().map(|name| name.as_str().to_owned());
    let body = serde_json::from_str(&text).unwrap();
    (answer.status.as_u16(), body, names.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_thing_does_not_exist() {
    for world in World::each().await {
        somebody_elses_thing_does_not_exist_in(&world).await;
    }
}

async fn somebody_elses_thing_does_not_exist_in(world: &World) {
    let things = world.fill().await;
    let before = world.inventory(&things).await;
    for (method, path, _, body) in ROUTES {
        let (thing, of_company) = match kind_of(method, path) {
            Some(ItemOfKey(thing)) => (thing, false),
            Some(ItemOfCompany(thing)) => (thing, true),
            _ => continue,
        };
        let theirs = path.replace(NOTHING, things.id(thing));
        assert_ne!(theirs, path, "{method} {path} names no thing");
        for (name, key) in &world.strangers {
            if of_company && *name == SIBLING {
                if method == "GET" {
                    world.get(key, &theirs).await;
                }
                continue;
            }
            let body = if method == "PATCH" {
                "{\"name\":\"MÍO\"}"
            } else {
                body
            };
            let refused = world.ask(key, method, &theirs, body).await;
            let unknown = world.ask(key, method, path, body).await;
            assert_eq!(
                refused.status, 404,
                "{method} {path}, {name}: {}",
                refused.text
            );
            assert_eq!(
                refusal(&refused, things.id(thing)),
                refusal(&unknown, NOTHING),
                "{method} {path}, {name}"
            );
        }
    }
    assert_eq!(world.inventory(&things).await, before);
    // What refuses the strangers is who they are: to its owner every one of these opens.
    for (method, path, _, body) in ROUTES {
        if let Some(ItemOfKey(thing) | ItemOfCompany(thing)) = kind_of(method, path) {
            if path.ends_with("/eventos") || method == "DELETE" {
                continue;
            }
            let own = path.replace(NOTHING, things.id(thing));
            let answer = world.ask(&world.mine, method, &own, body).await;
            assert_ne!(answer.status, 404, "{method} {path}: {}", answer.text);
        }
    }
    let path = format!("/api/v1/partners/{}", things.partner);
    let sibling = &world.strangers[0].1;
    let changed = world
        .ask(sibling, "PATCH", &path, "{\"name\":\"NUESTRO\"}")
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(world.get(&world.mine, &path).await["name"], "NUESTRO");
    assert_eq!(world.ask(sibling, "DELETE", &path, "").await.status, 204);
    assert_eq!(world.ask(&world.mine, "GET", &path, "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_nothing_of_others() {
    for world in World::each().await {
        lists_show_nothing_of_others_in(&world).await;
    }
}

async fn lists_show_nothing_of_others_in(world: &World) {
    let things = world.fill().await;
    let is_empty = |page: &Value| {
        let nothing = page["data"] == json!([]) && page["next_cursor"].is_null();
        nothing || *page == json!([])
    };
    for (method, path, _, body) in ROUTES {
        let of_company = match kind_of(method, path) {
            Some(ListOfKey) => false,
            Some(ListOfCompany) => true,
            _ => continue,
        };
        let mine = world.listed(&world.mine, method, path, body).await;
        assert!(!is_empty(&mine), "{path}");
        for (name, key) in &world.strangers {
            let page = world.listed(key, method, path, body).await;
            if of_company && *name == SIBLING {
                assert_eq!(page, mine, "{path}, {name}");
            } else {
                assert!(is_empty(&page), "{path}, {name}: {page}");
            }
        }
    }
    // Neither do filters, which could be asked about what one has heard of.
    let beginning = world.mine["chk_test_".len()..].split('_').next().unwrap();
    for (name, key) in &world.strangers[1..] {
        let search = json!({"numero": NUMBER, "quien": format!("llave:{beginning}")});
        let found = world.post(key, "/api/v1/llamadas/buscar", &search).await;
        assert!(is_empty(&found.json()), "{name}");
        let search = json!({"buscar": NUMBER});
        let found = world.post(key, "/api/v1/partners/buscar", &search).await;
        assert!(is_empty(&found.json()), "{name}");
        for path in [
            format!("/api/v1/llamadas?quien=llave:{beginning}"),
            format!("/api/v1/llamadas?lote={}", things.batch),
            format!("/api/v1/partners?buscar={NUMBER}"),
            format!("/api/v1/partners/cambios?partner={}", things.partner),
            format!("/api/v1/partners/exportar?buscar={NUMBER}"),
        ] {
            let page = world.get(key, &path).await;
            assert!(is_empty(&page), "{path}, {name}: {page}");
        }
        let file = "/api/v1/partners/exportar?format=csv";
        let file = world.ask(key, "GET", file, "").await;
        assert_eq!(file.status, 200, "{name}: {}", file.text);
        assert!(!file.text.contains(NUMBER), "{name}: {}", file.text);
    }
    let metrics = world.door.get("/metrics").await.text;
    for word in [NUMBER, COMPANY, PERSON, beginning, things.batch.as_str()] {
        assert!(!metrics.contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_through_ones_own_and_their_cursors_tell_nothing() {
    for world in World::each().await {
        pages_go_through_ones_own_and_their_cursors_tell_nothing_in(&world).await;
    }
}

async fn pages_go_through_ones_own_and_their_cursors_tell_nothing_in(world: &World) {
    let other = world.strangers[2].1.as_str();
    for number in [NUMBER, OTHER, "20603274742"] {
        for key in [&world.mine, other] {
            let partner = json!({"num_document": number});
            let made = world.post(key, "/api/v1/partners", &partner).await;
            assert_eq!(made.status, 201, "{}", made.text);
            let list = json!({"rucs": [number]});
            assert_eq!(world.post(key, "/api/v1/lotes", &list).await.status, 202);
            world.get(key, &format!("/api/v1/ruc/{number}")).await;
        }
    }
    for path in [
        "/api/v1/partners",
        "/api/v1/lotes",
        "/api/v1/trabajos",
        "/api/v1/llamadas",
    ] {
        let mut seen = BTreeSet::new();
        for key in [&world.mine, other] {
            let (mut rows, mut next) = (0, String::new());
            loop {
                let page = world.get(key, &format!("{path}?limit=1{next}")).await;
                let row = &page["data"][0];
                assert!(seen.insert(row["id"].to_string()), "{path}: {row}");
                rows += 1;
                let Some(cursor) = page["next_cursor"].as_str() else {
                    break;
                };
                let sealed = cursor.len() > 60 && cursor.bytes().all(|it| it.is_ascii_hexdigit());
                assert!(sealed, "{path}: {cursor} counts the rows of all");
                next = format!("&cursor={cursor}");
            }
            assert_eq!(rows, 3, "{path}");
        }
        let plain = format!("{path}?cursor=0.5");
        let answer = world.ask(&world.mine, "GET", &plain, "").await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.text);
    }
    // The calls about one number, which is asked for in a body.
    let (path, mut seen) = ("/api/v1/llamadas/buscar", BTreeSet::new());
    for key in [&world.mine, other] {
        let again = format!("/api/v1/ruc/{NUMBER}?force_refresh=true");
        world.get(key, &again).await;
        let (mut rows, mut cursor) = (0, Value::Null);
        loop {
            let wanted = json!({"numero": NUMBER, "limit": 1, "cursor": cursor});
            let page = world.post(key, path, &wanted).await.json();
            let row = &page["data"][0];
            assert!(seen.insert(row["id"].to_string()), "{page}");
            rows += 1;
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
            assert!(cursor.as_str().unwrap().len() > 60, "{cursor}");
        }
        assert_eq!(rows, 2, "{path}");
    }
    let plain = json!({"numero": NUMBER, "cursor": "0.5"});
    let answer = world.post(&world.mine, path, &plain).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_is_ones_own_and_changes_nothing_of_others() {
    for world in World::each().await {
        what_is_made_is_ones_own_and_changes_nothing_of_others_in(&world).await;
    }
}

async fn what_is_made_is_ones_own_and_changes_nothing_of_others_in(world: &World) {
    let things = world.fill().await;
    let before = world.inventory(&things).await;
    for (name, key) in &world.strangers {
        let partner = json!({"num_document": NUMBER, "comment": name});
        let made = world.post(key, "/api/v1/partners", &partner).await;
        let expected = if *name == SIBLING { 409 } else { 201 };
        assert_eq!(made.status, expected, "{name}: {}", made.text);
        let list = json!({"rucs": [NUMBER], "update_partners": true});
        let made = world.post(key, "/api/v1/lotes", &list).await;
        assert_eq!(made.status, 202, "{name}: {}", made.text);
        if *name == SIBLING {
            // It may work on the partners that it shares with `mine`.
            let path = made.header("location");
            let cancel = format!("{path}/cancelar");
            assert_eq!(world.ask(key, "POST", &cancel, "").await.status, 200);
            continue;
        }
        let imported = world.import(key, "SUYO").await;
        assert_eq!(imported["updated"], 1, "{name}: {imported}");
        // Of the frozen endpoint, only the sandbox's side has an upstream that answers.
        let slash = [
            "/api/ruc/consultar-masivo-async/",
            "/api/ruc/consultar-masivo-async",
        ];
        for path in slash.iter().filter(|_| key.starts_with("chk_test_")) {
            let bulk = json!({"rucs": [NUMBER], "update_partners": true});
            let answer = world.post(key, path, &bulk).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        }
        // By name, somebody else's partner and nobody's come to the same.
        for id in [things.partner.as_str(), NOTHING] {
            let refresh = json!({"ids": [id]});
            let sent = world.post(key, "/api/v1/partners/actualizar", &refresh);
            let sent = sent.await;
            assert_eq!(sent.status, 404, "{name}: {}", sent.text);
            assert_eq!(sent.json()["code"], "partner_no_existe", "{name}");
        }
        if key.starts_with("chk_live_") {
            continue;
        }
        let due = world.ask(key, "POST", "/api/v1/partners/actualizar", "{}");
        assert_eq!(due.await.status, 202, "{name}");
    }
    assert_eq!(world.inventory(&things).await, before);
    // Now with somebody who works, but not on what `mine` has waiting.
    for path in [
        format!("trabajos/{}", things.job),
        format!("lotes/{}", things.batch),
    ] {
        let path = format!("/api/v1/{path}/cancelar");
        let ended = world.ask(&world.mine, "POST", &path, "").await;
        assert_eq!(ended.status, 200, "{}", ended.text);
    }
    work(&world.door.app).await;
    let path = format!("/api/v1/partners/{}", things.partner);
    assert_eq!(world.get(&world.mine, &path).await, before[0]);
    for (name, key) in &world.strangers[1..4] {
        let theirs = world.get(key, "/api/v1/partners").await;
        let theirs = theirs["data"].as_array().unwrap();
        assert_eq!(theirs.len(), 1, "{name}");
        assert_eq!(theirs[0]["comment"], *name);
        assert_eq!(theirs[0]["ref"], "SUYO", "{name}");
        assert_eq!(
            theirs[0]["apto_para_facturar"], true,
            "{name}: {}",
            theirs[0]
        );
    }
    // What each asked is on its own record.
    let calls = async |key: &str| {
        let page = world.get(key, "/api/v1/llamadas?limit=250").await;
        let who = |call: &Value| call["quien"].as_str().unwrap().to_owned();
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(who)
            .collect::<BTreeSet<_>>()
    };
    for (name, key) in &world.strangers[1..4] {
        let own = format!("llave:{}", &key["chk_test_".len()..][..12]);
        assert_eq!(calls(key).await, [own].into(), "{name}");
    }
    // What a sibling imports completes the partner that it shares.
    let imported = world.import(&world.strangers[0].1, "NUESTRO").await;
    assert_eq!(imported["updated"], 1, "{imported}");
    assert_eq!(world.get(&world.mine, &path).await["ref"], "NUESTRO");
}

/// What one application was answered under an idempotency key is no answer to another one.
#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_its_applications() {
    for world in World::each().await {
        an_idempotency_key_is_its_applications_in(&world).await;
    }
}

async fn an_idempotency_key_is_its_applications_in(world: &World) {
    let csv = format!("num_document\n{OTHER}\n");
    let (json, list) = ("application/json", "text/csv");
    for (path, kind, body) in [
        (
            "/api/v1/partners",
            json,
            format!(r#"{{"num_document":"{NUMBER}"}}"#),
        ),
        ("/api/v1/partners/actualizar", json, "{}".to_owned()),
        ("/api/v1/lotes", json, format!(r#"{{"rucs":["{NUMBER}"]}}"#)),
        ("/api/v1/partners/importar", list, csv),
    ] {
        let send = async |key: &str| world.post_once(key, path, kind, &body).await;
        let first = send(&world.mine).await;
        assert!(first.status.is_success(), "{path}: {}", first.text);
        for (name, key) in &world.strangers {
            let theirs = send(key).await;
            assert_eq!(theirs.header("idempotency-replayed"), "", "{path}, {name}");
            match (path, *name) {
                ("/api/v1/partners", SIBLING) => assert_eq!(theirs.status, 409, "{path}"),
                ("/api/v1/partners/importar", SIBLING) => {
                    assert_eq!(theirs.json()["unchanged"], 1, "{}", theirs.text);
                }
                _ => {
                    assert_eq!(
                        theirs.status, first.status,
                        "{path}, {name}: {}",
                        theirs.text
                    );
                    let place = |answer: &Answered| answer.header("location").to_owned();
                    if path == "/api/v1/partners/importar" {
                        assert_eq!(theirs.json()["created"], 1, "{name}: {}", theirs.text);
                    } else {
                        assert_ne!(place(&theirs), place(&first), "{path}, {name}");
                    }
                }
            }
        }
        let again = send(&world.mine).await;
        assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
        assert_eq!(again.text, first.text, "{path}");
    }
}

/// What works in the background works for the company of whoever handed it over.
#[tokio::test(flavor = "multi_thread")]
async fn the_worker_touches_the_partners_of_its_company() {
    for world in World::each().await {
        the_worker_touches_the_partners_of_its_company_in(&world).await;
    }
}

async fn the_worker_touches_the_partners_of_its_company_in(world: &World) {
    let keys: Vec<&str> = [&world.mine]
        .into_iter()
        .chain(world.strangers[1..4].iter().map(|(_, key)| key))
        .map(String::as_str)
        .collect();
    for key in &keys {
        for number in [NUMBER, OTHER] {
            let partner = json!({"num_document": number});
            let made = world.post(key, "/api/v1/partners", &partner).await;
            assert_eq!(made.status, 201, "{}", made.text);
        }
    }
    let checked = async |key: &str| {
        let page = world.get(key, "/api/v1/partners").await;
        let rows = page["data"].as_array().unwrap();
        let checked = rows.iter().filter(|row| !row["sunat_last_check"].is_null());
        checked.count()
    };
    // The first batch asks; those of the others find it in memory. Then both partners of each.
    let (list, all) = (
        json!({"rucs": [NUMBER], "update_partners": true}),
        json!({"cuales": "todos"}),
    );
    for (path, body, partners) in [
        ("/api/v1/lotes", &list, 1),
        ("/api/v1/partners/actualizar", &all, 2),
    ] {
        for (at, key) in keys.iter().enumerate() {
            let sent = world.post(key, path, body).await;
            assert_eq!(sent.status, 202, "{}", sent.text);
            work(&world.door.app).await;
            for (other, key) in keys.iter().enumerate() {
                let expected = if other <= at { partners } else { partners - 1 };
                assert_eq!(checked(key).await, expected, "{path}: {at}, {other}");
            }
        }
    }
}

/// To name somebody else's partner in a refresh ends as naming nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_of_somebody_elses_partner_is_one_of_nobodys() {
    let door = Door::open().await;
    let of = |ruc: &str| door.app.store().company(&ruc.parse().unwrap());
    let companies = [Company::HOUSE, of(COMPANY), of(PERSON)];
    let mut partners = Vec::new();
    for company in companies {
        let document = door.app.parse_document(None, NUMBER).unwrap();
        let made = door
            .app
            .create_partner(company, document, PartnerFields::default(), None);
        partners.push(made.await.unwrap().id);
    }
    for (mine, company) in companies.into_iter().enumerate() {
        let refresh = async |id| {
            let which = Which::These(vec![id]);
            let ask = Ask::by("prueba");
            refresh(&door.app, company, &which, &ask).await
        };
        let nobody = refresh(NOTHING.parse().unwrap()).await.unwrap_err();
        for (theirs, id) in partners.iter().enumerate() {
            match refresh(*id).await {
                Ok(refreshed) => assert_eq!((mine, refreshed.noted.written), (theirs, 1)),
                Err(error) => {
                    assert_ne!(mine, theirs);
                    assert_eq!(error.to_string(), nobody.to_string());
                }
            }
        }
    }
}
