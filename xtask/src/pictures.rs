//! The pictures of the documentation: screens of a made-up server, drawn by the program itself.
//!
//! Nothing in them depends on the clock or on the machine, and a test compares those that are
//! committed with what is drawn now, so that they never show what is no longer so.

mod svg;

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use jouletop::{
    attribute::Method,
    carbon::Intensity,
    config::screen::Theme as Name,
    learn::Learner,
    session::{Session, Source as _},
    sim::Simulation,
    tui::{App, Theme, action::Action, tab::Tab, view},
};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use crate::shell;

/// Where they are, from the root of the repository.
const FOLDER: &str = "docs/pictures";
/// What they show.
const SCENARIO: &str = "tests/scenarios/server.toml";
/// Seconds of it that have passed.
const SECONDS: u32 = 44;

/// A picture: its name, what it shows in words, the size, and what the user did.
struct Picture {
    name: &'static str,
    title: &'static str,
    size: (u16, u16),
    actions: &'static [Action],
}

const PICTURES: [Picture; 5] = [
    Picture {
        name: "process",
        title: "jouletop: the processes of a shared server with four GPUs, by their watts",
        size: (120, 36),
        actions: &[Action::Down, Action::Down],
    },
    Picture {
        name: "job",
        title: "jouletop: the same energy by job: Slurm, pods, containers, notebooks, units, commands",
        size: (120, 36),
        actions: &[Action::Tab(Tab::Jobs)],
    },
    Picture {
        name: "tree",
        title: "jouletop: the same energy as a tree of processes",
        size: (120, 36),
        actions: &[Action::Tab(Tab::Tree)],
    },
    Picture {
        name: "findings",
        title: "jouletop: what looks like waste, with its evidence and a remedy",
        size: (120, 36),
        actions: &[Action::Tab(Tab::Findings)],
    },
    Picture {
        name: "help",
        title: "jouletop: the help, from the table of keys",
        size: (120, 24),
        actions: &[Action::Help],
    },
];

/// Draws them all.
pub fn run() -> Result<()> {
    let folder = shell::root().join(FOLDER);
    fs::create_dir_all(&folder)?;
    for picture in &PICTURES {
        let path = folder.join(format!("{}.svg", picture.name));
        fs::write(&path, draw(picture)?).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(())
}

fn draw(picture: &Picture) -> Result<String> {
    let mut app = server(&shell::root().join(SCENARIO))?;
    let (width, height) = picture.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height))?;
    show(&mut app, &mut terminal)?;
    for action in picture.actions {
        app.update(*action);
    }
    Ok(svg::draw(&show(&mut app, &mut terminal)?, picture.title))
}

fn show(app: &mut App, terminal: &mut Terminal<TestBackend>) -> Result<Buffer> {
    terminal.draw(|frame| {
        app.fit(frame.area());
        view(app, frame);
    })?;
    Ok(terminal.backend().buffer().clone())
}

/// A screen that has followed the scenario for a while.
fn server(path: &Path) -> Result<App> {
    let colours = |name: &str| (name == "COLORTERM").then(|| "truecolor".into());
    let theme = Theme::of(Name::Dark, colours);
    let machine = Simulation::load(path)?;
    let learner = Learner::new(Method::default(), machine.calibrated(), false);
    let session = Session::new(Box::new(machine), Box::new(Arc::new(Intensity::world())), learner);
    let mut session = session.with_jobs();
    let mut app = App::new(session.describe().clone(), Duration::from_secs(1), theme);
    for _ in 0..=SECONDS {
        if let Some(tick) = session.tick()? {
            app.tick(tick);
        }
        session.pass(Duration::from_secs(1));
    }
    Ok(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_pictures_are_what_the_program_draws() -> Result<()> {
        for picture in &PICTURES {
            let path = shell::root().join(FOLDER).join(format!("{}.svg", picture.name));
            let remedy = "draw them anew: cargo xtask pictures, look at them, and commit them";
            let committed = fs::read_to_string(&path)
                .with_context(|| format!("{}: {remedy}", path.display()))?;
            anyhow::ensure!(committed == draw(picture)?, "{} is old: {remedy}", path.display());
        }
        Ok(())
    }
}
