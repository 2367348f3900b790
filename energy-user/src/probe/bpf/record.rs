//! Records of the ring buffer, decoded: bytes of the kernel become one of a few values.

use energy_ebpf::event::{
    Birth, Cgroup, Ended, Evicted, Exec, Header, KIND_CGROUP, KIND_EVICTED, KIND_EXEC, KIND_EXIT,
    KIND_FORK, KIND_RENAME, Renamed,
};

/// A record of the ring buffer.
pub enum Record {
    /// A total left its place.
    Evicted(Box<Evicted>),
    /// A process or thread was born.
    Birth(Birth),
    /// A process runs another program.
    Exec(Box<Exec>),
    /// A process ended.
    Ended(Ended),
    /// A process or thread has another name.
    Renamed(Renamed),
    /// A cgroup was made.
    Cgroup(Box<Cgroup>),
}

impl Record {
    /// None for what is too short or of a kind that is not known.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        Some(match read::<Header>(bytes)?.kind {
            KIND_EVICTED => Self::Evicted(Box::new(read(bytes)?)),
            KIND_FORK => Self::Birth(read(bytes)?),
            KIND_EXEC => Self::Exec(Box::new(read(bytes)?)),
            KIND_EXIT => Self::Ended(read(bytes)?),
            KIND_RENAME => Self::Renamed(read(bytes)?),
            KIND_CGROUP => Self::Cgroup(Box::new(read(bytes)?)),
            _ => return None,
        })
    }
}

/// The types that the kernel half writes: plain integers, every bit pattern valid.
trait Plain: Copy {}
impl Plain for Header {}
impl Plain for Evicted {}
impl Plain for Birth {}
impl Plain for Exec {}
impl Plain for Ended {}
impl Plain for Renamed {}
impl Plain for Cgroup {}

fn read<T: Plain>(bytes: &[u8]) -> Option<T> {
    if bytes.len() < size_of::<T>() {
        return None;
    }
    // SAFETY: long enough, unaligned by choice, and any bytes are a valid `Plain`.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_or_unknown_is_no_record() {
        assert!(Record::decode(&[]).is_none());
        assert!(Record::decode(&KIND_EXIT.to_ne_bytes()).is_none());
        let mut bytes = [0; 512];
        assert!(Record::decode(&bytes).is_none());
        bytes[..4].copy_from_slice(&KIND_EXIT.to_ne_bytes());
        bytes[12..16].copy_from_slice(&77_u32.to_ne_bytes());
        assert!(matches!(Record::decode(&bytes), Some(Record::Ended(ended)) if ended.tgid == 77));
    }
}
