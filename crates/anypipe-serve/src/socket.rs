//! The file of a Unix socket: its user's alone from the first moment on, never in another's place, and gone at the end.

// For maintainers. A socket has the rights of the process's mask from when it is bound until they are set, and can be
// connected to meanwhile. So it is bound in a folder that nobody else can enter, its rights are set there, and then it
// is linked to its path, which fails where something stands there. What stands there and is dead is moved into that
// folder first, and asked once more before it is thrown away: it may have been put there a moment before.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How often a place is tried that others take meanwhile.
const TRIES: u32 = 8;
/// How long a socket may take to let somebody in; one that listens and doesn't is alive.
const PATIENCE: Duration = Duration::from_secs(1);

/// A socket's file, as long as it is in use.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Which file it is: another's is left alone.
    which: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| which(&found) == self.which) {
            // Nobody can be told.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Which file it is.
fn which(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Listens at this path, without waiting there.
pub(crate) fn listen(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    listen_at(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn listen_at(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    // What it is linked to must be within a socket's reach too.
    SocketAddr::from_pathname(path)?;
    // A path that is taken is told before anything is made.
    clear(path, None)?;
    let folder = Folder::beside(path)?;
    let made = folder.0.join("s");
    let listener = UnixListener::bind(&made)?;
    listener.set_nonblocking(true)?;
    fs::set_permissions(&made, Permissions::from_mode(0o600))?;
    let which = which(&fs::symlink_metadata(&made)?);
    for _ in 0..TRIES {
        match fs::hard_link(&made, path) {
            Ok(()) => return Ok((listener, SocketFile { path: path.to_owned(), which })),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => clear(path, Some(&folder))?,
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AddrInUse, "others take the place again and again"))
}

/// Makes a place free that a dead socket has; with a folder for it. Without one it only looks.
fn clear(path: &Path, folder: Option<&Folder>) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            let told = "something stands there that is no socket: serve elsewhere, or remove it";
            return Err(io::Error::new(ErrorKind::AlreadyExists, told));
        }
        Ok(_) => {}
    }
    let taken = || {
        let told = "another program serves there: serve elsewhere, or end it first";
        io::Error::new(ErrorKind::AddrInUse, told)
    };
    if is_alive(path)? {
        return Err(taken());
    }
    let Some(folder) = folder else { return Ok(()) };
    let moved = folder.0.join("d");
    match fs::rename(path, &moved) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) if is_alive(&moved)? => {
            // It has come a moment before: it gets its place again.
            fs::hard_link(&moved, path)?;
            Err(taken())
        }
        Ok(()) => fs::remove_file(&moved),
    }
}

/// Whether somebody listens at a socket.
fn is_alive(path: &Path) -> io::Result<bool> {
    let (tell, told) = mpsc::channel();
    let asked = path.to_owned();
    // Where its queue is full a connect waits, for as long as that takes.
    thread::Builder::new().name("anypipe-top".to_owned()).spawn(move || {
        let _ = tell.send(UnixStream::connect(asked).map(drop));
    })?;
    match told.recv_timeout(PATIENCE) {
        Err(_) | Ok(Ok(())) => Ok(true),
        Ok(Err(error)) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => {
            Ok(false)
        }
        Ok(Err(error)) => Err(error),
    }
}

/// A folder that nobody else can enter; removed with all that was made in it.
struct Folder(PathBuf);

impl Folder {
    fn beside(path: &Path) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let parent = path.parent().unwrap_or(Path::new(""));
        for _ in 0..TRIES {
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            // Short, since what a socket's path may have is.
            let folder = parent.join(format!(".{:x}.{next:x}", process::id()));
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(Self(folder)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::AlreadyExists, "no folder can be made beside it"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for made in ["s", "d"] {
            let _ = fs::remove_file(self.0.join(made));
        }
        let _ = fs::remove_dir(&self.0);
    }
}
