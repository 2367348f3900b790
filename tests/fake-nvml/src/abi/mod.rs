//! The exported C functions, with NVML's names and NVML's structures.
//!
//! Each is a name, its arguments, and a lookup: `library` does what all of
//! them have in common. Arguments that are pointers are the types of [`arguments`], which
//! have a pointer's layout and refuse null.

#![allow(clippy::wildcard_imports, reason = "NVML's names begin with NVML")]
#![expect(non_upper_case_globals, reason = "they are bindgen's names of constants of C")]

pub mod activity;
pub mod arguments;
pub mod control;
pub mod gpm;
pub mod health;
pub mod identity;
pub mod memory;
pub mod mig;
pub mod power;
pub mod processes;
pub mod system;

/// Exports functions whose first argument is a device.
macro_rules! device_calls {
    ($($name:ident($($argument:ident: $type:ty),*) |$on:ident| $body:expr;)*) => {$(
        #[doc = concat!("NVML's `", stringify!($name), "`.")]
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(
            device: nvml_wrapper_sys::bindings::nvmlDevice_t,
            $($argument: $type),*
        ) -> nvml_wrapper_sys::bindings::nvmlReturn_t {
            $crate::library::device(stringify!($name), device, |$on| $body)
        }
    )*};
}

/// Exports functions about the system.
macro_rules! system_calls {
    ($($name:ident($($argument:ident: $type:ty),*) |$library:ident, $now:ident| $body:expr;)*) => {$(
        #[doc = concat!("NVML's `", stringify!($name), "`.")]
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(
            $($argument: $type),*
        ) -> nvml_wrapper_sys::bindings::nvmlReturn_t {
            $crate::library::system(stringify!($name), |$library, $now| $body)
        }
    )*};
}

use {device_calls, system_calls};

#[cfg(test)]
mod tests;
