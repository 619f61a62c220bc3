//! Unpacks a job's artifacts into an empty folder, as they come. What the job wrote is not trusted: nothing is written
//! outside of the folder, through a link, or in place of what is there.

use crate::client::Client;
use crate::exit::Refusal;
use anyhow::{Context, bail, ensure};
use futures::StreamExt;
use sidings_proto::JobId;
use sidings_proto::artifact::{is_path, stays_inside};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tar::{Archive, Entry};
use tokio::sync::mpsc;

/// Pieces that wait to be unpacked.
const AHEAD: usize = 4;

/// Downloads the artifacts of a job.
pub(crate) async fn save(client: &Client, job: JobId, folder: &Path) -> anyhow::Result<()> {
    make_empty(folder)?;
    let mut pieces = client.artifacts_tar(job).await?;
    let (tell, told) = mpsc::channel(AHEAD);
    let into = folder.to_owned();
    let unpacking = tokio::task::spawn_blocking(move || unpack(Pieces { told, piece: Vec::new(), at: 0 }, &into));
    let mut cut = None;
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => {
                if tell.send(piece).await.is_err() {
                    // Who unpacks says itself what is wrong.
                    break;
                }
            }
            Err(error) => {
                cut = Some(error);
                break;
            }
        }
    }
    drop(tell);
    let unpacked = unpacking.await.context("unpacking")?;
    cut.map_or(Ok(()), |error| Err(error.into())).and(unpacked.with_context(|| format!("writing {}", folder.display())))
}

fn make_empty(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let mut entries = fs::read_dir(folder).with_context(|| format!("looking into {}", folder.display()))?;
    match entries.next() {
        Some(_) => Err(Refusal::usage(format!("{} is not empty: name a new folder", folder.display()))),
        None => Ok(()),
    }
}

fn unpack(archive: impl Read, into: &Path) -> anyhow::Result<()> {
    let mut links: Vec<(PathBuf, PathBuf)> = Vec::new();
    for entry in Archive::new(BufReader::new(archive)).entries()? {
        let mut entry = entry?;
        let path = String::from_utf8(entry.path_bytes().into_owned()).context("a path is not UTF-8")?;
        ensure!(is_path(&path), "the path {path:?} leads outside");
        let kind = entry.header().entry_type();
        if kind.is_file() {
            file(&mut entry, &into.join(&path)).with_context(|| format!("unpacking {path:?}"))?;
        } else if kind.is_symlink() {
            let target = entry.link_name_bytes().map(|target| String::from_utf8(target.into_owned()));
            let target = target.context("a link leads nowhere")?.context("a link is not UTF-8")?;
            ensure!(stays_inside(&path, &target), "the link {path:?} leads outside");
            links.push((into.join(path), target.into()));
        } else {
            bail!("{path:?} is neither a file nor a link");
        }
    }
    // Last, so that nothing is written through one.
    for (path, target) in links {
        make_parent(&path)?;
        std::os::unix::fs::symlink(target, &path).with_context(|| format!("making the link {}", path.display()))?;
    }
    Ok(())
}

fn file(entry: &mut Entry<'_, impl Read>, path: &Path) -> anyhow::Result<()> {
    make_parent(path)?;
    let executable = entry.header().mode()? & 0o111 != 0;
    let mode = if executable { 0o755 } else { 0o644 };
    let mut file = File::options().write(true).create_new(true).mode(mode).open(path)?;
    let (size, written) = (entry.size(), io::copy(entry, &mut file)?);
    ensure!(written == size, "the archive ends inside the file");
    Ok(())
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Pieces that one task reads and another thread unpacks.
struct Pieces {
    told: mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.told.blocking_recv() {
                Some(piece) => (self.piece, self.at) = (piece, 0),
                None => return Ok(0),
            }
        }
        let read = (&self.piece[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, Option<&str>)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, link) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_mode(0o644);
            match link {
                Some(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_link_name_literal(target).unwrap();
                    header.set_size(0);
                    header.set_cksum();
                    archive.append(&header, io::empty()).unwrap();
                }
                None => {
                    header.set_size(4);
                    header.set_cksum();
                    archive.append(&header, &b"text"[..]).unwrap();
                }
            }
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn files_and_links_are_unpacked() {
        let dir = tempfile::tempdir().unwrap();
        unpack(&archive(&[("a/b", None), ("a/l", Some("b"))])[..], dir.path()).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("a/l")).unwrap(), "text");
    }

    #[test]
    fn a_controller_that_lies_writes_nothing_outside() {
        let lies: [&[(&str, Option<&str>)]; 5] = [
            &[("../out", None)],
            &[("/tmp/out", None)],
            &[("l", Some("..")), ("l/out", None)],
            &[("a", None), ("a", None)],
            &[("a/l", Some("x/../../out"))],
        ];
        for lie in lies {
            let dir = tempfile::tempdir().unwrap();
            let into = dir.path().join("into");
            fs::create_dir(&into).unwrap();
            assert!(unpack(&archive(lie)[..], &into).is_err(), "{lie:?}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{lie:?}");
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(make_empty(&dir.path().join("new/deep")).is_ok());
        assert!(make_empty(dir.path()).unwrap_err().to_string().contains("is not empty"));
    }
}
