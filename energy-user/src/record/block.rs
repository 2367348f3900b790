//! Blocks: so much text, packed, with its length and its sum.
//!
//! What is read is bounded by what there is: no length of a file is believed before its bytes
//! have come.

use std::io::{self, Read};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::{MOST_OBJECTS, MOST_PLAIN};

/// Length, plain length, sum.
const HEADER: usize = 12;
/// Room that is made at a time.
const STEP: usize = 64 * 1024;

/// More than a block can hold.
#[derive(Debug)]
pub(super) struct TooLarge;

/// The sum of a block.
fn sum(number: u32, length: u32, plain: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for one in [number, length, plain] {
        hasher.update(&one.to_le_bytes());
    }
    hasher.update(payload);
    hasher.finalize()
}

/// There are more objects in a text than a reader makes room for. Those within strings count
/// too: there are never so many.
fn crowded(plain: &[u8]) -> bool {
    plain.split(|&byte| byte == b'{').count() > MOST_OBJECTS + 1
}

/// Packs.
#[derive(Debug)]
pub(super) struct Packer {
    deflate: Compress,
    number: u32,
}

impl Packer {
    pub fn new() -> Self {
        Self { deflate: Compress::new(Compression::default(), false), number: 0 }
    }

    /// Adds a block to what is to be written.
    pub fn pack(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), TooLarge> {
        if plain.len() > MOST_PLAIN || crowded(plain) {
            return Err(TooLarge);
        }
        let begin = out.len();
        out.extend([0; HEADER]);
        let from = self.deflate.total_in();
        loop {
            out.reserve(STEP);
            let rest = &plain[(self.deflate.total_in() - from) as usize..];
            // Into memory, nothing fails; were it to, a reader would tell.
            let _ = self.deflate.compress_vec(rest, out, FlushCompress::Sync);
            let taken = (self.deflate.total_in() - from) as usize;
            if taken == plain.len() && out.len() < out.capacity() {
                break;
            }
        }
        let payload = &out[begin + HEADER..];
        let (length, plain) = (payload.len() as u32, plain.len() as u32);
        let sum = sum(self.number, length, plain, payload);
        for (index, one) in [length, plain, sum].into_iter().enumerate() {
            out[begin + 4 * index..][..4].copy_from_slice(&one.to_le_bytes());
        }
        self.number = self.number.wrapping_add(1);
        Ok(())
    }
}

/// Why there is no further block.
#[derive(Debug)]
pub(super) enum NoBlock {
    /// The file ends, behind a whole block.
    Over,
    /// It ends within one.
    Cut,
    /// The bytes are not those that were written.
    Damaged(&'static str),
    /// They cannot be read.
    Io(io::Error),
}

/// Unpacks.
#[derive(Debug)]
pub(super) struct Unpacker<R> {
    from: R,
    inflate: Decompress,
    number: u32,
    /// Bytes of whole blocks read.
    read: u64,
}

impl<R: Read> Unpacker<R> {
    /// Of the blocks that follow after so many bytes.
    pub fn new(from: R, read: u64) -> Self {
        Self { from, inflate: Decompress::new(false), number: 0, read }
    }

    /// Where the next block begins.
    pub fn at(&self) -> u64 {
        self.read
    }

    /// The next block's text.
    pub fn next(&mut self) -> Result<Vec<u8>, NoBlock> {
        let header = self.bytes(HEADER)?;
        if header.is_empty() {
            return Err(NoBlock::Over);
        }
        let field = |index: usize| {
            let bytes = header.get(4 * index..4 * index + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let (Some(length), Some(plain), Some(told)) = (field(0), field(1), field(2)) else {
            return Err(NoBlock::Cut);
        };
        // Deflate never makes much more of a text than it is.
        if plain as usize > MOST_PLAIN || length as usize > MOST_PLAIN + MOST_PLAIN / 8 {
            return Err(NoBlock::Damaged("a block is longer than any can be"));
        }
        let payload = self.bytes(length as usize)?;
        if payload.len() < length as usize {
            return Err(NoBlock::Cut);
        }
        if sum(self.number, length, plain, &payload) != told {
            return Err(NoBlock::Damaged("a block's sum is not that of its bytes"));
        }
        let text = self.unpack(&payload, plain as usize);
        let text = text.ok_or(NoBlock::Damaged("a block does not unpack to its length"))?;
        if crowded(&text) {
            return Err(NoBlock::Damaged("a block holds more than any can"));
        }
        self.number = self.number.wrapping_add(1);
        self.read += HEADER as u64 + u64::from(length);
        Ok(text)
    }

    /// So many bytes, or what there is.
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>, NoBlock> {
        let mut bytes = Vec::new();
        let read = self.from.by_ref().take(length as u64).read_to_end(&mut bytes);
        read.map(|_| bytes).map_err(NoBlock::Io)
    }

    fn unpack(&mut self, payload: &[u8], length: usize) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        let from = self.inflate.total_in();
        loop {
            let taken = (self.inflate.total_in() - from) as usize;
            let rest = payload.get(taken..)?;
            if rest.is_empty() {
                break;
            }
            // One more than there should be, so that too much is seen.
            text.reserve_exact((length + 1).checked_sub(text.len())?.min(STEP));
            let before = (taken, text.len());
            self.inflate.decompress_vec(rest, &mut text, FlushDecompress::Sync).ok()?;
            let after = ((self.inflate.total_in() - from) as usize, text.len());
            if text.len() > length || after == before {
                return None;
            }
        }
        (text.len() == length).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(texts: &[&[u8]]) -> Vec<u8> {
        let (mut packer, mut out) = (Packer::new(), Vec::new());
        for text in texts {
            packer.pack(text, &mut out).unwrap();
        }
        out
    }

    #[test]
    fn what_was_packed_comes_out_whatever_its_size() {
        let noise: Vec<u8> = (0..300_000_u64)
            .map(|n| (n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let zeros = vec![b'0'; 5 << 20];
        let texts: [&[u8]; 6] = [b"", b"a", &noise, &zeros, &noise[..STEP], b"end"];
        let out = packed(&texts);
        let mut unpacker = Unpacker::new(out.as_slice(), 0);
        for text in texts {
            assert!(unpacker.next().unwrap() == text, "{} bytes", text.len());
        }
        assert_eq!(unpacker.at(), out.len() as u64);
        assert!(matches!(unpacker.next(), Err(NoBlock::Over)));
    }

    #[test]
    fn a_block_that_is_lost_or_doubled_is_told() {
        let [one, two] = [b"one one one".as_slice(), b"two two two"];
        let (first, both) = (packed(&[one]), packed(&[one, two]));
        for bytes in [both[first.len()..].to_vec(), [first.clone(), both].concat()] {
            let mut unpacker = Unpacker::new(bytes.as_slice(), 0);
            let error = loop {
                match unpacker.next() {
                    Ok(text) => assert_eq!(text, one),
                    Err(error) => break error,
                }
            };
            assert!(matches!(error, NoBlock::Damaged(why) if why.contains("sum")), "{error:?}");
        }
    }

    #[test]
    fn a_bomb_and_a_length_that_is_a_lie_cost_nothing() {
        // 64 MiB of zeros said to be ten bytes.
        let mut deflate = Compress::new(Compression::best(), false);
        let mut payload = Vec::with_capacity(1 << 20);
        deflate.compress_vec(&vec![0; 64 << 20], &mut payload, FlushCompress::Sync).unwrap();
        for plain in [10_u32, MOST_PLAIN as u32] {
            let sum = sum(0, payload.len() as u32, plain, &payload);
            let mut bytes = Vec::new();
            for one in [payload.len() as u32, plain, sum] {
                bytes.extend(one.to_le_bytes());
            }
            bytes.extend(&payload);
            let error = Unpacker::new(bytes.as_slice(), 0).next().unwrap_err();
            assert!(matches!(error, NoBlock::Damaged(why) if why.contains("unpack")), "{error:?}");
        }
        let lie = [&u32::MAX.to_le_bytes()[..], &[0; 8]].concat();
        let error = Unpacker::new(lie.as_slice(), 0).next().unwrap_err();
        assert!(matches!(error, NoBlock::Damaged(why) if why.contains("longer")), "{error:?}");
        let short = [&(1_u32 << 20).to_le_bytes()[..], &[0; 8], b"little"].concat();
        let error = Unpacker::new(short.as_slice(), 0).next().unwrap_err();
        assert!(matches!(error, NoBlock::Cut), "{error:?}");
    }
}
