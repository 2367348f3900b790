//! A controller on this machine's loopback, well-behaved and otherwise.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use rustls::pki_types::PrivatePkcs8KeyDer;

use super::{
    client::{Client, Error},
    *,
};
use crate::{clock, sample::Reading, units::Watts};

/// A path's status and body.
type Pages = BTreeMap<&'static str, (u16, String)>;

/// A controller that answers from a table until the test ends; what it was asked.
struct Stub {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    pages: Arc<Mutex<Pages>>,
}

impl Stub {
    fn new(pages: Pages) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let pages = Arc::new(Mutex::new(pages));
        let stub = Self { url, asked: Arc::clone(&asked), pages: Arc::clone(&pages) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&mut stream.unwrap(), &asked, &pages);
            }
        });
        stub
    }

    fn client(&self) -> Client {
        Client::new(&config(&self.url), Duration::from_secs(5)).unwrap()
    }
}

fn answer(
    stream: &mut (impl io::Read + io::Write),
    asked: &Mutex<Vec<String>>,
    pages: &Mutex<Pages>,
) {
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
    let known = pages.lock().unwrap().get(path.as_str()).cloned();
    asked.lock().unwrap().push(request);
    let (status, body) = known.unwrap_or((404, "{}".into()));
    let location = if status == 308 { format!("Location: {body}\r\n") } else { String::new() };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{location}Content-Length: {length}\r\n");
    let _ = write!(stream, "{head}Connection: close\r\n\r\n{body}");
}

fn config(url: &str) -> Redfish {
    Redfish {
        url: url.into(),
        user: "reader".into(),
        password: Secret::new("hush".into()),
        insecure_tls: false,
    }
}

const ONE: &str = r#"{"Members": [{"@odata.id": "/redfish/v1/Chassis/1"}]}"#;

fn power(watts: u32) -> String {
    format!(r#"{{"PowerControl": [{{"PowerConsumedWatts": {watts}}}]}}"#)
}

fn server() -> Pages {
    [("/redfish/v1/Chassis", (200, ONE.into())), ("/redfish/v1/Chassis/1/Power", (200, power(300)))]
        .into()
}

#[test]
fn a_server_tells_its_power_and_is_asked_once_where_it_stands() {
    let stub = Stub::new(server());
    let mut client = stub.client();
    assert_eq!(client.power().unwrap(), Watts(300.0));
    assert_eq!(client.power().unwrap(), Watts(300.0));
    let asked = stub.asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    // base64 of reader:hush
    let proof = "authorization: basic cmvhzgvyomh1c2g=";
    assert!(asked.iter().all(|request| request.to_lowercase().contains(proof)), "{asked:?}");
}

#[test]
fn of_several_chassis_the_one_that_contains_the_others() {
    let three = r#"{"Members": [{"@odata.id": "/redfish/v1/Chassis/gpu"},
        {"@odata.id": "/redfish/v1/Chassis/all"}, {"@odata.id": "/redfish/v1/Chassis/fan"}]}"#;
    let metrics = |watts| format!(r#"{{"PowerWatts": {{"Reading": {watts}}}}}"#);
    let stub = Stub::new(Pages::from([
        ("/redfish/v1/Chassis", (200, three.into())),
        ("/redfish/v1/Chassis/gpu/EnvironmentMetrics", (200, metrics(700.5))),
        ("/redfish/v1/Chassis/all/EnvironmentMetrics", (200, metrics(1900.25))),
        ("/redfish/v1/Chassis/fan/Power", (500, "oops".into())),
    ]));
    assert_eq!(stub.client().power().unwrap(), Watts(1900.25));
}

#[test]
fn a_figure_that_moves_is_found_again() {
    let stub = Stub::new(server());
    let mut client = stub.client();
    client.power().unwrap();
    let metrics = r#"{"PowerWatts": {"Reading": 5.5}}"#;
    let mut pages = stub.pages.lock().unwrap();
    pages.remove("/redfish/v1/Chassis/1/Power");
    pages.insert("/redfish/v1/Chassis/1/EnvironmentMetrics", (200, metrics.into()));
    drop(pages);
    assert_eq!(client.power().unwrap(), Watts(5.5));
}

#[test]
fn a_redirect_to_a_slash_is_followed_and_one_in_circles_is_not() {
    let mut pages = server();
    pages.insert("/redfish/v1/Chassis", (308, "/redfish/v1/Chassis/".into()));
    pages.insert("/redfish/v1/Chassis/", (200, ONE.into()));
    let stub = Stub::new(pages);
    assert_eq!(stub.client().power().unwrap(), Watts(300.0));
    // On the same host the proof of who asks goes along.
    let asked = stub.asked.lock().unwrap();
    assert!(asked.iter().all(|request| request.to_lowercase().contains("authorization")));
    let mut pages = server();
    pages.insert("/redfish/v1/Chassis", (308, "/redfish/v1/Chassis".into()));
    let stub = Stub::new(pages);
    assert!(matches!(stub.client().power(), Err(Error::Transport { .. })));
    assert!(stub.asked.lock().unwrap().len() <= 4);
}

#[test]
fn a_redirect_elsewhere_goes_without_the_password() {
    let elsewhere = Stub::new(server());
    let other = elsewhere.url.replace("127.0.0.1", "localhost") + "/redfish/v1/Chassis";
    let mut pages = server();
    pages.insert("/redfish/v1/Chassis", (308, other));
    let _ = Stub::new(pages).client().power();
    let asked = elsewhere.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].to_lowercase().contains("authorization"), "{asked:?}");
}

#[test]
fn what_goes_wrong_is_told_with_the_remedy_and_without_the_password() {
    let null = r#"{"PowerControl": [{"PowerConsumedWatts": null}]}"#;
    let cases = [
        ("/redfish/v1/Chassis", 401, "{}".to_string(), "check user, password"),
        ("/redfish/v1/Chassis/1/Power", 403, "{}".to_string(), "check user, password"),
        ("/redfish/v1/Chassis", 404, "{}".to_string(), "status 404"),
        ("/redfish/v1/Chassis", 200, "<html>".to_string(), "no JSON"),
        ("/redfish/v1/Chassis", 200, "{}".to_string(), "no chassis"),
        ("/redfish/v1/Chassis/1/Power", 200, null.to_string(), "no chassis"),
        ("/redfish/v1/Chassis/1/Power", 200, "[]".to_string(), "no chassis"),
        ("/redfish/v1/Chassis/1/Power", 200, " ".repeat(1024 * 1024 + 1), "limit"),
    ];
    for (path, status, body, expected) in cases {
        let mut pages = server();
        pages.insert(path, (status, body));
        let error = Stub::new(pages).client().power().unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains("hush") && !error.contains("cmVhZGVy"), "{error}");
    }
}

#[test]
fn a_figure_that_pauses_is_silent_and_not_sought_elsewhere() {
    let stub = Stub::new(server());
    let mut client = stub.client();
    client.power().unwrap();
    let null = r#"{"PowerControl": [{"PowerConsumedWatts": null}]}"#;
    stub.pages.lock().unwrap().insert("/redfish/v1/Chassis/1/Power", (200, null.into()));
    assert!(matches!(client.power(), Err(Error::Silent(_))));
}

#[test]
fn who_hangs_or_is_not_there_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut client = Client::new(&config(&url), Duration::from_millis(200)).unwrap();
    // The kernel takes the connection, and nobody answers.
    assert!(matches!(client.power(), Err(Error::Timeout(_))));
    drop(listener);
    assert!(matches!(client.power(), Err(Error::Transport { .. } | Error::Timeout(_))));
}

#[test]
fn plain_text_in_place_of_tls_is_an_error() {
    let stub = Stub::new(server());
    let url = stub.url.replace("http:", "https:");
    for insecure_tls in [false, true] {
        let config = Redfish { insecure_tls, ..config(&url) };
        let mut client = Client::new(&config, Duration::from_secs(1)).unwrap();
        let error = client.power().unwrap_err();
        let told = matches!(
            error,
            Error::Certificate { .. } | Error::Transport { .. } | Error::Timeout(_)
        );
        assert!(told, "{error}");
    }
}

/// A controller with a certificate of its own making.
fn self_signed() -> String {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_string()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(tls, stream.unwrap());
            answer(&mut stream, &Mutex::new(Vec::new()), &Mutex::new(server()));
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    url
}

#[test]
fn a_certificate_of_its_own_making_is_taken_only_if_told_to() {
    let url = self_signed();
    let power = |insecure_tls| {
        let config = Redfish { insecure_tls, ..config(&url) };
        Client::new(&config, Duration::from_secs(5)).unwrap().power()
    };
    let error = power(false).unwrap_err();
    assert!(matches!(error, Error::Certificate { .. }), "{error:?}");
    assert!(error.to_string().contains("--redfish-insecure"), "{error}");
    assert_eq!(power(true).unwrap(), Watts(300.0));
}

#[test]
fn the_instrument_tells_energy_in_the_background() {
    let stub = Stub::new(server());
    let every = Duration::from_millis(5);
    let pace = Pace { every, most: every, stale: Duration::from_mins(1) };
    let mut polled = start(config(&stub.url), pace, Duration::from_secs(5));
    let facts = polled.facts();
    assert_eq!((facts.id.as_str(), facts.route), ("redfish", Route::Redfish));
    for _ in 0..1000 {
        thread::sleep(Duration::from_millis(10));
        if let Reading::Counter { microjoules: 1.., .. } = polled.read(clock::now().monotonic) {
            return;
        }
    }
    panic!("no energy in ten seconds");
}

#[test]
fn a_wrong_address_is_an_absent_instrument() {
    let mut all = find(config("http://bmc.example"));
    for _ in 0..1000 {
        thread::sleep(Duration::from_millis(10));
        let reading = all[0].read(clock::now().monotonic);
        if matches!(&reading, Reading::Absent(why) if why.contains("write https://")) {
            return;
        }
    }
    panic!("no reason in ten seconds");
}

#[test]
fn the_password_is_never_shown() {
    let shown = format!("{:?}", config("https://bmc.example"));
    assert!(shown.contains("reader") && !shown.contains("hush"), "{shown}");
}
