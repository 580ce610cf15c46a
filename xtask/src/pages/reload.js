// Waits until the server has other pages than this one. Only `cargo xtask book serve` and `cargo xtask
// slides serve` put this on a page.
(() => {
    let seen = document.currentScript.dataset.built;
    let bar = null;

    function show(error) {
        bar ??= document.body.appendChild(document.createElement('pre'));
        bar.className = 'serve-error';
        bar.setAttribute('role', 'alert');
        bar.textContent = error;
    }

    async function wait() {
        for (;;) {
            try {
                const answer = await fetch(`/-/news?seen=${seen}`, { cache: 'no-store' });
                const news = await answer.json();
                if (news.error) {
                    show(news.error);
                } else if (news.built !== seen) {
                    location.reload();
                    return;
                }
                seen = news.built;
            } catch {
                // The server is gone for now: ask again when it may be back.
                await new Promise((later) => setTimeout(later, 2000));
            }
        }
    }

    wait();
})();
