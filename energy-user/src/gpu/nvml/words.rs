//! NVML's errors in words that end with the remedy.
//!
//! The library tells apart what a person would mend in different ways; so does this.

use nvml_wrapper::error::NvmlError;

/// What an error means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The device or the driver does not have it, and will not.
    Unsupported,
    /// The driver is gone, with all that was known of it.
    Gone,
    /// The device does not answer.
    Failed,
    /// We may not ask.
    Forbidden,
    /// There is nothing newer, or no such thing.
    Nothing,
}

/// The kind of an error.
pub fn kind(error: &NvmlError) -> Kind {
    match error {
        NvmlError::NotSupported
        | NvmlError::FunctionNotFound
        | NvmlError::FailedToLoadSymbol(_) => Kind::Unsupported,
        NvmlError::Uninitialized | NvmlError::DriverNotLoaded => Kind::Gone,
        NvmlError::NoPermission | NvmlError::OperatingSystem => Kind::Forbidden,
        NvmlError::NotFound | NvmlError::NoData => Kind::Nothing,
        _ => Kind::Failed,
    }
}

/// Why something could not be had, and what would mend it.
pub fn why(error: &NvmlError) -> String {
    match error {
        NvmlError::GpuLost => "the GPU fell off the bus; reset it with `nvidia-smi -r` (nothing \
            may hold it then, this program included) or reboot, and see `dmesg` for its Xid"
            .into(),
        NvmlError::ResetRequired => "the GPU must be reset before it answers again: \
            `nvidia-smi -r`, while nothing holds it, this program included"
            .into(),
        NvmlError::DriverNotLoaded => {
            "NVIDIA's driver is installed and not loaded: `modprobe nvidia`".into()
        }
        NvmlError::Uninitialized => {
            "NVIDIA's driver was unloaded meanwhile; when it is back (`modprobe nvidia`) it is \
             read again"
                .into()
        }
        NvmlError::NotSupported => "this GPU or its driver does not tell it; no remedy".into(),
        NvmlError::FunctionNotFound | NvmlError::FailedToLoadSymbol(_) => {
            "the driver's library is too old to tell it; update the driver".into()
        }
        NvmlError::NoPermission => "the driver does not permit it; run as root, or be let at \
            /dev/nvidia*"
            .into(),
        NvmlError::OperatingSystem => "the system or a cgroup keeps the GPU away; give it to the \
            container (`--gpus all`)"
            .into(),
        NvmlError::Timeout => "the GPU did not answer in time; if that lasts, see `dmesg` for \
            its Xid"
            .into(),
        NvmlError::Unknown => "the driver had an error of its own (NVML_ERROR_UNKNOWN); if that \
            lasts, see `dmesg` and reload the driver"
            .into(),
        NvmlError::LibRmVersionMismatch => "NVIDIA's library and its loaded driver are of \
            different versions; reload the driver or reboot"
            .into(),
        NvmlError::InsufficientPower => {
            "the GPU's power cables are not plugged in well; plug them in".into()
        }
        NvmlError::IrqIssue => {
            "the driver does not get the GPU's interrupts; see `dmesg`, and the firmware's \
             settings for them"
                .into()
        }
        NvmlError::CorruptedInfoROM => {
            "the GPU's infoROM is corrupted; have its maker see to it".into()
        }
        NvmlError::InUse => "the GPU is in use for something that excludes this; wait".into(),
        NvmlError::InsufficientMemory => {
            "the driver had no memory for the answer; free some".into()
        }
        NvmlError::InsufficientSize(_) => {
            "the answer grew while it was read; the next reading has it".into()
        }
        NvmlError::NoData => "the driver has no data yet; the next reading may have it".into(),
        NvmlError::NotFound => {
            "the driver does not know this GPU; give it to the container, or see `dmesg`".into()
        }
        NvmlError::InvalidArg => "the driver calls the question invalid; update the driver, or \
            report this"
            .into(),
        NvmlError::LibloadingError(error) => {
            format!("NVIDIA's library cannot be loaded ({error}); install the whole driver")
        }
        NvmlError::LibraryNotFound => {
            "NVIDIA's library lacks parts of itself; install the driver anew".into()
        }
        NvmlError::UnexpectedVariant(code) => {
            format!("the driver answered {code}, which is not known here; report this")
        }
        other => format!("{other}; report this"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_error_has_words_of_its_own() {
        let all = [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 999];
        let texts: BTreeSet<String> = all.iter().map(|&code: &u32| why(&code.into())).collect();
        assert_eq!(texts.len(), all.len(), "{texts:#?}");
        assert!(why(&NvmlError::GpuLost).contains("Xid"));
        assert!(why(&NvmlError::DriverNotLoaded).ends_with("`modprobe nvidia`"));
        assert!(why(&NvmlError::UnexpectedVariant(77)).contains("77"));
    }

    #[test]
    fn kinds() {
        assert_eq!(kind(&NvmlError::NotSupported), Kind::Unsupported);
        assert_eq!(kind(&NvmlError::Uninitialized), Kind::Gone);
        assert_eq!(kind(&NvmlError::GpuLost), Kind::Failed);
        assert_eq!(kind(&NvmlError::NotFound), Kind::Nothing);
        assert_eq!(kind(&NvmlError::NoPermission), Kind::Forbidden);
    }
}
