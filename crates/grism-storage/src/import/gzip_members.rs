//! Reads gzip files: all members, one behind the other, and the zeros that fill a tape or a block behind the last one.

use std::io::{BufRead, BufReader, Read, Result};

use flate2::bufread::GzDecoder;

/// The unpacked bytes of all members of a gzip file.
pub(super) struct GzipMembers<R> {
    /// The member that is read; `None` behind the last one.
    member: Option<GzDecoder<BufReader<R>>>,
}

impl<R: Read> GzipMembers<R> {
    pub(super) fn new(raw: R) -> Self {
        let raw = BufReader::with_capacity(1 << 18, raw);
        Self {
            member: Some(GzDecoder::new(raw)),
        }
    }
}

impl<R: Read> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            if let Some(mut rest) = self.member.take().map(GzDecoder::into_inner)
                && !skip_zeros(&mut rest)?
            {
                self.member = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Skips zeros; whether nothing follows them.
fn skip_zeros(reader: &mut impl BufRead) -> Result<bool> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let is_at_member = zeros < bytes.len();
        reader.consume(zeros);
        if is_at_member {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn members_and_zeros_behind_them_are_read_and_other_bytes_are_not() {
        let pack = |text: &str| {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(text.as_bytes()).unwrap();
            packed.finish().unwrap()
        };
        let read = |bytes: &[u8]| {
            let mut text = String::new();
            GzipMembers::new(bytes)
                .read_to_string(&mut text)
                .map(|_| text)
        };
        let two = [pack("a"), pack(""), pack("b")].concat();
        assert_eq!(read(&two).unwrap(), "ab");
        assert_eq!(read(&[&two[..], &[0; 700_000]].concat()).unwrap(), "ab");
        assert!(read(&[&two[..], b"\0more"].concat()).is_err());
        assert!(read(&two[..two.len() - 3]).is_err());
    }
}
