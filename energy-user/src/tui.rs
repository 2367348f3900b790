//! The live screen.
//!
//! State and picture are pure: [`App`] takes actions and ticks, [`view`] draws it,
//! and neither has a clock or does I/O, so that tests can drive the whole screen.
//! Only [`run`], its terminal and what it does on request touch the world.
//!
//! ```text
//! key ----> action (the table) ---> App::update \
//! mouse --> action (the spots) -/                > view ---> terminal, spots
//! tick from the session ----------> App::tick    |
//! size ----------------------------> App::fit   /
//! ```

mod act;
pub mod action;
pub mod app;
pub mod column;
pub mod columns;
mod glyph;
pub mod help;
pub mod keymap;
pub mod life;
pub mod mouse;
mod run;
pub mod scene;
pub mod setting;
pub mod settings;
mod signals;
mod small;
pub mod spots;
pub mod tab;
mod terminal;
mod theme;
mod thin;
mod view;
pub mod when;
mod write;
mod writer;

pub use app::App;
pub use run::run;
pub use theme::Theme;
pub use view::view;
