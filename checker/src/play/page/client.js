/*
 * The page's line to the checker: what it asks for, and the events that it hears.
 */

let tab;
let source;

/** Does something, and gives what comes of it. Throws an error with words for a person. */
export async function act(what, details = {}) {
  const answer = await post({ do: what, tab, ...details });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw new Error(told.words ?? `The checker answered ${answer.status}.`);
}

async function post(body) {
  try {
    return await fetch("do", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The checker does not answer. Did you stop it in its terminal?");
  }
}

/** Asks the server for something that no tool does. Gives its result; throws its refusal. */
export async function request(method, params, purpose) {
  const { result, error } = await act("request", { method, params, purpose });
  if (error === undefined) return result;
  throw Object.assign(new Error(error.words), { code: error.code });
}

/**
 * Opens a tab and listens. `heard` has a function for each event: `state`, `wire`, `stderr`; `lost`
 * is called when the checker does not answer, `found` when it does, and `gone` when it has no such tab.
 */
export async function open(switches, heard) {
  // Only an answer without a tab of its own may have none.
  const answer = await post({ do: "open", switches });
  if (!answer.ok) throw new Error(`The checker answered ${answer.status}.`);
  ({ tab } = await answer.json());
  listener = heard;
  listen();
}

let listener;

function listen() {
  source?.close();
  source = new EventSource(`events?${tab}`);
  for (const event of ["state", "wire", "stderr"]) {
    source.addEventListener(event, ({ data }) => listener[event](JSON.parse(data)));
  }
  const mine = source;
  source.addEventListener("open", () => listener.found());
  source.addEventListener("error", () => {
    if (mine !== source) return;
    // Closed for good: the tab was away for too long, or another checker has the port.
    if (source.readyState === EventSource.CLOSED) listener.gone();
    else listener.lost();
  });
}

// Browsers open six connections to a host and no more: a tab that nobody sees gives its own back.
document.addEventListener("visibilitychange", () => {
  if (tab === undefined) return;
  if (document.hidden) {
    source?.close();
    post({ do: "rest", tab }).catch(() => {});
  } else {
    listen();
  }
});

addEventListener("pagehide", () => {
  source?.close();
  const body = new Blob([JSON.stringify({ do: "leave", tab })], { type: "application/json" });
  navigator.sendBeacon("do", body);
});
// A page that comes back from the browser's cache has left.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
