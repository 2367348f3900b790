//! Parse, run, exit code.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use jouletop::{
    cli::Cli,
    command::{self, Usage, output::NobodyReads},
    config::{Refused, settle},
};
use tracing_subscriber::EnvFilter;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let cli = match settle(&args, &|name| std::env::var_os(name)) {
        Ok(cli) => cli,
        Err(Refused::CommandLine(error)) => error.exit(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "jouletop: {error}");
            return ExitCode::from(2);
        }
    };
    log(&cli);
    match command::dispatch(cli).await {
        Ok(code) => code,
        Err(error) if error.is::<NobodyReads>() => ExitCode::SUCCESS,
        Err(error) => {
            let usage = error.is::<Usage>();
            // Where stderr is gone too, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "jouletop: {error:#}");
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

/// Words go to stderr, and only when asked for. While the screen has the terminal
/// there is no room for them: then they need a stderr that leads elsewhere.
fn log(cli: &Cli) {
    let level = match cli.global.verbose {
        0 => "error",
        1 => "info",
        _ => "debug",
    };
    if cli.shows_screen() && std::io::stderr().is_terminal() {
        return;
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
