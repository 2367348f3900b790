//! A machine's static power as `calibrate` measured it, and the file that keeps it.
//!
//! It holds for one machine: with another CPU, or on another host, it is not used, and that is
//! said. Absent and unreadable are told apart: nobody's calibration is lost in silence.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::{files, present::figure::printable, units::Watts};

/// The form of the file that this version writes.
const SCHEMA: u32 = 1;
/// The first line of what is written.
const HEADER: &str = "# Static power of this machine, by jouletop calibrate.\n";
/// A file that is longer is no calibration.
const MOST_BYTES: usize = 60 * 1024;
/// No pool of a machine draws more; beyond it a figure is a slip.
const MOST_WATTS: f64 = 100_000.0;
/// Where the machine's own calibration is, for everybody to read.
const SYSTEM: &str = "/var/lib/jouletop/calibration.toml";

/// Static power by meter, and what it was measured on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The form of the file.
    pub schema: u32,
    /// Name of the machine.
    pub host: String,
    /// Its CPU's name; empty where it has none.
    pub cpu: String,
    /// When it was measured.
    pub time: Timestamp,
    /// How long, seconds.
    pub seconds: f64,
    /// The mean part of the CPUs' time that was used meanwhile, 0 to 1.
    pub load: f64,
    /// By meter.
    pub static_watts: BTreeMap<String, f64>,
}

/// The form of a file, whatever else is in it.
#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

/// Why a calibration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// It cannot be read or written.
    #[error("{}: {error}; name another file with --calibration", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is not what `calibrate` writes.
    #[error("{}: {problem}; make it anew: jouletop calibrate", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, on one line.
        problem: String,
    },
    /// It is of another machine.
    #[error(
        "{}: it was measured on {of}; make it anew here: jouletop calibrate", .path.display()
    )]
    Elsewhere {
        /// The file.
        path: PathBuf,
        /// The other machine.
        of: String,
    },
}

impl Calibration {
    /// Of a machine.
    pub fn new(host: &str, cpu: &str, time: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            host: host.into(),
            cpu: cpu.into(),
            time,
            seconds: 0.0,
            load: 0.0,
            static_watts: BTreeMap::new(),
        }
    }

    /// Reads a file that must be there and be of this machine.
    pub fn read(path: &Path, host: &str, cpu: &str) -> Result<Self, CalibrationError> {
        let text =
            files::read(path).map_err(|error| CalibrationError::Io { path: path.into(), error })?;
        let calibration = Self::parse(&text)
            .map_err(|problem| CalibrationError::Malformed { path: path.into(), problem })?;
        if calibration.host != host || calibration.cpu != cpu {
            let of = printable(&format!("{} ({})", calibration.host, calibration.cpu));
            return Err(CalibrationError::Elsewhere { path: path.into(), of });
        }
        Ok(calibration)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let said = |error: toml::de::Error| {
            printable(&error.message().lines().collect::<Vec<_>>().join(", "))
        };
        if text.len() > MOST_BYTES {
            return Err("it is far too long".into());
        }
        // A later form may have fields that this version does not know.
        let Schema { schema } = toml::from_str(text).map_err(said)?;
        if schema != SCHEMA {
            return Err(format!("its form {schema} is unknown to this version"));
        }
        let calibration: Self = toml::from_str(text).map_err(said)?;
        let sound = calibration.seconds >= 0.0 && (0.0..=1.0).contains(&calibration.load);
        if !sound || !calibration.seconds.is_finite() {
            return Err("its length or load is none".into());
        }
        let wrong = calibration.static_watts.iter().find(|(_, w)| !(0.0..=MOST_WATTS).contains(*w));
        if let Some((meter, watts)) = wrong {
            let meter = printable(meter);
            return Err(format!("{meter} has {watts} W, which no machine draws"));
        }
        Ok(calibration)
    }

    /// Static power by meter.
    pub fn floors(&self) -> HashMap<String, Watts> {
        self.static_watts.iter().map(|(id, &watts)| (id.clone(), Watts(watts))).collect()
    }
}

/// A place where a calibration can be kept: what is written there is whole or not at all.
pub struct Place {
    path: PathBuf,
    beside: NamedTempFile,
}

impl Place {
    /// Prepares a file: a new one, or one that holds a calibration. Whatever else is there is
    /// somebody's, and is left alone.
    pub fn open(path: &Path) -> Result<Self, CalibrationError> {
        let io = |error: io::Error| CalibrationError::Io { path: path.into(), error };
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => {
                return Err(io(io::Error::other("it is there already, and is no plain file")));
            }
            Ok(_) => {
                let text = files::read(path).map_err(io)?;
                if !text.starts_with(HEADER) && toml::from_str::<Schema>(&text).is_err() {
                    return Err(io(io::Error::other("it holds something else, which is kept")));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        fs::create_dir_all(directory).map_err(io)?;
        // For everybody to read; its name is its own, whoever else calibrates.
        let everybody = fs::Permissions::from_mode(0o644);
        let beside = tempfile::Builder::new().permissions(everybody).tempfile_in(directory);
        Ok(Self { path: path.into(), beside: beside.map_err(io)? })
    }

    /// Writes it.
    pub fn keep(mut self, calibration: &Calibration) -> Result<(), CalibrationError> {
        let text = toml::to_string(calibration).map_err(io::Error::other);
        let written = text.and_then(|text| {
            self.beside.write_all(HEADER.as_bytes())?;
            self.beside.write_all(text.as_bytes())?;
            self.beside.as_file().sync_all()
        });
        let Self { path, beside } = self;
        let kept = written.and_then(|()| Ok(beside.persist(&path).map(drop)?));
        kept.map_err(|error| CalibrationError::Io { path, error })
    }
}

/// Where a calibration is kept if the user names no file: the user's own, if there is one, then
/// the machine's. `state` is `XDG_STATE_HOME`, `home` is `HOME`.
pub fn places(state: Option<PathBuf>, home: Option<PathBuf>) -> Vec<PathBuf> {
    let state = state.filter(|state| state.is_absolute());
    let home = home.filter(|home| home.is_absolute());
    let own = state.or_else(|| home.map(|home| home.join(".local/state")));
    let own = own.map(|own| own.join("jouletop/calibration.toml"));
    own.into_iter().chain([PathBuf::from(SYSTEM)]).collect()
}

/// Where `calibrate` writes: root for everybody, others for themselves.
pub fn home(places: &[PathBuf], root: bool) -> Option<&PathBuf> {
    if root { places.last() } else { places.first().filter(|_| places.len() > 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Calibration {
        let mut calibration = Calibration::new("lovelace", "EPYC", Timestamp::UNIX_EPOCH);
        calibration.static_watts.insert("package-0".into(), 31.5);
        calibration
    }

    #[test]
    fn what_is_written_is_read_again_on_the_same_machine_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/calibration.toml");
        Place::open(&path).unwrap().keep(&sound()).unwrap();
        assert_eq!(Calibration::read(&path, "lovelace", "EPYC").unwrap(), sound());
        for (host, cpu) in [("babbage", "EPYC"), ("lovelace", "Xeon")] {
            let error = Calibration::read(&path, host, cpu).unwrap_err().to_string();
            assert!(error.contains("measured on lovelace (EPYC); make it anew here"), "{error}");
        }
    }

    #[test]
    fn what_calibrate_did_not_write_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("calibration.toml");
        let good = toml::to_string(&sound()).unwrap();
        for bad in [
            String::new(),
            "garbage".into(),
            good.replace("schema = 1", "schema = 9"),
            good.replace("31.5", "-1.0"),
            good.replace("31.5", "nan"),
            good.replace("31.5", "1e9"),
            good.replace("load = 0.0", "load = -9.0"),
            good.replace("seconds = 0.0", "seconds = nan"),
            format!("{good}{}", "#".repeat(70_000)),
            good.replace("schema = 1", "schema = 9\nnew = 1"),
            format!("more = 1\n{good}"),
        ] {
            fs::write(&path, &bad).unwrap();
            let error = Calibration::read(&path, "lovelace", "EPYC").unwrap_err().to_string();
            assert!(error.ends_with("make it anew: jouletop calibrate"), "{bad}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let error = Calibration::read(&dir.path().join("none"), "x", "y").unwrap_err().to_string();
        assert!(error.contains("--calibration"), "{error}");
    }

    #[test]
    fn what_is_somebodys_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("notes.txt"), "milk, eggs").unwrap();
        fs::create_dir(at("dir")).unwrap();
        std::os::unix::fs::symlink(at("notes.txt"), at("link")).unwrap();
        for (name, why) in [
            ("notes.txt", "it holds something else"),
            ("dir", "no plain file"),
            ("link", "no plain file"),
        ] {
            let error = Place::open(&at(name)).err().expect(name).to_string();
            assert!(error.contains(why) && error.ends_with("--calibration"), "{error}");
        }
        assert_eq!(fs::read_to_string(at("notes.txt")).unwrap(), "milk, eggs");
        assert!(Place::open(Path::new("/dev/null")).is_err());
        // One that is there is replaced, also one of a later form; many at once do not clash.
        let path = at("calibration.toml");
        fs::write(&path, "schema = 9\nmore = 1\n").unwrap();
        let places: Vec<Place> = (0..8).map(|_| Place::open(&path).unwrap()).collect();
        for place in places {
            place.keep(&sound()).unwrap();
        }
        assert_eq!(Calibration::read(&path, "lovelace", "EPYC").unwrap(), sound());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "nothing is left beside");
    }

    #[test]
    fn a_users_own_file_comes_before_the_machines() {
        let all = places(Some("/s".into()), Some("/home/anna".into()));
        assert_eq!(all[0], Path::new("/s/jouletop/calibration.toml"));
        let all = places(Some("relative".into()), Some("/home/anna".into()));
        assert_eq!(all[0], Path::new("/home/anna/.local/state/jouletop/calibration.toml"));
        assert_eq!(home(&all, false), Some(&all[0]));
        assert_eq!(home(&all, true), Some(&PathBuf::from(SYSTEM)));
        assert_eq!(home(&places(None, None), false), None);
    }
}
