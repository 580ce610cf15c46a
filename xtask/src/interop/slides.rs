//! The deck in a real browser: `interop/slides.cjs` looks at every slide. And decks with a fault, for each of
//! its checks, which it must find.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use tokio::process::Command;

use super::Setup;
use super::scripted::{self, Told};
use crate::folders::copy_folder;
use crate::peers::{Peers, reveal};
use crate::slides;

/// A slide with everything that a slide can have wrong: it is too high, and on narrow screens too wide; it has
/// no notes, code that scrolls, words without contrast on light and on dark, a link and a picture without words,
/// a picture that is not there and one from elsewhere, a diagram with small words, and a script that complains.
const FAULTY: &str = r##"<section><section id="faulty"><h2 style="color: #ddd">Hardly seen</h2>
<style>@media (max-width: 1100px) { .narrow { width: 2000px } }</style><div class="narrow">On a narrow screen</div>
<p style="color: #222">Not on dark</p><div class="content"><pre style="height: 60px"><code style="height: 60px">1
2
3
4
5
6
7
8</code></pre><img src="pictures/none.webp" alt="None"><img src="https://deck.invalid/a.webp" alt="Elsewhere">
<img src="pictures/play-light.webp"><a href="#/faulty"></a>
<svg viewBox="0 0 400 20" width="400"><text y="12" font-size="11">Small</text></svg>
<script>console.error("a script complains")</script><p style="height: 900px">High</p></div></section></section>
"##;

/// What else a deck can have wrong: in a file of it, a text becomes another.
const FAULTS: [(&str, &str, &str); 6] = [
    (
        "deck.js",
        "navigationMode: \"linear\"",
        "navigationMode: \"grid\"",
    ),
    ("deck.js", "setInterval(", "void ("),
    ("deck.js", ", RevealNotes", ""),
    (
        "deck.js",
        "pdfSeparateFragments: false",
        "pdfSeparateFragments: true",
    ),
    (
        "handout.html",
        "<aside class=\"notes\"",
        "<aside hidden class=\"notes\"",
    ),
    ("index.html", "data-begins=\"0\"", "data-begins=\"5\""),
];

/// The checks that the faulty slide must fail, by their words, and what they say.
const OF_THE_SLIDE: [(&str, &[&str]); 5] = [
    (
        "every slide fits at 16:9",
        &[
            "px below the slide",
            "its code scrolls",
            "\"Small\" in its diagram is",
            "none.webp",
            "asked for https://deck.invalid/a.webp",
            "a script complains",
        ],
    ),
    ("every slide fits at 4:3", &["px beside the slide"]),
    (
        "in the light theme",
        &["foreground color: #dddddd", "image-alt", "link-name"],
    ),
    ("in the dark theme", &["foreground color: #222222"]),
    ("every slide has notes", &["faulty: no notes"]),
];

/// And those that the other faults must fail.
const OF_THE_DECK: [(&str, &[&str]); 6] = [
    ("the keyboard leads", &["→ stops at slide"]),
    ("the timers go", &["does not go"]),
    ("the speaker view", &["S opens no speaker view"]),
    ("it prints one page", &["pages of"]),
    ("the handout has each slide", &["notes"]),
    ("the agenda goes by the clock", &["09:05"]),
];

/// It takes a minute on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// Fewer checks than this have not all run.
const LEAST: usize = 11;

pub(super) async fn run(setup: &Setup) {
    setup.tally.peer("the deck in a browser");
    let folder = setup.root.join("target/slides");
    let command = async || {
        reveal::install(&setup.root, &setup.guard).await?;
        slides::build(&setup.root, &folder)?;
        looking_at(setup, &folder, &[]).await
    };
    scripted::run(setup, command, PATIENCE, LEAST).await;
    let faulty = setup.root.join("target/slides-faulty");
    let decks = [
        (
            only_faulty as fn(&Path) -> Result<()>,
            OF_THE_SLIDE.as_slice(),
        ),
        (spoil, OF_THE_DECK.as_slice()),
    ];
    for (spoil, checks) in decks {
        let told = async {
            let _ = fs::remove_dir_all(&faulty);
            copy_folder(&folder, &faulty)?;
            spoil(&faulty)?;
            let words: Vec<&str> = checks.iter().map(|(words, _)| *words).collect();
            let command = looking_at(setup, &faulty, &words).await?;
            scripted::told(setup, command, PATIENCE).await
        };
        let told = told.await.map_err(|error| format!("{error:#}"));
        for (words, said) in checks {
            let sentence = format!("a fault is found: {words}");
            let outcome = async { found(told.as_deref(), words, said) };
            setup.tally.check(&sentence, outcome).await;
        }
    }
}

/// The script, at a deck in a folder.
async fn looking_at(setup: &Setup, folder: &Path, words: &[&str]) -> Result<Command> {
    let browser = Peers::new(&setup.root, &setup.guard).browser().await?;
    let mut command = setup.node.script(setup.root.join("interop/slides.cjs"));
    command.arg(folder).arg(browser).args(words);
    Ok(command)
}

/// Replaces all slides of a deck by the faulty one. A single slide is looked at quickly.
fn only_faulty(deck: &Path) -> Result<()> {
    let page = deck.join("index.html");
    let text = fs::read_to_string(&page).context("the deck has no page")?;
    let ends = "the deck does not begin and end as it should";
    let (head, slides) = text.split_once("<section>").context(ends)?;
    let (_, rest) = slides.rsplit_once("</section>\n</div>").context(ends)?;
    fs::write(&page, format!("{head}{FAULTY}</div>{rest}"))?;
    Ok(())
}

/// Gives a deck the other faults.
fn spoil(deck: &Path) -> Result<()> {
    for (file, from, to) in FAULTS {
        let path = deck.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("the deck has no {file}"))?;
        ensure!(text.contains(from), "{file} has no {from}");
        fs::write(&path, text.replacen(from, to, 1))?;
    }
    Ok(())
}

/// What a check said of a faulty deck: it must name the fault.
fn found(told: Result<&[Told], &String>, words: &str, said: &[&str]) -> Result<String> {
    let told = told.map_err(|error| anyhow!("{error}"))?;
    let mut checks = told.iter().filter(|check| check.sentence.contains(words));
    let (Some(one), None) = (checks.next(), checks.next()) else {
        bail!("it did not run, or others with these words did");
    };
    let wrong = one.wrong.as_deref().context("it passes")?;
    for words in said {
        ensure!(wrong.contains(words), "it does not say {words:?}: {wrong}");
    }
    Ok(wrong.lines().next().unwrap_or_default().to_owned())
}
