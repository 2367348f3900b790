//! NVML's return codes by name and by what `nvmlErrorString` says of them.
//!
//! Scenarios name them, and every exported function returns one.

use std::ffi::CStr;

#[allow(clippy::wildcard_imports, reason = "all of these names begin with NVML")]
use nvml_wrapper_sys::bindings::*;

/// Why a call gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub nvmlReturn_t);

/// What a call comes to.
pub type Outcome<T = ()> = Result<T, Code>;

macro_rules! codes {
    ($($name:ident $number:ident $words:literal)*) => {
        #[expect(missing_docs, reason = "they are NVML's own names")]
        impl Code {
            $(pub const $name: Self = Self($number);)*
        }

        /// Names without `NVML_ERROR_`, and the words of `nvmlErrorString`.
        const TABLE: &[(&str, Code, &CStr)] = &[$((stringify!($name), Code::$name, $words),)*];
    };
}

codes! {
    UNINITIALIZED nvmlReturn_enum_NVML_ERROR_UNINITIALIZED c"Uninitialized"
    INVALID_ARGUMENT nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT c"Invalid Argument"
    NOT_SUPPORTED nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED c"Not Supported"
    NO_PERMISSION nvmlReturn_enum_NVML_ERROR_NO_PERMISSION c"Insufficient Permissions"
    NOT_FOUND nvmlReturn_enum_NVML_ERROR_NOT_FOUND c"Not Found"
    INSUFFICIENT_SIZE nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE c"Insufficient Size"
    INSUFFICIENT_POWER nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_POWER c"Insufficient External Power"
    DRIVER_NOT_LOADED nvmlReturn_enum_NVML_ERROR_DRIVER_NOT_LOADED c"Driver Not Loaded"
    TIMEOUT nvmlReturn_enum_NVML_ERROR_TIMEOUT c"Timeout"
    IRQ_ISSUE nvmlReturn_enum_NVML_ERROR_IRQ_ISSUE c"Interrupt Request Issue"
    LIBRARY_NOT_FOUND nvmlReturn_enum_NVML_ERROR_LIBRARY_NOT_FOUND c"NVML Shared Library Not Found"
    FUNCTION_NOT_FOUND nvmlReturn_enum_NVML_ERROR_FUNCTION_NOT_FOUND c"Function Not Found"
    CORRUPTED_INFOROM nvmlReturn_enum_NVML_ERROR_CORRUPTED_INFOROM c"Corrupted infoROM"
    GPU_IS_LOST nvmlReturn_enum_NVML_ERROR_GPU_IS_LOST c"GPU is lost"
    RESET_REQUIRED nvmlReturn_enum_NVML_ERROR_RESET_REQUIRED c"GPU requires reset"
    OPERATING_SYSTEM nvmlReturn_enum_NVML_ERROR_OPERATING_SYSTEM c"GPU access blocked by the operating system"
    LIB_RM_VERSION_MISMATCH nvmlReturn_enum_NVML_ERROR_LIB_RM_VERSION_MISMATCH c"Driver/library version mismatch"
    IN_USE nvmlReturn_enum_NVML_ERROR_IN_USE c"In use by another client"
    MEMORY nvmlReturn_enum_NVML_ERROR_MEMORY c"Insufficient Memory"
    NO_DATA nvmlReturn_enum_NVML_ERROR_NO_DATA c"No data"
    INSUFFICIENT_RESOURCES nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_RESOURCES c"Insufficient Resources"
    ARGUMENT_VERSION_MISMATCH nvmlReturn_enum_NVML_ERROR_ARGUMENT_VERSION_MISMATCH c"Argument version mismatch"
    DEPRECATED nvmlReturn_enum_NVML_ERROR_DEPRECATED c"Deprecated"
    NOT_READY nvmlReturn_enum_NVML_ERROR_NOT_READY c"Not Ready"
    GPU_NOT_FOUND nvmlReturn_enum_NVML_ERROR_GPU_NOT_FOUND c"No GPUs Found"
    INVALID_STATE nvmlReturn_enum_NVML_ERROR_INVALID_STATE c"Invalid State"
    UNKNOWN nvmlReturn_enum_NVML_ERROR_UNKNOWN c"Unknown Error"
}

/// Everything went well.
pub const SUCCESS: nvmlReturn_t = nvmlReturn_enum_NVML_SUCCESS;

/// As a scenario names it.
pub fn named(name: &str) -> Result<Code, String> {
    let short = name.strip_prefix("NVML_ERROR_").unwrap_or(name);
    TABLE.iter().find(|(known, ..)| *known == short).map(|&(_, code, _)| code).ok_or_else(|| {
        let names: Vec<_> = TABLE.iter().map(|(name, ..)| *name).collect();
        format!("{name:?} is no error of NVML; write one of {}", names.join(", "))
    })
}

/// What `nvmlErrorString` says.
pub fn words(code: nvmlReturn_t) -> &'static CStr {
    if code == SUCCESS {
        return c"Success";
    }
    TABLE.iter().find(|(_, known, _)| known.0 == code).map_or(c"Unknown Error", |row| row.2)
}

/// As a C function returns it.
pub fn returned(outcome: Outcome) -> nvmlReturn_t {
    outcome.map_or_else(|code| code.0, |()| SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_nvmls_own() {
        assert_eq!(named("GPU_IS_LOST"), Ok(Code(15)));
        assert_eq!(named("NVML_ERROR_UNKNOWN"), Ok(Code(999)));
        assert!(named("GPU_IS_LATE").unwrap_err().contains("write one of"));
        assert_eq!(words(0), c"Success");
        assert_eq!(words(12345), c"Unknown Error");
    }
}
