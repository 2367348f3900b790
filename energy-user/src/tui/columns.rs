//! Which columns the table has, in which order and how wide: the user's choice, or the screen's.
//!
//! A choice holds as it was made where there is room. Where there is not, its columns go in the
//! order in which the screen gives up its own, so that what is left is always the same.

use super::column::{Column, Stage};

/// The widths that can be asked for, in words.
pub const WIDTHS: &str = "3 to 400";

/// Reads a width.
pub fn width(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|cells| plain && (NARROWEST..=WIDEST).contains(cells))
}

const NARROWEST: u16 = 3;
const WIDEST: u16 = 400;

/// The columns that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// From left to right; none: those that the screen chooses.
    chosen: Vec<Column>,
    /// Those that are not as wide as usual.
    widths: Vec<(Column, u16)>,
}

impl Columns {
    /// Columns as a configuration names them: `name` or `name:30`. What is no column is left out:
    /// whoever reads a configuration has refused it.
    pub fn of(names: &[String]) -> Self {
        let mut columns = Self::default();
        for name in names {
            let (name, cells) = name.split_once(':').unwrap_or((name, ""));
            let Some(column) = Column::named(name) else { continue };
            columns.chosen.push(column);
            if let Some(cells) = width(cells) {
                columns.widths.push((column, cells));
            }
        }
        columns
    }

    /// Those that were chosen, from left to right; none: the screen chooses.
    pub fn chosen(&self) -> &[Column] {
        &self.chosen
    }

    /// Chooses these; a column that had a width keeps it.
    pub fn choose(&mut self, columns: Vec<Column>) {
        self.chosen = columns;
    }

    /// The choice as a configuration names it.
    pub fn names(&self) -> Vec<String> {
        let name = |column: &Column| match self.width(*column) {
            Some(cells) => format!("{}:{cells}", column.name()),
            None => column.name().into(),
        };
        self.chosen.iter().map(name).collect()
    }

    /// The width that was asked for.
    fn width(&self, column: Column) -> Option<u16> {
        self.widths.iter().find(|(one, _)| *one == column).map(|(_, cells)| *cells)
    }

    /// The columns that fit, from left to right, with their cells; one cell is between two. The
    /// name has what is left, unless a width was asked for.
    pub fn fitting(&self, room: u16, stage: Stage) -> Vec<(Column, u16)> {
        let columns = self.kept(room, stage);
        let cells = |column: Column| self.width(column).unwrap_or(column.width());
        // Where names are not wanted, command lines have what is left.
        let named = columns.contains(&Column::Name);
        let wide = if named { Column::Name } else { Column::Command };
        let others = columns.iter().filter(|column| **column != wide);
        let fixed: u16 = others.map(|column| cells(*column) + 1).sum();
        let rest = room.saturating_sub(fixed);
        let sized = |column| match self.width(column) {
            asked if column == wide => (column, asked.map_or(rest, |asked| asked.min(rest))),
            _ => (column, cells(column)),
        };
        columns.into_iter().map(sized).collect()
    }

    /// Command lines have a column of their own.
    pub fn has_commands(&self) -> bool {
        self.chosen.contains(&Column::Command)
    }

    /// Names have one.
    pub fn has_names(&self) -> bool {
        self.chosen.is_empty() || self.chosen.contains(&Column::Name)
    }

    /// Those that have something to say and fit.
    fn kept(&self, room: u16, stage: Stage) -> Vec<Column> {
        let mut kept: Vec<Column> = Column::all(stage).collect();
        if self.chosen.is_empty() {
            kept = Column::fitting(room, stage);
        } else {
            kept.retain(|column| self.chosen.contains(column));
            // What is no process has no command line, but may have no other name.
            if self.has_names() && !stage.tab.of_processes() {
                kept.retain(|column| *column != Column::Command);
            }
            kept.sort_by_key(|column| self.chosen.iter().position(|one| one == column));
        }
        let cells = |column: &Column| match column {
            Column::Name => column.width(),
            other => self.width(*other).unwrap_or(other.width()),
        };
        for gone in Column::given_up(stage) {
            let need: u16 = kept.iter().map(|column| cells(column) + 1).sum();
            if need <= room + 1 || kept.len() < 2 {
                break;
            }
            kept.retain(|column| column != gone);
        }
        // A table of nothing would hide its rows.
        if kept.is_empty() { vec![Column::Name] } else { kept }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tui::tab::Tab;

    const STAGE: Stage = Stage { tab: Tab::Processes, gpus: true, tariff: true, jobs: true };

    fn of(names: &[&str]) -> Columns {
        Columns::of(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_choice_holds_where_there_is_room_and_goes_in_the_fixed_order_where_not() {
        let columns = of(&["name:20", "joules", "user", "watts"]);
        let names = |room| -> Vec<_> {
            columns.fitting(room, STAGE).into_iter().map(|(it, cells)| (it.name(), cells)).collect()
        };
        assert_eq!(names(100), [("name", 20), ("joules", 7), ("user", 8), ("watts", 7)]);
        assert_eq!(names(34), [("name", 18), ("joules", 7), ("watts", 7)]);
        assert_eq!(names(24), [("name", 16), ("watts", 7)]);
        assert_eq!(names(10), [("name", 2), ("watts", 7)]);
    }

    #[test]
    fn a_choice_that_says_nothing_here_still_names_the_rows() {
        let stage = Stage { tab: Tab::Jobs, ..STAGE };
        assert_eq!(of(&["pid"]).fitting(80, stage), [(Column::Name, 80)]);
        assert_eq!(of(&["pid", "nonsense"]).chosen, [Column::Pid]);
    }

    #[test]
    fn a_choice_is_named_as_it_was_read_and_keeps_its_widths() {
        let mut columns = of(&["name:20", "joules"]);
        assert_eq!(columns.names(), ["name:20", "joules"]);
        columns.choose(vec![Column::Pid]);
        columns.choose(vec![Column::Pid, Column::Name]);
        assert_eq!(columns.names(), ["pid", "name:20"]);
    }

    #[test]
    fn every_column_has_a_name_of_its_own() {
        for column in Column::ALL {
            assert_eq!(Column::named(column.name()), Some(column));
        }
    }

    proptest! {
        #[test]
        fn no_choice_is_wider_than_the_screen(
            chosen in prop::collection::vec((0..Column::ALL.len(), prop::option::of(3..60_u16)), 0..18),
            room in 14..300_u16,
            gpus in any::<bool>(),
        ) {
            let mut names: Vec<String> = Vec::new();
            for (index, cells) in chosen {
                let name = Column::ALL[index].name();
                if !names.iter().any(|one| one.split(':').next() == Some(name)) {
                    names.push(cells.map_or_else(|| name.into(), |cells| format!("{name}:{cells}")));
                }
            }
            let columns = Columns::of(&names);
            let fitting = columns.fitting(room, Stage { gpus, ..STAGE });
            prop_assert!(!fitting.is_empty());
            let cells: u16 = fitting.iter().map(|(_, cells)| cells + 1).sum();
            prop_assert!(cells <= room + 1 || fitting.len() < 3, "{fitting:?} in {room}");
        }
    }
}
