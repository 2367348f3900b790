//! What the board's management controller says that the machine draws, through `/dev/ipmi0`.
//!
//! DCMI, "Get Power Reading" (Data Center Manageability Interface Specification 1.5, section
//! 6.6.1): one figure in watts for the whole machine, renewed each second or more seldom. The
//! kernel passes requests on (`Documentation/driver-api/ipmi.rst`); only root may ask.

mod dcmi;

use std::{io, os::unix::fs::FileTypeExt as _, path::Path, time::Duration};

use ipmi_rs::{
    File,
    connection::{IpmiConnection as _, LogicalUnit, Message, Request, RequestTargetAddress},
};

use crate::{
    meter::{
        instrument::{Facts, Instrument, Place, Route},
        poller::{Pace, Polled},
    },
    sample::Domain,
    units::Watts,
};

/// A question keeps a kernel thread busy while slow hardware answers, so not more often.
const PACE: Pace = Pace {
    every: Duration::from_secs(2),
    most: Duration::from_mins(2),
    stale: Duration::from_secs(15),
};

/// The kernel itself gives up on a controller after 5 seconds (`ipmi_msghandler`'s retries).
const TIMEOUT: Duration = Duration::from_secs(5);

/// The controller, if the kernel knows one under a root like `/dev`.
pub fn find(dev: &Path) -> Vec<Box<dyn Instrument>> {
    let path = dev.join("ipmi0");
    if !path.exists() {
        return Vec::new();
    }
    let facts = Facts {
        id: "ipmi".into(),
        domain: Domain::Machine,
        place: Place::default(),
        route: Route::Ipmi,
        includes: "the whole machine as its management controller measures it; some leave GPUs out",
        at: path.display().to_string(),
    };
    let mut file = None;
    vec![Box::new(Polled::start(facts, PACE, move || ask(&path, &mut file)))]
}

/// Asks once; the file stays open while all is well.
fn ask(path: &Path, open: &mut Option<File>) -> Result<Watts, String> {
    let mut file = match open.take() {
        Some(file) => file,
        None => open_device(path).map_err(|error| explain(path, &error))?,
    };
    let message = Message::new_raw(dcmi::NETFN, dcmi::COMMAND, dcmi::REQUEST.to_vec());
    let mut request = Request::new(message, RequestTargetAddress::Bmc(LogicalUnit::Zero));
    let reply = file.send_recv(&mut request).map_err(|error| explain(path, &error))?;
    // After an error it is opened anew: an answer that comes late would be taken for the next.
    *open = Some(file);
    dcmi::parse(reply.cc(), reply.data())
        .and_then(dcmi::PowerReading::watts)
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn open_device(path: &Path) -> io::Result<File> {
    // Anything else might never answer, or answer without end.
    if !std::fs::metadata(path)?.file_type().is_char_device() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no device"));
    }
    File::new(path, TIMEOUT)
}

fn explain(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "permission denied: {shown} is for root only; run jouletop as root, or: sudo setcap \
             cap_bpf,cap_perfmon,cap_dac_read_search=ep on its file"
        ),
        io::ErrorKind::NotFound => {
            format!("{shown} is gone; it counts again after: sudo modprobe ipmi_si ipmi_devintf")
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("{shown}: the management controller did not answer; it is asked again")
        }
        _ => format!("{shown}: {error}; try: ipmitool dcmi power reading"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn without_a_device_there_is_no_instrument() {
        let dev = tempfile::tempdir().unwrap();
        assert!(find(dev.path()).is_empty());
    }

    #[test]
    fn with_one_there_is_the_machine() {
        let dev = tempfile::tempdir().unwrap();
        fs::write(dev.path().join("ipmi0"), "").unwrap();
        let all = find(dev.path());
        let facts = all[0].facts();
        assert_eq!((facts.id.as_str(), facts.domain), ("ipmi", Domain::Machine));
        assert_eq!(facts.route, Route::Ipmi);
        assert!(facts.at.ends_with("/ipmi0"));
    }

    #[test]
    fn what_is_no_device_is_refused_at_once() {
        let dev = tempfile::tempdir().unwrap();
        let path = dev.path().join("ipmi0");
        fs::write(&path, "").unwrap();
        assert!(ask(&path, &mut None).unwrap_err().contains("it is no device"));
        fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(ask(&path, &mut None).unwrap_err().contains("it is no device"));
        fs::remove_file(&path).unwrap();
        assert!(ask(&path, &mut None).unwrap_err().contains("modprobe ipmi_si"));
    }

    #[test]
    fn a_device_that_is_no_controller_is_an_error() {
        // It answers no request of the kernel's IPMI interface.
        let why = ask(Path::new("/dev/null"), &mut None).unwrap_err();
        assert!(why.contains("/dev/null"), "{why}");
    }

    #[test]
    fn errors_end_with_the_remedy() {
        let path = Path::new("/dev/ipmi0");
        let denied = explain(path, &io::ErrorKind::PermissionDenied.into());
        assert!(denied.contains("run jouletop as root"));
        assert!(explain(path, &io::ErrorKind::WouldBlock.into()).contains("asked again"));
        let other = explain(path, &io::Error::from_raw_os_error(22));
        assert!(other.ends_with("ipmitool dcmi power reading"));
    }
}
