//! The socket in a step's folder, and who asks there.

use super::{Worker, socket};
use anyhow::{Context, bail, ensure};
use rustix::fs::{Mode, OFlags};
use sidings_proto::split::desk::{Ask, LINE_MAX, LIST_MAX, RESULTS_MAX, SIZES_MAX, Told};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// Connections at once: a client has two. More wait.
const CLIENTS: usize = 8;

/// Serves a step for as long as it is kept.
pub(crate) struct Desk {
    worker: Arc<Worker>,
    serving: AbortOnDropHandle<()>,
}

impl Desk {
    /// Puts the socket into the step's folder, before anything of the step runs.
    pub(crate) fn open(folder: &Path, worker: Worker) -> anyhow::Result<Desk> {
        std::fs::create_dir_all(&worker.spool).context("make the folder for results")?;
        let listener = listen(folder).context("make the socket of the split client")?;
        let worker = Arc::new(worker);
        let at_work = worker.clone();
        let serving = async move {
            tokio::select! {
                () = serve(listener, at_work.clone()) => {}
                () = at_work.beat() => {}
            }
        };
        Ok(Desk { worker, serving: AbortOnDropHandle::new(tokio::spawn(serving)) })
    }

    /// The step is over. A batch that was still at work ended with it: something killed it. Gives why there was no list,
    /// where the step told so.
    pub(crate) async fn close(self) -> Option<String> {
        let Desk { worker, serving } = self;
        drop(serving);
        for lease in worker.leases.held() {
            if let Err(error) = worker.done(lease, None, 0).await {
                tracing::warn!(error = format!("{error:#}"), "the end of a batch could not be told");
            }
        }
        worker.unlisted.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Anybody in the container may ask. A socket's path may have 108 bytes, so the folder is named by a descriptor of it.
fn listen(folder: &Path) -> anyhow::Result<UnixListener> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::empty()).context("open the step's folder")?;
    let path = socket(&PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd())));
    let listener = UnixListener::bind(path)?;
    for (path, mode) in [(socket(folder), 0o666), (folder.to_owned(), 0o755)] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(path, mode).context("let the step's user ask")?;
    }
    Ok(listener)
}

async fn serve(listener: UnixListener, worker: Arc<Worker>) {
    let clients = Arc::new(Semaphore::new(CLIENTS));
    let files = Arc::new(AtomicU64::new(0));
    let mut asking = JoinSet::new();
    loop {
        let Ok(turn) = clients.clone().acquire_owned().await else { return };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the split client cannot be served");
                    return;
                }
            },
            Some(_) = asking.join_next() => continue,
        };
        let (worker, files) = (worker.clone(), files.clone());
        asking.spawn(async move {
            if let Err(error) = Client::new(stream, &worker, &files).talk().await {
                tracing::debug!(error = format!("{error:#}"), "a split client is served no longer");
            }
            drop(turn);
        });
    }
}

/// One connection.
struct Client<'a> {
    input: BufReader<OwnedReadHalf>,
    output: OwnedWriteHalf,
    worker: &'a Worker,
    files: &'a AtomicU64,
}

impl Client<'_> {
    fn new<'a>(stream: UnixStream, worker: &'a Worker, files: &'a AtomicU64) -> Client<'a> {
        let (input, output) = stream.into_split();
        Client { input: BufReader::new(input), output, worker, files }
    }

    /// Until the client goes, or says what it cannot have meant.
    async fn talk(mut self) -> anyhow::Result<()> {
        while let Some(ask) = self.ask().await? {
            let told = match ask {
                Ask::Work => self.worker.work(),
                Ask::List { bytes } => {
                    ensure!(bytes <= LIST_MAX, "the list of tests has {bytes} bytes");
                    let file = self.receive(bytes).await?;
                    let printed = tokio::fs::read(&file).await.context("read the list of tests");
                    remove(&file).await;
                    self.worker.list(&printed?).await?
                }
                Ask::Sizes { bytes } => {
                    ensure!(bytes <= SIZES_MAX, "the list of files has {bytes} bytes");
                    let file = self.receive(bytes).await?;
                    let told = tokio::fs::read(&file).await.context("read the sizes of files");
                    remove(&file).await;
                    self.worker.sizes(&told?)?
                }
                Ask::Unlisted { why } => self.worker.unlisted(&why),
                Ask::Next => unless_gone(&mut self.input, self.worker.next()).await?,
                Ask::Results { lease, form, bytes } => {
                    ensure!(bytes <= RESULTS_MAX, "a file of results has {bytes} bytes");
                    let file = self.receive(bytes).await?;
                    let told = self.worker.results(lease, form, file.clone()).await;
                    remove(&file).await;
                    told?
                }
                Ask::Happened { lease, bytes } => {
                    ensure!(bytes <= RESULTS_MAX, "what happened has {bytes} bytes");
                    let file = self.receive(bytes).await?;
                    let told = self.worker.happened(lease, file.clone()).await;
                    remove(&file).await;
                    told?
                }
                Ask::Done { lease, code, took_ms } => self.worker.done(lease, code, took_ms).await?,
                Ask::Watch { lease } => {
                    let worker = self.worker;
                    unless_gone(&mut self.input, async { Ok(worker.dropped(lease).await) }).await?
                }
            };
            let mut line = serde_json::to_vec(&told).context("write an answer")?;
            line.push(b'\n');
            self.output.write_all(&line).await.context("answer")?;
        }
        Ok(())
    }

    async fn ask(&mut self) -> anyhow::Result<Option<Ask>> {
        let mut line = Vec::new();
        let read = (&mut self.input).take(LINE_MAX).read_until(b'\n', &mut line).await.context("read a question")?;
        if read == 0 {
            return Ok(None);
        }
        Ok(Some(serde_json::from_slice(&line).context("understand a question")?))
    }

    /// Puts what follows into a file of ours.
    async fn receive(&mut self, bytes: u64) -> anyhow::Result<PathBuf> {
        let path = self.worker.spool.join(self.files.fetch_add(1, Ordering::Relaxed).to_string());
        let mut file = tokio::fs::File::create(&path).await.context("make a file for what a step sends")?;
        let received = tokio::io::copy(&mut (&mut self.input).take(bytes), &mut file).await;
        let flushed = file.flush().await;
        if received.context("receive a file")? != bytes {
            remove(&path).await;
            bail!("a client went away in the middle of a file");
        }
        flushed.context("write a file")?;
        Ok(path)
    }
}

/// What may take long is given up when nobody waits for it any more. A client that waits says nothing.
async fn unless_gone(
    input: &mut BufReader<OwnedReadHalf>,
    answer: impl Future<Output = anyhow::Result<Told>>,
) -> anyhow::Result<Told> {
    tokio::select! {
        told = answer => told,
        said = input.fill_buf() => match said.context("wait with a client")? {
            [] => bail!("the client went away"),
            _ => bail!("the client spoke before it was answered"),
        },
    }
}

async fn remove(file: &Path) {
    if let Err(error) = tokio::fs::remove_file(file).await {
        tracing::warn!(%error, "a received file is left for the attempt's end");
    }
}
