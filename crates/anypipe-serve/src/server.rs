use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anypipe_core::run::list_runs;

use crate::answer::refused;
use crate::client::Client;
#[cfg(unix)]
use crate::socket::{SocketFile, listen};
use crate::stream::{Listener, Stream};

/// How many clients are let in at the same time.
const MOST_CLIENTS: usize = 16;
/// How often is looked for a client that comes.
const LOOK: Duration = Duration::from_millis(50);

/// Shows the runs of this program as long as it lives; made by [`serve_tcp`] and, where there are Unix sockets, by
/// [`serve`].
///
/// Dropped it ends: its clients hear the end, its threads are joined, and its socket's file is removed. That waits for no
/// client. Where the process ends without it, the file stays; the next to serve there takes its place.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Server {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    address: Option<SocketAddr>,
    /// Removed while somebody listens still: nobody finds it dead and takes its place meanwhile.
    #[cfg(unix)]
    file: Option<SocketFile>,
}

impl Server {
    /// Where it listens, unless that is a Unix socket: with the port that it was given where 0 was asked for.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    fn start(listener: Listener) -> io::Result<(Arc<AtomicBool>, Option<JoinHandle<()>>)> {
        list_runs();
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = spawn(move || let_in(&listener, &told))?;
        Ok((over, Some(thread)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        #[cfg(unix)]
        drop(self.file.take());
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            join(thread);
        }
    }
}

/// Shows the runs of this program on a Unix socket at `path`, which its user alone can read and write, until the guard is
/// dropped.
///
/// It is first made where nobody else can come, with a folder of its own beside `path` that is removed again; so that folder
/// must be writable. Put it where others can't write, such as `$XDG_RUNTIME_DIR`: where they can, they may put a socket of
/// their own in its place.
///
/// # Errors
///
/// - [`AddrInUse`](ErrorKind::AddrInUse) where another program serves there already; a socket that a program has left
///   behind is replaced.
/// - [`AlreadyExists`](ErrorKind::AlreadyExists) where something stands there that is no socket.
/// - What the system says: the path is too long for a socket (about 100 bytes, with a few to spare), or its folder can't
///   be written.
///
/// # Examples
///
/// ```no_run
/// // It leaves a file in the working directory while it serves.
/// # fn main() -> std::io::Result<()> {
/// let _serving = anypipe_serve::serve("words.sock")?;
/// // Runs begin here.
/// # Ok(())
/// # }
/// ```
#[cfg(unix)]
pub fn serve(path: impl AsRef<Path>) -> io::Result<Server> {
    let (listener, file) = listen(path.as_ref())?;
    let (over, thread) = Server::start(Listener::Unix(listener))?;
    Ok(Server { over, thread, address: None, file: Some(file) })
}

/// Shows the runs of this program on a port of this machine's loopback, until the guard is dropped.
///
/// Any user of the machine can connect to it, and steer the runs: where there are Unix sockets, use those.
///
/// # Errors
///
/// - [`InvalidInput`](ErrorKind::InvalidInput) where the address is not of the loopback alone.
/// - [`AddrInUse`](ErrorKind::AddrInUse) where another has the port.
/// - What the system says otherwise.
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, BufReader, Write};
/// use std::net::TcpStream;
///
/// # fn main() -> std::io::Result<()> {
/// let serving = anypipe_serve::serve_tcp("127.0.0.1:0")?;
///
/// let mut client = TcpStream::connect(serving.address().unwrap())?;
/// client.write_all(b"{\"do\":\"pictures\"}\n")?;
/// let mut line = String::new();
/// BufReader::new(client).read_line(&mut line)?;
/// assert_eq!(line, "{\"runs\":[]}\n");
/// # Ok(())
/// # }
/// ```
pub fn serve_tcp(address: impl ToSocketAddrs) -> io::Result<Server> {
    let addresses: Vec<_> = address.to_socket_addrs()?.collect();
    if let Some(open) = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()) {
        let told = format!("{open} can be reached from elsewhere: serve on 127.0.0.1 or ::1 alone");
        return Err(io::Error::new(ErrorKind::InvalidInput, told));
    }
    let listener = TcpListener::bind(&*addresses)?;
    listener.set_nonblocking(true)?;
    let address = Some(listener.local_addr()?);
    let (over, thread) = Server::start(Listener::Tcp(listener))?;
    Ok(Server {
        over,
        thread,
        address,
        #[cfg(unix)]
        file: None,
    })
}

/// A client that was let in.
struct LetIn {
    thread: JoinHandle<()>,
    stream: Stream,
}

/// Lets clients in until it is over, and lets all of them go then.
fn let_in(listener: &Listener, over: &Arc<AtomicBool>) {
    let mut clients: Vec<LetIn> = Vec::new();
    while !over.load(Ordering::SeqCst) {
        clients.retain(|client| !client.thread.is_finished());
        match listener.accept() {
            Ok(stream) if clients.len() >= MOST_CLIENTS => refuse(stream),
            Ok(stream) => clients.extend(begin(stream, over)),
            // There is none, or no room for one: either may be otherwise in a while.
            Err(_) => thread::park_timeout(LOOK),
        }
    }
    for client in &clients {
        client.stream.end();
        client.thread.thread().unpark();
    }
    for client in clients {
        join(client.thread);
    }
}

fn begin(stream: Stream, over: &Arc<AtomicBool>) -> Option<LetIn> {
    let ours = stream.try_clone().ok()?;
    let client = Client::new(stream, Arc::clone(over));
    let thread = spawn(move || client.serve()).ok()?;
    Some(LetIn { thread, stream: ours })
}

fn refuse(mut stream: Stream) {
    let told = refused(&format!("{MOST_CLIENTS} clients are attached already")) + "\n";
    // Nothing was sent yet, so there is room for it; and nobody waits where there is none.
    let _ = stream.set_nonblocking(true).and_then(|()| stream.write_all(told.as_bytes()));
    stream.end();
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("anypipe-top".to_owned()).spawn(work)
}

/// What it has panicked with was printed.
fn join(thread: JoinHandle<()>) {
    // A guard may be dropped by what a thread of ours drops, which can't wait for itself.
    if thread.thread().id() != thread::current().id() {
        let _ = thread.join();
    }
}
