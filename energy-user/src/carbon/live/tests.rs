//! The four services as stubs on this machine's loopback, well-behaved and otherwise.

use std::{net::TcpListener, sync::Arc, thread};

use super::{
    client::{Client, Reply},
    config::{Config, Place, Service},
    stub::{Pages, Stub, page},
    watch::Watch,
    *,
};
use crate::{carbon::prices::Prices as _, clock};

/// A reply without headers.
pub fn reply(status: u16, body: &str) -> Reply {
    Reply { status, retry_after: None, body: body.into() }
}

fn moment() -> Timestamp {
    "2026-01-01T10:07:00Z".parse().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "as the environment answers")]
fn said(name: &str) -> Option<String> {
    Some(if name.ends_with("USER") { "reader".into() } else { "hush".to_owned() })
}

fn config(service: Service, url: &str) -> Config {
    let place = match service {
        Service::ElectricityMaps => Some(Place::Zone("FR".into())),
        Service::Neso => None,
        Service::WattTime => Some(Place::Zone("CAISO_NORTH".into())),
        Service::EnergiDataService => Some(Place::Zone("DK1".into())),
    };
    Config { service, place, zone: None, url: Some(url.into()) }
}

fn open(service: Service, url: &str, timeout: Duration) -> Box<dyn CarbonIntensity> {
    config(service, url).open(&said, timeout).unwrap().0
}

fn ask(service: Service, stub: &Stub) -> Result<Answer, Failure> {
    open(service, &stub.url, Duration::from_secs(5)).at(moment())
}

const ALL: [Service; 4] =
    [Service::ElectricityMaps, Service::Neso, Service::WattTime, Service::EnergiDataService];

/// Where each one's figure is.
fn path(service: Service) -> &'static str {
    match service {
        Service::ElectricityMaps => "/v3/carbon-intensity/latest",
        Service::Neso => "/intensity",
        Service::WattTime => "/v3/forecast",
        Service::EnergiDataService => "/dataset/CO2Emis",
    }
}

/// A reply as documented, of a moment (`2026-01-01T10:00`).
fn body(service: Service, from: &str, to: &str, figure: &str) -> String {
    match service {
        Service::ElectricityMaps => format!(
            r#"{{"zone": "FR", "carbonIntensity": {figure}, "datetime": "{from}:00.000Z",
            "updatedAt": "{from}:00.000Z", "createdAt": "{from}:00.000Z",
            "emissionFactorType": "lifecycle", "isEstimated": true,
            "estimationMethod": "TIME_SLICER_AVERAGE", "temporalGranularity": "hourly"}}"#
        ),
        Service::Neso => format!(
            r#"{{"data": [{{"from": "{from}Z", "to": "{to}Z", "intensity":
            {{"forecast": {figure}, "actual": {figure}, "index": "moderate"}}}}]}}"#
        ),
        Service::WattTime => format!(
            r#"{{"meta": {{"region": "CAISO_NORTH", "signal_type": "co2_moer", "model":
            {{"date": "2023-03-01"}}, "units": "lbs_co2_per_mwh", "generated_at": "{from}:00Z"}},
            "data": [{{"point_time": "{from}:00Z", "value": {figure}}}]}}"#
        ),
        Service::EnergiDataService => format!(
            r#"{{"records": [{{"Minutes5UTC": "{from}:00", "PriceArea": "DK1",
            "CO2Emission": {figure}}}]}}"#
        ),
    }
}

/// Any page, and a login for who wants one.
fn pages(service: Service, status: u16, body: &str) -> Pages {
    [("/login", page(200, r#"{"token": "abc"}"#)), (path(service), page(status, body))].into()
}

fn good(service: Service) -> Stub {
    let body = body(service, "2026-01-01T10:00", "2026-01-01T10:30", "100");
    Stub::new(pages(service, 200, &body))
}

#[test]
fn each_service_tells_its_figure_with_what_it_counts() {
    let expected = [
        (100.0, Scope::LifeCycle, Kind::Average, true, "11:00"),
        (100.0, Scope::Direct, Kind::Average, false, "10:30"),
        (45.359_237, Scope::Direct, Kind::Marginal, true, "10:05"),
        (100.0, Scope::Direct, Kind::Average, false, "10:05"),
    ];
    for (service, (grams, scope, kind, estimated, until)) in ALL.into_iter().zip(expected) {
        let answer = ask(service, &good(service)).unwrap();
        assert!((answer.value.0 - grams).abs() < 1e-9, "{service:?}");
        assert_eq!((answer.scope, answer.kind, answer.estimated), (scope, kind, estimated));
        assert_eq!(answer.at.to_string(), "2026-01-01T10:00:00Z");
        assert_eq!(answer.until.to_string(), format!("2026-01-01T{until}:00Z"));
    }
}

#[test]
fn what_goes_wrong_is_told_and_never_a_figure() {
    for service in ALL {
        let good = body(service, "2026-01-01T10:00", "2026-01-01T10:30", "100");
        let none = |status, body: &str| {
            let stub = Stub::new(pages(service, status, body));
            ask(service, &stub).unwrap_err()
        };
        assert!(matches!(none(401, "{}"), Failure::Refused { status: 401, .. }), "{service:?}");
        assert_eq!(none(429, "{}"), Failure::Busy(Some(Duration::from_mins(2))), "{service:?}");
        assert_eq!(none(500, &good), Failure::Status(500));
        let null = none(200, &good.replace("100", "null"));
        assert!(matches!(null, Failure::NoData(_)), "{service:?}: {null:?}");
        for bad in ["", "<html>", "[]", "{", &good[..good.len() / 2], &good.replace("100", "-1")] {
            let failure = none(200, bad);
            assert!(matches!(failure, Failure::Malformed(_)), "{service:?} {bad}: {failure:?}");
        }
        let long = " ".repeat(1024 * 1024 + 1);
        assert_eq!(none(200, &long), Failure::Malformed("its length"));
        let old = good.replace("2026-01-01", "2025-12-31");
        assert!(matches!(none(200, &old), Failure::Stale(_)), "{service:?}");
        if service != Service::Neso {
            let place = config(service, "http://127.0.0.1:9").place.unwrap().to_string();
            let other = none(200, &good.replace(&place, "ELSEWHERE"));
            assert_eq!(other, Failure::WrongZone { got: "ELSEWHERE".into(), wanted: place });
        }
    }
}

#[test]
fn a_region_of_britain_is_asked_for_by_postcode_and_no_other_is_taken() {
    let region = r#"{"data": [{"regionid": 12, "shortname": "South England", "postcode": "RG10",
        "data": [{"from": "2026-01-01T10:00Z", "to": "2026-01-01T10:30Z",
        "intensity": {"forecast": 150, "index": "moderate"}, "generationmix": []}]}]}"#;
    let stub = Stub::new([("/regional/postcode/", page(200, region))]);
    let ask = |code: &str| {
        let place = Some(Place::Zone(code.into()));
        let config = Config { place, ..config(Service::Neso, &stub.url) };
        config.open(&said, Duration::from_secs(5)).unwrap().0.at(moment())
    };
    let answer = ask("rg10").unwrap();
    assert_eq!((answer.value, answer.zone.as_str()), (GramsPerKwh(150.0), "GB RG10"));
    let wrong = ask("SW1").unwrap_err();
    assert_eq!(wrong, Failure::WrongZone { got: "RG10".into(), wanted: "SW1".into() });
    assert!(stub.asked()[0].starts_with("GET /regional/postcode/RG10 "));
}

#[test]
fn keys_go_into_their_header_and_nowhere_else() {
    let stub = good(Service::ElectricityMaps);
    ask(Service::ElectricityMaps, &stub).unwrap();
    let asked = stub.asked();
    assert!(asked[0].to_lowercase().contains("auth-token: hush"), "{asked:?}");
    let (line, _) = asked[0].split_once("\r\n").unwrap();
    assert!(line.contains("zone=FR") && line.contains("disableCallerLookup=true"), "{line}");
    assert!(!line.contains("hush"));
    // A redirect is not followed: the key would go along.
    let elsewhere = good(Service::ElectricityMaps);
    let stub = Stub::new(pages(Service::ElectricityMaps, 302, &elsewhere.url));
    assert_eq!(ask(Service::ElectricityMaps, &stub), Err(Failure::Status(302)));
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_token_is_asked_for_once_and_renewed_when_it_ends() {
    let figure = body(Service::WattTime, "2026-01-01T10:00", "", "1000");
    let stub = good(Service::WattTime);
    let mut source = open(Service::WattTime, &stub.url, Duration::from_secs(5));
    source.at(moment()).unwrap();
    source.at(moment()).unwrap();
    let logins = || stub.asked().iter().filter(|it| it.starts_with("GET /login ")).count();
    assert_eq!((logins(), stub.asked().len()), (1, 3));
    // base64 of reader:hush
    assert!(stub.asked()[0].to_lowercase().contains("authorization: basic cmvhzgvyomh1c2g="));
    assert!(stub.asked()[1].to_lowercase().contains("authorization: bearer abc"));
    // It ended early.
    let ended = vec![(401, "{}".to_owned()), (200, figure)];
    stub.pages.lock().unwrap().insert("/v3/forecast", ended);
    source.at(moment()).unwrap();
    assert_eq!((logins(), stub.asked().len()), (2, 6));
    // Its time is over.
    source.at(moment() + Duration::from_mins(26)).unwrap();
    assert_eq!(logins(), 3);
    // The account itself is refused: one question, not two.
    stub.pages.lock().unwrap().insert("/login", page(401, "{}"));
    let mut source = open(Service::WattTime, &stub.url, Duration::from_secs(5));
    let before = stub.asked().len();
    assert!(matches!(source.at(moment()), Err(Failure::Refused { status: 401, .. })));
    assert_eq!(stub.asked().len(), before + 1);
}

#[test]
fn degrees_become_a_region_once() {
    let stub = good(Service::WattTime);
    let region = r#"{"region": "CAISO_NORTH", "region_full_name": "x", "signal_type": "co2_moer"}"#;
    stub.pages.lock().unwrap().insert("/v3/region-from-loc", page(200, region));
    let place = Some(Place::Coordinates { latitude: 38.6, longitude: -121.5 });
    let config = Config { place, ..config(Service::WattTime, &stub.url) };
    let (mut source, _) = config.open(&said, Duration::from_secs(5)).unwrap();
    assert_eq!(source.at(moment()).unwrap().zone, "CAISO_NORTH");
    source.at(moment()).unwrap();
    let there = "GET /v3/region-from-loc?latitude=38.6&longitude=-121.5&signal_type=co2_moer ";
    assert_eq!(stub.asked().iter().filter(|it| it.starts_with(there)).count(), 1);
    // A region that would be another question is none.
    let evil = r#"{"region": "A&signal_type=x"}"#;
    stub.pages.lock().unwrap().insert("/v3/region-from-loc", page(200, evil));
    let place = Some(Place::Coordinates { latitude: 38.6, longitude: -121.5 });
    let config = Config { place, ..self::config(Service::WattTime, &stub.url) };
    let (mut source, _) = config.open(&said, Duration::from_secs(5)).unwrap();
    assert_eq!(source.at(moment()), Err(Failure::Malformed("region")));
}

#[test]
fn forecasts() {
    let stub = good(Service::ElectricityMaps);
    let expected = r#"{"zone": "FR", "updatedAt": "2026-01-01T10:00:00.000Z", "forecast": [
        {"carbonIntensity": 60, "datetime": "2026-01-01T11:00:00.000Z"}]}"#;
    stub.pages.lock().unwrap().insert("/v3/carbon-intensity/forecast", page(200, expected));
    let mut source = open(Service::ElectricityMaps, &stub.url, Duration::from_secs(5));
    let forecast = source.forecast(moment()).unwrap();
    let at = "2026-01-01T11:00:00Z".parse().unwrap();
    assert_eq!(forecast.points, [(at, GramsPerKwh(60.0))]);
    let stub = good(Service::Neso);
    let mut source = open(Service::Neso, &stub.url, Duration::from_secs(5));
    assert_eq!(source.forecast(moment()).unwrap().points.len(), 1);
    assert!(stub.asked()[0].starts_with("GET /intensity/2026-01-01T10:07Z/fw24h "));
    let mut none = open(Service::EnergiDataService, &stub.url, Duration::from_secs(5));
    assert_eq!(none.forecast(moment()), Err(Failure::NoForecast));
}

#[test]
fn who_hangs_or_is_not_there_is_left() {
    for service in ALL {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut source = open(service, &url, Duration::from_millis(200));
        // The kernel takes the connection, and nobody answers.
        assert_eq!(source.at(moment()), Err(Failure::Timeout), "{service:?}");
        drop(listener);
        let failure = source.at(moment()).unwrap_err();
        assert!(matches!(failure, Failure::Unreachable(_) | Failure::Timeout), "{failure:?}");
    }
}

#[test]
fn a_path_before_the_services_own_is_kept() {
    let stub = Stub::new([("/proxy/intensity", page(404, "{}"))]);
    let mut client = Client::new(&format!("{}/proxy/", stub.url), Duration::from_secs(5)).unwrap();
    assert_eq!(client.get("/intensity", &[], moment()).unwrap().status, 404);
    assert!(stub.asked()[0].starts_with("GET /proxy/intensity "));
}

fn show(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// Waits, for at most ten seconds, until a condition holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: ten seconds were not enough");
}

#[test]
fn a_watch_asks_once_for_many_intervals() {
    let now = clock::now().time;
    let (from, to) = (show(now - Duration::from_mins(10)), show(now + Duration::from_mins(20)));
    let stub = Stub::new(pages(Service::Neso, 200, &body(Service::Neso, &from, &to, "263")));
    let (source, table) =
        config(Service::Neso, &stub.url).open(&said, Duration::from_secs(5)).unwrap();
    let mut watch = Watch::start(source, table);
    watch.settle(Duration::from_secs(10));
    for _ in 0..100 {
        let grid = watch.over(now, now);
        assert_eq!((grid.value, &grid.fall_back), (GramsPerKwh(263.0), &None));
    }
    until("the forecast", || watch.foretold().is_some());
    // One for now, one for what is expected.
    assert_eq!(stub.asked().len(), 2, "{:?}", stub.asked());
}

#[test]
fn a_watch_falls_back_to_the_table_and_says_why_while_nobody_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (source, table) =
        config(Service::Neso, &url).open(&said, Duration::from_millis(300)).unwrap();
    let mut watch = Watch::start(source, table);
    let now = clock::now().time;
    let before = clock::now().monotonic;
    let grid = watch.over(now, now);
    assert!(clock::now().monotonic.saturating_sub(before) < Duration::from_millis(100));
    let britain = Intensity::zone("GB").unwrap();
    assert_eq!((grid.value, &grid.basis), (britain.value, &britain.basis));
    assert!(grid.fall_back.as_ref().unwrap().contains("has not answered yet"), "{grid:?}");
    watch.settle(Duration::from_secs(10));
    let grid = watch.over(now, now);
    assert!(grid.fall_back.as_ref().unwrap().contains("does not answer"), "{grid:?}");
    assert!(grid.label().contains("fall-back; NESO does not answer within its time"), "{grid:?}");
}

#[test]
fn the_thread_ends_with_the_watch() {
    struct Alive(#[expect(dead_code, reason = "it is counted")] Arc<()>);
    impl CarbonIntensity for Alive {
        fn title(&self) -> &'static str {
            "a stub"
        }
        fn at(&mut self, _: Timestamp) -> Result<Answer, Failure> {
            Err(Failure::Busy(None))
        }
    }
    let alive = Arc::new(());
    let watch = Watch::start(Box::new(Alive(Arc::clone(&alive))), Intensity::world());
    watch.settle(Duration::from_secs(10));
    drop(watch);
    until("the end of the thread", || Arc::strong_count(&alive) == 1);
}
