//! Keeps the shared object in the process when a reader closes it.
//!
//! Some do so after `nvmlShutdown`; the scenario shall not begin anew when they come back.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-Wl,-z,nodelete");
}
