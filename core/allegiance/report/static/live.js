// Polls a small endpoint for trials that this page does not show yet.
const polled = document.body.dataset.live;
const news = document.getElementById("news");
const follow = document.getElementById("follow");
const remembered = "allegiance-follow";
const reload = () => location.reload();
const idle = () => document.visibilityState === "visible";
const poll = async () => {
  try {
    const answer = idle() && (await fetch(polled, { cache: "no-store" }));
    if (answer && answer.ok && (await answer.json()).changed) {
      if (follow.checked) return reload();
      news.hidden = false;
    }
  } catch {
    /* the server has stopped: the page stays as it is */
  }
  setTimeout(poll, 3000);
};
follow.checked =
  document.body.dataset.follow === "yes" || sessionStorage.getItem(remembered) === "yes";
follow.addEventListener("change", () => {
  sessionStorage.setItem(remembered, follow.checked ? "yes" : "no");
});
document.getElementById("reload").addEventListener("click", reload);
setTimeout(poll, 3000);
