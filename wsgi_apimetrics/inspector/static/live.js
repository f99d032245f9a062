// What comes in while one looks: by a stream where the server has one free, else asked for once a second.
// Nothing is asked for while the page is not seen.

const EVERY = 1000;
const FIRST_WITHIN = 4000; // a proxy may hold a stream back until it ends
const AGAIN = 30; // so often it is asked before a stream may be free again

export function follow(came) {
  const { live, stream } = document.body.dataset;
  const button = document.getElementById("live");
  let { seq } = document.body.dataset;
  let wanted = true;
  let streams = Boolean(stream);
  let held = false;
  let asked = 0;
  let source;
  let timer;

  const say = (by, title) => {
    button.dataset.by = by;
    button.title = title;
    document.getElementById("reached").textContent = by === "lost" ? title : "";
  };
  const address = (path) => {
    const query = new URLSearchParams(location.search);
    query.set("seq", seq);
    return `${path.split("?")[0]}?${query}`;
  };
  const take = (news) => {
    seq = String(news.seq);
    came(news);
  };

  function listen() {
    const own = new EventSource(address(stream));
    let failed = 0;
    source = own;
    const giveUp = () => { streams = false; start(); };
    timer = setTimeout(() => { held = true; giveUp(); }, FIRST_WITHIN);
    own.addEventListener("message", (event) => {
      clearTimeout(timer);
      failed = 0;
      say("stream", "Shown as it comes in");
      take(JSON.parse(event.data));
    });
    own.addEventListener("error", () => {
      failed += 1;
      // Else the browser comes back by itself, with the place that it has reached. The first time is no
      // failure: the server ends each stream after a while.
      if (own.readyState === EventSource.CLOSED) giveUp();
      else if (failed > 1) say("lost", "Not reached; trying again");
    });
  }

  async function ask() {
    const before = timer;
    try {
      const answer = await fetch(address(live), { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const news = await answer.json();
      if (before !== timer) return; // stopped in the meantime
      say("asking", "Asked for once a second");
      take(news);
    } catch (error) {
      if (before !== timer) return;
      say("lost", `Not reached (${error.message}); trying again`);
    }
    asked += 1;
    streams = Boolean(stream) && !held && asked % AGAIN === 0;
    timer = setTimeout(streams ? start : ask, EVERY);
  }

  function stop() {
    source?.close();
    clearTimeout(timer);
    timer = undefined;
  }

  function start() {
    stop();
    if (!wanted || document.hidden) return;
    if (streams) listen();
    else timer = setTimeout(ask, 0);
  }

  button.addEventListener("click", () => {
    wanted = !wanted;
    button.setAttribute("aria-pressed", String(wanted));
    say("", wanted ? "" : "Paused");
    start();
  });
  document.addEventListener("visibilitychange", start);
  start();
}
