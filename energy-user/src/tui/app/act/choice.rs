//! What there is to choose from: signals, nice values, I/O classes.

use nix::sys::signal::Signal;

/// What shall be done to processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Send a signal.
    Signal(Signal),
    /// Make it give way to others more, or less.
    Nice {
        /// Added to its nice value.
        by: i8,
    },
    /// Change when its disk accesses are served.
    Io(Io),
}

/// When disk accesses are served (`ioprio_set(2)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Io {
    /// When nobody else has any.
    Idle,
    /// In turn, from 0, the first, to 7, the last.
    BestEffort(u8),
}

impl Order {
    /// The question's beginning.
    pub(super) fn begins(self) -> String {
        match self {
            Self::Signal(signal) => format!("send {} to", signal.as_str()),
            Self::Nice { by } if by < 0 => format!("nice {by}, so less nice:"),
            Self::Nice { by } => format!("nice +{by}, so nicer:"),
            Self::Io(io) => format!("ionice {}:", io.words()),
        }
    }
}

impl Io {
    /// As people say it.
    pub fn words(self) -> String {
        match self {
            Self::Idle => "idle".into(),
            Self::BestEffort(level) => format!("best-effort {level}"),
        }
    }
}

/// The signals of the list, and what they do unless a program says otherwise (`signal(7)`).
const SIGNALS: [(Signal, &str); 9] = [
    (Signal::SIGTERM, "asks it to end"),
    (Signal::SIGKILL, "ends it; it cannot tidy up"),
    (Signal::SIGINT, "as Ctrl-C"),
    (Signal::SIGHUP, "its terminal is gone; often: read the configuration again"),
    (Signal::SIGQUIT, "ends it with a core dump"),
    (Signal::SIGSTOP, "stops it until CONT"),
    (Signal::SIGCONT, "lets it go on"),
    (Signal::SIGUSR1, "what the program makes of it"),
    (Signal::SIGUSR2, "what the program makes of it"),
];
/// The levels of best effort.
const LEVELS: usize = 8;
/// Where a process is that nobody has moved.
const USUAL_LEVEL: usize = 4;
/// No nice value is further from another.
const FURTHEST: isize = 39;

/// A list, and what is chosen of it.
#[derive(Clone, Debug)]
pub(super) enum Choices {
    Signals(List),
    Nice(i8),
    Io(List),
}

/// A place in a list, or a text in its stead.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    at: usize,
    typed: String,
}

impl Choices {
    pub fn signals() -> Self {
        Self::Signals(List::default())
    }

    pub fn nice(by: i8) -> Self {
        Self::Nice(by)
    }

    pub fn io() -> Self {
        Self::Io(List { at: USUAL_LEVEL, ..List::default() })
    }

    pub fn is_nice(&self) -> bool {
        matches!(self, Self::Nice(_))
    }

    pub fn noun(&self) -> &'static str {
        match self {
            Self::Signals(_) => "signal",
            Self::Nice(_) => "nice value",
            Self::Io(_) => "I/O class",
        }
    }

    pub fn typed(&self) -> &str {
        match self {
            Self::Signals(list) | Self::Io(list) => &list.typed,
            Self::Nice(_) => "",
        }
    }

    /// What is chosen; none where what was typed is nothing of the kind.
    pub fn order(&self) -> Option<Order> {
        match self {
            Self::Signals(list) => signal(list).map(Order::Signal),
            Self::Nice(by) => Some(Order::Nice { by: *by }),
            Self::Io(list) => io(list).map(Order::Io),
        }
    }

    pub fn step(&mut self, by: isize) {
        let (list, length) = match self {
            Self::Signals(list) => (list, SIGNALS.len()),
            Self::Io(list) => (list, LEVELS + 1),
            Self::Nice(sum) => {
                // Nothing would be no order: zero is stepped over.
                let next = isize::from(*sum).saturating_add(by).clamp(-FURTHEST, FURTHEST);
                *sum = if next == 0 { by.signum() as i8 } else { next as i8 };
                return;
            }
        };
        list.typed.clear();
        list.at = list.at.saturating_add_signed(by).min(length - 1);
    }

    /// Chooses a line of the list.
    pub fn go_to(&mut self, line: usize) {
        if let Self::Signals(list) | Self::Io(list) = self {
            let by = line.cast_signed().saturating_sub(list.at.cast_signed());
            self.step(by);
        }
    }

    pub fn type_in(&mut self, letter: Option<char>, longest: usize) {
        let (Self::Signals(list) | Self::Io(list)) = self else { return };
        match letter {
            None => {
                list.typed.pop();
            }
            Some(letter) if letter.is_ascii_graphic() && list.typed.len() < longest => {
                list.typed.push(letter);
            }
            Some(_) => {}
        }
        // The list follows what is typed.
        let chosen = match self.order() {
            Some(Order::Signal(signal)) => SIGNALS.iter().position(|(one, _)| *one == signal),
            Some(Order::Io(Io::BestEffort(level))) => Some(level.into()),
            Some(Order::Io(Io::Idle)) => Some(LEVELS),
            _ => None,
        };
        if let (Self::Signals(list) | Self::Io(list), Some(at)) = (self, chosen) {
            list.at = at;
        }
    }

    pub fn list(&self) -> (Vec<String>, Option<usize>) {
        let place = |list: &List, known: bool| known.then_some(list.at);
        match self {
            Self::Signals(list) => {
                let lines = SIGNALS.iter().map(|(signal, words)| {
                    format!("{:>2} {:<5} {words}", *signal as i32, short(*signal))
                });
                let listed = signal(list).is_some_and(|one| one == SIGNALS[list.at].0);
                (lines.collect(), place(list, listed))
            }
            Self::Io(list) => {
                let mut lines: Vec<String> = (0..LEVELS as u8)
                    .map(|level| {
                        let note = match level {
                            0 => ", the first",
                            7 => ", the last",
                            _ => "",
                        };
                        format!("{}{note}", Io::BestEffort(level).words())
                    })
                    .collect();
                lines.push("idle, when nobody else wants the disk".into());
                (lines, place(list, io(list).is_some()))
            }
            Self::Nice(by) => {
                let words = if *by > 0 {
                    "it gives way to others"
                } else {
                    "others give way to it; only root may do so"
                };
                (vec![format!("nice {by:+}  {words}")], Some(0))
            }
        }
    }
}

fn short(signal: Signal) -> &'static str {
    signal.as_str().trim_start_matches("SIG")
}

/// By its number, its name or how that begins.
fn signal(list: &List) -> Option<Signal> {
    if list.typed.is_empty() {
        return SIGNALS.get(list.at).map(|(signal, _)| *signal);
    }
    if let Ok(number) = list.typed.parse::<i32>() {
        return Signal::try_from(number).ok();
    }
    let typed = list.typed.to_ascii_uppercase();
    let name = typed.trim_start_matches("SIG");
    let exact = Signal::iterator().find(|signal| short(*signal) == name);
    let begins = || SIGNALS.iter().map(|(one, _)| *one).find(|one| short(*one).starts_with(name));
    exact.or_else(|| begins().filter(|_| !name.is_empty()))
}

fn io(list: &List) -> Option<Io> {
    let at = |place: usize| match place {
        LEVELS => Io::Idle,
        level => Io::BestEffort(level as u8),
    };
    match list.typed.as_str() {
        "" => Some(at(list.at)),
        typed if "idle".starts_with(&typed.to_ascii_lowercase()) => Some(Io::Idle),
        typed => typed.parse().ok().filter(|level| *level < LEVELS).map(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(mut choices: Choices, text: &str) -> Option<Order> {
        for letter in text.chars() {
            choices.type_in(Some(letter), 12);
        }
        choices.order()
    }

    #[test]
    fn a_signal_is_typed_as_number_name_or_beginning() {
        let signal = |text| match typed(Choices::signals(), text) {
            Some(Order::Signal(signal)) => Some(signal),
            _ => None,
        };
        assert_eq!(signal(""), Some(Signal::SIGTERM));
        for (text, expected) in [
            ("9", Signal::SIGKILL),
            ("kill", Signal::SIGKILL),
            ("SIGusr2", Signal::SIGUSR2),
            ("k", Signal::SIGKILL),
            ("st", Signal::SIGSTOP),
            ("winch", Signal::SIGWINCH),
            ("28", Signal::SIGWINCH),
            // No signal has a space in its name: none is typed.
            ("9 ", Signal::SIGKILL),
        ] {
            assert_eq!(signal(text), Some(expected), "{text}");
        }
        for wrong in ["0", "-9", "99", "x", "sig", "killl"] {
            assert_eq!(signal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_order_of_niceness_is_nothing_or_beyond_what_there_is() {
        let mut choices = Choices::nice(1);
        choices.step(-1);
        assert_eq!(choices.order(), Some(Order::Nice { by: -1 }));
        choices.step(1);
        assert_eq!(choices.order(), Some(Order::Nice { by: 1 }));
        choices.step(isize::MAX);
        assert_eq!(choices.order(), Some(Order::Nice { by: 39 }));
        choices.step(isize::MIN);
        assert_eq!(choices.order(), Some(Order::Nice { by: -39 }));
    }

    #[test]
    fn an_io_class_is_a_level_or_idle() {
        let io = |text| typed(Choices::io(), text);
        assert_eq!(io(""), Some(Order::Io(Io::BestEffort(4))));
        assert_eq!(io("7"), Some(Order::Io(Io::BestEffort(7))));
        assert_eq!(io("idle"), Some(Order::Io(Io::Idle)));
        assert_eq!((io("8"), io("realtime")), (None, None));
    }
}
