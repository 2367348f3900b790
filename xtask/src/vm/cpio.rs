//! An initramfs: the archive format that the kernel unpacks itself (cpio, `newc`).
//!
//! Written by hand because it is three dozen lines, and needs no root for `/dev`.

const TRAILER: &str = "TRAILER!!!";

/// Kinds and permissions of files, as `stat` has them.
pub const DIRECTORY: u32 = 0o040_755;
pub const PROGRAM: u32 = 0o100_755;
const DEVICE: u32 = 0o020_600;

/// An archive that grows.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    inodes: u32,
}

impl Archive {
    /// Adds a file or directory.
    pub fn add(&mut self, name: &str, mode: u32, data: &[u8]) {
        self.entry(name, mode, (0, 0), data);
    }

    /// Adds `/dev/console`, without which the kernel gives the first process no output.
    pub fn console(&mut self) {
        self.entry("dev/console", DEVICE, (5, 1), &[]);
    }

    /// The whole, with its end.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry(TRAILER, 0, (0, 0), &[]);
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), data: &[u8]) {
        self.inodes += 1;
        let links = 1;
        let (size, name_size) = (data.len() as u32, name.len() as u32 + 1);
        // inode, mode, user, group, links, time, size, device, special device, name, checksum
        let fields =
            [self.inodes, mode, 0, 0, links, 0, size, 0, 0, device.0, device.1, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(data);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_its_header_its_name_and_its_data_on_edges_of_four() {
        let mut archive = Archive::default();
        archive.add("init", PROGRAM, b"abcde");
        let bytes = archive.finish();
        assert_eq!(&bytes[..14], b"07070100000001");
        assert_eq!(&bytes[54..62], b"00000005", "the size");
        assert_eq!(&bytes[94..102], b"00000005", "the name's, with its zero");
        assert_eq!(&bytes[110..115], b"init\0");
        assert_eq!(&bytes[116..121], b"abcde");
        assert_eq!(&bytes[124..130], b"070701");
        assert_eq!(bytes.len() % 4, 0);
        assert!(bytes.ends_with(b"TRAILER!!!\0\0\0\0"));
    }
}
