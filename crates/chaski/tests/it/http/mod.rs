//! The HTTP door, in the process: requests go to the router, answers come from the sandbox.

mod connections;
mod lists;
mod lotes;
mod migo;
mod original;
mod partners;
mod routes;
mod scopes;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use chaski::app::keys::{NewKey, Scope, Scopes};
use chaski::app::{App, Wish};
use chaski::config::{Layers, Surroundings};
use chaski::http::{Gateway, Side, router};
use chaski_client::Clock;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::Value;
use tower::ServiceExt;

/// A gateway over a folder of its own.
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    gateway: Arc<Gateway>,
    router: Router,
    _folder: tempfile::TempDir,
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
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings {
            variables: [("CHASKI_DIR".to_owned(), folder.path().display().to_string())].into(),
            here: folder.path().to_owned(),
        };
        let config = Layers::read(&around, None, &[]).unwrap().config().unwrap();
        let app = App::open(config, Wish::Sandbox, Clock::system())
            .await
            .unwrap();
        let app = Arc::new(app);
        let side = Side::open(Arc::clone(&app)).await.unwrap();
        let gateway = Arc::new(Gateway::new(side, None));
        Door {
            router: router(Arc::clone(&gateway)),
            gateway,
            app,
            _folder: folder,
        }
    }

    /// A new key, known to the door.
    pub(crate) async fn key(&self, scopes: &[Scope], per_minute: u32, per_day: u32) -> String {
        let new = NewKey {
            name: "prueba".into(),
            scopes: scopes.iter().copied().collect::<Scopes>(),
            per_minute,
            per_day,
            lasts: None,
        };
        let (_, text) = self.app.create_key(new).await.unwrap();
        self.gateway.reload_keys().await;
        text.expose_secret().to_owned()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let answer: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
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
