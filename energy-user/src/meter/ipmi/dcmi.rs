//! DCMI's "Get Power Reading": the question, and what its answer says.
//!
//! Data Center Manageability Interface Specification 1.5, table 6-16; completion codes: IPMI
//! Specification 2.0, table 5-2.

use crate::units::Watts;

/// Network function "group extension", a request.
pub const NETFN: u8 = 0x2c;
/// "Get Power Reading".
pub const COMMAND: u8 = 0x02;
/// DCMI's group; the mode "system power statistics"; two reserved bytes.
pub const REQUEST: [u8; 4] = [GROUP, 0x01, 0x00, 0x00];

/// DCMI among the group extensions.
const GROUP: u8 = 0xdc;
/// In the last byte: power is being measured.
const ACTIVE: u8 = 1 << 6;

/// What the controller said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerReading {
    /// Now.
    pub current: u16,
    /// Least over the period.
    pub least: u16,
    /// Most over the period.
    pub most: u16,
    /// Mean over the period.
    pub average: u16,
    /// Seconds since 1970 by the controller's clock.
    pub time: u32,
    /// The period, milliseconds.
    pub period: u32,
    /// It measures.
    pub active: bool,
}

impl PowerReading {
    /// The power now, unless the controller does not really know it.
    pub fn watts(self) -> Result<Watts, DcmiError> {
        match self {
            Self { active: false, .. } => Err(DcmiError::Inactive),
            // It answers while the machine runs, so that this cannot be.
            Self { current: 0, .. } => Err(DcmiError::Zero),
            Self { current, .. } => Ok(Watts(f64::from(current))),
        }
    }
}

/// Why an answer holds no power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DcmiError {
    /// A completion code for what it does not know.
    #[error(
        "the management controller has no DCMI power reading (completion code {0:#04x}); update \
         its firmware, or use its Redfish interface"
    )]
    Unsupported(u8),
    /// A completion code for what it may not tell.
    #[error(
        "the management controller refuses its power reading ({0:#04x}); allow it in its \
         settings"
    )]
    Refused(u8),
    /// It has no time.
    #[error("the management controller is busy ({0:#04x}); it is asked again")]
    Busy(u8),
    /// Another completion code.
    #[error("the management controller answers with the error {0:#04x}; it is asked again")]
    Failed(u8),
    /// The answer breaks off.
    #[error("the management controller's answer has {0} bytes, not 18; update its firmware")]
    Short(usize),
    /// The answer is to something else.
    #[error("the management controller answers for group {0:#04x}, not DCMI; update its firmware")]
    Group(u8),
    /// It does not measure now.
    #[error(
        "the management controller does not measure power now; switch it on with: ipmitool dcmi \
         power activate"
    )]
    Inactive,
    /// A machine that runs cannot draw nothing.
    #[error("the management controller says 0 W: it has no sensor, or its supply does not tell it")]
    Zero,
}

/// An answer without its completion code, and that.
pub fn parse(code: u8, data: &[u8]) -> Result<PowerReading, DcmiError> {
    match code {
        0x00 => {}
        0xc1 | 0xc2 | 0xc9 | 0xcb | 0xcc => return Err(DcmiError::Unsupported(code)),
        0xd4..=0xd6 => return Err(DcmiError::Refused(code)),
        0xc0 | 0xc3 | 0xce | 0xd0..=0xd3 => return Err(DcmiError::Busy(code)),
        _ => return Err(DcmiError::Failed(code)),
    }
    let short = DcmiError::Short(data.len());
    match data.first() {
        Some(&GROUP) => {}
        Some(&group) => return Err(DcmiError::Group(group)),
        None => return Err(short),
    }
    let word = |at: usize| data.get(at..at + 2).and_then(|word| word.try_into().ok());
    let long = |at: usize| data.get(at..at + 4).and_then(|long| long.try_into().ok());
    let watts = |at| word(at).map(u16::from_le_bytes);
    let read = || {
        Some(PowerReading {
            current: watts(1)?,
            least: watts(3)?,
            most: watts(5)?,
            average: watts(7)?,
            time: long(9).map(u32::from_le_bytes)?,
            period: long(13).map(u32::from_le_bytes)?,
            active: data.get(17)? & ACTIVE != 0,
        })
    };
    read().ok_or(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 214 W now, 2 to 468 W, 184 W in the mean, over one second: a server's answer.
    const REPLY: [u8; 18] = [
        0xdc, 0xd6, 0x00, 0x02, 0x00, 0xd4, 0x01, 0xb8, 0x00, 0xf4, 0x80, 0x37, 0x66, 0xe8, 0x03,
        0x00, 0x00, 0x40,
    ];

    #[test]
    fn a_full_answer() {
        let reading = parse(0, &REPLY).unwrap();
        let expected = PowerReading {
            current: 214,
            least: 2,
            most: 468,
            average: 184,
            time: 0x6637_80f4,
            period: 1000,
            active: true,
        };
        assert_eq!(reading, expected);
        assert_eq!(reading.watts(), Ok(Watts(214.0)));
    }

    #[test]
    fn what_is_longer_is_read_too() {
        assert!(parse(0, &[&REPLY[..], &[0, 0]].concat()).is_ok());
    }

    #[test]
    fn what_does_not_measure_has_no_watts() {
        let mut reply = REPLY;
        reply[17] = 0xbf;
        assert_eq!(parse(0, &reply).unwrap().watts(), Err(DcmiError::Inactive));
        reply[17] = 0x40;
        reply[1] = 0;
        assert_eq!(parse(0, &reply).unwrap().watts(), Err(DcmiError::Zero));
    }

    #[test]
    fn completion_codes() {
        let cases = [
            (0xc1, DcmiError::Unsupported(0xc1)),
            (0xcc, DcmiError::Unsupported(0xcc)),
            (0xd4, DcmiError::Refused(0xd4)),
            (0xc0, DcmiError::Busy(0xc0)),
            (0xff, DcmiError::Failed(0xff)),
            (0x80, DcmiError::Failed(0x80)),
        ];
        for (code, error) in cases {
            assert_eq!(parse(code, &REPLY), Err(error));
            assert_eq!(parse(code, &[]), Err(error));
        }
    }

    #[test]
    fn every_short_answer_is_refused() {
        for length in 0..REPLY.len() {
            assert_eq!(parse(0, &REPLY[..length]), Err(DcmiError::Short(length)));
        }
    }

    #[test]
    fn another_group_is_refused() {
        let mut reply = REPLY;
        reply[0] = 0x00;
        assert_eq!(parse(0, &reply), Err(DcmiError::Group(0)));
    }
}
