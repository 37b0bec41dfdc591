//! An upstream on a port of this machine that says what it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What it says.
#[derive(Clone)]
pub(super) enum Mood {
    /// Every number is a taxpayer.
    Healthy,
    /// The same to whatever is asked; `ASKED` in it stands for the number.
    Says(u16, String),
    /// Each item of a collection is this, and so is the answer about one number.
    Items(u16, String),
}

#[derive(Clone)]
pub(super) struct Upstream {
    port: u16,
    state: Arc<Mutex<(Mood, usize)>>,
}

impl Upstream {
    pub(super) fn new() -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Upstream {
            port: listener.local_addr().unwrap().port(),
            state: Arc::new(Mutex::new((Mood::Healthy, 0))),
        };
        let served = upstream.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, served) = (stream.unwrap(), served.clone());
                // A client that goes away ends its connection and nothing else.
                thread::spawn(move || drop(served.serve(&stream)));
            }
        });
        upstream
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    pub(super) fn set(&self, mood: Mood) {
        *self.state.lock().unwrap() = (mood, 0);
    }

    /// Calls since its mood was set.
    pub(super) fn calls(&self) -> usize {
        self.state.lock().unwrap().1
    }

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        loop {
            let mut length = 0;
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            loop {
                line.clear();
                reader.read_line(&mut line)?;
                let head = line.trim().to_ascii_lowercase();
                if let Some(value) = head.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if head.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let (status, answer) = self.answer(&body);
            write!(
                writer,
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
                answer.len()
            )?;
        }
    }

    fn answer(&self, body: &[u8]) -> (u16, String) {
        let mood = {
            let mut state = self.state.lock().unwrap();
            state.1 += 1;
            state.0.clone()
        };
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let one = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match (mood, &asked["ruc"]) {
            (Mood::Healthy, Value::Array(many)) => {
                let items: Vec<_> = many.iter().map(|it| taxpayer(&one(it))).collect();
                (200, Value::from(items).to_string())
            }
            (Mood::Healthy, number) => (200, taxpayer(&one(number)).to_string()),
            (Mood::Items(_, item), Value::Array(many)) => {
                let items = many.iter().map(|it| item.replace("ASKED", &one(it)));
                (200, format!("[{}]", items.collect::<Vec<_>>().join(",")))
            }
            (Mood::Says(status, body) | Mood::Items(status, body), number) => {
                (status, body.replace("ASKED", &one(number)))
            }
        }
    }
}

fn taxpayer(ruc: &str) -> Value {
    json!({
        "success": true,
        "ruc": ruc,
        "nombre_o_razon_social": format!("EMPRESA {ruc}"),
        "estado_del_contribuyente": "ACTIVO",
        "condicion_de_domicilio": "HABIDO",
        "ubigeo": "150101",
        "direccion": "AV. DE PRUEBA 1 - LIMA LIMA LIMA",
    })
}
