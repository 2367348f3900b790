//! NVIDIA's library: loaded, begun, and begun anew when the driver was away.
//!
//! A driver can be loaded after us, and unloaded under us. Trying is dear and mostly in vain,
//! so it is done seldom.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use nvml_wrapper::{Device, Nvml, bitmasks::InitFlags, error::NvmlError};

use super::words;

/// Between two trials.
pub const SELDOM: Duration = Duration::from_secs(10);

/// The usual name of NVIDIA's library.
const USUAL: &str = "libnvidia-ml.so.1";

/// Where a device is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its address on the bus: asking for it touches no other.
    Bus(String),
    /// Its number, where no bus is to be seen.
    Index(u32),
}

/// The library.
pub struct Library {
    path: Option<PathBuf>,
    nvml: Option<Arc<Nvml>>,
    /// When it was last tried, or last failed in everything.
    tried: Option<Duration>,
    why: String,
}

/// A file of the working directory is meant by its bare name, which the loader would look for
/// among the system's libraries only.
fn file(path: PathBuf) -> PathBuf {
    let bare = path.components().count() == 1;
    if bare && path.is_file() { Path::new(".").join(path) } else { path }
}

impl Library {
    /// Not loaded yet.
    pub fn new(path: Option<PathBuf>) -> Self {
        let path = path.map(file);
        Self { path, nvml: None, tried: None, why: "NVIDIA's library was not asked yet".into() }
    }

    /// Loads and begins it.
    pub fn connect(&mut self) -> Result<(), NvmlError> {
        let name = self.path.as_deref().map_or(OsStr::new(USUAL), |path| path.as_os_str());
        let init = |flags| Nvml::builder().lib_path(name).flags(flags).init();
        // A machine without a GPU is no error. Old libraries know of no flags.
        let connected = init(InitFlags::NO_GPUS).or_else(|error| match error {
            NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound => {
                init(InitFlags::empty())
            }
            error => Err(error),
        });
        match connected {
            Ok(nvml) => {
                self.nvml = Some(Arc::new(nvml));
                Ok(())
            }
            Err(error) => {
                self.why = words::why(&error);
                Err(error)
            }
        }
    }

    /// Tries again, if it is time; true if it is connected anew.
    pub fn try_again(&mut self, at: Duration) -> bool {
        if self.nvml.is_some() || self.tried.is_some_and(|tried| at < tried + SELDOM) {
            return false;
        }
        self.tried = Some(at);
        self.connect().is_ok()
    }

    /// It has been tried, or has worked, at this time.
    pub fn note(&mut self, at: Duration) {
        self.tried = Some(at);
    }

    /// The driver is gone, or nothing works: whoever holds on to the library is to let go.
    pub fn disconnect(&mut self, why: String) {
        self.nvml = None;
        self.why = why;
    }

    /// If it works.
    pub fn nvml(&self) -> Option<Arc<Nvml>> {
        self.nvml.clone()
    }

    /// Why it does not work.
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// A device, anew for each reading: what was lost and found again has another handle.
pub fn device<'a>(nvml: &'a Nvml, place: &Place) -> Result<Device<'a>, NvmlError> {
    match place {
        Place::Bus(address) => nvml.device_by_pci_bus_id(address.as_str()),
        Place::Index(index) => nvml.device_by_index(*index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_a_file_here_or_a_library_of_the_system() {
        assert_eq!(file("Cargo.toml".into()), Path::new("./Cargo.toml"));
        assert_eq!(file(USUAL.into()), Path::new(USUAL));
        assert_eq!(file("/etc/passwd".into()), Path::new("/etc/passwd"));
    }

    #[test]
    fn a_library_that_is_none_is_tried_seldom() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut library = Library::new(Some(file.path().to_path_buf()));
        assert!(matches!(library.connect(), Err(NvmlError::LibloadingError(_))));
        assert!(library.why().contains("cannot be loaded"), "{}", library.why());
        assert!(!library.try_again(SELDOM));
        assert_eq!(library.tried, Some(SELDOM));
        assert!(!library.try_again(SELDOM + SELDOM / 2));
        assert_eq!(library.tried, Some(SELDOM), "it was not tried");
        assert!(!library.try_again(2 * SELDOM));
        assert_eq!(library.tried, Some(2 * SELDOM));
        assert!(library.nvml().is_none());
    }
}
