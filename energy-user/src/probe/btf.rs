//! Where the kernel keeps a field: byte offsets from its BTF.
//!
//! rustc emits no CO-RE relocations, so user space looks the offsets up in
//! `/sys/kernel/btf/vmlinux` and patches them into the programs' read-only
//! globals. aya does not offer member lookup; the format is in the kernel's
//! `Documentation/bpf/btf.rst`. Everything is bounds-checked: a malformed file is
//! an error, never a panic.

use thiserror::Error;

/// Why a field was not found.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BtfError {
    /// The bytes are not BTF of this machine's byte order, or are cut short.
    #[error("the kernel's type information is malformed at byte {0}")]
    Malformed(usize),
    /// No such structure, or more than one.
    #[error("the kernel has {found} structures named {name}, one was expected")]
    Structure {
        /// The structure.
        name: String,
        /// How many there are.
        found: usize,
    },
    /// No such member.
    #[error("the kernel's {structure} has no member {member}")]
    Member {
        /// The structure.
        structure: String,
        /// The member.
        member: String,
    },
}

const MAGIC: u16 = 0xEB9F;
const KIND_INT: u32 = 1;
const KIND_ARRAY: u32 = 3;
const KIND_STRUCT: u32 = 4;
const KIND_UNION: u32 = 5;
const KIND_ENUM: u32 = 6;
const KIND_TYPEDEF: u32 = 8;
const KIND_VOLATILE: u32 = 9;
const KIND_CONST: u32 = 10;
const KIND_FUNC_PROTO: u32 = 13;
const KIND_VAR: u32 = 14;
const KIND_DATASEC: u32 = 15;
const KIND_DECL_TAG: u32 = 17;
const KIND_TYPE_TAG: u32 = 18;
const KIND_ENUM64: u32 = 19;

/// The kernel's types, as far as offsets need them.
pub struct Btf<'a> {
    data: &'a [u8],
    strings: &'a [u8],
    /// Where each type's record begins, by type id; id 0 is `void`.
    types: Vec<usize>,
}

/// One type record's head.
struct Record {
    name: u32,
    kind: u32,
    vlen: usize,
    kind_flag: bool,
    /// The type referred to, for those that refer to one.
    target: u32,
}

impl<'a> Btf<'a> {
    /// Indexes the types of a BTF image, such as `/sys/kernel/btf/vmlinux`.
    pub fn parse(data: &'a [u8]) -> Result<Self, BtfError> {
        let magic = data.get(..2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
        if magic != Some(MAGIC) {
            return Err(BtfError::Malformed(0));
        }
        let field = |at| u32_at(data, at).map(|value| value as usize);
        let header = field(4)?;
        let section = |offset: usize, length: usize| {
            let begin = header.checked_add(offset).ok_or(BtfError::Malformed(header))?;
            let end = begin.checked_add(length).ok_or(BtfError::Malformed(begin))?;
            data.get(begin..end).map(|_| (begin, end)).ok_or(BtfError::Malformed(begin))
        };
        let (mut at, end) = section(field(8)?, field(12)?)?;
        let (strings, strings_end) = section(field(16)?, field(20)?)?;
        let mut types = vec![usize::MAX];
        while at < end {
            types.push(at);
            at += 12 + extra(&record(data, at)?).ok_or(BtfError::Malformed(at))?;
        }
        Ok(Self { data, strings: &data[strings..strings_end], types })
    }

    /// Offset in bytes of a member, in a structure that is the only one of its name.
    ///
    /// `path` names members from the outside in (`["se", "sum_exec_runtime"]`);
    /// anonymous structures and unions are looked through.
    pub fn offset(&self, structure: &str, path: &[&str]) -> Result<u32, BtfError> {
        let mut found = Vec::new();
        for &at in self.types.iter().skip(1) {
            let record = record(self.data, at)?;
            if record.kind == KIND_STRUCT && self.name_is(record.name, structure) {
                found.push(at);
            }
        }
        let [mut at] = found[..] else {
            return Err(BtfError::Structure { name: structure.into(), found: found.len() });
        };
        let mut bits = 0_u32;
        for member in path {
            let missing =
                || BtfError::Member { structure: structure.into(), member: path.join(".") };
            let (offset, target) = self.member(at, member, 0)?.ok_or_else(missing)?;
            bits = bits.checked_add(offset).ok_or_else(missing)?;
            at = self.resolve(target)?;
        }
        Ok(bits / 8)
    }

    /// A member's offset in bits and its type, looking through anonymous members.
    fn member(&self, at: usize, name: &str, depth: usize) -> Result<Option<(u32, u32)>, BtfError> {
        let record = record(self.data, at)?;
        if depth > 8 || (record.kind != KIND_STRUCT && record.kind != KIND_UNION) {
            return Ok(None);
        }
        for index in 0..record.vlen {
            let entry = at + 12 + index * 12;
            let member_name = u32_at(self.data, entry)?;
            let target = u32_at(self.data, entry + 4)?;
            let mut offset = u32_at(self.data, entry + 8)?;
            if record.kind_flag {
                // The upper byte is the width of a bit field.
                offset &= 0x00FF_FFFF;
            }
            if self.name_is(member_name, name) {
                return Ok(Some((offset, target)));
            }
            if self.name_is(member_name, "") {
                let inner = self.resolve(target)?;
                if let Some((within, target)) = self.member(inner, name, depth + 1)? {
                    return Ok(Some((offset.saturating_add(within), target)));
                }
            }
        }
        Ok(None)
    }

    /// Looks through `const`, `volatile`, `typedef` and tags.
    fn resolve(&self, mut id: u32) -> Result<usize, BtfError> {
        for _ in 0..16 {
            let at = *self.types.get(id as usize).ok_or(BtfError::Malformed(0))?;
            let record = record(self.data, at)?;
            match record.kind {
                KIND_TYPEDEF | KIND_VOLATILE | KIND_CONST | KIND_TYPE_TAG => id = record.target,
                _ => return Ok(at),
            }
        }
        Err(BtfError::Malformed(0))
    }

    fn name_is(&self, offset: u32, name: &str) -> bool {
        let Some(rest) = self.strings.get(offset as usize..) else { return false };
        rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
    }
}

fn u32_at(data: &[u8], at: usize) -> Result<u32, BtfError> {
    at.checked_add(4)
        .and_then(|end| data.get(at..end))
        .and_then(|bytes| bytes.try_into().ok())
        .map(u32::from_ne_bytes)
        .ok_or(BtfError::Malformed(at))
}

fn record(data: &[u8], at: usize) -> Result<Record, BtfError> {
    let info = u32_at(data, at.saturating_add(4))?;
    Ok(Record {
        name: u32_at(data, at)?,
        kind: (info >> 24) & 0x1F,
        vlen: (info & 0xFFFF) as usize,
        kind_flag: info >> 31 == 1,
        target: u32_at(data, at.saturating_add(8))?,
    })
}

/// Bytes that follow a record's head; none for a kind that is not known.
fn extra(record: &Record) -> Option<usize> {
    Some(match record.kind {
        KIND_INT | KIND_VAR | KIND_DECL_TAG => 4,
        KIND_ARRAY => 12,
        KIND_STRUCT | KIND_UNION | KIND_DATASEC | KIND_ENUM64 => 12 * record.vlen,
        KIND_ENUM | KIND_FUNC_PROTO => 8 * record.vlen,
        0 => return None,
        // Pointers, qualifiers, forwards, functions, floats; newer kinds have no tail so far.
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A BTF image with: 1 int, 2 struct inner { int a }, 3 anonymous union { int b },
    /// 4 struct outer { inner in; union; }, twice if asked.
    fn image(twice: bool) -> Vec<u8> {
        let strings = b"\0int\0inner\0a\0b\0outer\0in\0";
        let name = |text: &str| {
            let wanted = [b"\0", text.as_bytes(), b"\0"].concat();
            strings.windows(wanted.len()).position(|window| window == wanted).unwrap() as u32 + 1
        };
        let info = |kind: u32, vlen: u32| kind << 24 | vlen;
        let mut types: Vec<u32> = vec![name("int"), info(KIND_INT, 0), 4, 32];
        types.extend([name("inner"), info(KIND_STRUCT, 1), 4, name("a"), 1, 32]);
        types.extend([0, info(KIND_UNION, 1), 4, name("b"), 1, 0]);
        for _ in 0..=usize::from(twice) {
            types.extend([name("outer"), info(KIND_STRUCT, 2), 16]);
            types.extend([name("in"), 2, 64, 0, 3, 128]);
        }
        let length = types.len() as u32 * 4;
        let mut image = vec![0x9F, 0xEB, 1, 0];
        for field in [24, 0, length, length, strings.len() as u32].iter().chain(&types) {
            image.extend(field.to_ne_bytes());
        }
        image.extend(strings);
        image
    }

    #[test]
    fn members_are_found_nested_and_through_anonymous_unions() {
        let image = image(false);
        let btf = Btf::parse(&image).unwrap();
        assert_eq!(btf.offset("outer", &["in"]), Ok(8));
        assert_eq!(btf.offset("outer", &["in", "a"]), Ok(12));
        assert_eq!(btf.offset("outer", &["b"]), Ok(16));
        assert!(matches!(btf.offset("outer", &["c"]), Err(BtfError::Member { .. })));
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let image = image(true);
        let error = Btf::parse(&image).unwrap().offset("outer", &["in"]);
        assert_eq!(error, Err(BtfError::Structure { name: "outer".into(), found: 2 }));
    }

    #[test]
    fn every_truncation_is_an_error_and_no_panic() {
        let image = image(false);
        for length in 0..image.len() {
            assert!(Btf::parse(&image[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn every_flipped_byte_is_survived() {
        let image = image(false);
        for at in 0..image.len() {
            let mut bad = image.clone();
            bad[at] ^= 0xFF;
            if let Ok(btf) = Btf::parse(&bad) {
                let _ = btf.offset("outer", &["in", "a"]);
            }
        }
    }
}
