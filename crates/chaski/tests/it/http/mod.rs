//! The HTTP door, in the process: requests go to the router, answers come from the sandbox.

mod connections;
mod description;
mod generar;
mod issued;
mod issued_bad_days;
mod keys;
mod listed;
mod lists;
mod lotes;
mod migo;
mod migo_same;
mod nubefact;
mod once;
mod original;
mod owners;
mod partners;
mod routes;
mod scopes;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use chaski::app::keys::{NewKey, Scope, Scopes};
use chaski::app::{App, WantedMode};
use chaski::config::{Layers, Surroundings};
use chaski::http::{Gateway, Side};
use chaski_client::Clock;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::Value;

/// A problem's status is one that the description of every operation of `/api/v1` names; a wrong
/// method is of no operation.
fn assert_described(status: StatusCode) {
    static DESCRIBED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let document = chaski::http::openapi(chaski_core::Lang::En);
        let paths = document["paths"].as_object().unwrap().iter();
        let operations = paths
            .filter(|(path, _)| path.starts_with("/api/v1/"))
            .flat_map(|(_, methods)| methods.as_object().unwrap().values());
        operations
            .map(|operation| operation["responses"].as_object().unwrap().keys().cloned())
            .map(BTreeSet::from_iter)
            .reduce(|some, others| &some & &others)
            .unwrap()
    });
    let described = status == 405 || DESCRIBED.contains(status.as_str());
    assert!(
        described,
        "{status} is not in the description: {DESCRIBED:?}"
    );
}

/// A gateway over a folder of its own.
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    gateway: Arc<Gateway>,
    pub(crate) entry: Arc<chaski::http::Door>,
    both: bool,
    database: Option<String>,
    settings: Vec<(&'static str, String)>,
    folder: tempfile::TempDir,
}

/// What a request came to.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }
}

impl Door {
    pub(crate) async fn open() -> Door {
        Door::open_sides(false).await
    }

    /// The same with a real side, whose upstream is a port where nobody listens.
    pub(crate) async fn open_both() -> Door {
        Door::open_sides(true).await
    }

    pub(crate) async fn open_sides(both: bool) -> Door {
        Door::open_on(None, both).await
    }

    /// The same with its data in that database of a server, if there is one.
    pub(crate) async fn open_on(database: Option<String>, both: bool) -> Door {
        Door::open_with(database, both, Vec::new()).await
    }

    /// The same with settings, as variables of the environment.
    pub(crate) async fn open_with(
        database: Option<String>,
        both: bool,
        settings: Vec<(&'static str, String)>,
    ) -> Door {
        Door::open_in(tempfile::tempdir().unwrap(), database, both, settings).await
    }

    /// The same folder opened again, as after a restart.
    pub(crate) async fn restarted(self) -> Door {
        for side in self.gateway.sides() {
            side.app.close().await.unwrap();
        }
        Door::open_in(self.folder, self.database, self.both, self.settings).await
    }

    /// The rooms of the real side.
    pub(crate) fn real(&self) -> &App {
        &self.gateway.sides().nth(1).unwrap().app
    }

    async fn open_in(
        folder: tempfile::TempDir,
        database: Option<String>,
        both: bool,
        settings: Vec<(&'static str, String)>,
    ) -> Door {
        let mut variables = vec![("CHASKI_DIR", folder.path().display().to_string())];
        variables.extend(settings.clone());
        if let Some(url) = &database {
            variables.push(("CHASKI_DATABASE_URL", url.clone()));
        }
        if both {
            variables.push(("CHASKI_MIGO_TOKEN", "prueba".to_owned()));
            variables.push(("CHASKI_MIGO_BASE_URL", "http://127.0.0.1:9/api".to_owned()));
            variables.push(("CHASKI_MIGO_MAX_ATTEMPTS", "1".to_owned()));
        }
        let variables = variables.into_iter();
        let around = Surroundings {
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            here: folder.path().to_owned(),
        };
        let config = Layers::read(&around, None, &[]).unwrap().config().unwrap();
        let open = async |wish| {
            let app = App::open(config.clone(), wish, Clock::system());
            Arc::new(app.await.unwrap())
        };
        let app = open(WantedMode::Sandbox).await;
        let side = Side::open(Arc::clone(&app)).await.unwrap();
        let real = if both {
            Some(Side::open(open(WantedMode::Real).await).await.unwrap())
        } else {
            None
        };
        let gateway = Arc::new(Gateway::new(side, real));
        Door {
            entry: chaski::http::Door::new(Arc::clone(&gateway)),
            gateway,
            app,
            both,
            database,
            settings,
            folder,
        }
    }

    /// A new key, known to the door.
    pub(crate) async fn key(&self, scopes: &[Scope], per_minute: u32, per_day: u32) -> String {
        let new = NewKey {
            name: "prueba".into(),
            company: None,
            scopes: scopes.iter().copied().collect::<Scopes>(),
            per_minute,
            per_day,
            lasts: None,
        };
        self.made(&self.app, new).await
    }

    /// A new key of a company that may do everything, of the side with those rooms.
    pub(crate) async fn key_of(&self, app: &App, company: Option<&str>) -> String {
        let new = NewKey {
            name: "prueba".into(),
            company: company.map(|ruc| ruc.parse().unwrap()),
            scopes: Scopes::all(),
            per_minute: 0,
            per_day: 0,
            lasts: None,
        };
        self.made(app, new).await
    }

    /// A new key that is bound to series.
    pub(crate) async fn key_of_series(&self, company: Option<&str>, series: &str) -> String {
        let new = NewKey {
            name: "prueba".into(),
            company: company.map(|ruc| ruc.parse().unwrap()),
            scopes: Scopes::all(),
            per_minute: 0,
            per_day: 0,
            lasts: None,
        };
        let series = [series.to_owned()];
        let made = self.app.create_key_of_series(new, &series).await;
        let (_, text) = made.unwrap();
        self.gateway.reload_keys().await;
        text.expose_secret().to_owned()
    }

    async fn made(&self, app: &App, new: NewKey) -> String {
        let (_, text) = app.create_key(new).await.unwrap();
        self.gateway.reload_keys().await;
        text.expose_secret().to_owned()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let answer: Response<Body> = self.entry.answer(request).await;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        if head
            .headers
            .get("content-type")
            .is_some_and(|it| it == "application/problem+json")
        {
            assert_described(head.status);
        }
        Answered {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.ask(Method::GET, path, None, "").await
    }

    /// A request with a key and a JSON body, both only if given.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &str,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        if !body.is_empty() {
            request = request.header("Content-Type", "application/json");
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }
}
