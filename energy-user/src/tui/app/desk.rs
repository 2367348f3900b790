//! What the user is in the middle of: a question, a measurement, a file to write, a zoom.

use jiff::tz::TimeZone;

use super::{
    App,
    act::{Dialog, Hands, Leaders},
    export::Draft,
    measure::{Card, Measurement},
    picker::Choice,
    setup::Setup,
    zoom::Zoom,
};

/// Everything that is begun and not ended yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    pub hands: Hands,
    /// The processes of the threads that are rows.
    pub leaders: Leaders,
    /// Where times are told as people there tell them; UTC where nobody said.
    pub zone: Option<TimeZone>,
    pub notice: Option<Notice>,
    /// How many notices there were.
    pub notices: u64,
    pub dialog: Option<Dialog>,
    pub draft: Option<Draft>,
    pub measurement: Option<Measurement>,
    pub card: Option<Card>,
    /// The list of users, while one is picked: it holds still.
    pub users: Vec<Choice>,
    pub zoom: Option<Zoom>,
    pub setup: Setup,
}

/// What came of something, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What came of it.
    pub words: String,
    /// It did not go as was wished.
    pub bad: bool,
}

impl App {
    /// The same, knowing whether it may act on processes.
    pub fn with_hands(mut self, hands: Hands) -> Self {
        self.desk.hands = hands;
        self
    }

    /// The same, telling times as in this zone.
    pub fn with_zone(mut self, zone: TimeZone) -> Self {
        self.desk.zone = Some(zone);
        self
    }

    /// The zone in which times are told.
    pub(super) fn zone(&self) -> TimeZone {
        self.desk.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// Tells what came of something, until [`hush`](Self::hush).
    pub fn notify(&mut self, words: impl Into<String>, bad: bool) {
        self.desk.notice = Some(Notice { words: words.into(), bad });
        self.desk.notices += 1;
    }

    /// It has been told for long enough.
    pub fn hush(&mut self) {
        self.desk.notice = None;
    }

    /// The number of the notice that is being told: what is told again is another.
    pub fn notice_number(&self) -> Option<u64> {
        self.desk.notice.as_ref().map(|_| self.desk.notices)
    }

    /// What is being told.
    pub fn notice(&self) -> Option<&Notice> {
        self.desk.notice.as_ref()
    }
}
