//! The files that a trace is written to.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use wire::Frame;

use crate::failure::Failure;

/// Writes a file, whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let whole = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    whole().map_err(|error| Failure::Refused(format!("cannot write {}: {error}", path.display())))
}

/// Writes frames as pcapng (draft-ietf-opsawg-pcapng), each with the time when it was sent.
pub fn write_pcapng(path: &Path, frames: &[Frame]) -> Result<(), Failure> {
    let bytes = pcapng(frames).map_err(|error| Failure::Refused(error.to_string()))?;
    write(path, &bytes)
}

fn pcapng(frames: &[Frame]) -> Result<Vec<u8>, pcap_file::PcapError> {
    let mut writer = PcapNgWriter::new(Vec::new())?;
    writer.write_pcapng_block(InterfaceDescriptionBlock {
        linktype: DataLink::ETHERNET,
        snaplen: 0,
        // Nanoseconds.
        options: vec![InterfaceDescriptionOption::IfTsResol(9)],
    })?;
    for frame in frames {
        writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: frame.sent,
            original_len: frame.length as u32,
            data: Cow::Borrowed(&frame.bytes),
            options: Vec::new(),
        })?;
    }
    Ok(writer.into_inner())
}
