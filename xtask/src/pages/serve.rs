//! `cargo xtask book serve` and `cargo xtask slides serve`: build, serve, build again after a change,
//! reload the page.
//!
//! What was built last stays while a later one does not build; its pages show why. They wait for
//! news by asking `/-/news`, which answers when there are some: that passes through forwarded
//! ports and proxies.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::IntoResponse;
use axum::routing::get;
use checker::signals::asked_to_stop;
use notify::{RecursiveMode, Watcher};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tower_http::services::{ServeDir, ServeFile};

/// A folder of pages that is built from sources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// What it is called: `book`.
    pub(crate) name: &'static str,
    /// Builds the sources of the checkout into a folder.
    pub(crate) build: fn(&Path, &Path) -> Result<()>,
    /// The folders of the checkout that it is made of. `course.toml` is one more source.
    pub(crate) sources: &'static [&'static str],
    /// A folder of the checkout that is served beside it, with the path that it is served at.
    pub(crate) beside: Option<(&'static str, &'static str)>,
}

impl Site {
    /// The site as it is in the checkout at `root`.
    pub(crate) fn at(self, root: &Path) -> Workplace {
        Workplace {
            site: self,
            root: root.to_owned(),
            // Apart from `target/book`: these pages know the server.
            folder: root.join(format!("target/{}-serve", self.name)),
        }
    }
}

/// Which pages are served, and what is wrong with those after them.
#[derive(Clone, Debug)]
struct News {
    built: String,
    error: Option<String>,
}

/// A wait ends after this long, before a proxy loses patience.
const PATIENCE: Duration = Duration::from_secs(25);

/// Editors save in several steps.
const QUIET: Duration = Duration::from_millis(150);

const RELOAD: &str = include_str!("reload.js");

pub(crate) fn run(site: &Workplace, port: u16, open: bool) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("the system gives no threads")?;
    runtime.block_on(serve(site, port, open))
}

async fn serve(site: &Workplace, port: u16, open: bool) -> Result<()> {
    let name = site.site.name;
    // The port first: who forgot an open server learns it at once.
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => listener,
        Err(error) => bail!(
            "cannot listen on port {port}: {error}. Choose another one with `cargo xtask {name} serve --port {}`",
            port.wrapping_add(1)
        ),
    };
    site.make_folder()?;
    let (news, _) = watch::channel(site.build_first());
    let (changes, changed) = mpsc::unbounded_channel();
    let _watcher = watch_sources(site, changes)?;
    tell(name, listener.local_addr()?.port(), open);

    let mut app = Router::new()
        .route("/-/news", get(answer))
        .with_state(news.clone())
        .fallback_service(
            ServeDir::new(site.current())
                .not_found_service(ServeFile::new(site.current().join("404.html"))),
        );
    if let Some((path, folder)) = site.site.beside {
        app = app.nest_service(path, ServeDir::new(site.root.join(folder)));
    }
    tokio::select! {
        // What fetched reveal.js has listened to signals, and so they end nothing by themselves.
        _ = asked_to_stop() => Ok(()),
        served = axum::serve(listener, app) => served.context("the server stopped"),
        built = keep_building(site.clone(), news, changed) => built,
    }
}

/// Says where the pages are.
fn tell(name: &str, port: u16, open: bool) {
    let of = |name| std::env::var(name).ok();
    let forwarded = of("CODESPACE_NAME").zip(of("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN"));
    let url = match forwarded {
        Some((name, domain)) => format!("https://{name}-{port}.{domain}/"),
        None => format!("http://127.0.0.1:{port}/"),
    };
    println!(
        "The {name} is at {url}\nIt is rebuilt when you save a page, course.toml or a solution. Ctrl-C stops it."
    );
    if open && let Err(error) = opener::open_browser(&url) {
        eprintln!("the browser could not be opened ({error}). Open {url} yourself");
    }
}

/// Answers when there is something that the page has not seen.
async fn answer(State(news): State<watch::Sender<News>>, uri: Uri) -> impl IntoResponse {
    let seen = uri.query().and_then(|query| query.strip_prefix("seen="));
    let mut news = news.subscribe();
    let is_new = |news: &News| Some(news.built.as_str()) != seen;
    let _ = timeout(PATIENCE, news.wait_for(is_new)).await;
    let News { built, error } = news.borrow().clone();
    let body = json!({ "built": built, "error": error }).to_string();
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        body,
    )
}

/// Builds after each change, for ever.
async fn keep_building(
    site: Workplace,
    news: watch::Sender<News>,
    mut changed: mpsc::UnboundedReceiver<PathBuf>,
) -> Result<()> {
    while let Some(path) = changed.recv().await {
        while let Ok(Some(_)) = timeout(QUIET, changed.recv()).await {}
        let begin = Instant::now();
        let building = site.clone();
        let told = tokio::task::spawn_blocking(move || building.build()).await?;
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match &told.error {
            None => println!(
                "{file} changed: built in {:.1} s",
                begin.elapsed().as_secs_f64()
            ),
            Some(error) => {
                println!("{file} changed: {error}\nThe previous build is still served.")
            }
        }
        news.send_replace(told);
    }
    bail!("the files are no longer watched")
}

/// Sends the path of each source that changes, until the watcher is dropped.
fn watch_sources(
    site: &Workplace,
    changes: mpsc::UnboundedSender<PathBuf>,
) -> Result<impl Watcher + use<>> {
    // Some systems tell the real path of what changed, and not the one that was asked for.
    let real = site.root.canonicalize();
    let root = real.as_deref().unwrap_or(&site.root);
    let single = root.join("course.toml");
    let sources = site.site.sources.iter();
    let folders: Vec<PathBuf> = sources.map(|folder| root.join(folder)).collect();
    let (file, inside) = (single.clone(), folders.clone());
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // To read a file is an event too, and a build reads them all.
        let changed = event.ok().filter(|event| !event.kind.is_access());
        for path in changed.into_iter().flat_map(|event| event.paths) {
            if path == file || inside.iter().any(|folder| path.starts_with(folder)) {
                let _ = changes.send(path);
            }
        }
    })
    .context("this system does not watch files")?;
    for folder in &folders {
        watch_folder(watcher.watch(folder, RecursiveMode::Recursive), folder)?;
    }
    // Its folder, because editors save by putting another file in its place.
    watch_folder(watcher.watch(root, RecursiveMode::NonRecursive), root)?;
    Ok(watcher)
}

fn watch_folder(watched: notify::Result<()>, folder: &Path) -> Result<()> {
    watched.with_context(|| format!("cannot watch {}", folder.display()))
}

/// Where a site is built and served from.
#[derive(Clone, Debug)]
pub(crate) struct Workplace {
    site: Site,
    root: PathBuf,
    folder: PathBuf,
}

impl Workplace {
    fn make_folder(&self) -> Result<()> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot write to {}", self.folder.display()))
    }

    fn current(&self) -> PathBuf {
        self.folder.join("now")
    }

    /// A page that says that something is wrong, where nothing was built yet.
    fn build_first(&self) -> News {
        let _ = fs::remove_dir_all(self.current());
        let news = self.build();
        if let Some(error) = &news.error {
            let name = self.site.name;
            eprintln!("{error}\nThe {name} is served again once this is fixed.");
            let page = format!(
                "<!DOCTYPE html><title>The {name}</title><body><p>The {name} cannot be built yet.</p></body>"
            );
            let _ = fs::create_dir_all(self.current());
            let _ = fs::write(self.current().join("index.html"), reloading(&page, ""));
        }
        news
    }

    /// Builds beside the current pages, and puts the new ones in their place if they are right.
    fn build(&self) -> News {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let built = since.as_millis().to_string();
        let error = self.replace(&built).err().map(|error| format!("{error:#}"));
        News { built, error }
    }

    fn replace(&self, built: &str) -> Result<()> {
        let [next, last] = ["next", "last"].map(|name| self.folder.join(name));
        (self.site.build)(&self.root, &next)?;
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "html")
            {
                fs::write(&path, reloading(&fs::read_to_string(&path)?, built))?;
            }
        }
        let _ = fs::remove_dir_all(&last);
        let _ = fs::rename(self.current(), &last);
        fs::rename(&next, self.current()).context("cannot replace the old pages")
    }
}

/// The page with the script that waits for news.
fn reloading(page: &str, built: &str) -> String {
    let script = format!("<script data-built=\"{built}\">{RELOAD}</script>\n</body>");
    page.replacen("</body>", &script, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::SITE;
    use crate::book::build::tests::copy;

    #[test]
    fn the_last_good_book_stays_while_a_later_one_does_not_build() {
        let root = tempfile::tempdir().unwrap();
        copy(root.path());
        let site = SITE.at(root.path());
        site.make_folder().unwrap();
        let read = || fs::read_to_string(site.current().join("page.html")).unwrap();
        let page = root.path().join("book/src/page.md");

        fs::write(&page, "# A page\n\nThe first.\n").unwrap();
        let first = site.build_first();
        assert_eq!(first.error, None);
        assert!(read().contains("The first."));
        assert!(read().contains(&format!("data-built=\"{}\"", first.built)));

        fs::write(&page, "# A page\n\nThe second, {{#output no-such}}.\n").unwrap();
        let second = site.build().error.unwrap();
        assert!(second.contains("book/src/page.md:3"), "{second}");
        assert!(read().contains("The first."));

        fs::write(&page, "# A page\n\nThe third.\n").unwrap();
        assert_eq!(site.build().error, None);
        assert!(read().contains("The third."));
    }

    #[tokio::test]
    async fn a_page_waits_until_there_is_news_for_it() {
        let of = |built: &str| News {
            built: built.to_owned(),
            error: None,
        };
        let (news, _) = watch::channel(of("1"));
        let ask = |seen: &str| {
            let uri: Uri = format!("/-/news?seen={seen}").parse().unwrap();
            tokio::spawn(answer(State(news.clone()), uri))
        };
        let late = timeout(QUIET, ask("0")).await.unwrap();
        assert!(late.is_ok());
        let mut waiting = ask("1");
        assert!(timeout(QUIET, &mut waiting).await.is_err());
        news.send_replace(of("2"));
        assert!(
            timeout(Duration::from_secs(5), waiting)
                .await
                .unwrap()
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_saved_page_is_a_change_and_a_read_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        copy(root.path());
        let (changes, mut changed) = mpsc::unbounded_channel();
        let _watcher = watch_sources(&SITE.at(root.path()), changes).unwrap();
        let page = root.path().join("book/src/page.md");
        fs::read_to_string(&page).unwrap();
        fs::write(root.path().join("Cargo.lock.orig"), "").unwrap();
        assert!(timeout(QUIET * 6, changed.recv()).await.is_err());
        fs::write(&page, "# A page\n").unwrap();
        let path = timeout(Duration::from_secs(10), changed.recv())
            .await
            .unwrap();
        assert_eq!(path.unwrap().file_name(), page.file_name());
    }
}
