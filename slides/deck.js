// Starts reveal.js, if it is there, and adds what it lacks: a timer for each exercise, dark and light,
// and the clock of the agenda (`?start=09:00`).
"use strict";

(() => {
    const root = document.documentElement;
    const asked = new URLSearchParams(location.search);

    // ------------------------------------------------------------- dark and light

    /** Themes have the names of the book's, whose styles this deck uses. */
    function show(isDark) {
        root.classList.toggle("navy", isDark);
        root.classList.toggle("light", !isDark);
    }

    const prefers = matchMedia("(prefers-color-scheme: dark)");
    show(asked.has("theme") ? asked.get("theme") === "dark" : prefers.matches);
    prefers.addEventListener("change", () => show(prefers.matches));

    // --------------------------------------------------------------------- agenda

    const start = /^(\d{1,2}):(\d{2})$/.exec(asked.get("start") ?? "");
    if (start) {
        const begin = Number(start[1]) * 60 + Number(start[2]);
        for (const cell of document.querySelectorAll("[data-begins]")) {
            const minutes = (begin + Number(cell.dataset.begins)) % (24 * 60);
            const two = (number) => String(number).padStart(2, "0");
            cell.textContent = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
        }
    }

    // --------------------------------------------------------------------- timers

    /** Counts down, and goes on below zero: who is late sees by how much. */
    function timer(button) {
        const seconds = Number(button.dataset.seconds);
        let ends = null;
        let left = seconds;
        const draw = () => {
            const now = Math.round(ends === null ? left : (ends - Date.now()) / 1000);
            const [minutes, rest] = [Math.floor(Math.abs(now) / 60), Math.abs(now) % 60];
            button.textContent = `${now < 0 ? "+" : ""}${minutes}:${String(rest).padStart(2, "0")}`;
            button.classList.toggle("over", now <= 0);
        };
        const toggle = () => {
            if (ends === null) {
                ends = Date.now() + left * 1000;
            } else {
                left = (ends - Date.now()) / 1000;
                ends = null;
            }
            button.setAttribute("aria-pressed", String(ends !== null));
            draw();
        };
        setInterval(() => ends !== null && draw(), 250);
        button.setAttribute("aria-pressed", "false");
        button.addEventListener("click", toggle);
        return { button, toggle };
    }

    const timers = [...document.querySelectorAll(".timer")].map(timer);

    // ------------------------------------------------------------------ reveal.js

    if (!window.Reveal) return;
    Reveal.initialize({
        width: 1280,
        height: 720,
        margin: 0.03,
        center: false,
        // The words of a slide stand in the middle of what its title leaves.
        display: "flex",
        hash: true,
        // The arrows go through all slides; the overview shows a column for each module.
        navigationMode: "linear",
        controls: false,
        slideNumber: "c/t",
        transition: "none",
        totalTime: Number(document.body.dataset.total),
        pdfSeparateFragments: false,
        pdfMaxPagesPerSlide: 1,
        plugins: [RevealHighlight, RevealNotes],
    });
    const here = () => timers.find(({ button }) => Reveal.getCurrentSlide().contains(button));
    Reveal.addKeyBinding({ keyCode: 84, key: "T", description: "Start or stop the timer" }, () => here()?.toggle());
    Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Dark or light" }, () => show(!root.classList.contains("navy")));
})();
