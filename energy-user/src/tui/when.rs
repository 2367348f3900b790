//! Times as people type them, and as the screen writes them.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil, tz::TimeZone};

/// What may be typed.
pub const EXAMPLES: &str = "14:05, 14:05:30, -5m, 2026-11-24 14:05";

/// The moment that somebody means: a time of the day, the last one that is not after the
/// newest; a day and a time; or how long before the newest.
///
/// What is none of these is an error in words, with examples.
pub fn parse(text: &str, newest: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    let wrong = || format!("no such time; try {EXAMPLES}");
    let of = |time: civil::DateTime| zone.to_timestamp(time).map_err(|_| wrong());
    if let Some(ago) = text.strip_prefix('-') {
        // A number alone could be anything.
        let ago: SignedDuration = ago.trim().parse().map_err(|_| wrong())?;
        if ago.is_negative() {
            return Err(wrong());
        }
        return newest.checked_sub(ago).map_err(|_| wrong());
    }
    let time = |form| civil::Time::strptime(form, text).ok();
    if let Some(time) = ["%H:%M:%S", "%H:%M"].into_iter().find_map(time) {
        let today = zone.to_datetime(newest).date();
        let at = of(today.to_datetime(time))?;
        if at <= newest {
            return Ok(at);
        }
        return of(today.checked_sub(1.day()).map_err(|_| wrong())?.to_datetime(time));
    }
    let date = |form| civil::DateTime::strptime(form, text).ok();
    let forms = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    match forms.into_iter().find_map(date) {
        Some(date) => of(date),
        None => text.parse().map_err(|_| wrong()),
    }
}

/// A moment as a clock shows it; with the day, if it is not that of the newest.
pub fn clock(time: Timestamp, newest: Timestamp, zone: &TimeZone) -> String {
    let (time, newest) = (zone.to_datetime(time), zone.to_datetime(newest));
    let form = if time.date() == newest.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    time.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_a_moment() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let newest: Timestamp = "2026-11-24T13:10:00Z".parse().unwrap();
        for (text, moment) in [
            ("14:05", "2026-11-24T13:05:00Z"),
            (" 14:05:30 ", "2026-11-24T13:05:30Z"),
            ("9:05", "2026-11-24T08:05:00Z"),
            // It has not been 14:11 today.
            ("14:11", "2026-11-23T13:11:00Z"),
            ("14:10", "2026-11-24T13:10:00Z"),
            ("-5m", "2026-11-24T13:05:00Z"),
            ("- 90s", "2026-11-24T13:08:30Z"),
            ("-1h2m3s", "2026-11-24T12:07:57Z"),
            ("-0s", "2026-11-24T13:10:00Z"),
            ("2026-11-24 14:05", "2026-11-24T13:05:00Z"),
            ("2026-11-24 14:05:30", "2026-11-24T13:05:30Z"),
            ("2026-11-24T14:05", "2026-11-24T13:05:00Z"),
            ("2026-11-24T13:05:30Z", "2026-11-24T13:05:30Z"),
            // The clock was put back from three to two that night: the first of the two.
            ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),
        ] {
            let moment: Timestamp = moment.parse().unwrap();
            assert_eq!(parse(text, newest, &zone), Ok(moment), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_with_examples() {
        let newest: Timestamp = "2026-11-24T13:10:00Z".parse().unwrap();
        for text in [
            "",
            "-",
            "5m",
            "-5",
            "14",
            "14:5x",
            "25:00",
            "14:60",
            "yesterday",
            "2026-13-01 00:00",
            "-99999999999999h",
            "--5m",
            "2026-11-24",
            "14:05:30:10",
        ] {
            let wrong = parse(text, newest, &TimeZone::UTC).unwrap_err();
            assert!(wrong.contains("-5m"), "{text}: {wrong}");
        }
    }

    #[test]
    fn a_clock_tells_the_day_where_it_is_another() {
        let newest: Timestamp = "2026-11-24T00:10:00Z".parse().unwrap();
        let at = |ago: i64| clock(newest - ago.minutes(), newest, &TimeZone::UTC);
        assert_eq!((at(5).as_str(), at(15).as_str()), ("00:05:00", "2026-11-23 23:55:00"));
    }
}
