//! A service on this machine's loopback that answers from a table, for tests.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// The beginning of a path, and the answers to it: the last one stays.
pub type Pages = BTreeMap<&'static str, Vec<(u16, String)>>;

/// Answers until the test ends; what it was asked.
pub struct Stub {
    pub url: String,
    pub asked: Arc<Mutex<Vec<String>>>,
    pub pages: Arc<Mutex<Pages>>,
}

impl Stub {
    pub fn new(pages: impl Into<Pages>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let pages = Arc::new(Mutex::new(pages.into()));
        let stub = Self { url, asked: Arc::clone(&asked), pages: Arc::clone(&pages) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&mut stream.unwrap(), &asked, &pages);
            }
        });
        stub
    }

    /// The questions so far, each the head of a request.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One answer that stays.
pub fn page(status: u16, body: &str) -> Vec<(u16, String)> {
    vec![(status, body.to_owned())]
}

fn answer(stream: &mut TcpStream, asked: &Mutex<Vec<String>>, pages: &Mutex<Pages>) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_string();
    let (status, body) = {
        let mut pages = pages.lock().unwrap();
        let found = pages.iter_mut().rev().find(|(start, _)| path.starts_with(**start));
        match found {
            None => (404, "{}".to_owned()),
            Some((_, answers)) if answers.len() > 1 => answers.remove(0),
            Some((_, answers)) => answers[0].clone(),
        }
    };
    asked.lock().unwrap().push(request);
    let more = match status {
        429 => "Retry-After: 120\r\n".to_owned(),
        302 => format!("Location: {body}\r\n"),
        _ => String::new(),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{more}Content-Length: {length}\r\n");
    let _ = write!(stream, "{head}Connection: close\r\n\r\n{body}");
}
